import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRow, encodeRow, keysOf } from '../../../src/aaa/snapshot/record.ts'
import { columnCount, columnOf, octetColumns } from '../../../src/domain/snapshot-rows.ts'
import { snapshotRow } from '../../support/snapshot.ts'

const hex = fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets).toString('hex'))
/** Short ones, and some that need a length of three octets. */
const text = fc.oneof(
  { weight: 40, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 17_000 }).map((length) => 'ü'.repeat(length)) },
)
const row = fc
  .tuple(...Array.from({ length: columnCount }, (_, at) => fc.option(octetColumns.has(at) ? hex : text)))
  .map((columns): (string | null)[] => columns)

describe('the record of a subscriber', () => {
  it('is read as it was written, whatever its columns hold', () => {
    fc.assert(
      fc.property(row, (columns) => {
        expect(decodeRow(Buffer.from(encodeRow(columns)))).toEqual(columns)
      }),
      { numRuns: 100 },
    )
  })

  it('is refused when it is cut or something follows it', () => {
    const whole = Buffer.from(encodeRow(snapshotRow({ id: '7', username: 'anna' })))
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeRow(whole.subarray(0, length))).toThrow(RangeError)
    }
    expect(() => decodeRow(Buffer.concat([whole, Buffer.of(0)]))).toThrow('behind its end')
    expect(() => decodeRow(Buffer.alloc(64, 0xff))).toThrow(RangeError)
  })
})

describe('a subscriber is found by', () => {
  const binding = JSON.stringify({ interface: null, port: null, sVlan: 7, cVlan: 9, nasGroupId: '3' })
  const facts = {
    circuitId: '00ff',
    remoteId: '01',
    duid: '02',
    binding,
    devices: `${'a'.repeat(17)} bound\n${'b'.repeat(17)}`,
  }

  it('id and username; a line also by what it is told by, but by no MAC that is only remembered', () => {
    expect(keysOf(snapshotRow({ id: '7', username: 'anna', accountType: 'pppoe', ...facts }))).toEqual(['i7', 'uanna'])
    expect(keysOf(snapshotRow({ id: '7', username: 'anna', accountType: 'ipoe', ...facts }))).toEqual([
      'i7',
      'uanna',
      `m${'a'.repeat(17)}`,
      'c00ff',
      'r01',
      'd02',
      'p[null,null,7,9,"3"]',
    ])
  })

  it('no username that was given away, and no fact once it is archived', () => {
    const archived = snapshotRow({ id: '7', username: 'anna', accountType: 'ipoe', archivedAt: '1', ...facts })
    expect(keysOf(archived)).toEqual(['i7', 'uanna'])
    const gone = [...archived]
    gone[columnOf.usernameReserved] = 'f'
    expect(keysOf(gone)).toEqual(['i7'])
  })

  it('no place that many have', () => {
    const place = JSON.stringify({ interface: null, port: '1/1', sVlan: 7, cVlan: null, nasGroupId: null })
    expect(keysOf(snapshotRow({ id: '7', username: 'a', accountType: 'ipoe', binding: place }))).toEqual(['i7', 'ua'])
  })
})

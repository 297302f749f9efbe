import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JournalRecordError } from '../../../src/aaa/journal/errors.ts'
import type { JournalRecord } from '../../../src/aaa/journal/journal.ts'
import {
  maximumRecordOctets,
  readRecord,
  readWindow,
  recordOctets,
  segmentKey,
  writeRecord,
} from '../../../src/aaa/journal/record.ts'
import { numbered } from '../../support/numbered-records.ts'

const key = segmentKey(Buffer.from('9d41c2507a1be0f3884d5c6e7f80a1b2', 'hex'))

const anyRecord: fc.Arbitrary<JournalRecord> = fc.record({
  sequence: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  receivedAt: fc.date({ noInvalidDate: true }),
  nasId: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  username: fc.option(fc.string({ unit: 'grapheme', maxLength: 60 }), { nil: undefined }),
  packet: fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets)),
})

/** The records one after another, as a segment holds them. */
function written(records: readonly JournalRecord[], before = 0, after = 0): Buffer {
  const room = records.reduce((sum, record) => sum + recordOctets(record), before + after)
  const octets = Buffer.alloc(room)
  records.reduce((at, record) => writeRecord(octets, at, record, key), before)
  return octets
}

describe('a record on the disk', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(50), fc.nat(50), (record, before, after) => {
        const octets = written([record], before, after)
        const found = readRecord(octets, before, key)
        expect(found).toEqual({ record, at: before, next: octets.length - after })
      }),
    )
  })

  it('may be as long as a packet and a username can be', () => {
    const packet = randomBytes(4_096)
    const record = { ...numbered(1), sequence: 1n, username: 'ä'.repeat(512), packet }
    expect(recordOctets(record)).toBe(maximumRecordOctets)
    expect(readRecord(written([record]), 0, key)?.record).toEqual(record)
  })

  it.each([
    ['username', { username: 'x'.repeat(1_025) }],
    ['packet', { packet: Buffer.alloc(4_097) }],
    ['nasId', { nasId: 2n ** 63n }],
  ])('is refused by the name of the field when %s does not fit', (field, change) => {
    const size = () => recordOctets({ ...numbered(1), ...change })
    expect(size).toThrow(JournalRecordError)
    expect(size).toThrow(field)
  })

  it('does not verify with any one octet changed, and not under the key of another segment', () => {
    const octets = written([{ ...numbered(3), sequence: 9n }])
    for (let at = 0; at < octets.length; at++) {
      const spoilt = Buffer.from(octets)
      spoilt[at]! ^= 1 << (at % 8)
      expect(readRecord(spoilt, 0, key), `octet ${at}`).toBeUndefined()
    }
    expect(readRecord(octets, 0, segmentKey(randomBytes(16)))).toBeUndefined()
  })

  it('is none when it is cut anywhere', () => {
    const octets = written([{ ...numbered(3), sequence: 9n }])
    for (let end = 0; end < octets.length; end++) {
      expect(readRecord(octets.subarray(0, end), 0, key), `${end} octets`).toBeUndefined()
    }
  })

  it('is none when its checksum holds but its lengths do not', () => {
    const octets = written([{ ...numbered(1), sequence: 1n, username: 'a' }])
    octets.writeUInt16LE(60_000, 36)
    octets.writeUInt32LE(crc32(octets.subarray(8), key.seed), 4)
    expect(readRecord(octets, 0, key)).toBeUndefined()
  })

  it('has a packet of its own, not a view of the window that it was read from', () => {
    const octets = written([{ ...numbered(5), sequence: 1n }])
    const found = readRecord(octets, 0, key)!
    octets.fill(0)
    expect(found.record.packet).toEqual(numbered(5).packet)
  })
})

describe('a window', () => {
  /** All records of octets, read in windows of this size, as a file is. */
  function inWindows(octets: Buffer, size: number): JournalRecord[] {
    const all: JournalRecord[] = []
    for (let at = 0; at < octets.length;) {
      const last = at + size >= octets.length
      const { found, next } = readWindow(octets.subarray(at, at + size), at, last, key)
      all.push(...found.map(({ record }) => record))
      if (last) break
      expect(next).toBeGreaterThan(at)
      at = next
    }
    return all
  }

  it('of any size that holds a record finds all of them, with noise between', () => {
    const noise = fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets))
    const parts = fc.array(fc.tuple(noise, anyRecord), { maxLength: 60 })
    const extra = fc.integer({ min: 1, max: 3_000 })
    fc.assert(
      fc.property(parts, noise, extra, (pieces, end, more) => {
        const octets = Buffer.concat([...pieces.flatMap(([before, record]) => [before, written([record])]), end])
        expect(inWindows(octets, maximumRecordOctets + more)).toEqual(pieces.map(([, record]) => record))
      }),
      { numRuns: 60 },
    )
  })

  it('says where in the file each record lies', () => {
    const records = [1, 2].map((n) => ({ ...numbered(n), sequence: BigInt(n) }))
    const size = recordOctets(records[0]!)
    const { found } = readWindow(written(records, 5), 1_000, true, key)
    expect(found.map(({ at, next }) => [at, next])).toEqual([
      [1_005, 1_005 + size],
      [1_005 + size, 1_005 + 2 * size],
    ])
  })

  it('of arbitrary octets, full of markers or not, never throws and always ends (target 13)', () => {
    const marker = fc.constant(key.marker)
    const junk = fc.uint8Array({ maxLength: 64 }).map((octets) => Buffer.from(octets))
    // A marker, any checksum, and any small length: all but the checksum of a record.
    const nearly = fc.tuple(fc.nat(0xffff), junk).map(([length, body]) => {
      const head = Buffer.alloc(12)
      key.marker.copy(head)
      head.writeUInt32LE(length, 8)
      return Buffer.concat([head, body])
    })
    const octets = fc.array(fc.oneof(marker, junk, nearly), { maxLength: 300 }).map((parts) => Buffer.concat(parts))
    fc.assert(
      fc.property(octets, fc.boolean(), (noise, last) => {
        const { found, next } = readWindow(noise, 0, last, key)
        expect(found).toEqual([])
        expect(next).toBeGreaterThanOrEqual(0)
        expect(inWindows(noise, maximumRecordOctets + 1)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('of records with octets flipped anywhere reads only what was written, unchanged and in order', () => {
    const records = Array.from({ length: 12 }, (_, n) => ({ ...numbered(n, 20 + n), sequence: BigInt(n + 1) }))
    const whole = written(records, 10, 30)
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 8 })
    fc.assert(
      fc.property(flips, (changes) => {
        const octets = Buffer.from(whole)
        for (const [at, mask] of changes) octets[at]! ^= mask
        const found = readWindow(octets, 0, true, key).found.map(({ record }) => record)
        for (const record of found) expect(record).toEqual(records[Number(record.sequence) - 1])
        // Each change can spoil one record at most.
        expect(found.length).toBeGreaterThanOrEqual(records.length - changes.length)
        expect(found.map(({ sequence }) => sequence)).toEqual(
          [...new Set(found.map(({ sequence }) => sequence))].toSorted((a, b) => Number(a - b)),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('does not take a packet for a record that was made to look like one', () => {
    const foreign = segmentKey(randomBytes(16))
    const inner = Buffer.alloc(300)
    writeRecord(inner, 50, { ...numbered(66), sequence: 2n }, foreign)
    const outer = { ...numbered(1), sequence: 1n, packet: inner }
    const octets = written([outer, { ...numbered(3), sequence: 3n }])
    octets[20]! ^= 1
    expect(readWindow(octets, 0, true, key).found.map(({ record }) => record.sequence)).toEqual([3n])
  })
})

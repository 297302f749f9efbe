import { createSecretKey, randomBytes } from 'node:crypto'
import { assert, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { open, seal, SealError, sealOverhead } from '../../src/crypto/box.ts'
import type { Place } from '../../src/crypto/box.ts'

const key = createSecretKey(randomBytes(32))
const other = createSecretKey(randomBytes(32))
const keyOf = (id: number) => (id === 7 ? key : id === 8 ? other : undefined)
const place: Place = { table: 'credential', row: 42n, column: 'secret' }

function failureOf(sealed: Uint8Array, at: Place = place): string {
  try {
    open(keyOf, at, sealed)
  } catch (error) {
    return error instanceof SealError ? error.failure : 'not a SealError'
  }
  return 'opened'
}

describe('a sealed value', () => {
  it('opens in its place as what was sealed, whatever octets', () => {
    assert(
      property(uint8Array({ maxLength: 300 }), (plain) => {
        const sealed = seal(key, 7, place, plain)
        expect(sealed.length).toBe(plain.length + sealOverhead)
        expect(Buffer.compare(open(keyOf, place, sealed), plain)).toBe(0)
      }),
    )
  })

  it('carries format, key id, nonce and tag in that order', () => {
    const sealed = seal(key, 0x0107, place, Buffer.from('secret'))
    expect([...sealed.subarray(0, 3)]).toEqual([1, 1, 7])
    expect(sealed).toHaveLength(1 + 2 + 12 + 6 + 16)
  })

  it('is never the same twice (S08)', () => {
    const sealed = new Set(
      Array.from({ length: 200 }, () => seal(key, 7, place, Buffer.from('x')).toString('hex').slice(6, 30)),
    )
    expect(sealed.size).toBe(200)
  })

  it('does not open in another row, column or table (S02)', () => {
    const sealed = seal(key, 7, place, Buffer.from('secret'))
    for (const elsewhere of [
      { row: 43n },
      { column: 'old_secret' },
      { table: 'client_secret' },
      { row: '4', column: '2secret' },
    ]) {
      expect(failureOf(sealed, { ...place, ...elsewhere })).toBe('not-authentic')
    }
    expect(failureOf(sealed, { ...place, row: 42 })).toBe('opened')
  })

  it('does not open after any single change, and says only its own place (S03)', () => {
    const sealed = seal(key, 7, place, Buffer.from('secret'))
    const failures = Array.from(sealed, (_, at) => {
      const changed = Buffer.from(sealed)
      changed[at]! ^= 1
      return failureOf(changed)
    })
    expect(failures.slice(0, 3)).toEqual(['format', 'unknown-key', 'unknown-key'])
    expect(new Set(failures.slice(3))).toEqual(new Set(['not-authentic']))
    expect(new SealError('not-authentic', place).message).toBe(
      'the sealed value in credential.secret of row 42 cannot be opened: not-authentic',
    )
  })

  it('does not open when cut, empty, or of another key', () => {
    const sealed = seal(key, 7, place, Buffer.from('secret'))
    expect(failureOf(sealed.subarray(0, -1))).toBe('not-authentic')
    for (const length of [0, 1, 3, 15, sealOverhead - 1]) expect(failureOf(sealed.subarray(0, length))).toBe('format')
    expect(failureOf(seal(key, 9, place, Buffer.alloc(4)))).toBe('unknown-key')
    expect(failureOf(seal(key, 8, place, Buffer.alloc(4)))).toBe('not-authentic')
  })

  it('never throws anything but a SealError, whatever octets it is given', () => {
    assert(
      property(uint8Array({ maxLength: 80 }), (octets) => {
        expect(['format', 'unknown-key', 'not-authentic']).toContain(failureOf(octets))
      }),
    )
  })
})

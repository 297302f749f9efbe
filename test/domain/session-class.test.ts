import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chargeableIdentity } from '../../src/domain/chargeable-identity.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import {
  issueClass,
  newClassId,
  readClass,
  readClassMarks,
  sessionClassLength,
} from '../../src/domain/session-class.ts'
import { createTestDatabase, useDatabase } from '../support/database.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()
let keyring: Keyring
let remove = (): void => undefined

beforeAll(async () => {
  ;({ keyring, remove } = await openTestKeyring(database.pool))
})
afterAll(() => remove())

const positive = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n })

describe('RFC 2865 §5.25 Class', () => {
  it('comes back as it was issued', () => {
    fc.assert(
      fc.property(positive, positive, (classId, subscriberId) => {
        const octets = issueClass(keyring, { classId, subscriberId })
        expect(octets).toHaveLength(sessionClassLength)
        expect(readClass(keyring, octets)).toEqual({ classId, subscriberId })
      }),
    )
  })

  it('carries the interim interval that was sent with it, in as many octets', () => {
    fc.assert(
      fc.property(
        positive,
        fc.bigInt({ min: 1n, max: 2n ** 40n - 1n }),
        fc.nat(86_400),
        (classId, subscriberId, intervalS) => {
          const octets = issueClass(keyring, { classId, subscriberId, intervalS })
          expect(octets).toHaveLength(sessionClassLength)
          expect(readClass(keyring, octets)).toEqual({ classId, subscriberId, intervalS })
        },
      ),
    )
    // What does not fit is left out; the login is told all the same.
    for (const login of [
      { classId: 1n, subscriberId: 2n ** 40n, intervalS: 600 },
      { classId: 1n, subscriberId: 7n, intervalS: 2 ** 24 },
    ]) {
      const { intervalS: _intervalS, ...plain } = login
      expect(readClass(keyring, issueClass(keyring, login))).toEqual(plain)
    }
  })

  it.each([undefined, 600])('R41: is not ours any more when any bit of it is changed (interval %s)', (intervalS) => {
    const octets = issueClass(keyring, { classId: 5n, subscriberId: 6n, intervalS })
    for (let bit = 0; bit < octets.length * 8; bit++) {
      const altered = Buffer.from(octets)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      expect(readClass(keyring, altered)).toBeUndefined()
    }
  })

  it('R41: is not ours when it is foreign, cut or longer', () => {
    const octets = issueClass(keyring, { classId: 5n, subscriberId: 6n })
    const others = [
      Buffer.alloc(0),
      octets.subarray(1),
      octets.subarray(0, 31),
      Buffer.concat([octets, Buffer.alloc(1)]),
    ]
    for (const other of others) expect(readClass(keyring, other)).toBeUndefined()
    fc.assert(fc.property(fc.uint8Array(), (foreign) => readClass(keyring, foreign) === undefined))
  })

  it('of another installation is not ours', async () => {
    const other = await createTestDatabase()
    const keys = await openTestKeyring(other.pool)
    try {
      expect(readClass(keyring, issueClass(keys.keyring, { classId: 1n, subscriberId: 2n }))).toBeUndefined()
    } finally {
      keys.remove()
      await other.drop()
    }
  })

  it.each([
    { garden: false, listed: false },
    { garden: false, listed: true },
    { garden: true, listed: false },
    { garden: true, listed: true },
  ])('has a new positive id for every accept, which says what was given: %o', (marks) => {
    const ids = Array.from({ length: 2_000 }, () => newClassId(marks))
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) {
      expect(id > 0n && id < 2n ** 63n).toBe(true)
      expect(readClassMarks(id)).toEqual(marks)
    }
    // All other bits are drawn: each is set in some and not in others.
    for (let bit = 2n; bit < 63n; bit++) expect(new Set(ids.map((id) => (id >> bit) & 1n)).size).toBe(2)
  })
})

describe('RFC 4372 Chargeable-User-Identity', () => {
  it('is the same for a subscriber every time, another for another, and opaque', () => {
    const identity = chargeableIdentity(keyring, 7n)
    expect(chargeableIdentity(keyring, 7n)).toBe(identity)
    expect(chargeableIdentity(keyring, 8n)).not.toBe(identity)
    expect(identity).toMatch(/^[0-9a-f]{32}$/)
  })
})

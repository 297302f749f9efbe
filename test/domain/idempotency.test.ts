import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKysely, createPool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import {
  idempotencyDays,
  keepAnswer,
  requestFingerprint,
  takeKey,
  trimIdempotencyKeys,
} from '../../src/domain/idempotency.ts'
import type { TakenKey } from '../../src/domain/idempotency.ts'
import { hours, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const print = (body: unknown) => requestFingerprint('POST', '/api/v1/payers/1/payments', body)
const kept = { status: 201, body: '{"id":7}' }
let made = 0
const fresh = () => `key-${(made += 1)}`

/** Takes the key and does the deed, which makes an address space of this name, in one transaction. */
async function deed(key: string, options: { caller?: string; body?: unknown; fail?: boolean; now?: Date } = {}) {
  const { caller = 'operator 1', body = 'b', fail = false, now = noon } = options
  return office.db.transaction().execute(async (trx): Promise<TakenKey['kind']> => {
    const taken = await takeKey(trx, { caller, key, fingerprint: print(body) }, now)
    if (taken.kind !== 'taken') return taken.kind
    await trx
      .insertInto('address_space')
      .values({ name: `${key} ${caller} ${Math.random()}` })
      .execute()
    if (fail) throw new Error('as planned')
    await keepAnswer(trx, { caller, key }, kept)
    return 'taken'
  })
}
const effects = async (key: string) =>
  (await rowsOf(office, `select 1 from address_space where starts_with(name, $1)`, [`${key} `])).length

describe('an idempotency key', () => {
  it('is taken once, and afterwards answered with what the first try was told', async () => {
    const key = fresh()
    expect(await deed(key)).toBe('taken')
    const input = { caller: 'operator 1', key, fingerprint: print('b') }
    expect(await takeKey(office.db, input, noon)).toEqual({ kind: 'answered', answer: kept })
    expect(await effects(key)).toBe(1)
  })

  it('belongs to one request: another body, path or method is refused', async () => {
    const key = fresh()
    await deed(key)
    expect(await deed(key, { body: 'c' })).toBe('reused')
    for (const fingerprint of [
      requestFingerprint('POST', '/api/v1/payers/2/payments', 'b'),
      requestFingerprint('DELETE', '/api/v1/payers/1/payments', 'b'),
      requestFingerprint('POST', '/api/v1/payers/1/payments', undefined),
    ]) {
      expect(await takeKey(office.db, { caller: 'operator 1', key, fingerprint }, noon)).toEqual({ kind: 'reused' })
    }
    expect(await effects(key)).toBe(1)
  })

  it('is one caller’s: the same text from another is another key, and no answer goes to the wrong one', async () => {
    const key = fresh()
    expect(await deed(key, { caller: 'operator 1' })).toBe('taken')
    expect(await deed(key, { caller: 'operator 2' })).toBe('taken')
    expect(await deed(key, { caller: 'token 1' })).toBe('taken')
    expect(await effects(key)).toBe(3)
  })

  it('is free again after a deed that failed: the second try does it', async () => {
    const key = fresh()
    await expect(deed(key, { fail: true })).rejects.toThrow('as planned')
    expect(await effects(key)).toBe(0)
    expect(await deed(key, { body: 'another after the first was refused' })).toBe('taken')
    expect(await effects(key)).toBe(1)
  })

  it('makes the second try wait for the first, which then answers it', async () => {
    const key = fresh()
    const pool = createPool(office.url, { name: 'second', max: 1 })
    const second = createKysely<Database>(pool)
    const order: string[] = []
    let waiting: Promise<TakenKey> | undefined
    await office.db.transaction().execute(async (trx) => {
      const input = { caller: 'operator 1', key, fingerprint: print('b') }
      expect(await takeKey(trx, input, noon)).toEqual({ kind: 'taken' })
      waiting = takeKey(second, input, noon).then((taken) => (order.push('second'), taken))
      await untilBlocked()
      order.push('first')
      await keepAnswer(trx, input, kept)
    })
    expect(await waiting).toEqual({ kind: 'answered', answer: kept })
    expect(order).toEqual(['first', 'second'])
    await pool.end()
  })

  it('goes to the one that waits where the first is rolled back', async () => {
    const key = fresh()
    const pool = createPool(office.url, { name: 'second', max: 1 })
    const second = createKysely<Database>(pool)
    let waiting: Promise<TakenKey> | undefined
    const first = office.db.transaction().execute(async (trx) => {
      const input = { caller: 'operator 1', key, fingerprint: print('b') }
      await takeKey(trx, input, noon)
      waiting = takeKey(second, input, noon)
      await untilBlocked()
      throw new Error('as planned')
    })
    await expect(first).rejects.toThrow('as planned')
    expect(await waiting).toEqual({ kind: 'taken' })
    await pool.end()
  })

  it('from thirty hands, some of which fail on the way, has one effect', async () => {
    const key = fresh()
    const tries = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => deed(key, { fail: n % 3 === 0 })))
    const kinds = tries.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))
    expect(kinds.filter((kind) => kind === 'taken')).toHaveLength(1)
    expect(kinds).not.toContain('reused')
    expect(await effects(key)).toBe(1)
  })
})

/** Resolves once somebody waits for a lock. */
async function untilBlocked(): Promise<void> {
  for (;;) {
    const waiting = await rowsOf(
      office,
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (waiting.length > 0) return
  }
}

describe('forgetting keys', () => {
  it('takes those that are older than two days, to the millisecond, and gives their number', async () => {
    await office.pool.query('delete from idempotency_key')
    const limit = hours(-24 * idempotencyDays)
    const ages = { old: hours(-1, limit), last: new Date(limit.getTime() - 1), edge: limit, young: hours(-1) }
    for (const [key, now] of Object.entries(ages)) await deed(key, { now })
    expect(await trimIdempotencyKeys(office.db, noon)).toBe(2)
    const left = await rowsOf(office, 'select key from idempotency_key order by key')
    expect(left.map(({ key }) => key)).toEqual(['edge', 'young'])
    expect(await trimIdempotencyKeys(office.db, noon)).toBe(0)
  })

  it('makes them new again, for another request too', async () => {
    expect(await deed('old', { body: 'quite another' })).toBe('taken')
    expect(await deed('young', { body: 'quite another' })).toBe('reused')
  })
})

describe('what makes two requests the same', () => {
  it('is all of method, path and body, wherever one ends and the next begins', () => {
    const parts = fc.tuple(fc.constantFrom('POST', 'PUT', 'PATCH'), fc.string({ maxLength: 20 }), fc.jsonValue())
    fc.assert(
      fc.property(parts, parts, (one, two) => {
        const isSame = JSON.stringify(one) === JSON.stringify(two)
        expect(requestFingerprint(...one).equals(requestFingerprint(...two))).toBe(isSame)
        expect(requestFingerprint(...one)).toHaveLength(32)
      }),
    )
    expect(requestFingerprint('POST', '/a', '/b')).not.toEqual(requestFingerprint('POST', '/a"/b"', undefined))
    expect(requestFingerprint('POST', '/a', undefined)).toEqual(requestFingerprint('POST', '/a', null))
  })
})

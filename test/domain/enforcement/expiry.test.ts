import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../../src/db/pool.ts'
import type { Database, Db } from '../../../src/db/schema.ts'
import { enforceExpiry, firstExpiryLook } from '../../../src/domain/enforcement/expiry.ts'
import { jitterMs, jitterSql, longestJitterMs } from '../../../src/domain/enforcement/jitter.ts'
import { serviceEnd } from '../../../src/domain/subscriber-label.ts'
import { after, insertPlan, noon } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { makeOnline, makeOrder, orderedOf, reasonsOf } from '../../support/watch.ts'

const database = useDatabase()
let db: Db
beforeAll(() => {
  db = createKysely<Database>(database.pool)
})
beforeEach(async () => {
  await database.pool.query('delete from coa_order; delete from session; update subscriber set expires_at = null')
})

const expiring = (subscriber: Record<string, unknown>, rows: Parameters<typeof makeOnline>[1] = {}) =>
  makeOnline(database.pool, { ...rows, subscriber })
const look = (now: Date, input: { after?: Date; most?: number } = {}) =>
  enforceExpiry(db, { after: firstExpiryLook(now), most: 100, ...input }, now)
const reasons = (of: { id: bigint }) => reasonsOf(database.pool, of.id)

describe('the end of a service', () => {
  it('is ordered once for each session that was online at it, as a reapply of what is true at its delivery', async () => {
    const anna = await expiring({ expires_at: after(-60) })
    const berta = await expiring({ expires_at: after(60) })
    const carl = await expiring({ expires_at: null })
    expect(await look(noon)).toMatchObject({ orders: 1 })
    expect(await orderedOf(database.pool, anna.id)).toEqual([
      { sessionId: anna.sessionId, wish: 'reapply', reason: 'expired', state: 'waiting', at: noon },
    ])
    expect(await look(after(30))).toMatchObject({ orders: 0 })
    expect([await reasons(berta), await reasons(carl)]).toEqual([[], []])
  })

  it('is that of the grace where it is later, and not where it is earlier', async () => {
    const inGrace = await expiring({ expires_at: after(-3_600), grace_until: after(600) })
    const over = await expiring({ expires_at: after(-3_600), grace_until: after(-60) })
    const early = await expiring({ expires_at: after(-60), grace_until: after(-3_600) })
    await expiring({ expires_at: null, grace_until: after(-60) })
    expect(await look(noon)).toMatchObject({ orders: 2 })
    expect([await reasons(inGrace), await reasons(over), await reasons(early)]).toEqual([[], ['expired'], ['expired']])
    expect(await look(after(660), { after: after(-30) })).toMatchObject({ orders: 1 })
    expect(await reasons(inGrace)).toEqual(['expired'])
  })

  it('has its turn a little later by subscriber, and at no time before the end', async () => {
    const anna = await expiring({ expires_at: noon })
    const turn = new Date(noon.getTime() + jitterMs(anna.id))
    expect(await look(new Date(turn.getTime() - 1))).toMatchObject({ orders: 0 })
    expect(await look(turn)).toMatchObject({ orders: 1 })
  })

  it('is felt by nobody who began after it, was told since, renewed ahead, or is going already', async () => {
    await expiring({ expires_at: after(-60) }, { session: { started_at: after(-30) } })
    await makeOrder(database.pool, await expiring({ expires_at: after(-60) }), {
      state: 'done',
      created_at: after(-60),
    })
    await expiring({ expires_at: after(86_400) })
    await expiring({ expires_at: after(-60), archived_at: after(-90) })
    await expiring({ expires_at: after(-60), enabled: false })
    await expiring({ expires_at: after(-60) }, { session: { service: 'voice', parent_id: 1 } })
    await expiring({ expires_at: after(-60) }, { session: { ended_at: after(-5) } })
    expect(await look(noon)).toMatchObject({ orders: 0 })
    const told = await expiring({ expires_at: after(-60) })
    await makeOrder(database.pool, told, { state: 'done', created_at: after(-61) })
    expect(await look(noon)).toMatchObject({ orders: 1 })
  })

  it('changes nothing for who is in the garden for a block, unless the plan then refuses', async () => {
    const garden = await expiring(
      { expires_at: after(-60), blocked_at: after(-600) },
      { plan: { on_expiry: 'garden' } },
    )
    const refused = await expiring(
      { expires_at: after(-60), blocked_at: after(-600) },
      { plan: { on_block: 'garden' } },
    )
    await look(noon)
    expect([await reasons(garden), await reasons(refused)]).toEqual([[], ['expired']])
  })
})

describe('looks one after the other', () => {
  it('begin where nothing is behind them, and go back for a month at the first one', async () => {
    const old = await expiring({ expires_at: after(-32 * 86_400) }, { session: { started_at: after(-40 * 86_400) } })
    const recent = await expiring({ expires_at: after(-3 * 86_400) }, { session: { started_at: after(-9 * 86_400) } })
    const first = await look(noon)
    expect(first).toEqual({ orders: 1, after: new Date(noon.getTime() - longestJitterMs) })
    expect([await reasons(old), await reasons(recent)]).toEqual([[], ['expired']])
    expect(await look(after(-3_600), { after: first.after })).toEqual({ orders: 0, after: first.after })
  })

  it('take no more than they may, the earliest first, and find all in the end: three days are no flood', async () => {
    const plan_id = await insertPlan(database.pool)
    const ends = [-3 * 86_400, -3 * 86_400, -3 * 86_400, -2 * 86_400, -3_600, -90]
    const ids: bigint[] = []
    for (const end of ends.toReversed()) {
      const session = { started_at: after(-4 * 86_400) }
      ids.unshift((await expiring({ plan_id, expires_at: after(end) }, { session })).id)
    }
    let from = firstExpiryLook(noon)
    const found: number[] = []
    for (let second = 0; second < 5; second += 1) {
      const done = await look(after(second), { after: from, most: 2 })
      expect(done.after >= from).toBe(true)
      from = done.after
      found.push(done.orders)
    }
    expect(found).toEqual([2, 2, 2, 0, 0])
    const { rows } = await database.pool.query<{ id: bigint }>(
      'select subscriber_id as id from coa_order order by created_at, id',
    )
    expect(rows.slice(0, 2).every(({ id }) => ids.slice(0, 3).includes(id))).toBe(true)
    expect(rows.map(({ id }) => id).toSorted((a, b) => Number(a - b))).toEqual(ids.toSorted((a, b) => Number(a - b)))
  })

  it('are made by one instance at a time', async () => {
    const anna = await expiring({ expires_at: after(-60) })
    const looks = await Promise.all([look(noon), look(noon), look(noon)])
    expect(looks.map(({ orders }) => orders).toSorted((a, b) => a - b)).toEqual([0, 0, 1])
    expect(await reasons(anna)).toEqual(['expired'])
  })

  it('find in SQL the end that a login finds, whatever the two dates are', async () => {
    const anna = await expiring({})
    const second = fc.option(fc.integer({ min: -7_200, max: 7_200 }), { freq: 4 })
    await fc.assert(
      fc.asyncProperty(second, second, async (expires, grace) => {
        const [expiresAt, graceUntil] = [expires, grace].map((at) => (at === null ? null : after(at)))
        await database.pool.query('update subscriber set expires_at = $2, grace_until = $3 where id = $1', [
          anna.id,
          expiresAt,
          graceUntil,
        ])
        await database.pool.query(`update session set started_at = $1`, [after(-10_000)])
        await database.pool.query('delete from coa_order')
        const end = serviceEnd({ expiresAt: expiresAt ?? null, graceUntil: graceUntil ?? null })
        const isDue = end !== null && end.getTime() + jitterMs(anna.id) <= noon.getTime()
        expect((await look(noon)).orders).toBe(isDue ? 1 : 0)
      }),
      { numRuns: 60 },
    )
  })
})

describe('the turn of a subscriber', () => {
  it('is the same in SQL', async () => {
    const ids = [1n, 2n, 29_999n, 30_000n, 123_456_789n, 2n ** 50n]
    const { rows } = await database.pool.query<{ ms: number }>(
      `select (extract(epoch from ${jitterSql('id')}) * 1000)::integer as ms
       from unnest($1::bigint[]) with ordinality as u (id, at) order by at`,
      [`{${ids.join(',')}}`],
    )
    expect(rows.map(({ ms }) => ms)).toEqual(ids.map(jitterMs))
  })
})

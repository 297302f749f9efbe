import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../../src/db/pool.ts'
import type { Database, Db } from '../../../src/db/schema.ts'
import { listNotEnforced } from '../../../src/domain/enforcement/not-enforced.ts'
import { orderSessions } from '../../../src/domain/enforcement/order-sessions.ts'
import { enforceSignsOfLife } from '../../../src/domain/enforcement/signs-of-life.ts'
import { everything } from '../../../src/domain/scope.ts'
import { after, insertPlan, insertSession, noon } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { makeOnline, makeOrder, orderedOf, type Online } from '../../support/watch.ts'

const database = useDatabase()
let db: Db
beforeAll(() => {
  db = createKysely<Database>(database.pool)
})
beforeEach(async () => {
  await database.pool.query('delete from coa_order; delete from session')
})

const look = (now = after(60), input: { after?: bigint; most?: number } = {}) =>
  enforceSignsOfLife(db, { after: 0n, ...input }, now)
/** Wish and reason of what waits now. */
const ordered = async ({ id }: Online): Promise<string[]> =>
  (await orderedOf(database.pool, id))
    .filter(({ state }) => state === 'waiting')
    .map(({ wish, reason }) => `${wish} ${reason}`)
/** Online since an hour before noon, alive at noon. */
const one = (
  subscriber: Record<string, unknown>,
  plan: Record<string, unknown> = {},
  session: Record<string, unknown> = {},
) => makeOnline(database.pool, { subscriber, plan, session })

describe('a refused subscriber that is seen alive', () => {
  it.each([
    ['blocked', { blocked_at: after(-600), block_reason: 'unpaid' }],
    ['expired', { expires_at: after(-600) }],
    ['expired', { expires_at: after(-6_000), grace_until: after(-600) }],
    ['disabled', { enabled: false }],
    ['archived', { archived_at: after(-600) }],
  ])('gets an order by itself: %s', async (reason, subscriber) => {
    const anna = await one(subscriber)
    expect(await look()).toEqual({ orders: 1, after: 0n })
    expect(await ordered(anna)).toEqual([`reapply ${reason}`])
    expect(await look()).toEqual({ orders: 0, after: 0n })
  })

  it('also in a session that should never have begun, as where the block came between login and Start', async () => {
    const anna = await one({ blocked_at: after(-600) }, {}, { started_at: after(-599) })
    await look()
    expect(await ordered(anna)).toEqual(['reapply blocked'])
  })

  it('is left alone while something is on its way, where the NAS refused, and while nothing was heard of it since', async () => {
    const fact = { blocked_at: after(-600) }
    for (const state of ['waiting', 'claimed', 'timeout', 'acked']) {
      await makeOrder(database.pool, await one(fact), { state, created_at: after(-600) })
    }
    await makeOrder(database.pool, await one(fact), {
      state: 'nacked',
      created_at: after(-600),
      finished_at: after(-599),
    })
    await one(fact, {}, { updated_at: after(-601) })
    await one(fact, {}, { service: 'voice', parent_id: 1 })
    await one(fact, {}, { ended_at: noon })
    await insertSession(database.pool, { subscriber_id: null })
    expect(await look()).toMatchObject({ orders: 0 })
  })

  it('is ordered about again where all that was ordered is older than the fact', async () => {
    const anna = await one({ blocked_at: after(-600) })
    await makeOrder(database.pool, anna, { state: 'done', created_at: after(-700), finished_at: after(-699) })
    const berta = await one({ blocked_at: after(-600) })
    await makeOrder(database.pool, berta, { state: 'nacked', created_at: after(-700), finished_at: after(-699) })
    await look()
    expect([await ordered(anna), await ordered(berta)]).toEqual([['reapply blocked'], ['reapply blocked']])
  })

  it('is ordered about again where the order was said to be done, but for a record that was on its way', async () => {
    const back = await one({ blocked_at: after(-600) })
    await makeOrder(database.pool, back, { state: 'done', created_at: after(-600), finished_at: after(-31) })
    const late = await one({ blocked_at: after(-600) })
    await makeOrder(database.pool, late, { state: 'done', created_at: after(-600), finished_at: after(-29) })
    await look()
    expect([await ordered(back), await ordered(late)]).toEqual([['reapply blocked'], []])
  })
})

describe('the walled garden', () => {
  const garden = { on_block: 'garden', on_expiry: 'garden' }

  it('is where they may be: begun there, or led there', async () => {
    await one({ blocked_at: after(-600) }, garden, { started_at: after(-300) })
    await one({ expires_at: after(-600) }, garden, { started_at: after(-300) })
    await makeOrder(database.pool, await one({ blocked_at: after(-600) }, garden), {
      state: 'done',
      created_at: after(-600),
      finished_at: after(-300),
    })
    expect(await look()).toMatchObject({ orders: 0 })
  })

  it('is where a session is led that was let in before', async () => {
    const before = await one({ blocked_at: after(-600) }, garden)
    const between = await one({ expires_at: after(-600) }, garden, { started_at: after(-595) })
    await look()
    expect([await ordered(before), await ordered(between)]).toEqual([['reapply blocked'], ['reapply expired']])
  })

  it('is no excuse where another fact refuses', async () => {
    const anna = await one(
      { blocked_at: after(-600), expires_at: after(-500) },
      { on_block: 'garden' },
      { started_at: after(-550) },
    )
    const berta = await one({ blocked_at: after(-600), enabled: false }, garden, { started_at: after(-300) })
    await look()
    expect([await ordered(anna), await ordered(berta)]).toEqual([['reapply blocked'], ['reapply disabled']])
  })
})

describe('an order that came to nothing', () => {
  it.each(['expired', 'failed'])('waits again at the next sign of life, whatever it is about: %s', async (state) => {
    const anna = await one({})
    const row = { state, wish: 'disconnect', reason: 'operator', created_at: after(-1_300) }
    await makeOrder(database.pool, anna, { ...row, finished_at: after(-660) })
    const silent = await one({})
    await makeOrder(database.pool, silent, { ...row, finished_at: after(1) })
    await look()
    expect([await ordered(anna), await ordered(silent)]).toEqual([['disconnect operator'], []])
    expect(await look()).toMatchObject({ orders: 0 })
    await database.pool.query('update session set updated_at = $1', [after(30)])
    await look(after(601))
    expect(await ordered(silent)).toEqual(['disconnect operator'])
  })

  it('is one row for as long as it comes to nothing, ten minutes after each other where it could not be sent', async () => {
    const anna = await one({ blocked_at: after(-600) })
    const found: number[] = []
    for (let minute = 1; minute <= 60; minute += 1) {
      await database.pool.query('update session set updated_at = $1', [after(minute * 60 - 1)])
      found.push((await look(after(minute * 60))).orders)
      await database.pool.query(
        `update coa_order set state = 'failed', finished_at = $1, attempts = attempts + 1 where state = 'waiting'`,
        [after(minute * 60)],
      )
    }
    const times = found.flatMap((orders, at) => (orders === 1 ? [at + 1] : []))
    expect(times).toEqual([1, 11, 21, 31, 41, 51])
    expect(await orderedOf(database.pool, anna.id)).toMatchObject([{ state: 'failed', at: after(60) }])
    const [shown] = await listNotEnforced(db, { limit: 10 }, everything, after(3_700))
    expect(shown).toMatchObject({ reason: 'blocked', state: 'failed', since: after(60), attempts: 6 })
  })

  it('and an older one of its session are one again, and since when is still known', async () => {
    const anna = await one({})
    await makeOrder(database.pool, anna, { state: 'expired', created_at: after(-3_000), finished_at: after(-2_400) })
    await orderSessions(db, [{ sessionId: anna.sessionId, wish: 'disconnect', reason: 'operator' }], after(0))
    expect((await orderedOf(database.pool, anna.id)).map(({ state }) => state)).toEqual(['replaced', 'waiting'])
    const [shown] = await listNotEnforced(db, { limit: 10 }, everything, after(10))
    expect(shown).toMatchObject({ reason: 'operator', since: after(-3_000) })
  })

  it('is not repeated where a newer one was done, or the NAS refused', async () => {
    for (const state of ['done', 'nacked', 'replaced']) {
      const anna = await one({})
      await makeOrder(database.pool, anna, { state: 'expired', finished_at: after(-60), created_at: after(-700) })
      await makeOrder(database.pool, anna, { state, finished_at: after(-50), created_at: after(-55) })
    }
    expect(await look()).toMatchObject({ orders: 0 })
  })
})

describe('looks one after the other', () => {
  it('go through all open sessions a part at a time, whole subscribers, and begin again', async () => {
    const plan_id = await insertPlan(database.pool)
    const all = []
    for (let i = 0; i < 5; i += 1) all.push(await one({ plan_id, blocked_at: after(-600) }))
    await insertSession(database.pool, { subscriber_id: all[1]!.id })
    let from = 0n
    const found: number[] = []
    for (let i = 0; i < 4; i += 1) {
      const turn = await look(after(60 + i), { after: from, most: 2 })
      from = turn.after
      found.push(turn.orders)
    }
    expect(found).toEqual([3, 2, 1, 0])
    const { rows } = await database.pool.query(
      'select count(distinct session_id)::int as sessions, count(*)::int as n from coa_order',
    )
    expect(rows).toEqual([{ sessions: 6, n: 6 }])
  })

  it('find at once what was given up, wherever the sweep is', async () => {
    const first = await one({})
    await makeOrder(database.pool, first, { state: 'expired', finished_at: after(-60), created_at: after(-700) })
    const last = await one({})
    await look(after(60), { after: last.id, most: 1 })
    expect(await ordered(first)).toEqual(['reapply test'])
  })

  it('are made by one instance at a time', async () => {
    const anna = await one({ blocked_at: after(-600) })
    const looks = await Promise.all([look(), look(), look()])
    expect(looks.map(({ orders }) => orders).toSorted((a, b) => a - b)).toEqual([0, 0, 1])
    expect(await ordered(anna)).toEqual(['reapply blocked'])
  })
})

// What the watch of entitlements foresees, for whom, and how much it asks of routers.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../../src/db/pool.ts'
import type { Database, Db } from '../../../src/db/schema.ts'
import { askReadings } from '../../../src/domain/enforcement/ask-readings.ts'
import { watchEntitlements } from '../../../src/domain/enforcement/watch-entitlements.ts'
import { after, insertPlan, insertSession, insertSubscriber, noon } from '../../support/access.ts'
import { makeNas } from '../../support/accounting.ts'
import { useDatabase } from '../../support/database.ts'

const database = useDatabase()
let db: Db
let made = 0

beforeAll(() => {
  db = createKysely<Database>(database.pool)
})
beforeEach(async () => {
  for (const table of ['entitlement_check', 'entitlement_watch', 'coa_order', 'session', 'router_run', 'nas_router'])
    await database.pool.query(`delete from ${table}`)
})

const turn = (now: Date) => watchEntitlements(db, { pool: database.pool, zone: () => Promise.resolve('UTC') }, now)

/** A MikroTik, with a router that may be entered unless said otherwise. */
async function makeRouter(options: { withoutAccess?: true; vendor?: string } = {}): Promise<bigint> {
  const { id } = await makeNas(database.pool)
  await database.pool.query('update nas set vendor = $2 where id = $1', [id, options.vendor ?? 'mikrotik'])
  if (options.withoutAccess !== true) {
    await database.pool.query(
      `insert into nas_router (nas_id, backend, host, port, user_name, password, pin_sha256, timeout_ms, created_at, updated_at)
       values ($1, 'rest', '127.0.0.1', 443, 'gatehouse', '\\x00', decode(repeat('ab', 32), 'hex'), 1000, $2, $2)`,
      [id, noon],
    )
  }
  return id
}

type Line = { id: bigint; sessionIds: bigint[] }

/** Somebody with 1 MB in the period, and a session on each of these NASes, not heard of but for its Start ten minutes before noon. */
async function online(nasIds: bigint[], plan: Record<string, unknown> = {}, account = 'pppoe'): Promise<Line> {
  const planId = await insertPlan(database.pool, { quota_octets: 1_000_000, ...plan })
  made += 1
  const id = await insertSubscriber(database.pool, { username: `line${made}`, plan_id: planId, account_type: account })
  const sessionIds = []
  for (const nasId of nasIds) {
    const row = { subscriber_id: id, nas_id: nasId, started_at: after(-600), interim_interval_s: 600 }
    sessionIds.push(await insertSession(database.pool, row))
  }
  return { id, sessionIds }
}

/** An interim of one of the sessions: the totals that it has moved. */
async function interim(line: Line, at: number, said: { time: number; down: number }, seconds = 0): Promise<void> {
  await database.pool.query(
    `with moved as (
       update session s set session_time = $2, output_octets = $3, event_at = $4, updated_at = $4
       from session old where s.id = $1 and old.id = s.id returning s.subscriber_id, s.output_octets - old.output_octets as octets
     )
     insert into usage_period as u (subscriber_id, period_started_at, input_octets, output_octets)
     select subscriber.id, subscriber.period_started_at, 0, moved.octets from moved join subscriber on subscriber.id = moved.subscriber_id
     on conflict (subscriber_id, period_started_at) do update set output_octets = u.output_octets + excluded.output_octets`,
    [line.sessionIds[at], said.time, said.down, after(seconds)],
  )
  await mark(line)
}
const mark = ({ id }: Line) => database.pool.query('insert into entitlement_check values ($1)', [id])
const foreseen = async ({ id }: Line) => {
  const { rows } = await database.pool.query<{ at: Date | null; known: boolean }>(
    'select foreseen_at as at, foresight is not null as known from entitlement_watch where subscriber_id = $1',
    [id],
  )
  return rows[0]
}
const runs = async () => {
  const { rows } = await database.pool.query<{ nas: bigint; session: string; way: string; at: Date; by: string }>(
    `select nas_id as nas, params ->> 'session_id' as session, params ->> 'way' as way, due_at as at,
       author_kind || ' ' || author_name as by
     from router_run where kind = 'counters' order by id`,
  )
  return rows
}

describe('a look', () => {
  it('foresees when the rate of the last interim brings the next threshold', async () => {
    const nasId = await makeRouter()
    const line = await online([nasId])
    await interim(line, 0, { time: 600, down: 600_000 })
    await turn(after(1))
    expect(await foreseen(line)).toEqual({ at: after(401), known: true })
    expect(await turn(after(400))).toMatchObject({ looked: 0 })
    expect(await runs()).toEqual([])
    expect(await turn(after(401))).toMatchObject({ looked: 1, orders: 0 })
    expect(await runs()).toEqual([
      { nas: nasId, session: String(line.sessionIds[0]), way: 'down', at: after(401), by: 'system foresight' },
    ])
    expect(await foreseen(line)).toEqual({ at: null, known: true })
    expect(await turn(after(402))).toMatchObject({ looked: 0 })
  })

  it('reckons with all sessions of a subscriber, and has all their routers asked', async () => {
    const nasIds = [await makeRouter(), await makeRouter()]
    const line = await online(nasIds)
    await interim(line, 0, { time: 600, down: 300_000 })
    await interim(line, 1, { time: 600, down: 300_000 })
    await turn(after(1))
    expect(await foreseen(line)).toMatchObject({ at: after(401) })
    await turn(after(401))
    expect((await runs()).map(({ nas }) => nas)).toEqual(nasIds)
  })

  it('reckons anew at each interim, from the one before', async () => {
    const line = await online([await makeRouter()])
    await interim(line, 0, { time: 600, down: 100_000 })
    await turn(after(1))
    expect(await foreseen(line)).toEqual({ at: null, known: true })
    await interim(line, 0, { time: 1_200, down: 700_000 }, 600)
    await turn(after(601))
    expect(await foreseen(line)).toMatchObject({ at: after(901) })
    // It goes on more slowly.
    await interim(line, 0, { time: 1_260, down: 700_600 }, 660)
    await turn(after(661))
    expect(await foreseen(line)).toEqual({ at: null, known: true })
  })

  it.each([
    [
      'of a plan that does not count',
      {},
      { quota_octets: null, schedule: '[{"weekdays":[1],"from":"01:00","to":"02:00","percent":50}]' },
      'pppoe',
    ],
    ['on a NAS whose router we may not enter', { withoutAccess: true as const }, {}, 'pppoe'],
    ['on a NAS of another vendor', { vendor: 'juniper' }, {}, 'pppoe'],
    ['of IPoE, which has no counters on its router', {}, {}, 'ipoe'],
  ])('foresees nothing %s', async (_, router, plan, account) => {
    const line = await online([await makeRouter(router)], plan, account)
    await interim(line, 0, { time: 600, down: 600_000 })
    await turn(after(1))
    expect(await foreseen(line)).toEqual({ at: null, known: false })
    expect(await runs()).toEqual([])
  })

  it('forgets what it foresaw when the quota is used up, and when access is taken away', async () => {
    const [one, other] = [await online([await makeRouter()]), await online([await makeRouter()])]
    for (const line of [one, other]) await interim(line, 0, { time: 600, down: 600_000 })
    await turn(after(1))
    await database.pool.query('delete from nas_router where nas_id = (select nas_id from session where id = $1)', [
      other.sessionIds[0],
    ])
    await mark(other)
    await interim(one, 0, { time: 700, down: 1_000_000 }, 100)
    expect(await turn(after(101))).toMatchObject({ orders: 1 })
    for (const line of [one, other]) expect(await foreseen(line)).toEqual({ at: null, known: false })
  })

  it('forgets who has gone', async () => {
    const line = await online([await makeRouter()])
    await interim(line, 0, { time: 600, down: 600_000 })
    await turn(after(1))
    await database.pool.query('update session set ended_at = $2, ended_by = $3 where id = $1', [
      line.sessionIds[0],
      after(100),
      'stop',
    ])
    await turn(after(401))
    expect(await foreseen(line)).toBeUndefined()
    expect(await runs()).toEqual([])
  })

  it('tries again a little later where the router has enough to do', async () => {
    const nasId = await makeRouter()
    const line = await online([nasId])
    await interim(line, 0, { time: 600, down: 600_000 })
    await turn(after(1))
    const open = [1n, 2n, 3n].map((sessionId) => ({ nasId, sessionId, way: 'down' as const }))
    await askReadings(db, open, after(400))
    await turn(after(401))
    expect(await foreseen(line)).toMatchObject({ at: after(411) })
    await database.pool.query(`update router_run set state = 'done', finished_at = $1`, [after(405)])
    await turn(after(431))
    expect((await runs()).map(({ session }) => session)).toContain(String(line.sessionIds[0]))
  })
})

describe('readings', () => {
  const wanted = (nasId: bigint, ...sessionIds: bigint[]) =>
    sessionIds.map((sessionId) => ({ nasId, sessionId, way: 'down' as const }))
  const finish = (state: string, at: Date) =>
    database.pool.query(`update router_run set state = $1, finished_at = $2 where state = 'waiting'`, [state, at])

  it('are three at once for each router', async () => {
    const [one, other] = [await makeRouter(), await makeRouter()]
    const asked = await askReadings(db, [...wanted(one, 1n, 2n, 3n, 4n), ...wanted(other, 5n)], noon)
    expect(asked).toEqual(new Set([1n, 2n, 3n, 5n]))
    expect(await askReadings(db, wanted(one, 4n), noon)).toEqual(new Set())
    expect(await askReadings(db, [], noon)).toEqual(new Set())
  })

  it('are one of a session, which does not take the place of another', async () => {
    const nasId = await makeRouter()
    expect(await askReadings(db, wanted(nasId, 1n), noon)).toEqual(new Set([1n]))
    expect(await askReadings(db, wanted(nasId, 1n, 2n, 3n), after(1))).toEqual(new Set([2n, 3n]))
  })

  it('are thirty a minute for each router', async () => {
    const nasId = await makeRouter()
    let asked = 0
    for (let second = 0; second < 20; second += 1) {
      const ids = [1n, 2n, 3n].map((one) => BigInt(second) * 3n + one)
      asked += (await askReadings(db, wanted(nasId, ...ids), after(second))).size
      await finish('done', after(second))
    }
    expect(asked).toBe(30)
    expect((await askReadings(db, wanted(nasId, 100n), after(61))).size).toBe(1)
  })

  it('are none for a minute on a router on which one failed', async () => {
    const [bad, well] = [await makeRouter(), await makeRouter()]
    await askReadings(db, wanted(bad, 1n), noon)
    await finish('failed', after(5))
    expect(await askReadings(db, [...wanted(bad, 2n), ...wanted(well, 3n)], after(30))).toEqual(new Set([3n]))
    expect(await askReadings(db, wanted(bad, 2n), after(66))).toEqual(new Set([2n]))
    expect(await insertedKinds()).toEqual(['counters'])
  })
})

const insertedKinds = async () =>
  (await database.pool.query<{ kind: string }>('select distinct kind from router_run')).rows.map(({ kind }) => kind)

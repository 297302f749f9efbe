import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../../src/db/pool.ts'
import type { Database, Db } from '../../../src/db/schema.ts'
import { recordAccounting } from '../../../src/domain/accounting.ts'
import { checkAll, watchEntitlements, type WatchTurn } from '../../../src/domain/enforcement/watch-entitlements.ts'
import { countsUsageSql, isWatchedSql } from '../../../src/domain/enforcement/watched-plan.ts'
import { countsUsage } from '../../../src/domain/plan/quota.ts'
import { after, insertPlan, insertRow, insertSession, noon } from '../../support/access.ts'
import {
  at,
  makeNas,
  makeSession,
  makeSubscriber,
  noon as accountingNoon,
  recordEach,
} from '../../support/accounting.ts'
import { useDatabase } from '../../support/database.ts'
import { makeOnline, makeOrder, orderedOf, reasonsOf, type Online } from '../../support/watch.ts'

const database = useDatabase()
let db: Db

const fup = { fup_steps: JSON.stringify([{ after_octets: '1000', down_bps: 1_000_000, up_bps: 1_000_000 }]) }
const night = {
  schedule: JSON.stringify([{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '22:00', to: '06:00', percent: 200 }]),
}
const ten = new Date('2026-03-10T22:01:00Z')

beforeAll(() => {
  db = createKysely<Database>(database.pool)
})
beforeEach(async () => {
  await database.pool.query(
    'delete from entitlement_check; delete from entitlement_watch; delete from coa_order; delete from session',
  )
})

const turn = (now: Date, zone = 'UTC'): Promise<WatchTurn> =>
  watchEntitlements(db, { pool: database.pool, zone: () => Promise.resolve(zone) }, now)
const mark = (...ids: bigint[]) =>
  database.pool.query('insert into entitlement_check select * from unnest($1::bigint[])', [`{${ids.join(',')}}`])
const use = async ({ id, sessionId }: Online, octets: number) => {
  await database.pool.query(
    `insert into usage_period as u (subscriber_id, period_started_at, input_octets, output_octets)
     select id, period_started_at, 0, $2 from subscriber where id = $1
     on conflict (subscriber_id, period_started_at) do update set output_octets = u.output_octets + $2`,
    [id, octets],
  )
  await database.pool.query('update session set output_octets = output_octets + $2 where id = $1', [sessionId, octets])
  await mark(id)
}
const marks = async (): Promise<bigint[]> => {
  const { rows } = await database.pool.query<{ id: bigint }>(
    'select subscriber_id as id from entitlement_check order by 1',
  )
  return rows.map(({ id }) => id)
}
const watches = async () =>
  (await database.pool.query('select subscriber_id, state, next_at from entitlement_watch order by 1')).rows

describe('a turn', () => {
  it('without work asks one question and does nothing', async () => {
    expect(await turn(noon)).toEqual({ looked: 0, orders: 0, isMore: false })
  })

  it('tells the session of whoever has crossed a step, once, and takes the marks', async () => {
    const anna = await makeOnline(database.pool, { plan: fup })
    await use(anna, 999)
    expect(await turn(noon)).toEqual({ looked: 1, orders: 0, isMore: false })
    await use(anna, 1)
    await mark(anna.id)
    expect(await turn(after(1))).toMatchObject({ looked: 1, orders: 1 })
    expect(await orderedOf(database.pool, anna.id)).toEqual([
      { sessionId: anna.sessionId, wish: 'reapply', reason: 'fair use', state: 'waiting', at: after(1) },
    ])
    await use(anna, 500)
    expect(await turn(after(2))).toMatchObject({ looked: 1, orders: 0 })
    expect(await marks()).toEqual([])
  })

  it('tells all sessions of a line, and no service on one', async () => {
    const anna = await makeOnline(database.pool, { plan: fup })
    const second = await insertSession(database.pool, { subscriber_id: anna.id })
    await insertSession(database.pool, { subscriber_id: anna.id, service: 'voice', parent_id: second })
    await use(anna, 1_000)
    await turn(noon)
    expect((await orderedOf(database.pool, anna.id)).map(({ sessionId }) => sessionId)).toEqual([
      anna.sessionId,
      second,
    ])
  })

  it('takes the place of an order that waits, if it was not told that it is not needed', async () => {
    const anna = await makeOnline(database.pool, { plan: fup })
    await makeOrder(database.pool, anna, { state: 'claimed' })
    await use(anna, 1_000)
    await turn(noon)
    expect((await orderedOf(database.pool, anna.id)).map(({ state }) => state)).toEqual(['claimed', 'waiting'])
    await makeOrder(database.pool, anna, { state: 'waiting', wish: 'disconnect' })
    await database.pool.query(`update plan set fup_steps = '[]', quota_octets = 1000 where id = $1`, [anna.planId])
    await use(anna, 1)
    await turn(after(60))
    expect((await orderedOf(database.pool, anna.id)).map(({ state }) => state)).toEqual([
      'claimed',
      'waiting',
      'waiting',
    ])
  })

  it('looks at the time of day without a mark, and not before it', async () => {
    const anna = await makeOnline(database.pool, { plan: night })
    await mark(anna.id)
    await turn(noon)
    expect(await turn(new Date('2026-03-10T21:59:59Z'))).toMatchObject({ looked: 0 })
    expect(await turn(ten)).toMatchObject({ looked: 1, orders: 1 })
    expect(await turn(ten)).toMatchObject({ looked: 0 })
    const morning = new Date('2026-03-11T06:01:00Z')
    expect(await turn(morning)).toMatchObject({ looked: 1, orders: 1 })
    expect(await reasonsOf(database.pool, anna.id)).toEqual(['schedule', 'schedule'])
  })

  it('goes by the clock of the zone, and looks anew when the zone changes', async () => {
    const anna = await makeOnline(database.pool, { plan: night })
    await mark(anna.id)
    await turn(noon, 'Asia/Tokyo')
    const { rows } = await database.pool.query<{ next_at: Date }>('select next_at from entitlement_watch')
    expect(rows[0]!.next_at >= new Date('2026-03-10T13:00:00Z')).toBe(true)
    // Noon in UTC is day; at 14:00 it is night in Tokyo, and the zone is UTC by then.
    expect(await turn(new Date('2026-03-10T14:00:00Z'))).toMatchObject({ looked: 1, orders: 0 })
    expect(await turn(ten)).toMatchObject({ looked: 1, orders: 1 })
  })

  it('begins a window of days anew at midnight, from what hours and days say', async () => {
    const plan = { quota_octets: 1_000, quota_period: 'day', on_quota: 'garden' }
    const anna = await makeOnline(database.pool, { plan })
    await mark(anna.id)
    await turn(noon)
    await database.pool.query('insert into usage_hour values ($1, $2, 600, 400)', [anna.id, noon])
    await mark(anna.id)
    await turn(after(60))
    expect(await turn(new Date('2026-03-11T00:00:30Z'))).toMatchObject({ looked: 1, orders: 1 })
    expect(await reasonsOf(database.pool, anna.id)).toEqual(['quota', 'new window'])
  })

  it('forgets who is offline, and who has a plan that gives always the same', async () => {
    const anna = await makeOnline(database.pool, { plan: night })
    const berta = await makeOnline(database.pool, { plan: night })
    await mark(anna.id, berta.id)
    await turn(noon)
    expect(await watches()).toHaveLength(2)
    await database.pool.query('update session set ended_at = $2 where id = $1', [anna.sessionId, noon])
    await database.pool.query(`update plan set schedule = '[]' where id = $1`, [berta.planId])
    await mark(anna.id, berta.id)
    await turn(after(1))
    expect(await watches()).toEqual([])
    expect(await reasonsOf(database.pool, berta.id)).toEqual([])
  })

  it('tells nobody who is blocked or expired: the deed has, and the garden has one speed', async () => {
    const blocked = await makeOnline(database.pool, { plan: night, subscriber: { blocked_at: noon } })
    const expired = await makeOnline(database.pool, { plan: night, subscriber: { expires_at: after(-60) } })
    await mark(blocked.id, expired.id)
    await turn(noon)
    expect((await watches()).map(({ state }) => state as string)).toEqual(['no service', 'no service'])
    await mark(blocked.id, expired.id)
    expect(await turn(ten)).toMatchObject({ looked: 2, orders: 0 })
  })

  it('leaves the work to another instance that is at it', async () => {
    const anna = await makeOnline(database.pool, { plan: fup })
    await use(anna, 1_000)
    const turns = await Promise.all([turn(noon), turn(noon), turn(noon)])
    expect(turns.map(({ orders }) => orders).toSorted((a, b) => a - b)).toEqual([0, 0, 1])
    expect(await reasonsOf(database.pool, anna.id)).toEqual(['fair use'])
  })

  it('comes back for what one turn does not hold', async () => {
    const anna = await makeOnline(database.pool, { plan: fup })
    await database.pool.query('insert into entitlement_check select $1 from generate_series(1, 2500)', [anna.id])
    expect(await turn(noon)).toMatchObject({ looked: 1, isMore: true })
    expect(await turn(noon)).toMatchObject({ looked: 1, isMore: false })
    expect(await marks()).toEqual([])
  })

  it('that breaks leaves the marks for the next one', async () => {
    const anna = await makeOnline(database.pool, { plan: fup })
    await use(anna, 1_000)
    const broken = { pool: database.pool, zone: () => Promise.resolve('No/Where') }
    await database.pool.query(`update plan set quota_period = 'day' where id = $1`, [anna.planId])
    await expect(watchEntitlements(db, broken, noon)).rejects.toThrow('No/Where')
    expect(await marks()).toEqual([anna.id])
  })
})

describe('everybody', () => {
  it('who is online with such a plan is marked, and whom nobody will meet any more is forgotten', async () => {
    const anna = await makeOnline(database.pool, { plan: fup })
    const berta = await makeOnline(database.pool, { plan: night })
    await makeOnline(database.pool)
    const gone = await makeOnline(database.pool, { plan: night, session: { ended_at: noon } })
    await insertRow(database.pool, 'entitlement_watch', {
      subscriber_id: gone.id,
      terms: 'x',
      state: 'x',
      session_id: 1,
      looked_at: noon,
    })
    expect(await checkAll(db)).toBe(2)
    expect(await marks()).toEqual([anna.id, berta.id])
    expect(await watches()).toEqual([])
  })

  it('is found again after a crash that has emptied the marks', async () => {
    const anna = await makeOnline(database.pool, { plan: fup })
    await use(anna, 500)
    await turn(noon)
    await use(anna, 500)
    await database.pool.query('delete from entitlement_check')
    await checkAll(db)
    await turn(after(60))
    expect(await reasonsOf(database.pool, anna.id)).toEqual(['fair use'])
  })
})

describe('marks', () => {
  it('of accounting are for whose plan counts, with every record that moved octets, and for who begins where it matters', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const plain = await makeSubscriber(pool)
    const counting = await makeSubscriber(pool, { quota: 1_000n })
    const scheduled = await makeSubscriber(pool)
    const plan = await insertPlan(pool, night)
    await pool.query('update subscriber set plan_id = $2 where id = $1', [scheduled.id, plan])
    await pool.query('delete from entitlement_check')
    const [one, two, three] = [plain, counting, scheduled].map((subscriber) => makeSession({ nas, subscriber }))
    await recordAccounting(pool, [one!.start(), two!.start(), three!.start()], accountingNoon)
    expect(await marks()).toEqual([counting.id, scheduled.id])
    await pool.query('delete from entitlement_check')
    const records = [one!, two!, three!].map((session) => session.interim(60, { output: 10 }))
    await recordAccounting(pool, records, at(60))
    expect(await marks()).toEqual([counting.id])
    await recordAccounting(pool, [two!.interim(120, { output: 10 })], at(120))
    expect(await marks()).toEqual([counting.id])
    await recordEach(pool, two!.stop(180, { output: 20 }))
    expect(await marks()).toEqual([counting.id, counting.id])
    const stranger = makeSession({ nas })
    await recordEach(pool, stranger.start(), stranger.interim(60, { output: 5 }))
    expect(await marks()).toHaveLength(2)
  })

  it.each([
    ['blocked', { blocked_at: accountingNoon }],
    ['disabled', { enabled: false }],
    ['archived', { archived_at: accountingNoon }],
    ['expired', { expires_at: accountingNoon }],
  ])(
    'are for who was let in a moment before being %s: the session is told as soon as it begins',
    async (fact, columns) => {
      const { pool } = database
      const subscriber = await makeSubscriber(pool)
      const [column, value] = Object.entries(columns)[0]!
      await pool.query(`update subscriber set ${column} = $2 where id = $1`, [subscriber.id, value])
      await recordAccounting(pool, [makeSession({ nas: await makeNas(pool), subscriber }).start()], at(1))
      expect(await marks()).toEqual([subscriber.id])
      expect(await turn(at(2))).toMatchObject({ looked: 1, orders: 1 })
      expect(await reasonsOf(pool, subscriber.id)).toEqual([fact])
    },
  )

  it('do not make accounting wait for whoever takes them away', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const counting = await makeSubscriber(pool, { quota: 1_000n })
    const session = makeSession({ nas, subscriber: counting })
    await recordEach(pool, session.start())
    const client = await pool.connect()
    try {
      await client.query('begin; delete from entitlement_check')
      await recordEach(pool, session.interim(60, { output: 10 }))
      await client.query('commit')
    } finally {
      client.release()
    }
    // What came meanwhile is looked at again.
    expect(await marks()).toEqual([counting.id])
  })

  it('are made for who is online when a plan is edited, also one that is slower after a quota, or another is given', async () => {
    const slower = await insertPlan(database.pool)
    const anna = await makeOnline(database.pool, { plan: { ...fup, quota_plan_id: slower, on_quota: 'slower' } })
    await makeOnline(database.pool, { subscriber: { plan_id: anna.planId }, session: { ended_at: noon } })
    const berta = await makeOnline(database.pool)
    await database.pool.query(`update plan set name = name || '!' where id = $1`, [anna.planId])
    expect(await marks()).toEqual([])
    for (const id of [anna.planId, slower]) {
      await database.pool.query('update plan set version = version + 1 where id = $1', [id])
      expect(await marks()).toEqual([anna.id])
      await database.pool.query('delete from entitlement_check')
    }
    const offline = await makeOnline(database.pool, { session: { ended_at: noon } })
    for (const { id } of [berta, offline]) {
      await database.pool.query('update subscriber set plan_id = $2 where id = $1', [id, anna.planId])
    }
    expect(await marks()).toEqual([berta.id])
  })
})

describe('which plans are watched', () => {
  it('is the same in SQL as for a login', async () => {
    const step = JSON.parse(fup.fup_steps) as unknown
    const plans = [
      {},
      { quota_octets: 5 },
      { quota_down_octets: 5 },
      { quota_up_octets: 5 },
      { fup_steps: step },
      { schedule: JSON.parse(night.schedule) as unknown },
    ]
    for (const plan of plans) {
      const row = Object.fromEntries(
        Object.entries(plan).map(([name, value]) => [name, typeof value === 'number' ? value : JSON.stringify(value)]),
      )
      const id = await insertPlan(database.pool, row)
      const { rows } = await database.pool.query(
        `select ${countsUsageSql} as counts, ${isWatchedSql} as watched from plan where id = $1`,
        [id],
      )
      const none = { quota_octets: null, quota_down_octets: null, quota_up_octets: null, fup_steps: [] }
      const counts = countsUsage({ ...none, quota_period: 'day', ...plan } as Parameters<typeof countsUsage>[0])
      expect(rows).toEqual([{ counts, watched: counts || 'schedule' in plan }])
    }
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import { listAlarms, raiseAlarm } from '../../src/domain/alarm.ts'
import { grantedBy } from '../../src/domain/coa-evidence.ts'
import { proveOrders, proveOrdersWorker } from '../../src/jobs/prove-orders.ts'
import { workers } from '../../src/jobs/workers.ts'
import { insertRow, insertSession } from '../support/access.ts'
import { makeNas } from '../support/accounting.ts'
import { noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
let nas = { id: 0n, name: '' }
const said: unknown[] = []
const minutes = (count: number) => new Date(noon.getTime() + count * 60_000)

beforeAll(async () => {
  nas = await makeNas(office.pool)
})

const rates = { downBps: 10_000_000, upBps: 2_000_000, burst: undefined, priority: undefined }
/** A session that was ten minutes old and fast, and a change to 10 Mbit/s that was acknowledged at noon. */
async function changed(
  options: { service?: string; beforeBps?: number } = {},
): Promise<{ session: bigint; id: bigint }> {
  const session = await insertSession(office.pool, {
    nas_id: nas.id,
    subscriber_id: null,
    session_time: 600,
    updated_at: minutes(-5),
  })
  const before = { downBps: options.beforeBps ?? 50_000_000, upBps: 0 }
  const granted = grantedBy({ garden: undefined, rates, addressList: undefined }, options.service, before)
  const id = await insertRow(office.pool, 'coa_order', {
    session_id: session,
    nas_id: nas.id,
    wish: 'reapply',
    reason: 'plan',
    state: 'done',
    evidence: 'acked',
    next_at: noon,
    deadline: minutes(10),
    created_at: noon,
    finished_at: noon,
    granted: JSON.stringify(granted),
  })
  return { session, id }
}
/** A record that came so many minutes after noon: since the one before the session was as fast as this. */
async function heard(session: bigint, minute: number, downBps: number, seconds = 300): Promise<void> {
  await office.pool.query(
    `update session set updated_at = $2, session_time = session_time + $3, output_octets = output_octets + $4 where id = $1`,
    [session, minutes(minute), seconds, Math.round((downBps * seconds) / 8)],
  )
}
const prove = (minute: number) =>
  proveOrders({
    ...office,
    clock: { now: () => minutes(minute), monotonicMs: () => 0 },
    log: { warn: (fields: object) => void said.push(fields) } as never,
  })
const orderRow = async (id: bigint) => (await rowsOf(office, 'select * from coa_order where id = $1', [id]))[0]!

describe('an acknowledged change', () => {
  it('is inferred from the rate since the first record after it, which still counts what went before', async () => {
    const { session, id } = await changed()
    expect(await prove(1)).toMatchObject({ inferred: 0, ignored: [] })
    await heard(session, 2, 40_000_000)
    expect(await prove(2)).toMatchObject({ inferred: 0, ignored: [] })
    await heard(session, 2.5, 9_900_000, 30)
    expect(await prove(3)).toMatchObject({ inferred: 0, ignored: [] })
    await heard(session, 7, 9_900_000)
    expect(await prove(7)).toMatchObject({ inferred: 1, ignored: [] })
    expect(await orderRow(id)).toMatchObject({ state: 'done', evidence: 'inferred' })
    await heard(session, 12, 90_000_000)
    expect(await prove(12)).toMatchObject({ inferred: 0, ignored: [] })
  })

  it('stays acknowledged where the rate can show nothing', async () => {
    const { session, id } = await changed({ beforeBps: 1_000_000 })
    for (const minute of [2, 7, 12, 17]) {
      await heard(session, minute, 9_900_000)
      expect(await prove(minute)).toMatchObject({ observed: 0, inferred: 0, ignored: [] })
    }
    expect(await orderRow(id)).toMatchObject({ evidence: 'acked', proof_strikes: 0 })
  })

  it('that changed nothing is told of, and the session is disconnected, once', async () => {
    const { session, id } = await changed()
    for (const minute of [2, 7]) {
      await heard(session, minute, 49_000_000)
      expect(await prove(minute)).toMatchObject({ ignored: [] })
    }
    await heard(session, 12, 49_000_000)
    const [one, other] = await Promise.all([prove(12), prove(12)])
    expect([...one.ignored, ...other.ignored]).toEqual([{ sessionId: session, nas: nas.name }])
    expect(said).toEqual([{ nas: nas.name, session: String(session) }])
    expect(await orderRow(id)).toMatchObject({
      evidence: 'acked',
      detail: 'the NAS acknowledged it and changed nothing',
    })
    const orders = await rowsOf(office, 'select wish, reason, state from coa_order where session_id = $1 order by id', [
      session,
    ])
    expect(orders).toEqual([
      { wish: 'reapply', reason: 'plan', state: 'done' },
      { wish: 'disconnect', reason: 'change ignored', state: 'waiting' },
    ])
    const [alarm] = await listAlarms(office.pool)
    expect(alarm).toMatchObject({ kind: 'coa-ignored', subject: nas.name })
    await heard(session, 17, 49_000_000)
    expect(await prove(17)).toMatchObject({ ignored: [] })
  })

  it('is forgiven one fast interval that is followed by one that is not', async () => {
    const { session, id } = await changed()
    for (const [minute, bps] of [
      [2, 49_000_000],
      [7, 49_000_000],
      [12, 100_000],
      [17, 49_000_000],
    ] as const) {
      await heard(session, minute, bps)
      expect(await prove(minute)).toMatchObject({ ignored: [] })
    }
    expect(await orderRow(id)).toMatchObject({ proof_strikes: 1 })
  })

  it('is observed where the service that it started is accounted', async () => {
    const { session, id } = await changed({ service: 'internet(2m,10m)' })
    const service = (name: string) =>
      insertSession(office.pool, { nas_id: nas.id, subscriber_id: null, parent_id: session, service: name })
    await service('iptv')
    expect(await prove(1)).toMatchObject({ observed: 0 })
    await service('internet(2m,10m)')
    expect(await prove(2)).toMatchObject({ observed: 1 })
    expect(await orderRow(id)).toMatchObject({ evidence: 'observed' })
  })

  it('is not looked at when its session has ended, a newer wish is there, or an hour is over', async () => {
    const [ended, newer, late] = [await changed(), await changed(), await changed()]
    for (const minute of [2, 7]) for (const { session } of [ended, newer, late]) await heard(session, minute, 1e8)
    await prove(7)
    for (const { session } of [ended, newer, late]) await heard(session, 12, 1e8)
    await office.pool.query('update session set ended_at = $2 where id = $1', [ended.session, minutes(12)])
    await insertRow(office.pool, 'coa_order', {
      session_id: newer.session,
      nas_id: nas.id,
      wish: 'reapply',
      reason: 'plan',
      next_at: noon,
      deadline: noon,
      created_at: noon,
    })
    expect(await prove(60)).toMatchObject({ ignored: [] })
  })
})

describe('a look', () => {
  it('goes through all pages, also of changes of one instant', async () => {
    const { session, id } = await changed()
    await office.pool.query(
      `with made as (
         insert into session (nas_id, acct_session_id, epoch, username, nas_group_id, address_space_id, started_at, event_at,
           updated_at, session_time)
         select nas_id, 'mass-' || n, 1, 'mass', nas_group_id, address_space_id, started_at, event_at, $2, 660
         from session cross join generate_series(1, 1200) as n where session.id = $1 returning id
       )
       insert into coa_order (session_id, nas_id, wish, reason, state, evidence, next_at, deadline, created_at, finished_at, granted)
       select made.id, o.nas_id, o.wish, 'mass', o.state, o.evidence, o.next_at, o.deadline, o.created_at, o.finished_at, o.granted
       from made, coa_order o where o.id = $3`,
      [session, minutes(1), id],
    )
    await prove(1)
    const noted = () =>
      rowsOf(office, `select count(*)::int as n from coa_order where reason = 'mass' and proof_session_time = 660`)
    expect(await noted()).toEqual([{ n: 1_200 }])
  })

  it('is made by one instance at a time', async () => {
    const { session, id } = await changed()
    await heard(session, 2, 40_000_000)
    const client = await office.pool.connect()
    try {
      await client.query(`begin; select pg_advisory_xact_lock(hashtext('gatehouse prove changes'))`)
      await prove(2)
      expect(await orderRow(id)).toMatchObject({ proof_at: null })
      await client.query('commit')
    } finally {
      client.release()
    }
    await prove(2)
    expect(await orderRow(id)).toMatchObject({ proof_at: minutes(2) })
  })
})

describe('an alarm of a NAS that refuses or ignores', () => {
  it('is cleared when an order that it acknowledged is proved', async () => {
    const standing = async () => (await listAlarms(office.pool)).map(({ kind }) => kind).toSorted()
    for (const kind of ['coa-refused', 'coa-ignored', 'coa-unreachable']) {
      await raiseAlarm(office.pool, { kind, subject: nas.name, text: 'x' }, minutes(100))
    }
    const proved = async (minute: number, outcome: string): Promise<void> => {
      const id = await insertRow(office.pool, 'coa_order', {
        session_id: 77_000,
        nas_id: nas.id,
        wish: 'disconnect',
        reason: 'blocked',
        state: 'done',
        evidence: 'observed',
        next_at: noon,
        deadline: noon,
        created_at: noon,
        finished_at: minutes(minute),
      })
      await insertRow(office.pool, 'coa_attempt', { order_id: id, at: noon, kind: 'disconnect', outcome })
    }
    await proved(99, 'ack')
    // Gone by itself, or by way of its router: that says nothing of its CoA.
    await proved(101, 'nak')
    await prove(102)
    expect(await standing()).toEqual(['coa-ignored', 'coa-refused', 'coa-unreachable'])
    await proved(103, 'ack')
    await prove(104)
    expect(await standing()).toEqual(['coa-unreachable'])
  })
})

it('is a worker of the admin process', () => {
  expect(workers).toContain(proveOrdersWorker)
})

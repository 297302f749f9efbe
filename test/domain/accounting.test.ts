// What one record does to a session, case by case; any order of many: accounting-order.test.ts.

import { describe, expect, it } from 'vitest'
import { accountingQuery } from '../../src/domain/accounting-statement.ts'
import { recordAccounting } from '../../src/domain/accounting.ts'
import {
  at,
  makeNas,
  makeSession,
  makeSubscriber,
  onlyRow,
  recordEach,
  sessionRows,
  usageOf,
} from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const gib = 2n ** 30n
const wrap = 2n ** 32n

async function world(options: Parameters<typeof makeSubscriber>[1] = {}) {
  const { pool } = database
  return { pool, nas: await makeNas(pool), subscriber: await makeSubscriber(pool, options) }
}

describe('a session from Start to Stop', () => {
  it('keeps start, counters, end and cause, and charges what was counted', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber, classId: 11n, framedIp: '10.0.0.7' })
    const started = await recordEach(pool, session.start())
    expect(started).toMatchObject({ inserted: true, ended: false, subscriberId: subscriber.id, inputDelta: 0n })
    const interim = await recordEach(pool, session.interim(300, { input: 1000, output: 9000, outputPackets: 12 }))
    expect(interim).toMatchObject({ inserted: false, inputDelta: 1000n, outputDelta: 9000n, anomaly: undefined })
    const stopped = await recordEach(pool, session.stop(450, { input: 1500, output: 9500, terminateCause: 4 }))
    expect(stopped).toMatchObject({ sessionId: started.sessionId, ended: true, inputDelta: 500n, outputDelta: 500n })
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      subscriber_id: subscriber.id,
      class_id: 11n,
      framed_ip: '10.0.0.7',
      started_at: at(0),
      start_seen: true,
      event_at: at(450),
      ended_at: at(450),
      ended_by: 'stop',
      terminate_cause: 4,
      session_time: 450n,
      input_octets: 1500n,
      output_octets: 9500n,
      output_packets: 12n,
      anomalies: 0,
    })
    const sum = { input: 1500n, output: 9500n }
    expect(await usageOf(pool, subscriber.id)).toEqual({ hours: sum, periods: sum })
  })

  it('counts usage into the hour of arrival and the service period of that moment', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start(), session.interim(3500, { input: 5 }), session.interim(3700, { input: 12 }))
    await pool.query(`update subscriber set period_started_at = $2 where id = $1`, [subscriber.id, at(3800)])
    await recordEach(pool, session.stop(3900, { input: 20 }))
    const hours = await pool.query(`select hour, input_octets from usage_hour where subscriber_id = $1 order by 1`, [
      subscriber.id,
    ])
    expect(hours.rows).toEqual([
      { hour: at(0), input_octets: 5n },
      { hour: at(3600), input_octets: 15n },
    ])
    const periods = await pool.query(`select input_octets from usage_period where subscriber_id = $1 order by 1`, [
      subscriber.id,
    ])
    expect(periods.rows).toEqual([{ input_octets: 8n }, { input_octets: 12n }])
  })

  it('records a batch of many sessions of one subscriber at once', async () => {
    const { pool, nas, subscriber } = await world()
    const sessions = Array.from({ length: 20 }, () => makeSession({ nas, subscriber }))
    const outcomes = await recordAccounting(
      pool,
      sessions.map((session, index) => session.interim(60, { input: index })),
      at(60),
    )
    expect(outcomes.map((outcome) => outcome.kind === 'recorded' && outcome.inputDelta)).toEqual(
      sessions.map((_, index) => BigInt(index)),
    )
    expect((await usageOf(pool, subscriber.id)).periods.input).toBe(190n)
  })

  it('takes a session that comes several times in one batch in its order', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    const records = [session.start(), session.interim(300, { input: 7 }), session.stop(400, { input: 9 })]
    const outcomes = await recordAccounting(pool, records, at(400))
    expect(outcomes).toMatchObject([{ inputDelta: 0n }, { inputDelta: 7n }, { inputDelta: 2n, ended: true }])
    expect((await onlyRow(pool, nas, session.acctSessionId)).input_octets).toBe(9n)
  })

  it('keeps a session of nobody, charging nobody', async () => {
    const { pool, nas } = await world()
    const session = makeSession({ nas })
    expect(await recordEach(pool, session.start(), session.stop(60, { input: 5 }))).toMatchObject({
      subscriberId: undefined,
      inputDelta: 5n,
    })
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ subscriber_id: null, username: 'nobody' })
  })

  it('believes a verified Class about the subscriber, whatever the name says', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber, classId: 5n })
    await recordEach(pool, session.start({ username: 'somebody else' }))
    expect((await onlyRow(pool, nas, session.acctSessionId)).subscriber_id).toBe(subscriber.id)
  })
})

describe('records that are lost, late or repeated', () => {
  it('makes the session of a lost Start, begun at event less session time', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber, start: -100 })
    await recordEach(pool, session.interim(300, { input: 5 }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ started_at: at(-100), start_seen: false })
  })

  it('does not reopen a session whose Start comes after its Stop', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.stop(90, { input: 5, event: 91 }))
    await recordEach(pool, session.start())
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      started_at: at(0),
      start_seen: true,
      ended_at: at(91),
      ended_by: 'stop',
      input_octets: 5n,
      session_time: 90n,
    })
  })

  it('lets an Interim after the Stop raise counters and nothing else', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start(), session.stop(90, { input: 5 }), session.interim(95, { input: 8 }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      ended_at: at(90),
      ended_by: 'stop',
      input_octets: 8n,
    })
    expect((await usageOf(pool, subscriber.id)).hours.input).toBe(8n)
  })

  it('keeps the first of two Stops', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.stop(90, { input: 5 }), session.stop(95, { input: 5, terminateCause: 9 }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ ended_at: at(90), terminate_cause: 1 })
  })

  it.each(['stale', 'replaced', 'nas-reboot', 'operator'])(
    'lets the own Stop of the NAS win over our %s',
    async (by) => {
      const { pool, nas, subscriber } = await world()
      const session = makeSession({ nas, subscriber })
      const { sessionId } = await recordEach(pool, session.start())
      await pool.query(`update session set ended_at = $2, ended_by = $3 where id = $1`, [sessionId, at(900), by])
      await recordEach(pool, session.stop(600, { input: 5, terminateCause: 2 }))
      expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
        ended_at: at(600),
        ended_by: 'stop',
        terminate_cause: 2,
      })
    },
  )

  it('reopens what we took for stale when it lives, but not a replaced one', async () => {
    const { pool, nas, subscriber } = await world()
    for (const [by, open] of [
      ['stale', true],
      ['replaced', false],
    ] as const) {
      const session = makeSession({ nas, subscriber })
      const { sessionId } = await recordEach(pool, session.start(), session.interim(300))
      await pool.query(`update session set ended_at = $2, ended_by = $3 where id = $1`, [sessionId, at(900), by])
      await recordEach(pool, session.interim(600, { input: 1 }))
      expect((await onlyRow(pool, nas, session.acctSessionId)).ended_by).toBe(by)
      await recordEach(pool, session.interim(1200, { input: 3 }))
      const row = await onlyRow(pool, nas, session.acctSessionId)
      expect({ open: row.ended_at === null, input: row.input_octets }).toEqual({ open, input: 3n })
    }
  })

  it('charges a repeated record once, however often it comes', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    const records = [session.start(), session.interim(300, { input: 1000, output: 7 })]
    await recordEach(pool, ...records, ...records, ...records)
    const sum = { input: 1000n, output: 7n }
    expect(await usageOf(pool, subscriber.id)).toEqual({ hours: sum, periods: sum })
  })

  it('takes an address or prefix that comes late, newest by session time, and never forgets it', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start(), session.interim(30, { addresses: { framedIp: '10.0.0.1' } }))
    await recordEach(pool, session.interim(90, { addresses: { delegatedIpv6Prefix: '2001:db8::/56' } }))
    await recordEach(pool, session.interim(60, { addresses: { framedIp: '10.9.9.9' } }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      framed_ip: '10.0.0.1',
      delegated_ipv6_prefix: '2001:db8::/56',
    })
    await recordEach(pool, session.interim(120, { addresses: { framedIp: '10.0.0.2' } }))
    expect((await onlyRow(pool, nas, session.acctSessionId)).framed_ip).toBe('10.0.0.2')
  })
})

describe('counters', () => {
  it('of 64 bits are taken as they are', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.interim(300, { input: 7n * wrap + 5n, gigawords: true }))
    expect((await onlyRow(pool, nas, session.acctSessionId)).input_octets).toBe(7n * wrap + 5n)
  })

  it('of 32 bits wrap where the line is fast enough', async () => {
    const { pool, nas, subscriber } = await world({ upBps: 100_000_000 })
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start(), session.interim(300, { input: 4n * gib - 1000n, output: 5 }))
    const outcome = await recordEach(pool, session.interim(600, { input: 500, output: 6 }))
    expect(outcome).toMatchObject({ inputDelta: 1500n, outputDelta: 1n, anomaly: undefined })
  })

  it('that one direction makes fall without reason are flagged and not charged', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start(), session.interim(300, { input: 1000, output: 1000 }))
    const odd = await recordEach(pool, session.interim(600, { input: 10, output: 5000 }))
    expect(odd).toMatchObject({
      inputDelta: 0n,
      outputDelta: 0n,
      anomaly: 'ambiguous: time 600, input 10, output 5000',
    })
    const next = await recordEach(pool, session.interim(900, { input: 30, output: 5001 }))
    expect(next).toMatchObject({ inputDelta: 20n, outputDelta: 1n, anomaly: undefined })
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ anomalies: 1, input_octets: 1020n })
  })

  it('that both begin again are a reset: a new segment', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    const first = { input: 5n * gib, output: 9n * gib, gigawords: true }
    await recordEach(pool, session.interim(300, first), session.interim(600, { input: 7, output: 8, gigawords: true }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      input_octets: 5n * gib + 7n,
      output_octets: 9n * gib + 8n,
      anomalies: 0,
    })
  })

  it('that contradict an earlier session time are flagged once and change nothing', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.interim(600, { input: 10, output: 10 }))
    const odd = session.interim(300, { input: 50, output: 5 })
    await recordEach(pool, odd, odd)
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      input_octets: 10n,
      session_time: 600n,
      anomalies: 1,
      last_anomaly: 'contradiction: time 300, input 50, output 5',
    })
  })

  it('of a session that was under way when its NAS was added begin where they stand', async () => {
    const { pool, subscriber } = await world()
    const nas = await makeNas(pool, { createdAt: at(0) })
    const session = makeSession({ nas, subscriber, start: -3600 })
    const first = await recordEach(pool, session.interim(3660, { input: gib, output: gib }))
    expect(first).toMatchObject({ inputDelta: 0n, outputDelta: 0n })
    const second = await recordEach(pool, session.interim(3960, { input: gib + 5n, output: gib + 6n }))
    expect(second).toMatchObject({ inputDelta: 5n, outputDelta: 6n })
    const lostStart = makeSession({ nas, subscriber, start: 30 })
    expect(await recordEach(pool, lostStart.interim(60, { input: 9 }))).toMatchObject({ inputDelta: 9n })
  })

  it('that a record does not have, or that cannot be, are set aside with their raw value', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start(), session.interim(300, { input: 10, output: 10 }))
    const wild = session.interim(0, {
      input: 20,
      output: 20,
      event: 600,
      flag: 'wild-session-time',
      raw: 'time 4294967295',
    })
    expect(await recordEach(pool, wild)).toMatchObject({
      inputDelta: 10n,
      anomaly: 'wild-session-time: time 4294967295',
    })
    const without = session.interim(900, { flag: 'no-counters', raw: 'time 900' })
    expect(await recordEach(pool, without)).toMatchObject({ inputDelta: 0n, anomaly: 'no-counters: time 900' })
    const next = session.interim(1200, { input: 25, output: 30 })
    expect(await recordEach(pool, next)).toMatchObject({ inputDelta: 5n, outputDelta: 10n, anomaly: undefined })
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ session_time: 1200n, anomalies: 2 })
  })
})

describe('what Postgres makes of it', () => {
  it('refuses alone a record that cannot be stored', async () => {
    const { pool, nas, subscriber } = await world()
    const good = makeSession({ nas, subscriber })
    const bad = makeSession({ nas, subscriber })
    const outcomes = await recordAccounting(
      pool,
      [good.start(), bad.start({ terminateCause: 2 ** 40 }), makeSession({ nas, subscriber }).start()],
      at(0),
    )
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['recorded', 'refused', 'recorded'])
    expect(await sessionRows(pool, nas, bad.acctSessionId)).toEqual([])
  })

  it('R27: keeps any text of a NAS apart from the statement', async () => {
    const { pool, nas, subscriber } = await world()
    const id = `a"b\\c,{}'; drop table session; -- NULL`
    await recordEach(pool, makeSession({ nas, subscriber, id }).start({ interface: { raw: 'NULL' } }))
    await recordEach(pool, makeSession({ nas, subscriber, id: 'NULL' }).start())
    expect(await sessionRows(pool, nas, id)).toMatchObject([{ interface: 'NULL' }])
    expect(await sessionRows(pool, nas, 'NULL')).toHaveLength(1)
  })

  it('updates a session by an Interim without touching an index', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber, classId: 9n, framedIp: '10.0.0.9' })
    await recordEach(pool, session.start())
    // Statistics of a transaction are its own; another connection's come late.
    const client = await pool.connect()
    try {
      await client.query('begin')
      for (const seconds of [300, 600, 900]) {
        await client.query(accountingQuery([session.interim(seconds, { input: seconds })], at(seconds)))
      }
      const { rows } = await client.query(
        `select n_tup_upd as updated, n_tup_hot_upd as hot from pg_stat_xact_user_tables where relname = 'session'`,
      )
      expect(rows).toEqual([{ updated: 3n, hot: 3n }])
      await client.query('commit')
    } finally {
      client.release()
    }
  })
})

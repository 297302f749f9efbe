// The facts that the NAS doctor judges by, read from rows as RADIUS processes and deliveries leave them.
import { beforeEach, describe, expect, it } from 'vitest'
import { loadNasFacts, type NasFacts } from '../../../src/domain/doctor/facts.ts'
import { raiseAlarm } from '../../../src/domain/alarm.ts'
import { writeTallies } from '../../../src/domain/doctor/tally.ts'
import type { Nas } from '../../../src/domain/nas.ts'
import { line, pricedPlan } from '../../support/money.ts'
import { noon, useOffice } from '../../support/operator.ts'
import { makeNas } from '../../support/routers.ts'

const office = useOffice()
let nas: Nas
let sessions = 0

beforeEach(async () => {
  await office.pool.query('truncate nas_tally, answer_time, listening, session, access_log, coa_order, coa_attempt')
  nas = await makeNas(office)
})

const ago = (minutes: number): Date => new Date(noon.getTime() - minutes * 60_000)
const facts = async (): Promise<NasFacts> => (await loadNasFacts(office.pool, office.keyring, nas.id, noon))!

const listen = (since: Date) =>
  office.pool.query(`insert into listening (instance, started_at, until) values ('a', $1, $2)`, [since, noon])

/** A session of this NAS that was told 300 s. */
async function session(input: {
  began: Date
  ended?: Date
  interims?: number
  time?: number
  startSeen?: boolean
  service?: string
}): Promise<void> {
  const { began, ended, interims = 0, time = 0, startSeen = true, service } = input
  await office.pool.query(
    `insert into session (nas_id, acct_session_id, epoch, username, nas_group_id, address_space_id, started_at, start_seen,
       event_at, updated_at, ended_at, ended_by, session_time, interims, interim_interval_s, service)
     values ($1, $2, 1, 'anna', 1, 1, $3::timestamptz, $4, $3::timestamptz, coalesce($5::timestamptz, $3::timestamptz), $5::timestamptz, case when $5::timestamptz is not null then 'stop' end, $6, $7, 300, $8)`,
    [nas.id, `s${(sessions += 1)}`, began, startSeen, ended ?? null, time, interims, service ?? null],
  )
}

async function decision(reason: string, username: string, lastAt: Date, count = 1, firstAt = lastAt): Promise<void> {
  await office.pool.query(
    `insert into access_log (day, username, nas_id, method, reason, accepted, count, first_at, last_at)
     values ($1::timestamptz::date, $2, $3, 'pap', $4, $4 = 'accepted', $5, $6, $1::timestamptz)`,
    [lastAt, username, nas.id, reason, count, firstAt],
  )
}

describe('sessions', () => {
  it('count as late only over the time in which we listened', async () => {
    await listen(ago(20))
    // Heard of for 20 minutes of its hour: long enough to have been reported.
    await session({ began: ago(60) })
    // Begun ten minutes ago: not yet.
    await session({ began: ago(10) })
    // A service on a session is reported by the session.
    await session({ began: ago(60), service: 'video' })
    expect((await facts()).sessions).toMatchObject({ due: 1, withoutInterims: 1, askedIntervalS: 300 })
    await office.pool.query('delete from listening')
    expect((await facts()).sessions).toMatchObject({ due: 0, withoutInterims: 0 })
  })

  it('that ended count for a while, with how long they lasted', async () => {
    await listen(ago(600))
    await session({ began: ago(100), ended: ago(60), interims: 8, time: 2_400 })
    await session({ began: ago(100), ended: ago(60), interims: 0, time: 2_400 })
    await session({ began: ago(62), ended: ago(60), interims: 0, time: 120 })
    await session({ began: ago(300), ended: ago(200), interims: 0, time: 6_000 })
    expect((await facts()).sessions).toMatchObject({ due: 2, withoutInterims: 1, measured: 1, irregular: 0 })
  })

  it('are measured from their Start on; one whose Start was not seen may be older', async () => {
    await listen(ago(600))
    for (const time of [3_000, 3_000, 3_600, 9_000]) await session({ began: ago(200), interims: 10, time })
    await session({ began: ago(200), interims: 2, time: 90_000, startSeen: false })
    expect((await facts()).sessions).toMatchObject({ measured: 4, irregular: 1, observedIntervalS: 330 })
  })

  it('of a NAS without any: what its next one is going to be told', async () => {
    expect((await facts()).sessions).toMatchObject({ askedIntervalS: 300, lastRecordAt: undefined, accessKinds: [] })
    await office.pool.query(`update nas set settings = '{"interim_interval_s": 120}' where id = $1`, [nas.id])
    expect((await facts()).sessions.askedIntervalS).toBe(120)
  })
})

describe('the last record', () => {
  it('of an IPoE line is its last event, for a renewal of its lease is none; of other lines what was heard last', async () => {
    const planId = await pricedPlan(office, { name: `Doctor ${String(sessions)}` })
    const { id } = await line(office, { planId })
    await session({ began: ago(90) })
    await office.pool.query('update session set subscriber_id = $1, updated_at = $2', [id, ago(5)])
    expect((await facts()).sessions.lastRecordAt).toEqual(ago(5))
    await office.pool.query(`update subscriber set account_type = 'ipoe' where id = $1`, [id])
    expect((await facts()).sessions).toMatchObject({ lastRecordAt: ago(90), accessKinds: ['ipoe'] })
    // A clock that is ahead does not make it later than it came.
    await office.pool.query('update session set event_at = $1', [ago(-60)])
    expect((await facts()).sessions.lastRecordAt).toEqual(ago(5))
  })

  it('and the sample are not of those alone that were heard last', async () => {
    await listen(ago(600))
    await office.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, username, nas_group_id, address_space_id, started_at, start_seen,
         event_at, updated_at, session_time, interims, interim_interval_s)
       select $1, 'many-' || number, 1, 'anna', 1, 1, $2, true, $2,
         case when number % 4 = 0 then $2 else $3::timestamptz end, 0, case when number % 4 = 0 then 0 else 5 end, 300
       from generate_series(1, 4000) as number`,
      [nas.id, ago(60), ago(1)],
    )
    const { due, withoutInterims, lastRecordAt } = (await facts()).sessions
    expect(due).toBe(2_000)
    // A quarter of all reports nothing.
    expect(withoutInterims).toBeGreaterThan(400)
    expect(withoutInterims).toBeLessThan(600)
    expect(lastRecordAt).toEqual(ago(1))
  })
})

describe('a clock', () => {
  it('that stands in 1970 is told with all its milliseconds', async () => {
    const worst = -Date.parse('2026-11-22T12:00:00Z')
    await writeTallies(office.pool, [{ kind: 'clock-skew', nasId: nas.id, count: 1, worst }], noon)
    expect((await facts()).tallies).toMatchObject([{ kind: 'clock-skew', count: 1, worst }])
  })
})

describe('logins', () => {
  it('whose Start may still come are accepts, and not yet accountable', async () => {
    await decision('accepted', 'anna', ago(1))
    expect((await facts()).access).toMatchObject({ accepts: 1, lastAcceptAt: ago(1), accountableAcceptAt: undefined })
    // Many as one row: the first of them is long enough ago.
    await decision('accepted', 'ben', ago(0.5), 7, ago(30))
    expect((await facts()).access).toMatchObject({ accepts: 8, accountableAcceptAt: ago(30) })
  })

  it('with wrong passwords are counted since the last accept', async () => {
    await decision('wrong-password', 'anna', ago(50), 3)
    await decision('accepted', 'anna', ago(40))
    await decision('wrong-password', 'anna', ago(30), 2)
    await decision('wrong-password', 'ben', ago(20))
    await decision('unknown', 'eve', ago(10))
    expect((await facts()).access).toMatchObject({ wrongPasswords: 3, wrongPasswordNames: 2 })
    await decision('accepted', 'anna', ago(5))
    expect((await facts()).access).toMatchObject({ accepts: 2, wrongPasswords: 0, wrongPasswordNames: 0 })
  })

  it('of yesterday and of other NASes are none', async () => {
    await decision('accepted', 'anna', ago(60 * 25))
    const other = await makeNas(office)
    await office.pool.query('update access_log set nas_id = $1', [other.id])
    await decision('accepted', 'anna', ago(60 * 25))
    expect((await facts()).access).toMatchObject({ accepts: 0, lastAcceptAt: undefined })
  })
})

describe('orders', () => {
  it('are told by when they were answered last, and when not', async () => {
    const { rows } = await office.pool.query<{ id: bigint }>(
      `insert into coa_order (session_id, nas_id, wish, reason, next_at, deadline, created_at)
       values (1, $1, 'disconnect', 'blocked', $2, $2, $2) returning id`,
      [nas.id, ago(30)],
    )
    const attempt = (outcome: string, at: Date, kind = 'disconnect') =>
      office.pool.query(`insert into coa_attempt (order_id, at, kind, outcome) values ($1, $2, $3, $4)`, [
        rows[0]!.id,
        at,
        kind,
        outcome,
      ])
    await attempt('timeout', ago(29))
    await attempt('nak', ago(20))
    await attempt('bad-authenticator', ago(10))
    await attempt('ack', ago(5), 'router')
    expect((await facts()).orders).toEqual({
      lastAnsweredAt: ago(20),
      lastUnansweredAt: ago(29),
      lastBadAnswerAt: ago(10),
    })
  })
})

describe('what was counted', () => {
  it('is that of the last hour, of the client or the NAS itself', async () => {
    const of = { clientId: nas.clientId, source: '10.9.1.1' }
    await writeTallies(office.pool, [{ kind: 'unsigned', ...of, count: 5 }], ago(70))
    await writeTallies(office.pool, [{ kind: 'unsigned', ...of, count: 2 }], ago(50))
    await writeTallies(office.pool, [{ kind: 'unsigned', ...of, count: 3 }], noon)
    await writeTallies(office.pool, [{ kind: 'unsigned', clientId: nas.clientId + 1n, count: 9 }], noon)
    await writeTallies(office.pool, [{ kind: 'clock-skew', nasId: nas.id, count: 1, worst: -70_000 }], noon)
    expect((await facts()).tallies).toMatchObject([
      { kind: 'clock-skew', count: 1, worst: -70_000 },
      { kind: 'unsigned', source: '10.9.1.1', lastAt: noon },
    ])
  })

  it('of strangers is what comes from nearby, and belongs to no client by now', async () => {
    const prefix = (await facts()).client.prefix.replace(/\.1\/32$/, '')
    const sources = [`${prefix}.9`, `${prefix}.200`, '198.51.100.1', '2001:db8::1']
    const rows = sources.map((source) => ({ kind: 'unknown-source', source, count: 1 }) as const)
    await writeTallies(office.pool, rows, noon)
    expect((await facts()).strangers.map(({ source }) => source)).toEqual([`${prefix}.200`, `${prefix}.9`])
    await office.pool.query(`insert into radius_client (name, prefix, nas_group_id) values ('new', $1::cidr, 1)`, [
      `${prefix}.200/32`,
    ])
    expect((await facts()).strangers.map(({ source }) => source)).toEqual([`${prefix}.9`])
  })

  it('of answers is the worst of the last ten minutes with enough of them', async () => {
    const rows: [Date, string, number, number][] = [
      [ago(2), 'a', 100, 40],
      [ago(3), 'b', 100, 90],
      [ago(4), 'c', 19, 999],
      [ago(11), 'd', 100, 999],
    ]
    for (const values of rows) {
      await office.pool.query(
        `insert into answer_time (minute, instance, kind, answers, p99_ms) values ($1, $2, 'accounting', $3, $4)`,
        values,
      )
    }
    expect((await facts()).p99Ms).toEqual({ authentication: undefined, accounting: 90 })
  })

  it('and alarms: those that stand, of the NAS or its client', async () => {
    for (const subject of [nas.name, 'another']) {
      await raiseAlarm(office.pool, { kind: 'coa-unreachable', subject, text: 'it is deaf' }, noon)
    }
    expect((await facts()).alarms).toEqual([{ kind: 'coa-unreachable', text: 'it is deaf' }])
  })
})

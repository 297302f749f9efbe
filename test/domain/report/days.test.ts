// Reports over the days on which counting goes wrong: clocks put forward and back, days that nobody counted, records that came
// late; and the days, weeks and months of scheduled reports in their zones.
import { beforeAll, describe, expect, it } from 'vitest'
import { ownAuthor } from '../../../src/domain/author.ts'
import type { Author } from '../../../src/domain/author.ts'
import { listMessages } from '../../../src/domain/message/outbox.ts'
import { findReport, presentRow, reports } from '../../../src/domain/report/list.ts'
import { questionOf, runReport } from '../../../src/domain/report/report.ts'
import type { ReportParameters } from '../../../src/domain/report/report.ts'
import { rollUpReports } from '../../../src/domain/report/roll-up.ts'
import { addSchedule, listSchedules, sendDueReports } from '../../../src/domain/report/schedule.ts'
import type { ScheduleInput } from '../../../src/domain/report/schedule.ts'
import { everything } from '../../../src/domain/scope.ts'
import { line, pricedPlan } from '../../support/money.ts'
import { rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let planId: bigint
let operatorId: bigint
beforeAll(async () => {
  planId = await pricedPlan(office, { name: 'Home' })
  const [row] = await rowsOf(
    office,
    `insert into operator (organisation_id, role_id, name, email, created_at, updated_at)
     select 1, role.id, 'Ada', 'ada@example.net', now(), now() from role where role.name = 'billing' returning id`,
  )
  operatorId = row!.id as bigint
})

const at = (text: string) => new Date(text)
async function ask(name: string, zone: string, now: Date, parameters: ReportParameters = {}) {
  const question = questionOf(parameters, { zone, scope: everything }, now)
  const { columns, rows } = await runReport(office.db, findReport(name), question)
  return rows.map((row) => presentRow(columns, row))
}
async function empty(): Promise<void> {
  await office.pool.query(
    'truncate subscriber_day, event_day, decision_day, session_day, usage_total_day, usage_day, renewal cascade',
  )
  await office.pool.query('delete from session')
  await office.pool.query('delete from subscriber')
}
const signUp = async (...instants: string[]) => {
  for (const instant of instants) {
    const { id } = await line(office, { planId, activatedAt: null, expiresAt: null })
    await office.db
      .updateTable('subscriber')
      .set({ created_at: at(instant) })
      .where('id', '=', id)
      .execute()
  }
}
const signups = async (zone: string, now: Date) =>
  Object.fromEntries((await ask('signups', zone, now)).map(({ day, signups: count }) => [day, count]))

describe('a day of the zone', () => {
  it.each([
    // 29 March 2026: 23 hours, from 23:00 to 22:00 UTC.
    ['Europe/Berlin', '2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z', '2026-03-29T22:00:00Z'],
    // 25 October 2026: 25 hours.
    ['Europe/Berlin', '2026-10-24T21:59:59Z', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', '2026-10-25T23:00:00Z'],
    // Egypt puts its clocks forward at midnight: that day begins at one o'clock.
    ['Africa/Cairo', '2026-04-23T21:59:59Z', '2026-04-23T22:00:00Z', '2026-04-24T20:59:59Z', '2026-04-24T21:00:00Z'],
    // Lord Howe Island moves by half an hour.
    [
      'Australia/Lord_Howe',
      '2026-04-04T12:59:59Z',
      '2026-04-04T13:00:00Z',
      '2026-04-05T13:29:59Z',
      '2026-04-05T13:30:00Z',
    ],
    ['Asia/Kathmandu', '2026-06-09T18:14:59Z', '2026-06-09T18:15:00Z', '2026-06-10T18:14:59Z', '2026-06-10T18:15:00Z'],
  ])('in %s has each sign-up once, whatever its length: %s', async (zone, before, first, last, after) => {
    await empty()
    await signUp(before, first, last, after)
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(at(first))
    const now = new Date(at(last).getTime() + 500)
    await rollUpReports(office.db, zone, now)
    const counted = await signups(zone, now)
    expect(counted[day]).toBe(2)
    expect(Object.values(counted)).toEqual([1, 2])
    // The next day has the fourth, and nothing twice.
    const next = new Date(at(after).getTime() + 3_600_000)
    await rollUpReports(office.db, zone, next)
    expect(Object.values(await signups(zone, next))).toEqual([1, 2, 1])
  })

  it('that nobody counted is counted when the jobs run again, up to a month later', async () => {
    await empty()
    await signUp('2026-01-01T00:00:00Z')
    await rollUpReports(office.db, 'UTC', at('2026-06-01T12:00:00Z'))
    await signUp('2026-06-01T13:00:00Z', '2026-06-03T13:00:00Z', '2026-06-05T13:00:00Z', '2026-06-07T01:00:00Z')
    await rollUpReports(office.db, 'UTC', at('2026-06-07T12:00:00Z'))
    expect(await signups('UTC', at('2026-06-07T12:00:00Z'))).toEqual({
      '2026-06-01': 1,
      '2026-06-03': 1,
      '2026-06-05': 1,
      '2026-06-07': 1,
    })
    await rollUpReports(office.db, 'UTC', at('2026-12-01T12:00:00Z'))
    expect(await ask('growth', 'UTC', at('2026-12-01T12:00:00Z'))).toHaveLength(1)
  })

  it('has the octets that came in late for yesterday, and those of a session that went on', async () => {
    await empty()
    await signUp('2026-01-01T00:00:00Z')
    const [subscriber] = await rowsOf(office, 'select id from subscriber')
    const use = (octets: number) =>
      office.pool.query(
        `insert into usage_day (subscriber_id, day, input_octets, output_octets) values ($1, '2026-06-09', $2, 0)
         on conflict (subscriber_id, day) do update set input_octets = excluded.input_octets`,
        [subscriber!.id, octets],
      )
    const session = (octets: number) =>
      office.pool.query(
        `insert into session (id, nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, started_at,
           event_at, updated_at, input_octets, output_octets) overriding system value
         values (4711, 1, 'x', 1, $1, 'x', 1, 1, '2026-06-09T20:00Z', '2026-06-09T20:00Z', '2026-06-09T20:00Z', $2, 0)
         on conflict (id) do update set input_octets = excluded.input_octets`,
        [subscriber!.id, octets],
      )
    await use(100)
    await session(100)
    await rollUpReports(office.db, 'UTC', at('2026-06-09T23:00:00Z'))
    await use(900)
    await session(900)
    const now = at('2026-06-10T09:00:00Z')
    await rollUpReports(office.db, 'UTC', now)
    expect(await ask('traffic', 'UTC', now)).toEqual([{ day: '2026-06-09', upload: '900', download: '0' }])
    expect(await ask('sessions', 'UTC', now)).toMatchObject([{ sessions: 1, upload: '900' }])
    expect(await ask('traffic', 'UTC', now, { from: '2026-06-10' })).toEqual([])
  })

  it('is counted once where two instances count at the same time', async () => {
    await empty()
    await signUp(...Array.from({ length: 10 }, () => '2026-06-09T20:00:00Z'))
    const now = at('2026-06-09T23:00:00Z')
    await Promise.all([1, 2, 3, 4].map(() => rollUpReports(office.db, 'UTC', now)))
    expect(await signups('UTC', now)).toEqual({ '2026-06-09': 10 })
    expect(await ask('subscribers', 'UTC', now)).toMatchObject([{ total: 10 }])
  })

  it('with a renewal that was reverted later loses it', async () => {
    await empty()
    await signUp('2026-01-01T00:00:00Z')
    await office.pool.query(
      `insert into renewal (at, kind, subscriber_id, periods, free, amount_minor, currency, author_name)
       select '2026-06-09T10:00Z', 'renewal', id, 1, false, 2000, 'EUR', 'x' from subscriber`,
    )
    await rollUpReports(office.db, 'UTC', at('2026-06-09T12:00:00Z'))
    expect(await ask('renewals', 'UTC', at('2026-06-09T12:00:00Z'))).toMatchObject([{ revenue: '20.00' }])
    await office.pool.query(`update renewal set reverted_at = '2026-06-10T08:00Z'`)
    await rollUpReports(office.db, 'UTC', at('2026-06-10T09:00:00Z'))
    expect(await ask('renewals', 'UTC', at('2026-06-10T09:00:00Z'))).toEqual([])
  })
})

describe('every report', () => {
  it('answers each thing it may be asked with the columns it names, and nothing over an empty book', async () => {
    await empty()
    const now = at('2026-06-10T12:00:00Z')
    for (const report of reports) {
      for (const by of ['day', 'plan', 'owner', 'zone', 'group'] as const) {
        for (const parameters of [{}, { from: '2026-06-10', to: '2026-06-10' }, { days: 730, limit: 1 }]) {
          const question = questionOf({ ...parameters, by }, { zone: 'UTC', scope: everything }, now)
          const { rows } = await runReport(office.db, report, question)
          expect(rows, report.name).toEqual([])
        }
      }
    }
  })

  it('has in each row exactly the columns it names, by whatever it is put together', async () => {
    await empty()
    await signUp('2026-06-10T10:00:00Z')
    const now = at('2026-06-10T12:00:00Z')
    await rollUpReports(office.db, 'UTC', now)
    for (const report of reports) {
      for (const by of ['day', 'plan', 'owner', 'zone', 'group'] as const) {
        const question = questionOf({ by, days: 1 }, { zone: 'UTC', scope: everything }, now)
        const { columns, rows } = await runReport(office.db, report, question)
        const names = columns.map(({ name }) => name)
        expect(new Set(names).size, report.name).toBe(names.length)
        for (const row of rows) expect(Object.keys(row), `${report.name} by ${by}`).toEqual(names)
      }
    }
  })

  it.each([
    ['from', { from: '2026-06-02', to: '2026-06-01' }],
    ['from', { from: '2024-01-01', to: '2026-06-01' }],
    ['from', { from: '2027-01-01' }],
    ['to', { to: '0001-01-01' }],
    ['to', { to: '1969-12-31' }],
  ])('names %s in %j', (field, parameters) => {
    const ask1 = () => questionOf(parameters, { zone: 'UTC', scope: everything }, at('2026-06-10T12:00:00Z'))
    expect(ask1).toThrow(expect.objectContaining({ field }))
  })

  it('takes today for the day it is in the zone', () => {
    const now = at('2026-06-10T23:30:00Z')
    const today = (zone: string) => questionOf({}, { zone, scope: everything }, now).to
    expect(today('UTC')).toBe('2026-06-10')
    expect(today('Asia/Tokyo')).toBe('2026-06-11')
    expect(today('Pacific/Kiritimati')).toBe('2026-06-11')
    expect(questionOf({}, { zone: 'UTC', scope: everything }, now).from).toBe('2026-05-12')
  })
})

describe('a scheduled report', () => {
  const author = (): Author => ({
    ...ownAuthor('system', 'ada@example.net', office.keyring),
    kind: 'operator',
    operatorId,
  })
  const schedule = async (changes: Partial<ScheduleInput>) => {
    await office.pool.query('delete from report_schedule')
    await office.pool.query('delete from message')
    const input = {
      name: 'Growth',
      report: 'growth',
      parameters: {},
      format: 'csv' as const,
      recipients: ['a@example.net'],
    }
    return addSchedule(office.db, { ...input, every: 'day', hour: 7, ...changes }, author(), at('2026-01-01T00:00:00Z'))
  }
  const send = (zone: string, instant: string) => sendDueReports(office.db, office.keyring, zone, at(instant))
  /** The instants of a walk by the hour at which it was sent. */
  async function sentAt(zone: string, from: string, hours: number): Promise<string[]> {
    const found: string[] = []
    for (let hour = 0; hour <= hours; hour += 1) {
      const now = new Date(at(from).getTime() + hour * 3_600_000).toISOString()
      if ((await send(zone, now)) > 0) found.push(now.slice(0, 16))
    }
    return found
  }

  it('of every day goes once on the day that has no such hour, and once on the day that has it twice', async () => {
    await schedule({ hour: 2 })
    // 02:00 does not exist on 29 March in Berlin: three o'clock is the first hour that is not earlier.
    expect(await sentAt('Europe/Berlin', '2026-03-28T12:00:00Z', 50)).toEqual([
      '2026-03-28T12:00',
      '2026-03-29T01:00',
      '2026-03-30T00:00',
    ])
    await schedule({ hour: 2 })
    expect(await sentAt('Europe/Berlin', '2026-10-24T12:00:00Z', 50)).toEqual([
      '2026-10-24T12:00',
      '2026-10-25T00:00',
      '2026-10-26T01:00',
    ])
  })

  it('of every week goes on Monday morning of the zone', async () => {
    await schedule({ every: 'week', hour: 7 })
    await send('Asia/Karachi', '2026-06-03T12:00:00Z')
    // Monday 8 June, 07:00 there, is 02:00 UTC.
    expect(await sentAt('Asia/Karachi', '2026-06-07T00:00:00Z', 24 * 8)).toEqual(['2026-06-08T02:00'])
    expect((await listSchedules(office.db, everything))[0]!.sentFor).toBe('2026-06-08')
  })

  it('of every month goes on the first, also west of Greenwich and after a short month', async () => {
    await schedule({ every: 'month', hour: 7 })
    await send('America/New_York', '2026-01-20T12:00:00Z')
    const sent: string[] = []
    for (const day of ['01-31', '02-01', '02-28', '03-01', '03-31', '04-01']) {
      for (const hour of ['10', '11', '12']) {
        if ((await send('America/New_York', `2026-${day}T${hour}:00:00Z`)) > 0) sent.push(`${day} ${hour}`)
      }
    }
    // Winter and summer time of New York.
    expect(sent).toEqual(['02-01 12', '03-01 12', '04-01 11'])
  })

  it('that was due while the jobs stood still goes once, not once for each day', async () => {
    await schedule({ hour: 7 })
    expect(await send('UTC', '2026-06-01T07:00:00Z')).toBe(1)
    expect(await send('UTC', '2026-06-05T06:00:00Z')).toBe(0)
    expect(await send('UTC', '2026-06-05T07:00:00Z')).toBe(1)
    expect(await send('UTC', '2026-06-05T07:15:00Z')).toBe(0)
  })

  it('goes once to each recipient where two instances send', async () => {
    await schedule({ recipients: ['a@example.net', 'b@example.net'] })
    await Promise.all([1, 2, 3, 4].map(() => send('UTC', '2026-06-01T07:00:00Z')))
    const mails = await listMessages(office.db, { kind: 'report' }, { before: undefined, limit: 50 }, everything)
    expect(mails.map(({ recipient }) => String(recipient)).toSorted()).toEqual(['a@example.net', 'b@example.net'])
  })

  it('of a disabled operator says so, and goes no more', async () => {
    await schedule({})
    await office.pool.query('update operator set enabled = false')
    expect(await send('UTC', '2026-06-01T07:00:00Z')).toBe(0)
    expect(await listSchedules(office.db, everything)).toMatchObject([
      { lastError: 'its operator is no longer in service' },
    ])
    await office.pool.query('update operator set enabled = true')
    expect(await send('UTC', '2026-06-02T07:00:00Z')).toBe(1)
    expect(await listSchedules(office.db, everything)).toMatchObject([{ lastError: null }])
  })

  it('that is switched off does not go', async () => {
    await schedule({ enabled: false })
    expect(await send('UTC', '2026-06-01T07:00:00Z')).toBe(0)
  })
})

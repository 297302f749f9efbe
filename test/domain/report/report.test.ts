// Reports against a small ISP whose numbers can be counted by hand: two organisations, two plans, days in the ISP's zone.
import { beforeAll, describe, expect, it } from 'vitest'
import { ForbiddenError, ownAuthor } from '../../../src/domain/author.ts'
import type { Author } from '../../../src/domain/author.ts'
import { listMessages } from '../../../src/domain/message/outbox.ts'
import { readDashboard } from '../../../src/domain/report/dashboard.ts'
import { findReport, presentRow, reports } from '../../../src/domain/report/list.ts'
import { addDays, questionOf, runReport } from '../../../src/domain/report/report.ts'
import type { ReportParameters } from '../../../src/domain/report/report.ts'
import { rollUpReports } from '../../../src/domain/report/roll-up.ts'
import {
  addSchedule,
  listSchedules,
  removeSchedule,
  sendDueReports,
  setSchedule,
} from '../../../src/domain/report/schedule.ts'
import type { ScheduleInput } from '../../../src/domain/report/schedule.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const zone = 'Asia/Karachi'
let reseller: bigint
let home: bigint
let pro: bigint
let operatorId: bigint

beforeAll(async () => {
  const insert = async (text: string, values: unknown[] = []) => (await rowsOf(office, text, values))[0]!.id as bigint
  reseller = await insert(
    `insert into organisation (kind, name, parent_id) values ('reseller', 'Kiosk', 1) returning id`,
  )
  home = (await makePlan(office, { name: 'Home' })).id
  pro = (await makePlan(office, { name: 'Pro' })).id
  const group = await insert(`insert into subscriber_group (owner_id, name) values (1, 'VIP') returning id`)
  const add = async (username: string, columns: Record<string, unknown>): Promise<bigint> => {
    const ownerId = (columns.owner_id as bigint | undefined) ?? 1n
    const payerId = await insert('insert into payer (owner_id, name) values ($1, $2) returning id', [ownerId, username])
    const row = {
      owner_id: ownerId,
      payer_id: payerId,
      plan_id: home,
      username,
      created_at: hours(-24 * 60),
      ...columns,
    }
    return (await office.db.insertInto('subscriber').values(row).returning('id').executeTakeFirstOrThrow()).id
  }
  const online = { activated_at: hours(-24 * 50) }
  const anna = await add('anna', {
    ...online,
    full_name: 'Anna',
    zone: 'north',
    group_id: group,
    expires_at: hours(24 * 3),
    phone: '+492211234',
  })
  await add('bert', { ...online, zone: 'north', expires_at: hours(-30), updated_at: hours(-24 * 400) })
  await add('cora', { plan_id: pro, email: 'c@example.net', created_at: hours(-2) })
  const dora = await add('dora', {
    ...online,
    plan_id: pro,
    owner_id: reseller,
    email: 'd@example.net',
    activated_at: hours(-1),
  })
  const nas = await insert(
    `with client as (insert into radius_client (name, prefix, nas_group_id) values ('bng1', '192.0.2.1', 1) returning id)
     insert into nas (client_id, name, nas_group_id) select client.id, 'bng1', 1 from client returning id`,
  )
  for (const [subscriber, started, octets] of [
    [anna, hours(-3), 100],
    [anna, hours(-2), 200],
    [dora, hours(-1), 1_000],
  ] as const) {
    await office.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, interface,
         started_at, event_at, updated_at, input_octets, output_octets)
       values ($1, gen_random_uuid(), 1, $2, 'x', 1, 1, 'vlan7', $3, $3, $3, $4, $4)`,
      [nas, subscriber, started, octets],
    )
  }
  await office.pool.query(
    `insert into access_log (day, subscriber_id, username, nas_id, method, reason, accepted, count, first_at, last_at)
     values ($1::date, $2, 'anna', $4, 'pap', 'accepted', true, 5, $1, $1), ($1::date, $3, 'dora', $4, 'pap', 'expired', false, 2, $1, $1),
       ($1::date, null, 'nobody', $4, 'pap', 'unknown', false, 9, $1, $1)`,
    [hours(-1), anna, dora, nas],
  )
  await office.pool.query(
    `insert into usage_day (subscriber_id, day, input_octets, output_octets) values ($1, '2026-11-22', 10, 90), ($2, '2026-11-22', 20, 980)`,
    [anna, dora],
  )
  const renew = (subscriber: bigint, at: Date, amount: bigint, reverted: Date | null) =>
    office.pool.query(
      `insert into renewal (at, kind, subscriber_id, periods, free, amount_minor, currency, author_name, reverted_at)
       values ($1, 'renewal', $2, 1, false, $3, 'EUR', 'x', $4)`,
      [at, subscriber, amount, reverted],
    )
  await renew(anna, hours(-1), 2_000n, null)
  await renew(anna, hours(-1), 9_900n, noon)
  await renew(dora, hours(-20), 5_050n, null)
  operatorId = await insert(
    `insert into operator (organisation_id, role_id, name, email, created_at, updated_at)
     select 1, role.id, 'Ada', 'ada@example.net', now(), now() from role where role.name = 'billing' returning id`,
  )
  await rollUpReports(office.db, zone, noon)
})

async function ask(name: string, parameters: ReportParameters = {}, scope: Scope = everything) {
  const question = questionOf(parameters, { zone, scope }, noon)
  const { columns, rows } = await runReport(office.db, findReport(name), question)
  return rows.map((row) => presentRow(columns, row))
}
const ofReseller = (): Scope => ({ ...everything, ownerId: reseller })

describe('reports over subscribers', () => {
  it('count them by status and by what is asked for', async () => {
    expect(await ask('subscribers')).toEqual([
      expect.objectContaining({ plan: 'Home', total: 2, active: 1, expired: 1 }),
      expect.objectContaining({ plan: 'Pro', total: 2, active: 1, new: 1 }),
    ])
    expect(await ask('subscribers', { by: 'zone' })).toEqual([
      expect.objectContaining({ zone: 'north', total: 2 }),
      expect.objectContaining({ zone: null, total: 2 }),
    ])
    expect(await ask('subscribers', { by: 'group' })).toContainEqual(
      expect.objectContaining({ group: 'VIP', total: 1 }),
    )
    expect(await ask('growth')).toEqual([expect.objectContaining({ day: '2026-11-22', total: 4 })])
  })

  it('show a reseller its own only, and a team its zones', async () => {
    expect(await ask('subscribers', { by: 'owner' }, ofReseller())).toEqual([
      expect.objectContaining({ owner: 'Kiosk', total: 1 }),
    ])
    expect(await ask('expiring', {}, ofReseller())).toEqual([])
    expect(await ask('top-usage', {}, ofReseller())).toHaveLength(1)
    expect(await ask('sessions', {}, ofReseller())).toEqual([expect.objectContaining({ sessions: 1 })])
    expect(await ask('rejects', {}, ofReseller())).toEqual([expect.objectContaining({ reason: 'expired', refused: 2 })])
    expect(await ask('subscribers', {}, { ...everything, zones: ['north'] })).toEqual([
      expect.objectContaining({ plan: 'Home', total: 2 }),
    ])
  })

  it.each(['traffic', 'sessions', 'rejects', 'logins'])(
    '%s is refused to a team with zones, of which it knows nothing',
    async (name) => {
      await expect(ask(name, {}, { ...everything, zones: ['north'] })).rejects.toThrow(
        `report: "${name}" is not counted by zone`,
      )
    },
  )

  it('of sessions and decisions show a team the NASes of its groups', async () => {
    const { nas_group_id: group } = await office.db.selectFrom('nas').select('nas_group_id').executeTakeFirstOrThrow()
    for (const name of ['sessions', 'rejects', 'logins']) {
      expect(await ask(name, {}, { ...everything, nasGroupIds: [group] })).toEqual(await ask(name))
      expect(await ask(name, {}, { ...everything, nasGroupIds: [group + 1_000n] })).toEqual([])
    }
  })

  it('count sign-ups, activations and who was lost, on the days of the zone', async () => {
    expect(await ask('signups')).toEqual([{ day: '2026-11-22', signups: 1, activations: 1, onboarding_rate: 100 }])
    // 30 hours before noon UTC is the morning of the 21st in Karachi.
    expect(await ask('churn')).toEqual([{ day: '2026-11-21', lost: 1 }])
  })

  it('sum renewals that hold, as money beside its currency', async () => {
    expect(await ask('renewals')).toEqual([
      { day: '2026-11-21', renewals: 1, revenue: '50.50', currency: 'EUR' },
      { day: '2026-11-22', renewals: 1, revenue: '20.00', currency: 'EUR' },
    ])
    expect(await ask('renewals', { by: 'owner' })).toEqual([
      { owner: 'ISP', renewals: 1, revenue: '20.00', currency: 'EUR' },
      { owner: 'Kiosk', renewals: 1, revenue: '50.50', currency: 'EUR' },
    ])
  })

  it('name who ends soon and whose data is stale', async () => {
    expect(await ask('expiring')).toEqual([expect.objectContaining({ username: 'anna', phone: '+492211234' })])
    expect(await ask('expiring', { days: 2 })).toEqual([])
    expect(await ask('stale-contacts', { days: 365 })).toEqual([expect.objectContaining({ username: 'bert' })])
  })
})

describe('reports over the network', () => {
  it('name who used most, and the octets of days', async () => {
    expect(await ask('top-usage')).toMatchObject([
      { username: 'dora', upload: '20', download: '980' },
      { username: 'anna', upload: '10', download: '90' },
    ])
    expect(await ask('traffic')).toEqual([{ day: '2026-11-22', upload: '30', download: '1070' }])
  })

  it('count sessions by NAS and interface, and logins by day and reason', async () => {
    expect(await ask('sessions')).toEqual([
      { nas: 'bng1', interface: 'vlan7', sessions: 3, upload: '1300', download: '1300' },
    ])
    expect(await ask('logins')).toEqual([{ day: '2026-11-22', accepted: 5, refused: 11 }])
    expect(await ask('rejects')).toEqual([
      { reason: 'unknown', nas: 'bng1', refused: 9 },
      { reason: 'expired', nas: 'bng1', refused: 2 },
    ])
  })
})

describe('the counting', () => {
  it('changes nothing when it runs again', async () => {
    const before = await Promise.all(reports.map(({ name }) => ask(name)))
    await rollUpReports(office.db, zone, noon)
    expect(await Promise.all(reports.map(({ name }) => ask(name)))).toEqual(before)
  })

  it('heeds days that cannot be', () => {
    expect(() => questionOf({ from: '2026-02-01', to: '2026-01-01' }, { zone, scope: everything }, noon)).toThrow(
      'from',
    )
    expect(() => questionOf({ from: '2020-02-01' }, { zone, scope: everything }, noon)).toThrow('two years')
    expect(addDays('2028-02-28', 2)).toBe('2028-03-01')
    expect(() => findReport('nothing')).toThrow('no report')
  })
})

describe('the dashboard', () => {
  it('has the numbers of the moment', async () => {
    expect(await readDashboard(office.db, everything, zone, noon)).toMatchObject({
      countedOn: '2026-11-22',
      expiringIn7Days: 1n,
      signups: { today: 1n, last7Days: 1n, last30Days: 1n },
      logins: { accepted: 5n, refused: 11n },
    })
    expect(await readDashboard(office.db, ofReseller(), zone, noon)).toMatchObject({
      subscribers: [{ label: 'active', count: 1n }],
      expiringIn7Days: 0n,
      logins: { accepted: 0n, refused: 2n },
    })
  })
})

describe('a scheduled report', () => {
  const author = (changes: Partial<Author> = {}): Author => ({
    ...ownAuthor('system', 'ada@example.net', office.keyring),
    kind: 'operator',
    operatorId,
    ...changes,
  })
  const input = (changes: Partial<ScheduleInput> = {}): ScheduleInput => ({
    name: 'Renewals',
    report: 'renewals',
    parameters: { by: 'plan' },
    format: 'csv',
    recipients: ['boss@example.net'],
    every: 'day',
    hour: 8,
    ...changes,
  })
  const send = (now: Date) => sendDueReports(office.db, office.keyring, zone, now)
  const mails = () => listMessages(office.db, { kind: 'report' }, { before: undefined, limit: 20 }, everything)

  it('goes out once a day from its hour on, as a file', async () => {
    const id = await addSchedule(office.db, input(), author(), noon)
    // 02:00 UTC is 07:00 in Karachi.
    expect(await send(hours(-10))).toBe(0)
    expect(await send(hours(-9))).toBe(1)
    expect(await send(noon)).toBe(0)
    expect(await send(hours(15))).toBe(1)
    expect(await mails()).toHaveLength(2)
    expect(await rowsOf(office, 'select distinct attachment_name from message')).toHaveLength(2)
    await setSchedule(office.db, id, input({ every: 'month' }), author())
    expect(await send(hours(24 * 3))).toBe(0)
    await removeSchedule(office.db, id, everything)
  })

  it('is refused where it could not be answered', async () => {
    const add = (changes: Partial<ScheduleInput>, by = author()) => addSchedule(office.db, input(changes), by, noon)
    await expect(add({ report: 'nothing' })).rejects.toThrow('no report')
    await expect(add({ recipients: [] })).rejects.toMatchObject({ field: 'recipients' })
    await expect(add({ recipients: ['x'] })).rejects.toMatchObject({ field: 'recipients' })
    await expect(add({ parameters: { from: '2026-01-01' } })).rejects.toMatchObject({ field: 'parameters' })
    await expect(add({}, author({ permissions: new Set() }))).rejects.toBeInstanceOf(ForbiddenError)
  })

  it('says why it stopped when its operator lost the right, and harms no other', async () => {
    await addSchedule(office.db, input({ name: 'Lost', report: 'renewals' }), author(), noon)
    await office.pool.query(`update operator set role_id = (select id from role where name = 'viewer')`)
    await addSchedule(office.db, input({ name: 'Kept', report: 'growth', parameters: {} }), author(), noon)
    await office.pool.query(`update role set permissions = '{report.read}', built_in = false where name = 'viewer'`)
    expect(await send(hours(24))).toBe(1)
    expect(await listSchedules(office.db, everything)).toMatchObject([
      { name: 'Kept', lastError: null },
      { name: 'Lost', lastError: 'its operator lacks money.read' },
    ])
    expect(await listSchedules(office.db, ofReseller())).toEqual([])
  })
})

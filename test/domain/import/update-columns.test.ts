import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { changePermission, createPermission, importColumns } from '../../../src/domain/import/column.ts'
import type { ImportColumn } from '../../../src/domain/import/column.ts'
import { permissionNames } from '../../../src/domain/operator/permission.ts'
import { csvOf, importText } from '../../support/import.ts'
import { hours, makePlan, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'

const office = useOffice()
const later = hours(1)

beforeAll(async () => {
  await makePlan(office, { name: 'Home', graceHours: 24 })
  await makePlan(office, { name: 'Fast', graceHours: 24 })
  await rowsOf(office, `insert into nas_group (name, address_space_id) values ('North', 1)`)
})

const columnsOf = () => ['username', 'password', 'plan', ...full.map(([column]) => column)]
const fullRow = () => ['full', 'a password', 'Home', ...full.map(([, before]) => before)]

/** A subscriber with a value in every column, whatever the test before has made of it. */
beforeEach(async () => {
  const made = await importText(office.db, office.author, csvOf(columnsOf(), [fullRow()]), { mode: 'upsert' })
  if (made.kind !== 'done') throw new Error(made.found.join('; '))
})

type Case = [
  column: ImportColumn,
  before: string,
  after: string,
  select: string,
  was: unknown,
  is: unknown,
  none: unknown,
]

const own = (column: string) => `select ${column} as value from subscriber where username = 'full'`
const named = (table: string, column: string) =>
  `select ${table}.name as value from subscriber left join ${table} on ${table}.id = subscriber.${column} where username = 'full'`
const gathered = (what: string, table: string, more = 'true') =>
  `select coalesce(string_agg(${what}, ' ' order by ${what}), '') as value from ${table} join subscriber on subscriber.id = subscriber_id
   where username = 'full' and ${more}`
const at = (text: string) => new Date(text)

/** Each column: what is written first, what then, how it is read, and what it is before, after, and cleared. */
const full: Case[] = [
  ['next_plan', 'Fast', 'Home', named('plan', 'next_plan_id'), 'Fast', 'Home', null],
  [
    'expires_at',
    '2027-01-31T12:00Z',
    '2027-02-28T12:00Z',
    own('expires_at'),
    at('2027-01-31T12:00Z'),
    at('2027-02-28T12:00Z'),
    null,
  ],
  [
    'grace_until',
    '2027-02-02T12:00Z',
    '2027-02-03T12:00Z',
    own('grace_until'),
    at('2027-02-02T12:00Z'),
    at('2027-02-03T12:00Z'),
    null,
  ],
  [
    'activated_at',
    '2026-01-01T00:00Z',
    '2026-02-01T00:00Z',
    own('activated_at'),
    at('2026-01-01T00:00Z'),
    at('2026-02-01T00:00Z'),
    null,
  ],
  [
    'period_started_at',
    '2026-11-01T00:00Z',
    '2026-11-02T00:00Z',
    own('period_started_at'),
    at('2026-11-01T00:00Z'),
    at('2026-11-02T00:00Z'),
    undefined,
  ],
  ['auto_renew', 'yes', 'no', own('auto_renew'), true, false, undefined],
  ['enabled', 'no', 'yes', own('enabled'), false, true, undefined],
  ['block_reason', 'unpaid', 'moved away', own('block_reason'), 'unpaid', 'moved away', null],
  [
    'blocked_at',
    '2026-11-20T00:00Z',
    '2026-11-21T00:00Z',
    own('blocked_at'),
    at('2026-11-20T00:00Z'),
    at('2026-11-21T00:00Z'),
    null,
  ],
  ['full_name', 'Ada Lovelace', 'Ada King', own('full_name'), 'Ada Lovelace', 'Ada King', null],
  ['phone', '+4930123456', '+4930123457', own('phone'), '+4930123456', '+4930123457', null],
  ['phone_extension', '0042', '7', own('phone_extension'), '0042', '7', null],
  ['email', 'ada@example.org', 'king@example.org', own('email'), 'ada@example.org', 'king@example.org', null],
  ['address', '1 Main St, Town', '2 Main St', own('address'), '1 Main St, Town', '2 Main St', null],
  ['zone', 'north', 'south', own('zone'), 'north', 'south', null],
  ['language', 'de', 'pt-br', own('language'), 'de', 'pt-BR', null],
  [
    'bound_macs',
    'aabb.cc00.0001',
    '020000000002 020000000003',
    gathered('mac::text', 'device', 'bound'),
    'aa:bb:cc:00:00:01',
    '02:00:00:00:00:02 02:00:00:00:00:03',
    '',
  ],
  [
    'learnt_macs',
    '020000000009',
    '02000000000a',
    gathered('mac::text', 'device', 'not bound'),
    '02:00:00:00:00:09',
    '02:00:00:00:00:0a',
    '',
  ],
  [
    'static_addresses',
    '198.51.100.7 2001:db8:1::/56',
    '198.51.100.8',
    gathered('prefix::text', 'subscriber_address'),
    '198.51.100.7/32 2001:db8:1::/56',
    '198.51.100.8/32',
    '',
  ],
  [
    'routes',
    '192.0.2.0/24 198.51.100.7 1',
    '192.0.2.0/25\n192.0.2.128/25',
    gathered('route', 'subscriber_route'),
    '192.0.2.0/24 198.51.100.7 1',
    '192.0.2.0/25 192.0.2.128/25',
    '',
  ],
  [
    'attributes',
    'Idle-Timeout = 60',
    'Idle-Timeout = 61; Session-Timeout = 9',
    own('attributes'),
    ['Idle-Timeout = 60'],
    ['Idle-Timeout = 61', 'Session-Timeout = 9'],
    [],
  ],
  ['session_limit', '3', '4', own('session_limit'), 3, 4, null],
  ['device_limit', '2', '5', own('device_limit'), 2, 5, null],
  ['circuit_id', 'eth 0/1', '0x0004', own('circuit_id'), Buffer.from('eth 0/1'), Buffer.from('0004', 'hex'), null],
  ['remote_id', 'modem 7', 'modem 8', own('remote_id'), Buffer.from('modem 7'), Buffer.from('modem 8'), null],
  [
    'duid',
    '0x00010001',
    '0x00010002',
    own('duid'),
    Buffer.from('00010001', 'hex'),
    Buffer.from('00010002', 'hex'),
    null,
  ],
  ['bound_interface', 'ae0.7', 'ae0.8', own('bound_interface'), 'ae0.7', 'ae0.8', null],
  ['bound_port', '1/1', '1/2', own('bound_port'), '1/1', '1/2', null],
  ['bound_s_vlan', '7', '4094', own('bound_s_vlan'), 7, 4094, null],
  ['bound_c_vlan', '8', '1', own('bound_c_vlan'), 8, 1, null],
  ['bound_nas_group', 'North', 'default', named('nas_group', 'bound_nas_group_id'), 'North', 'default', null],
  ['payer', 'ACME Inc', 'Umbrella Ltd', named('payer', 'payer_id'), 'ACME Inc', 'Umbrella Ltd', 'Ada Lovelace'],
  ['group', 'Street', 'Court', named('subscriber_group', 'group_id'), 'Street', 'Court', null],
  [
    'created_at',
    '2019-12-31T23:59:59.999Z',
    '2020-01-01T00:00Z',
    own('created_at'),
    at('2019-12-31T23:59:59.999Z'),
    at('2020-01-01T00:00Z'),
    undefined,
  ],
]

const change = (column: string, cell: string, by = office.author, username = 'full') =>
  importText(office.db, by, csvOf(['username', column], [[username, cell]]), { mode: 'upsert' }, later)
const value = async (select: string) => (await rowsOf(office, select))[0]!.value

async function everything(): Promise<string> {
  const [row] = await rowsOf(
    office,
    `select to_jsonb(subscriber) - 'updated_at' || jsonb_build_object('credential', to_jsonb(credential),
       'devices', (select jsonb_agg(mac order by mac) from device where subscriber_id = subscriber.id),
       'addresses', (select jsonb_agg(prefix order by prefix) from subscriber_address where subscriber_id = subscriber.id),
       'routes', (select jsonb_agg(route order by id) from subscriber_route where subscriber_id = subscriber.id)) as value
     from subscriber join credential on credential.subscriber_id = subscriber.id where username = 'full'`,
  )
  return JSON.stringify(row!.value)
}

describe.each(full)('the column %s of who is there', (column, before, after, select, was, is) => {
  it('is changed, alone, and told in the audit trail by its name', async () => {
    const unchanged = await everything()
    expect(await value(select)).toEqual(was)
    expect(await change(column, after)).toMatchObject({ kind: 'done', updated: 1, unchanged: 0, found: [] })
    expect(await value(select)).toEqual(is)
    const [entry] = await rowsOf(
      office,
      `select after, before from audit_entry where action = 'subscriber.edit' order by id desc limit 1`,
    )
    expect((entry!.after as { changed: string[] }).changed).toContain(column)
    const open = ['next_plan', 'enabled', 'auto_renew', 'zone', 'group']
    if (!open.includes(column)) expect(JSON.stringify(entry)).not.toContain(after)
    // And back again: nothing else was touched on the way.
    expect(await change(column, before)).toMatchObject({ updated: 1, found: [] })
    expect(await value(select)).toEqual(was)
    if (!derived.includes(column)) expect(await everything()).toBe(unchanged)
  })

  it('is not for who lacks its permission, who may change everything else', async () => {
    const permission = changePermission(column)
    const without = authorWith(
      office,
      permissionNames.filter((name) => name !== permission),
    )
    const unchanged = await everything()
    const refused = await change(column, after, without)
    expect(refused).toMatchObject({ kind: 'refused', updated: 0 })
    expect(refused.found).toContain(`2 ${column}: to change it needs the permission ${permission}`)
    expect(await everything()).toBe(unchanged)
    expect(await change(column, after, authorWith(office, [permission]))).toMatchObject({ kind: 'done', updated: 1 })
  })
})

const clearable = full.filter(([, , , , , , none]) => none !== undefined)

it.each(clearable)(
  'the column %s is cleared by `none`, once',
  async (column, _before, _after, select, _was, _is, none) => {
    expect(await change(column, 'none')).toMatchObject({ kind: 'done', updated: 1, found: [] })
    expect(await value(select)).toEqual(none)
    expect(await change(column, 'none')).toMatchObject({ updated: 0, unchanged: 1 })
  },
)

/** With it others change that follow from it, or ids of rows that belong to it. */
const derived: readonly string[] = ['expires_at', 'payer']

describe('all columns together', () => {
  it('stay where cells are empty or say what is there, for who may change none of them', async () => {
    const nobody = authorWith(office, [])
    const unchanged = await everything()
    for (const row of [
      fullRow(),
      [
        'full',
        ...fullRow()
          .slice(1)
          .map(() => ''),
      ],
    ]) {
      const again = await importText(office.db, nobody, csvOf(columnsOf(), [row]), { mode: 'upsert' }, later)
      expect(again).toMatchObject({ kind: 'done', updated: 0, unchanged: 1, found: [] })
    }
    expect(await everything()).toBe(unchanged)
  })

  it('are named for somebody new by who may, and each is told to who may not', async () => {
    const text = csvOf(
      ['username', 'password', 'plan', ...full.map(([column]) => column)],
      [['new', 'pw', 'Home', ...full.map(([, , after]) => after)]],
    )
    const options = { mode: 'upsert', dryRun: true } as const
    const tried = await importText(office.db, authorWith(office, ['subscriber.create']), text, options)
    const needed = full.flatMap(([column]) => {
      const permission = createPermission(column)
      return permission === undefined ? [] : [`2 ${column}: needs the permission ${permission}`]
    })
    expect(tried.found.filter((line) => line.includes('needs the permission'))).toEqual(needed)
    expect(needed.length).toBeGreaterThan(3)
  })

  it('are in the table above, but for those that have a test of their own', () => {
    const others = ['username', 'password', 'nt_hash', 'plan', 'latitude', 'longitude', 'account_type', 'owner']
    expect([...full.map(([column]) => column), ...others].toSorted()).toEqual(importColumns.toSorted())
  })
})

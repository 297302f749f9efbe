// The columns of subscribers: what the list shows and an export writes, selected in one way. Each names the joins that it needs;
// what is live comes from the open session, and what was last seen from the read model.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Permission } from '../operator/permission.ts'
import { subscriberLabelSql } from '../subscriber-label.ts'
import { unusualCurrencies } from './balance-condition.ts'

/**
 * How a value is selected: `text`, `number` and `boolean` as they are, `instant` as timestamptz, `octets` and `integer` as
 * int8, `money` as decimal text in major units, `list` as text[]. All but `boolean` may be null.
 */
export type ColumnKind = 'text' | 'instant' | 'octets' | 'money' | 'integer' | 'number' | 'boolean' | 'list'

export type SubscriberColumn = {
  title: string
  kind: ColumnKind
  /** Beyond seeing subscribers. */
  permission?: Permission
  joins: readonly JoinName[]
  sql(now: Date): RawBuilder<unknown>
}

export type JoinName = keyof typeof joins

/** In this order; each gives at most one row, and only the selected ones are joined. */
const joins = {
  plan: sql`join plan on plan.id = subscriber.plan_id`,
  next_plan: sql`left join plan next_plan on next_plan.id = subscriber.next_plan_id`,
  owner: sql`join organisation owner on owner.id = subscriber.owner_id`,
  group: sql`left join subscriber_group on subscriber_group.id = subscriber.group_id`,
  payer: sql`join payer on payer.id = subscriber.payer_id`,
  live: sql`left join subscriber_live live on live.subscriber_id = subscriber.id`,
  session: sql`left join lateral (
    select newest.* from session newest
    where newest.subscriber_id = subscriber.id and newest.ended_at is null and newest.service is null
    order by newest.started_at desc, newest.id desc limit 1
  ) as open on true`,
  nas: sql`left join nas on nas.id = coalesce(open.nas_id, live.nas_id)`,
  nas_group: sql`left join nas_group on nas_group.id = coalesce(open.nas_group_id, live.nas_group_id)`,
  period: sql`left join usage_period period
    on period.subscriber_id = subscriber.id and period.period_started_at = subscriber.period_started_at`,
  macs: sql`left join lateral (
    select string_agg(device.mac::text, ' ' order by device.mac) filter (where device.bound) as bound,
      string_agg(device.mac::text, ' ' order by device.mac) filter (where not device.bound) as learnt
    from device where device.subscriber_id = subscriber.id
  ) as macs on true`,
} as const

const own = (title: string, kind: ColumnKind, name: string): SubscriberColumn => ({
  title,
  kind,
  joins: [],
  sql: () => sql.ref(`subscriber.${name}`),
})
const from = (
  title: string,
  kind: ColumnKind,
  names: readonly JoinName[],
  value: RawBuilder<unknown>,
  permission?: Permission,
): SubscriberColumn => ({
  title,
  kind,
  joins: names,
  sql: () => value,
  ...(permission === undefined ? {} : { permission }),
})
const live = ['live', 'session'] as const

/** Every column by name, in the order of the column chooser. */
export const subscriberColumns = {
  id: own('ID', 'integer', 'id'),
  label: { title: 'Status', kind: 'text', joins: [], sql: (now) => subscriberLabelSql(now) },
  online: from('Online', 'boolean', ['session'], sql`open.id is not null`),
  username: own('Username', 'text', 'username'),
  plan: from('Plan', 'text', ['plan'], sql`plan.name`),
  plan_id: own('Plan ID', 'integer', 'plan_id'),
  next_plan: from('Next plan', 'text', ['next_plan'], sql`next_plan.name`),
  next_plan_id: own('Next plan ID', 'integer', 'next_plan_id'),
  expires_at: own('Expires', 'instant', 'expires_at'),
  full_name: own('Full name', 'text', 'full_name'),
  phone: own('Phone', 'text', 'phone'),
  phone_extension: own('Extension', 'text', 'phone_extension'),
  email: own('E-mail', 'text', 'email'),
  address: own('Address', 'text', 'address'),
  latitude: own('Latitude', 'number', 'latitude'),
  longitude: own('Longitude', 'number', 'longitude'),
  zone: own('Zone', 'text', 'zone'),
  language: own('Language', 'text', 'language'),
  account_type: own('Account type', 'text', 'account_type'),
  interface: from('Interface', 'text', live, sql`coalesce(open.interface, live.interface)`),
  ip_address: from('IP address', 'text', ['session'], sql`host(open.framed_ip)`),
  ipv6_prefix: from('IPv6 prefix', 'text', ['session'], sql`open.framed_ipv6_prefix::text`),
  delegated_ipv6_prefix: from('Delegated IPv6 prefix', 'text', ['session'], sql`open.delegated_ipv6_prefix::text`),
  ipv6_address: from('IPv6 address', 'text', ['session'], sql`host(open.framed_ipv6_address)`),
  last_ip_address: from('Last IP address', 'text', live, sql`host(coalesce(open.framed_ip, live.framed_ip))`),
  static_addresses: from(
    'Static addresses',
    'list',
    [],
    sql`(select array_agg(case when masklen(fixed.prefix) = case family(fixed.prefix) when 4 then 32 else 128 end
        then host(fixed.prefix) else fixed.prefix::text end order by fixed.id)
      from subscriber_address fixed where fixed.subscriber_id = subscriber.id)`,
  ),
  created_at: own('Registered', 'instant', 'created_at'),
  balance: from('Balance', 'money', ['payer'], moneySql(sql`payer.balance_minor`, sql`payer.currency`), 'money.read'),
  currency: from('Currency', 'text', ['payer'], sql`payer.currency::text`, 'money.read'),
  payer: from('Payer', 'text', ['payer'], sql`payer.name`),
  payer_id: own('Payer ID', 'integer', 'payer_id'),
  owner: from('Owner', 'text', ['owner'], sql`owner.name`),
  owner_id: own('Owner ID', 'integer', 'owner_id'),
  group: from('Group', 'text', ['group'], sql`subscriber_group.name`),
  group_id: own('Group ID', 'integer', 'group_id'),
  device_count: from(
    'Devices',
    'integer',
    [],
    sql`(select count(*) from device where device.subscriber_id = subscriber.id)`,
  ),
  devices: from(
    'MACs of devices',
    'list',
    [],
    sql`(select array_agg(device.mac::text order by device.mac) from device where device.subscriber_id = subscriber.id)`,
  ),
  session_count: from(
    'Sessions',
    'integer',
    [],
    sql`(select count(*) from session counted where counted.subscriber_id = subscriber.id
      and counted.ended_at is null and counted.service is null)`,
  ),
  mac: from('MAC', 'text', live, sql`coalesce(open.mac, live.mac)::text`),
  nas: from('NAS', 'text', [...live, 'nas'], sql`nas.name`),
  nas_group: from('NAS group', 'text', [...live, 'nas_group'], sql`nas_group.name`),
  port: from('Port', 'text', live, sql`coalesce(open.port, live.port)`),
  s_vlan: from('S-VLAN', 'integer', live, sql`coalesce(open.s_vlan, live.s_vlan)::bigint`),
  c_vlan: from('C-VLAN', 'integer', live, sql`coalesce(open.c_vlan, live.c_vlan)::bigint`),
  online_since: from('Online since', 'instant', ['session'], sql`open.started_at`),
  last_seen_at: from('Last seen', 'instant', live, sql`coalesce(open.updated_at, live.last_seen_at)`),
  // What the NAS takes in is what the subscriber sends (RFC 2866 §5.3).
  usage_down: from('Usage down', 'octets', ['period'], sql`coalesce(period.output_octets, 0)`),
  usage_up: from('Usage up', 'octets', ['period'], sql`coalesce(period.input_octets, 0)`),
  usage: from(
    'Usage of the period',
    'octets',
    ['period'],
    sql`coalesce(period.input_octets + period.output_octets, 0)`,
  ),
  quota: from('Quota', 'octets', ['plan'], sql`plan.quota_octets`),
  quota_percent: from(
    'Quota used (%)',
    'number',
    ['plan', 'period'],
    sql`round(coalesce(period.input_octets + period.output_octets, 0) * 100.0 / plan.quota_octets, 1)::float8`,
  ),
  enabled: own('Enabled', 'boolean', 'enabled'),
  block_reason: own('Block reason', 'text', 'block_reason'),
  blocked_at: own('Blocked', 'instant', 'blocked_at'),
  activated_at: own('Activated', 'instant', 'activated_at'),
  period_started_at: own('Period since', 'instant', 'period_started_at'),
  grace_until: own('Grace until', 'instant', 'grace_until'),
  auto_renew: own('Renews by itself', 'boolean', 'auto_renew'),
  bound_interface: own('Bound interface', 'text', 'bound_interface'),
  bound_port: own('Bound port', 'text', 'bound_port'),
  bound_s_vlan: from('Bound S-VLAN', 'integer', [], sql`subscriber.bound_s_vlan::bigint`),
  bound_c_vlan: from('Bound C-VLAN', 'integer', [], sql`subscriber.bound_c_vlan::bigint`),
  updated_at: own('Changed', 'instant', 'updated_at'),
  archived_at: own('Archived', 'instant', 'archived_at'),
} as const satisfies Record<string, SubscriberColumn>

export type SubscriberColumnName = keyof typeof subscriberColumns

export const subscriberColumnNames = Object.keys(subscriberColumns) as SubscriberColumnName[]

/** Whether a text names a column. */
export function isSubscriberColumn(name: string): name is SubscriberColumnName {
  return Object.hasOwn(subscriberColumns, name)
}

/** A column by its name. */
export function subscriberColumn(name: SubscriberColumnName): SubscriberColumn {
  return subscriberColumns[name]
}

/** The columns that may be seen with these permissions. */
export function visibleColumns(permissions: ReadonlySet<Permission>): SubscriberColumnName[] {
  return subscriberColumnNames.filter((name) => {
    const { permission } = subscriberColumn(name)
    return permission === undefined || permissions.has(permission)
  })
}

/** `expression as "name", …` for a select over `subscriber` with the joins of `joinsOf`. */
export function selectColumns(names: readonly SubscriberColumnName[], now: Date): RawBuilder<unknown> {
  return sql.join(names.map((name) => sql`${subscriberColumn(name).sql(now)} as ${sql.id(name)}`))
}

/** The joins that these columns need, to stand behind `from subscriber`. */
export function joinsOf(names: readonly SubscriberColumnName[]): RawBuilder<unknown> {
  return joinsText(names.flatMap((name) => subscriberColumn(name).joins))
}

/** The same of joins by their names. */
export function joinsText(names: readonly JoinName[]): RawBuilder<unknown> {
  const used = (Object.keys(joins) as JoinName[]).filter((name) => names.includes(name))
  return used.length === 0
    ? sql``
    : sql.join(
        used.map((name) => joins[name]),
        sql` `,
      )
}

/** A selected value as JSON says it: instants in ISO 8601, octets as text, integers as numbers; null stays null. */
export function columnValue(name: SubscriberColumnName, value: unknown): string | number | boolean | string[] | null {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'bigint') return subscriberColumn(name).kind === 'octets' ? value.toString() : Number(value)
  return value as string | number | boolean | string[]
}

/** Minor units as decimal text in major units. */
function moneySql(minor: RawBuilder<unknown>, currency: RawBuilder<unknown>): RawBuilder<unknown> {
  const unusual = [...unusualCurrencies].map(
    ([digits, currencies]) => sql`when ${currency} = any(${sql.lit(`{${currencies.join(',')}}`)}::text[])
      then (${minor} * ${sql.lit(digits === 0 ? '1' : `0.${'0'.repeat(digits - 1)}1`)}::numeric)::text`,
  )
  return sql`case ${sql.join(unusual, sql` `)} else (${minor} * 0.01)::text end`
}

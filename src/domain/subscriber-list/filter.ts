// Which subscribers are meant: the filter of the list, of bulk runs, exports and saved views, as plain JSON, and the one SQL
// condition made of it. The condition speaks of the alias `subscriber` alone and holds the scope of who asks.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { z } from 'zod'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { subscriberLabels } from '../subscriber-label.ts'
import { balanceCondition } from './balance-condition.ts'
import { labelCondition, periodCondition, servicePeriods } from './label-condition.ts'
import { searchCondition } from './search.ts'

/** Ids in one filter at most: of a list that a person put together. */
const mostIds = 1_000

const id = z.int().min(1).max(Number.MAX_SAFE_INTEGER)
const ids = z.array(id).min(1).max(mostIds)
/** Postgres keeps no NUL, and a line feed would match across the fields of a search. */
const line = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .regex(/^\P{Cc}*$/u, 'has a control character')
    .normalize('NFC')
const texts = z.array(line(100)).min(1).max(100)
const instant = z.iso.datetime({ offset: true })
const amount = z.string().regex(/^-?\d{1,13}(\.\d{1,4})?$/, 'is not an amount such as 20.00')
const percent = z.number().min(0).max(100_000)
const vlan = z.int().min(0).max(4_095)

/** Every field narrows; what is not there does not. */
export const subscriberFilter = z.strictObject({
  /** The one search box: search.ts says what it looks at. */
  search: line(200).optional(),
  ids: ids.optional(),
  label: z.array(z.enum(subscriberLabels)).min(1).optional(),
  enabled: z.boolean().optional(),
  blocked: z.boolean().optional(),
  block_reason: texts.optional(),
  /** Of the service period alone, whether or not enabled or blocked. */
  service_period: z.array(z.enum(servicePeriods)).min(1).optional(),
  /** Archived ones are left out unless they are asked for here, by label or by `any`. */
  archived: z.union([z.boolean(), z.literal('any')]).optional(),
  online: z.boolean().optional(),
  never_online: z.boolean().optional(),
  last_seen_from: instant.optional(),
  last_seen_to: instant.optional(),
  plan_id: ids.optional(),
  next_plan_id: ids.optional(),
  has_next_plan: z.boolean().optional(),
  group_id: ids.optional(),
  has_group: z.boolean().optional(),
  owner_id: ids.optional(),
  payer_id: ids.optional(),
  auto_renew: z.boolean().optional(),
  account_type: z.enum(['pppoe', 'ipoe']).optional(),
  zone: texts.optional(),
  language: texts.optional(),
  has_phone: z.boolean().optional(),
  has_email: z.boolean().optional(),
  has_comment: z.boolean().optional(),
  has_static_address: z.boolean().optional(),
  expires_from: instant.optional(),
  expires_to: instant.optional(),
  /** From now on. */
  expires_within_days: z.int().min(0).max(3_650).optional(),
  never_expires: z.boolean().optional(),
  created_from: instant.optional(),
  created_to: instant.optional(),
  /** In major units, both ends included. */
  balance_from: amount.optional(),
  balance_to: amount.optional(),
  /** Percent of the quota of the period, both ends included; who has no quota is in no such range. */
  quota_used_from: percent.optional(),
  quota_used_to: percent.optional(),
  /** Where the subscriber is online or was last; of a group also where it is bound. */
  nas_id: ids.optional(),
  nas_group_id: ids.optional(),
  /** Parts of the interface: live, last seen, or bound. A `*` at the end of the first two stands for anything. */
  interface: line(253).optional(),
  port: line(100).optional(),
  s_vlan: vlan.optional(),
  c_vlan: vlan.optional(),
})

export type SubscriberFilter = z.infer<typeof subscriberFilter>

/**
 * How what stands in other tables is asked for: `find` as sets of ids, from which a plan may begin; `check` row by row, for rows
 * that are looked at anyway, which no plan turns into a set.
 */
export type ConditionUse = 'find' | 'check'

/** Whether a row of `subscriber`, under that name, is meant by the filter and in reach. */
export function subscriberCondition(
  filter: SubscriberFilter,
  scope: Scope,
  now: Date,
  use: ConditionUse = 'find',
): RawBuilder<boolean> {
  const parts = [subscriberInScope(scope), ...ownConditions(filter, now), ...otherConditions(filter, use)]
  return sql<boolean>`(${sql.join(parts, sql` and `)})`
}

/** Throws ForbiddenError where the filter would tell what the author may not see. Whoever takes a filter from outside asks. */
export function permitFilter(filter: SubscriberFilter, by: Author): void {
  if (filter.balance_from !== undefined || filter.balance_to !== undefined) requirePermission(by, 'money.read')
}

type Conditions = RawBuilder<boolean>[]

/** What stands in the row itself. */
function ownConditions(filter: SubscriberFilter, now: Date): Conditions {
  return [
    ...ofArchived(filter),
    ...given(filter.ids, (list) => sql`subscriber.id = any(${list}::bigint[])`),
    ...given(filter.label, (labels) => labelCondition(labels, now)),
    ...given(filter.service_period, (periods) => periodCondition(periods, now)),
    ...given(filter.enabled, (yes) => (yes ? sql`subscriber.enabled` : sql`not subscriber.enabled`)),
    ...given(filter.blocked, (yes) => isThere('blocked_at', yes)),
    ...given(
      filter.block_reason,
      (list) => sql`(subscriber.blocked_at is not null and subscriber.block_reason = any(${list}::text[]))`,
    ),
    ...given(filter.plan_id, (list) => isOneOf('plan_id', list)),
    ...given(filter.next_plan_id, (list) => isOneOf('next_plan_id', list)),
    ...given(filter.has_next_plan, (yes) => isThere('next_plan_id', yes)),
    ...given(filter.group_id, (list) => isOneOf('group_id', list)),
    ...given(filter.has_group, (yes) => isThere('group_id', yes)),
    ...given(filter.owner_id, (list) => isOneOf('owner_id', list)),
    ...given(filter.payer_id, (list) => isOneOf('payer_id', list)),
    ...given(filter.auto_renew, (yes) => (yes ? sql`subscriber.auto_renew` : sql`not subscriber.auto_renew`)),
    ...given(filter.account_type, (type) => sql`subscriber.account_type = ${type}`),
    ...given(filter.zone, (list) => sql`subscriber.zone = any(${list}::text[])`),
    ...given(filter.language, (list) => sql`subscriber.language = any(${list}::text[])`),
    ...given(filter.has_phone, (yes) => isThere('phone', yes)),
    ...given(filter.has_email, (yes) => isThere('email', yes)),
    ...ofTimes(filter, now),
  ]
}

function ofArchived({ archived, label }: SubscriberFilter): Conditions {
  if (archived === 'any') return []
  if (archived === undefined && label?.includes('archived') === true) return []
  return [isThere('archived_at', archived ?? false)]
}

function ofTimes(filter: SubscriberFilter, now: Date): Conditions {
  const end = (days: number): Date => new Date(now.getTime() + days * 86_400_000)
  return [
    ...given(filter.expires_from, (at) => sql`subscriber.expires_at >= ${new Date(at)}::timestamptz`),
    ...given(filter.expires_to, (at) => sql`subscriber.expires_at <= ${new Date(at)}::timestamptz`),
    ...given(
      filter.expires_within_days,
      (days) =>
        sql`(subscriber.expires_at > ${now}::timestamptz and subscriber.expires_at <= ${end(days)}::timestamptz)`,
    ),
    ...given(filter.never_expires, (yes) => isThere('expires_at', !yes)),
    ...given(filter.created_from, (at) => sql`subscriber.created_at >= ${new Date(at)}::timestamptz`),
    ...given(filter.created_to, (at) => sql`subscriber.created_at <= ${new Date(at)}::timestamptz`),
  ]
}

/** What stands in other tables. */
function otherConditions(filter: SubscriberFilter, use: ConditionUse): Conditions {
  const { nas_group_id: groups, quota_used_from: least, quota_used_to: most } = filter
  const address = sql`subscriber_address address where address.subscriber_id = subscriber.id`
  const comment = sql`subscriber_comment comment where comment.subscriber_id = subscriber.id`
  return [
    ...given(filter.search, (text) => searchCondition(text, use)),
    ...ofPresence(filter, use),
    ...balanceCondition(filter.balance_from, filter.balance_to, use),
    ...(least === undefined && most === undefined ? [] : [quotaCondition(least ?? 0, most, use)]),
    ...given(groups, (list) => partIn('nas_group_id', 'bound_nas_group_id', sql`= any(${list}::bigint[])`, use)),
    ...given(filter.interface, (text) => partIn('interface', 'bound_interface', matching(text), use)),
    ...given(filter.port, (text) => partIn('port', 'bound_port', matching(text), use)),
    ...given(filter.s_vlan, (number) => partIn('s_vlan', 'bound_s_vlan', sql`= ${number}::integer`, use)),
    ...given(filter.c_vlan, (number) => partIn('c_vlan', 'bound_c_vlan', sql`= ${number}::integer`, use)),
    ...given(filter.has_static_address, (yes) => isAny(yes, address, use)),
    ...given(filter.has_comment, (yes) => isAny(yes, comment, use)),
  ]
}

/** By the read model of who is online (live.ts). */
function ofPresence(filter: SubscriberFilter, use: ConditionUse): Conditions {
  const parts = [
    ...given(filter.online, (yes) => (yes ? sql`live.online` : sql`not live.online`)),
    ...given(filter.never_online, (yes) => (yes ? sql`live.last_seen_at is null` : sql`live.last_seen_at is not null`)),
    ...given(filter.last_seen_from, (at) => sql`live.last_seen_at >= ${new Date(at)}::timestamptz`),
    ...given(filter.last_seen_to, (at) => sql`live.last_seen_at <= ${new Date(at)}::timestamptz`),
    ...given(filter.nas_id, (list) => sql`live.nas_id = any(${list}::bigint[])`),
  ]
  if (parts.length === 0) return []
  const held = sql.join(parts, sql` and `)
  if (use === 'check') {
    return [sql`(select ${held} from subscriber_live live where live.subscriber_id = subscriber.id)`]
  }
  return [sql`subscriber.id in (select live.subscriber_id from subscriber_live live where ${held})`]
}

function quotaCondition(least: number, most: number | undefined, use: ConditionUse): RawBuilder<boolean> {
  const end = most === undefined ? sql`true` : sql`used.quota_percent <= ${most}`
  const held = sql`used.quota_percent >= ${least} and ${end}`
  if (use === 'check') {
    return sql`(select ${held} from subscriber_usage used where used.subscriber_id = subscriber.id)`
  }
  return sql`subscriber.id in (select used.subscriber_id from subscriber_usage used where ${held})`
}

/** `eth1` is that and no other; `eth*` is whatever begins so. */
function matching(text: string): RawBuilder<unknown> {
  return text.endsWith('*') ? sql`like ${likePrefix(text.slice(0, -1))}` : sql`= ${text}`
}

function likePrefix(text: string): string {
  return `${text.replace(/[\\%_]/g, '\\$&')}%`
}

/** Where the subscriber is online or was last, or where it is bound. */
function partIn(live: string, bound: string, matches: RawBuilder<unknown>, use: ConditionUse): RawBuilder<boolean> {
  const [isLive, isBound] = [sql`${sql.ref(`live.${live}`)} ${matches}`, sql.ref(bound)]
  if (use === 'check') {
    return sql`(${sql.ref(`subscriber.${bound}`)} ${matches}
      or (select ${isLive} from subscriber_live live where live.subscriber_id = subscriber.id))`
  }
  // A union of ids: with `or` no index could be used.
  return sql`subscriber.id in (
    select live.subscriber_id from subscriber_live live where ${isLive}
    union all
    select bound.id from subscriber bound where bound.${isBound} ${matches})`
}

/** Whether there is a row of it. A select of a value, unlike `exists`, is asked for row by row. */
function isAny(yes: boolean, from: RawBuilder<unknown>, use: ConditionUse): RawBuilder<boolean> {
  if (use === 'check') return sql`(select true from ${from} limit 1) ${yes ? sql`is true` : sql`is null`}`
  return yes ? sql`exists (select from ${from})` : sql`not exists (select from ${from})`
}

function isThere(column: string, yes: boolean): RawBuilder<boolean> {
  const ref = sql.ref(`subscriber.${column}`)
  return yes ? sql`${ref} is not null` : sql`${ref} is null`
}

function isOneOf(column: string, list: readonly number[]): RawBuilder<boolean> {
  return sql`${sql.ref(`subscriber.${column}`)} = any(${list}::bigint[])`
}

function given<T>(value: T | undefined, condition: (value: T) => RawBuilder<unknown>): Conditions {
  return value === undefined ? [] : [condition(value) as RawBuilder<boolean>]
}

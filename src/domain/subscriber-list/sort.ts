// What a list of subscribers can be sorted by, and in which index the order stands: of subscribers themselves, of the read model,
// of payers by balance, or of plans, owners and groups by name with their subscribers by id. Nulls come last either way.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Scope } from '../scope.ts'
import type { SubscriberFilter } from './filter.ts'

/** ICU's root order: the same on every server, whatever its locale. */
const icu = sql`collate "und-x-icu"`
const octets = sql`collate "C"`

/** How the values of a key are compared, and written in a cursor. */
type KeyType = 'text' | 'timestamptz' | 'boolean' | 'inet' | 'bigint'

export type ColumnSort = {
  kind: 'column'
  table: 'subscriber' | 'subscriber_live' | 'subscriber_usage'
  column: string
  type: KeyType
  collation?: RawBuilder<unknown>
  nullable?: boolean
}
/** Sorted by the name of what a column points to. */
export type NameSort = {
  kind: 'name'
  table: 'plan' | 'organisation' | 'subscriber_group'
  column: 'plan_id' | 'owner_id' | 'group_id'
  nullable?: boolean
}
export type Sort = ColumnSort | NameSort | { kind: 'balance' }

/** Every sort by name. */
export const subscriberSorts = {
  id: { kind: 'column', table: 'subscriber', column: 'id', type: 'bigint' },
  username: { kind: 'column', table: 'subscriber', column: 'username', type: 'text', collation: icu },
  full_name: { kind: 'column', table: 'subscriber', column: 'full_name', type: 'text', collation: icu, nullable: true },
  phone: { kind: 'column', table: 'subscriber', column: 'phone', type: 'text', collation: octets, nullable: true },
  expires_at: { kind: 'column', table: 'subscriber', column: 'expires_at', type: 'timestamptz', nullable: true },
  created_at: { kind: 'column', table: 'subscriber', column: 'created_at', type: 'timestamptz' },
  plan: { kind: 'name', table: 'plan', column: 'plan_id' },
  owner: { kind: 'name', table: 'organisation', column: 'owner_id' },
  group: { kind: 'name', table: 'subscriber_group', column: 'group_id', nullable: true },
  balance: { kind: 'balance' },
  online: { kind: 'column', table: 'subscriber_live', column: 'online', type: 'boolean' },
  last_seen_at: {
    kind: 'column',
    table: 'subscriber_live',
    column: 'last_seen_at',
    type: 'timestamptz',
    nullable: true,
  },
  ip_address: { kind: 'column', table: 'subscriber_live', column: 'framed_ip', type: 'inet', nullable: true },
  usage: { kind: 'column', table: 'subscriber_usage', column: 'octets', type: 'bigint', nullable: true },
} as const satisfies Record<string, Sort>

export type SubscriberSortName = keyof typeof subscriberSorts

export const subscriberSortNames = Object.keys(subscriberSorts) as SubscriberSortName[]

/** An order: a sort and its direction. Rows with equal keys are in the order of their ids, in the same direction. */
export type Order = { by: SubscriberSortName; descending: boolean }

/** Whether a text names a sort. */
export function isSubscriberSort(name: string): name is SubscriberSortName {
  return Object.hasOwn(subscriberSorts, name)
}

/** A sort by its name. */
export function subscriberSort(name: SubscriberSortName): Sort {
  return subscriberSorts[name]
}

/** Where a page ended: the key as text, null where there was none; of a name or a balance also whose; the subscriber. */
export type Place = { key: string | null; parent: bigint | null; id: bigint }

/** How a sort is read for rows of `subscriber` in any order: joins, the key, and the parent where there is one. */
export function keyOf(sort: Sort): {
  join: RawBuilder<unknown>
  key: RawBuilder<unknown>
  parent?: RawBuilder<unknown>
  nullable: boolean
} {
  switch (sort.kind) {
    case 'column':
      return {
        join:
          sort.table === 'subscriber'
            ? sql``
            : sql`join ${sql.table(sort.table)} sorted on sorted.subscriber_id = subscriber.id`,
        key: columnKey(sort, sort.table === 'subscriber' ? 'subscriber' : 'sorted'),
        nullable: sort.nullable === true,
      }
    case 'name':
      return {
        join: sql`left join ${sql.table(sort.table)} sorted on sorted.id = ${sql.ref(`subscriber.${sort.column}`)}`,
        key: sql`sorted.name ${icu}`,
        parent: sql`sorted.id`,
        nullable: sort.nullable === true,
      }
    case 'balance':
      return {
        // Amounts of different currencies have no order: one currency stands after the other.
        join: sql`join payer sorted on sorted.id = subscriber.payer_id`,
        key: sql`row(sorted.currency, sorted.balance_minor)`,
        parent: sql`sorted.id`,
        nullable: false,
      }
  }
}

/** The key of a column, with its collation. */
export function columnKey(sort: ColumnSort, alias: string): RawBuilder<unknown> {
  return sql`${sql.ref(`${alias}.${sort.column}`)} ${sort.collation ?? sql``}`
}

/** A key from a cursor as a value. */
export function keyValue(sort: Sort, key: string): RawBuilder<unknown> {
  if (sort.kind === 'name') return sql`${key}::text ${icu}`
  if (sort.kind === 'balance') {
    const { currency, minor } = readBalanceKey(key)
    return sql`row(${currency}::bpchar(3), ${minor}::bigint)`
  }
  return sql`${key}::${sql.raw(sort.type)} ${sort.collation ?? sql``}`
}

/** The key of a balance as Postgres writes a row: `(EUR,-1200)`. */
export const balanceKey = /^\(([A-Z]{3}),(-?\d{1,18})\)$/

/** Its parts. Throws where it is none: whoever takes a cursor from outside checks it. */
export function readBalanceKey(key: string): { currency: string; minor: bigint } {
  const [, currency, minor] = balanceKey.exec(key) ?? []
  if (currency === undefined || minor === undefined) throw new Error(`${key} is not the key of a balance`)
  return { currency, minor: BigInt(minor) }
}

/** What the filter says of keys that are there: where a walk along their index begins and ends. */
export function keyBounds(by: SubscriberSortName, filter: SubscriberFilter, key: RawBuilder<unknown>, now: Date) {
  const at = (comparison: '>=' | '<=', value: string | undefined): RawBuilder<unknown>[] =>
    value === undefined ? [] : [sql`${key} ${sql.raw(comparison)} ${new Date(value)}::timestamptz`]
  switch (by) {
    case 'expires_at':
      return [
        ...at('>=', filter.expires_from),
        ...at('<=', filter.expires_to),
        ...withinBounds(filter, key, now),
        ...periodBounds(filter, key, now),
      ]
    case 'created_at':
      return [...at('>=', filter.created_from), ...at('<=', filter.created_to)]
    case 'last_seen_at':
      return [
        ...at('>=', filter.last_seen_from),
        ...at('<=', filter.last_seen_to),
        ...(filter.online === undefined ? [] : [sql`${key} ${sql.raw(filter.online ? '=' : '<')} 'infinity'`]),
        ...(filter.never_online === true ? [sql`false`] : []),
      ]
    case 'ip_address':
      return filter.never_online === true ? [sql`false`] : []
    case 'online': {
      const online = filter.never_online === true ? false : filter.online
      return online === undefined ? [] : [sql`${key} = ${online}`]
    }
    default:
      return []
  }
}

function withinBounds(filter: SubscriberFilter, key: RawBuilder<unknown>, now: Date): RawBuilder<unknown>[] {
  if (filter.expires_within_days === undefined) return []
  const end = new Date(now.getTime() + filter.expires_within_days * 86_400_000)
  return [sql`${key} > ${now}::timestamptz and ${key} <= ${end}::timestamptz`]
}

/** Whoever is new or active expires later, whoever is in grace or expired has. */
function periodBounds(filter: SubscriberFilter, key: RawBuilder<unknown>, now: Date): RawBuilder<unknown>[] {
  const words: readonly string[] | undefined = filter.service_period ?? filter.label
  if (words === undefined) return []
  if (words.every((word) => word === 'new' || word === 'active')) return [sql`${key} > ${now}::timestamptz`]
  if (words.every((word) => word === 'grace' || word === 'expired')) return [sql`${key} <= ${now}::timestamptz`]
  return []
}

/** Which rows a sort by name goes through: those that the filter and the scope leave. */
export function namesWanted(
  sort: NameSort,
  filter: SubscriberFilter,
  scope: Scope,
): readonly (number | bigint)[] | undefined {
  if (sort.column === 'owner_id') return scope.ownerId === undefined ? filter.owner_id : [scope.ownerId]
  return filter[sort.column]
}

/** A place as texts, for a cursor. */
export function placeText({ key, parent, id }: Place): [string | null, string | null, string] {
  return [key, parent === null ? null : String(parent), String(id)]
}

const idForm = /^[1-9]\d{0,17}$/
const keyForms: Readonly<Record<KeyType, RegExp>> = {
  text: /^\P{Cc}*$/u,
  timestamptz: /^(infinity|\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00( BC)?)$/,
  boolean: /^(true|false)$/,
  inet: /^[\d.]{7,15}(\/\d{1,2})?$/,
  bigint: /^-?\d{1,18}$/,
}

/** The place in texts from outside; undefined where there can be none such in this order. */
export function readPlace(
  by: SubscriberSortName,
  texts: readonly [string | null, string | null, string],
): Place | undefined {
  const [key, parent, id] = texts
  const sort = subscriberSort(by)
  const hasParent = sort.kind !== 'column' && key !== null
  const form = sort.kind === 'balance' ? balanceKey : keyForms[sort.kind === 'name' ? 'text' : sort.type]
  const isGood =
    idForm.test(id) &&
    (hasParent ? parent !== null && idForm.test(parent) : parent === null) &&
    (key === null ? keyOf(sort).nullable : form.test(key))
  return isGood ? { key, parent: parent === null ? null : BigInt(parent), id: BigInt(id) } : undefined
}

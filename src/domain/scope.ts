// How far an author reaches: a reseller its own organisation, a team its zones and NAS groups, everybody else everything. Every
// query that takes ids, filters or counts goes through the conditions made here; what lies outside is not there (404).

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'

export type Scope = {
  /** The only organisation that is seen; undefined: all. */
  ownerId: bigint | undefined
  /** The only zones whose subscribers are seen; undefined: all. */
  zones: readonly string[] | undefined
  /** The only NAS groups that are seen; undefined: all. */
  nasGroupIds: readonly bigint[] | undefined
}

/** No limit. */
export const everything: Scope = Object.freeze({ ownerId: undefined, zones: undefined, nasGroupIds: undefined })

/** Whether a row of `subscriber`, under this alias, is in reach. */
export function subscriberInScope(scope: Scope, alias = 'subscriber'): RawBuilder<boolean> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  const owned = scope.ownerId === undefined ? sql`true` : sql`${column('owner_id')} = ${scope.ownerId}`
  const zoned = scope.zones === undefined ? sql`true` : sql`${column('zone')} = any(${scope.zones}::text[])`
  return sql<boolean>`(${owned} and ${zoned})`
}

/** Whether a row that belongs to an organisation is in reach; rows of nobody (shared plans) only where `shared`. */
export function ownedInScope(
  scope: Scope,
  ownerColumn: string,
  options: { shared?: boolean } = {},
): RawBuilder<boolean> {
  if (scope.ownerId === undefined) return sql<boolean>`true`
  const column = sql.ref(ownerColumn)
  const own = sql<boolean>`${column} = ${scope.ownerId}`
  return options.shared === true ? sql<boolean>`(${own} or ${column} is null)` : own
}

/** Whether a row of a NAS group is in reach: of the team's groups, and for a reseller those it was made an owner of. */
export function nasGroupInScope(scope: Scope, groupColumn: string): RawBuilder<boolean> {
  const column = sql.ref(groupColumn)
  const teams = scope.nasGroupIds === undefined ? sql`true` : sql`${column} = any(${scope.nasGroupIds}::bigint[])`
  const owners =
    scope.ownerId === undefined
      ? sql`true`
      : sql`${column} in (select nas_group_owner.nas_group_id from nas_group_owner
          where nas_group_owner.owner_id = ${scope.ownerId})`
  return sql<boolean>`(${teams} and ${owners})`
}

/** Those of the subscribers that are in reach, in no order. What is missing is, for this author, not there. */
export async function reachableSubscribers(db: Db, scope: Scope, ids: readonly bigint[]): Promise<bigint[]> {
  const { rows } = await sql<{ id: bigint }>`
    select subscriber.id from subscriber
    where subscriber.id = any(${ids}::bigint[]) and ${subscriberInScope(scope)}`.execute(db)
  return rows.map((row) => row.id)
}

/**
 * Runs `work` as far as the scope reaches: a reseller's in a transaction under row level security, so that a forgotten
 * condition shows nothing; `writes` asks for a transaction in any case.
 */
export function runInScope<T>(db: Db, scope: Scope, writes: boolean, work: (db: Db) => Promise<T>): Promise<T> {
  if (scope.ownerId === undefined) return writes ? inTransaction(db, work) : work(db)
  const fence = fenceOf(scope.ownerId)
  return inTransaction(db, async (trx) => {
    await fence.execute(trx)
    return work(trx)
  })
}

/** The statement that puts the transaction it is run in under row level security, as a reseller. */
export function fenceOf(ownerId: bigint): RawBuilder<unknown> {
  return sql`select set_config('gatehouse.owner_id', ${String(ownerId)}, true),
    set_config('role', 'gatehouse_reseller', true)`
}

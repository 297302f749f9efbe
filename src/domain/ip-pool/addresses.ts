// The addresses of a pool one by one: who has each of them or had it last, and taking one back by hand.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { ConflictError, NotFoundError } from '../field.ts'
import { parseRange } from '../prefix.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { addressTextSql, usedByLoginSql, usedBySessionSql } from './lease-sql.ts'

export const leaseStates = ['used', 'held', 'free', 'static'] as const
export type LeaseState = (typeof leaseStates)[number]

export type LeaseShown = {
  address: string
  state: LeaseState
  /** Whose it is; of a free one: who had it last. Null, as name and line are, where the scope does not reach. */
  subscriberId: bigint | null
  username: string | null
  line: string | null
  /** The last login that was given it. */
  claimedAt: Date | null
  /** Of a held one: when it is free for others. Of a free one: since when; null for one that nobody ever had. */
  until: Date | null
}

const stateSql = (
  now: Date,
) => sql<LeaseState>`case when lease.is_static then 'static' when lease.leased_until = 'infinity' then 'used'
  when lease.leased_until > ${now} then 'held' else 'free' end`

/** A page of a pool's addresses in their order, after one of them; persons as far as the scope reaches. Throws NotFoundError. */
export async function listLeases(
  db: Db,
  input: { poolId: bigint; state?: LeaseState | undefined; after?: string | undefined; limit: number },
  scope: Scope,
  now: Date,
): Promise<LeaseShown[]> {
  const pool = await db
    .selectFrom('ip_pool')
    .select('address_space_id')
    .where('id', '=', input.poolId)
    .executeTakeFirst()
  if (pool === undefined) throw new NotFoundError('address pool', String(input.poolId))
  const { rows } = await sql<LeaseShown>`
    select ${sql.raw(addressTextSql('lease.address'))} as address, ${stateSql(now)} as state,
      subscriber.id as "subscriberId", subscriber.username,
      case when fixed.subscriber_id is null and (subscriber.id is not null or ${ofNobody(scope)}) then lease.line end as line,
      case when fixed.subscriber_id is null then lease.claimed_at end as "claimedAt",
      case when isfinite(lease.leased_until) then lease.leased_until end as until
    from ip_lease lease
      left join lateral (
        select holder.subscriber_id from subscriber_address holder
        where lease.is_static and holder.address_space_id = lease.address_space_id
          and address_range(holder.prefix) && address_range(lease.address)
        limit 1
      ) as fixed on true
      left join subscriber on subscriber.id = coalesce(fixed.subscriber_id, lease.subscriber_id)
        and ${subscriberInScope(scope)}
    where lease.address_space_id = ${pool.address_space_id} and lease.pool_id = ${input.poolId}
      and (${input.after ?? null}::inet is null or lease.address > ${input.after ?? null}::inet)
      and (${input.state ?? null}::text is null or ${stateSql(now)} = ${input.state ?? null})
    order by lease.address limit ${input.limit}`.execute(db)
  return rows
}

/** The line of a session of nobody is shown to who sees everybody. */
function ofNobody({ ownerId, zones }: Scope) {
  return ownerId === undefined && zones === undefined ? sql`lease.subscriber_id is null` : sql`false`
}

/**
 * Frees an address at once, and forgets whose it was. Throws FieldError, NotFoundError, or ConflictError while a session or a
 * subscriber's static address has it: that ends with them.
 */
export async function releaseLease(
  db: Db,
  input: { poolId: bigint; address: string },
  now: Date,
): Promise<{ address: string; subscriberId: bigint | null }> {
  const address = parseRange('address', input.address)
  const { rows } = await sql<{ subscriberId: bigint | null; isStatic: boolean; isUsed: boolean }>`
    select lease.subscriber_id as "subscriberId", lease.is_static as "isStatic",
      (${sql.raw(usedBySessionSql('lease'))}) or ${sql.raw(usedByLoginSql('lease', 'pool'))} as "isUsed"
    from ip_lease lease join ip_pool pool on pool.id = lease.pool_id
    where lease.pool_id = ${input.poolId} and lease.address = ${address}::inet
    for update of lease`.execute(db)
  const [lease] = rows
  if (lease === undefined) throw new NotFoundError('address in this pool', input.address)
  if (lease.isStatic) throw new ConflictError('address', 'is a static address of a subscriber')
  if (lease.isUsed) throw new ConflictError('address', 'a session has it: disconnect that first')
  await sql`
    update ip_lease set subscriber_id = null, line = null, nas_group_id = null, class_id = null, claimed_at = null,
      leased_until = ${now}
    where pool_id = ${input.poolId} and address = ${address}::inet`.execute(db)
  return { address, subscriberId: lease.subscriberId }
}

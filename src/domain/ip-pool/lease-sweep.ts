// Brings the leases to what sessions and static addresses say. Accounting itself never touches a lease: an interim that moved a
// second table would cost twice as much. So a lease is written when its login takes it, when its session is first seen here, and
// when that has ended; in between it stands at infinity. Nothing wrong is handed out while this does not run: who claims looks at
// the sessions too. Only what was released stays out of use, for others than the line itself, until it runs again.
//
// Rows that somebody is claiming at the moment are left for the next time (`skip locked`).

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { heldAddressesSql, holdSeconds, lastEndSql, usedByLoginSql } from './lease-sql.ts'

/** Rows of one statement at most: a login that wants one of them does not wait long. */
const batchSize = 10_000

export type Swept = { static: number; used: number; released: number }

/**
 * Sweeps the leases of some pools, or of all. `quietS`: how long after a session its address goes to nobody else. A second run
 * finds nothing to do.
 */
export async function sweepLeases(
  db: Db,
  { poolIds, quietS }: { poolIds?: readonly bigint[] | undefined; quietS: number },
  now: Date,
): Promise<Swept> {
  const ofPools = poolIds === undefined ? sql`true` : sql`lease.pool_id = any(${[...poolIds]}::bigint[])`
  const unfixed = await inBatches(db, noLongerStatic(ofPools, now))
  const fixed = await inBatches(db, becomeStatic(ofPools))
  const used = (await inBatches(db, usedByAddress(ofPools, now))) + (await inBatches(db, usedByLogin(ofPools, now)))
  const released = await inBatches(db, ended(ofPools, { now, quietS }))
  return { static: fixed, used, released: released + unfixed }
}

async function inBatches(db: Db, statement: RawBuilder<unknown>): Promise<number> {
  for (let total = 0; ;) {
    const changed = Number((await statement.execute(db)).numAffectedRows ?? 0n)
    total += changed
    if (changed < batchSize) return total
  }
}

/** The leases that a static address is, lies in, or holds: found by their place in the primary key. */
const coveredSql = sql`
  select unit.address_space_id, unit.address
  from subscriber_address fixed
    join ip_pool_range span on span.address_space_id = fixed.address_space_id and not span.excluded
      and inetrange(span.first, span.last, '[]') && address_range(fixed.prefix)
    join ip_pool pool on pool.id = span.pool_id
    cross join lateral (
      select set_masklen(fixed.prefix, least(masklen(fixed.prefix), pool.prefix_length)) as prefix
    ) as part
    join ip_lease unit on unit.address_space_id = fixed.address_space_id
      and unit.address between set_masklen(network(part.prefix)::inet, pool.prefix_length)
        and set_masklen(broadcast(part.prefix), pool.prefix_length)`

function becomeStatic(ofPools: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    with covered as materialized (${coveredSql}), locked as materialized (
      select lease.address_space_id, lease.address from ip_lease lease
      where (lease.address_space_id, lease.address) in (select covered.address_space_id, covered.address from covered)
        and ${ofPools} and not lease.is_static
      order by lease.address_space_id, lease.address limit ${batchSize} for update of lease skip locked
    )
    update ip_lease lease set is_static = true, leased_until = 'infinity' from locked
    where lease.address_space_id = locked.address_space_id and lease.address = locked.address`
}

function noLongerStatic(ofPools: RawBuilder<unknown>, now: Date): RawBuilder<unknown> {
  return sql`
    with covered as materialized (${coveredSql}), locked as materialized (
      select lease.address_space_id, lease.address from ip_lease lease
      where lease.is_static and ${ofPools}
        and not exists (
          select from covered where covered.address_space_id = lease.address_space_id and covered.address = lease.address)
      order by lease.address_space_id, lease.address limit ${batchSize} for update of lease skip locked
    )
    update ip_lease lease set is_static = false, leased_until = ${now} from locked
    where lease.address_space_id = locked.address_space_id and lease.address = locked.address`
}

/** Whose it is, is learnt from the session where nobody holds it: so does a pool learn what was online before it. */
function usedByAddress(ofPools: RawBuilder<unknown>, now: Date): RawBuilder<unknown> {
  return sql`
    with seen as materialized (
      select distinct on (held.address_space_id, held.address) held.*
      from (${sql.raw(heldAddressesSql())}) as held
      order by held.address_space_id, held.address, held.started_at desc, held.id desc
    ), locked as materialized (
      select lease.address_space_id, lease.address, seen.subscriber_id, seen.line, seen.nas_group_id, seen.class_id,
        lease.leased_until <= ${now} and (lease.subscriber_id, lease.line) is distinct from (seen.subscriber_id, seen.line)
          as learnt
      from seen join ip_lease lease
        on lease.address_space_id = seen.address_space_id and lease.address = seen.address
      where lease.leased_until <> 'infinity' and ${ofPools}
      order by lease.address_space_id, lease.address limit ${batchSize} for update of lease skip locked
    )
    update ip_lease lease
    set leased_until = 'infinity',
      subscriber_id = case when locked.learnt then locked.subscriber_id else lease.subscriber_id end,
      line = case when locked.learnt then locked.line else lease.line end,
      nas_group_id = case when locked.learnt then locked.nas_group_id else lease.nas_group_id end,
      class_id = case when locked.learnt then locked.class_id else lease.class_id end
    from locked
    where lease.address_space_id = locked.address_space_id and lease.address = locked.address`
}

/** The session has not told the address yet, or never does. Of a login that is long past, who claims looks by itself. */
function usedByLogin(ofPools: RawBuilder<unknown>, now: Date): RawBuilder<unknown> {
  return sql`
    with locked as materialized (
      select lease.address_space_id, lease.address
      from ip_lease lease join ip_pool pool on pool.id = lease.pool_id
      where lease.leased_until <> 'infinity' and lease.claimed_at > ${now}::timestamptz - interval '1 day' and ${ofPools}
        and ${sql.raw(usedByLoginSql('lease', 'pool'))}
      order by lease.address_space_id, lease.address limit ${batchSize} for update of lease skip locked
    )
    update ip_lease lease set leased_until = 'infinity' from locked
    where lease.address_space_id = locked.address_space_id and lease.address = locked.address`
}

/** A login that came since, by the line itself, holds it as every login does. */
function ended(ofPools: RawBuilder<unknown>, { now, quietS }: { now: Date; quietS: number }): RawBuilder<unknown> {
  return sql`
    with held as materialized (${sql.raw(heldAddressesSql())}), loose as materialized (
      select lease.*, pool.kind
      from ip_lease lease join ip_pool pool on pool.id = lease.pool_id
      where lease.leased_until = 'infinity' and not lease.is_static and ${ofPools} and not exists (
        select from held where held.address_space_id = lease.address_space_id and held.address = lease.address)
    ), locked as materialized (
      select lease.address_space_id, lease.address
      from loose join ip_lease lease on lease.address_space_id = loose.address_space_id and lease.address = loose.address
      where lease.leased_until = 'infinity' and not ${sql.raw(usedByLoginSql('loose', 'loose'))}
      order by lease.address_space_id, lease.address limit ${batchSize} for update of lease skip locked
    )
    update ip_lease lease
    set leased_until = greatest(coalesce(${sql.raw(lastEndSql('lease'))}, ${now}) + make_interval(secs => ${quietS}),
      lease.claimed_at + interval '${sql.raw(String(holdSeconds))} seconds')
    from locked
    where lease.address_space_id = locked.address_space_id and lease.address = locked.address`
}

// Takes addresses out of our pools for accepted logins: one statement for all that wait. The row of an address is the key: who locks
// it has it, who finds it locked takes another (`skip locked`), so that instances hand out of one pool without waiting for each other.
// A line gets what it holds, or had last while nobody else has had it; else comes what has been free longest, so that what others had
// stays theirs as long as can be. A line's own rows are locked in the order of addresses, with waiting: a redial must not lose its
// address to a job that looks at the same row.

import { arrayLiteral, textArrayLiteral } from '../../db/array-literal.ts'
import type { Pool } from '../../db/pool.ts'
import type { Line } from '../line.ts'
import { addressTextSql, holdSeconds, isStaticSql, usedByLoginSql, usedBySessionSql } from './lease-sql.ts'

export type LeaseWish = {
  readonly poolId: bigint
  /** Whether what the subscriber had last is preferred where its hold is over. */
  readonly sticky: boolean
  readonly subscriberId: bigint
  readonly line: Line | undefined
  readonly nasGroupId: bigint
  readonly classId: bigint
}

// `own`: that of the line, where it is held or the pool is sticky; else another one that the subscriber had last. What is chosen
// is asked again under the lock, where another login may have been quicker. `picked` leaves out what `own` has locked: a lock of
// our own does not make us skip a row.
const text = `
with wanted as materialized (
  select wish.*, pool.kind
  from unnest((select $2::bigint[]), (select $3::boolean[]), (select $4::bigint[]), (select $5::text[]), (select $6::bigint[]),
      (select $7::bigint[])) with ordinality as wish (pool_id, sticky, subscriber_id, line, nas_group_id, class_id, position)
    cross join lateral (select ip_pool.kind from ip_pool where ip_pool.id = wish.pool_id limit 1) as pool
), chosen as materialized (
  select wanted.position, wanted.pool_id, wanted.subscriber_id, wanted.line, wanted.nas_group_id, mine.address_space_id, mine.address
  from wanted cross join lateral (
    select lease.address_space_id, lease.address, lease.leased_until,
      (lease.line = wanted.line and lease.nas_group_id = wanted.nas_group_id) is true as of_line
    from ip_lease lease
    where lease.subscriber_id = wanted.subscriber_id and lease.pool_id = wanted.pool_id and not lease.is_static
      and (case when lease.line = wanted.line and lease.nas_group_id = wanted.nas_group_id
          then wanted.sticky or lease.leased_until > $1::timestamptz
          else wanted.sticky and lease.leased_until <= $1::timestamptz and not ${usedByLoginSql('lease', 'wanted')} end)
      and not (${usedBySessionSql('lease', 'wanted')})
      and not ${isStaticSql('lease')}
    order by of_line desc, lease.leased_until desc
    limit 1
  ) as mine
), own as materialized (
  select chosen.position, chosen.pool_id, lease.address_space_id, lease.address
  from chosen join ip_lease lease
    on lease.address_space_id = chosen.address_space_id and lease.address = chosen.address
  where lease.subscriber_id = chosen.subscriber_id and lease.pool_id = chosen.pool_id
    and ((lease.line = chosen.line and lease.nas_group_id = chosen.nas_group_id) or lease.leased_until <= $1::timestamptz)
  order by lease.address_space_id, lease.address
  for update of lease
), needed as materialized (
  select wanted.position, wanted.pool_id, row_number() over (partition by wanted.pool_id order by wanted.position) as nth
  from wanted where wanted.position <> all (array(select own.position from own))
), picked as materialized (
  select demand.pool_id, free.address_space_id, free.address
  from (select needed.pool_id, count(*) as addresses from needed group by needed.pool_id) as demand
    cross join lateral (select ip_pool.kind from ip_pool where ip_pool.id = demand.pool_id limit 1) as pool
    cross join lateral (
      select lease.address_space_id, lease.address from ip_lease lease
      where lease.pool_id = demand.pool_id and lease.leased_until <= $1::timestamptz
        and lease.address <> all (array(select own.address from own where own.pool_id = demand.pool_id))
        and not (${usedBySessionSql('lease')})
        and not ${usedByLoginSql('lease', 'pool')}
        and not ${isStaticSql('lease')}
      order by lease.leased_until
      limit demand.addresses
      for update of lease skip locked
    ) as free
), given as materialized (
  select own.position, own.address_space_id, own.address from own
  union all
  select needed.position, numbered.address_space_id, numbered.address
  from needed join (
    select picked.*, row_number() over (partition by picked.pool_id order by picked.address) as nth from picked
  ) as numbered on numbered.pool_id = needed.pool_id and numbered.nth = needed.nth
)
update ip_lease lease
set subscriber_id = wanted.subscriber_id, line = wanted.line, nas_group_id = wanted.nas_group_id, class_id = wanted.class_id,
  claimed_at = $1::timestamptz,
  leased_until = case when lease.leased_until = 'infinity' then lease.leased_until
    else $1::timestamptz + interval '${holdSeconds} seconds' end
from given join wanted on wanted.position = given.position
where lease.address_space_id = given.address_space_id and lease.address = given.address
returning given.position, ${addressTextSql('lease.address')} as address`

/**
 * An address for each wish, in the order of the wishes; undefined where the pool has none left. It is held for a minute, then by
 * the session that has begun with it. No two wishes may be of one subscriber in one pool.
 */
export async function claimLeases(
  pool: Pool,
  wishes: readonly LeaseWish[],
  now: Date,
): Promise<(string | undefined)[]> {
  const { rows } = await pool.query<{ position: bigint; address: string }>({
    name: 'claim-leases',
    text,
    values: [
      now,
      arrayLiteral(wishes.map((wish) => wish.poolId)),
      arrayLiteral(wishes.map((wish) => wish.sticky)),
      arrayLiteral(wishes.map((wish) => wish.subscriberId)),
      textArrayLiteral(wishes.map((wish) => wish.line ?? `class:${wish.classId}`)),
      arrayLiteral(wishes.map((wish) => wish.nasGroupId)),
      arrayLiteral(wishes.map((wish) => wish.classId)),
    ],
  })
  const addresses = Array<string | undefined>(wishes.length).fill(undefined)
  for (const row of rows) addresses[Number(row.position) - 1] = row.address
  return addresses
}

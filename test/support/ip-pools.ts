// Address pools for tests: made like an operator makes them, at noon, handing out at once unless told otherwise.

import { createKysely } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { addIpPool } from '../../src/domain/ip-pool/pool.ts'
import type { NewIpPool } from '../../src/domain/ip-pool/pool.ts'
import { noon } from './access.ts'

/** An IPv4 pool of these ranges. */
export async function makePool(
  pool: Pool,
  input: Partial<NewIpPool> & { name: string; ranges: readonly string[] },
  now = noon,
): Promise<bigint> {
  const made = await addIpPool(createKysely<Database>(pool), { kind: 'ipv4', learns: false, ...input }, now)
  return made.id
}

export type LeaseRow = {
  address: string
  subscriber_id: bigint | null
  line: string | null
  class_id: bigint | null
  /** Seconds after noon; the infinities as such. */
  until: number
  is_static: boolean
}

/** The leases of a pool in the order of their addresses. */
export async function leaseRows(pool: Pool, poolId: bigint): Promise<LeaseRow[]> {
  const { rows } = await pool.query<LeaseRow>(
    `select case family(address) when 4 then host(address) else text(address) end as address, subscriber_id, line, class_id,
       is_static, case when isfinite(leased_until) then extract(epoch from leased_until - $2::timestamptz)::float8
         when leased_until > $2 then 'infinity'::float8 else '-infinity'::float8 end as until
     from ip_lease where pool_id = $1 order by ip_lease.address`,
    [poolId, noon],
  )
  return rows
}

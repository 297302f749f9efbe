// The columns of what migrations/0023 made: address pools, their ranges, and the lease of each address. See schema.ts.

import type { Generated } from 'kysely'

export type PoolTables = {
  ip_pool: IpPoolTable
  ip_pool_range: IpPoolRangeTable
  ip_lease: IpLeaseTable
}

/** Addresses of a space that we hand out ourselves, under the name that plans use. */
export type IpPoolTable = {
  id: Generated<bigint>
  name: string
  address_space_id: bigint
  nas_group_id: bigint | null
  kind: 'ipv4' | 'ipv6-prefix' | 'delegated-ipv6-prefix'
  prefix_length: number
  on_exhausted: Generated<'reject' | 'nas-pool'>
  sticky: Generated<boolean>
  learns: Generated<boolean>
  learn_until: Date | null
  created_at: Generated<Date>
}

/** From where to where, or what is left out in between. */
export type IpPoolRangeTable = {
  id: Generated<bigint>
  pool_id: bigint
  address_space_id: bigint
  first: string
  last: string
  excluded: Generated<boolean>
}

/** One address of a pool, and whose it is or was last. `leased_until` may be an infinity, which is no Date: never read it bare. */
export type IpLeaseTable = {
  address_space_id: bigint
  address: string
  pool_id: bigint
  subscriber_id: bigint | null
  line: string | null
  nas_group_id: bigint | null
  class_id: bigint | null
  claimed_at: Date | null
  leased_until: Generated<Date>
  is_static: Generated<boolean>
}

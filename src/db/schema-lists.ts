// The columns of migrations/0008: what lists sort and filter by, saved views.

import type { Generated } from 'kysely'

/** The tables of 0008 by name. */
export type ListTables = {
  subscriber_live: SubscriberLiveTable
  subscriber_usage: SubscriberUsageTable
  subscriber_live_state: SubscriberLiveStateTable
  saved_view: SavedViewTable
}

/** Who is online and where, or was last; `last_seen_at` is infinity while online. */
export type SubscriberLiveTable = {
  subscriber_id: bigint
  online: Generated<boolean>
  last_seen_at: Date | null
  session_id: bigint | null
  nas_id: bigint | null
  nas_group_id: bigint | null
  framed_ip: string | null
  mac: string | null
  interface: string | null
  port: string | null
  s_vlan: number | null
  c_vlan: number | null
}

/** Octets of the service period, and percent of the quota. */
export type SubscriberUsageTable = {
  subscriber_id: bigint
  octets: bigint | null
  quota_percent: number | null
}

/** How far the two have followed. */
export type SubscriberLiveStateTable = {
  id: Generated<boolean>
  sessions_until: Date
  changes_until: string
  refreshed_at: Date | null
}

/** A list as an operator likes to see it. */
export type SavedViewTable = {
  id: Generated<bigint>
  operator_id: bigint
  noun: 'subscriber' | 'operator'
  name: string
  /** JSON of the list's own filter. */
  filter: unknown
  columns: string[]
  sort: string | null
  is_default: Generated<boolean>
  shared_with: Generated<'nobody' | 'team' | 'organisation'>
  created_at: Date
  updated_at: Date
}

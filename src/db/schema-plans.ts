// The columns of migrations/0011: schedules, quotas and pools of plans.

/** The tables of 0011 by name. */
export type PlanTables = {
  plan_pool: PlanPoolTable
}

/** Pools of a plan on the NASes of a group. */
export type PlanPoolTable = {
  plan_id: bigint
  nas_group_id: bigint
  pool: string | null
  ipv6_pool: string | null
  delegated_ipv6_pool: string | null
}

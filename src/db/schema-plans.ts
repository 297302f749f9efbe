// The columns of migrations/0011: schedules, quotas and pools of plans.

/** The tables of 0011 by name. */
export type PlanTables = Record<never, never>

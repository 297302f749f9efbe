// Which plans give something else although nobody does anything, as SQL conditions over a row of `plan`: those that count usage,
// and those with a schedule. The plan that is slower after a quota belongs to one that counts.

/** An SQL condition: something of this plan follows from what was used. The same as countsUsage of plan/quota.ts. */
export const countsUsageSql = `(num_nonnulls(plan.quota_octets, plan.quota_down_octets, plan.quota_up_octets) > 0
    or plan.fup_steps <> '[]')`

/** An SQL condition: what this plan gives may change by itself. */
export const isWatchedSql = `(${countsUsageSql} or plan.schedule <> '[]')`

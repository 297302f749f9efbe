// Whose session is to be looked at when it begins, as SQL conditions: whose plan gives something else although nobody does anything
// (it counts usage, or has a schedule; the plan that is slower after a quota belongs to one that counts), and who may be refused.

/** An SQL condition: something of this plan follows from what was used. The same as countsUsage of plan/quota.ts. */
export const countsUsageSql = `(num_nonnulls(plan.quota_octets, plan.quota_down_octets, plan.quota_up_octets) > 0
    or plan.fup_steps <> '[]')`

/** An SQL condition: what this plan gives may change by itself. */
export const isWatchedSql = `(${countsUsageSql} or plan.schedule <> '[]')`

/**
 * An SQL condition over a row of `subscriber`: something speaks against full service. Who was let in a moment before a block was
 * committed is online without any order.
 */
export function isRefusedSql(now: string): string {
  return `(subscriber.blocked_at is not null or not subscriber.enabled or subscriber.archived_at is not null
    or coalesce(greatest(subscriber.expires_at, subscriber.grace_until) <= ${now}, false))`
}

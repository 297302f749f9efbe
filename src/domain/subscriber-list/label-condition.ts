// Labels and service periods as conditions on the columns themselves, so that indexes on their timestamps serve: the same words
// as subscriber-label.ts, and tested against it.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { SubscriberLabel } from '../subscriber-label.ts'

export const servicePeriods = ['new', 'active', 'grace', 'expired'] as const
export type ServicePeriod = (typeof servicePeriods)[number]

/** Whether the label of `subscriber` is one of these at an instant. */
export function labelCondition(labels: readonly SubscriberLabel[], now: Date): RawBuilder<boolean> {
  return anyOf(labels.map((label) => oneLabel(label, now)))
}

/** The same of the service period alone: whatever is said of enabled, blocked and archived. */
export function periodCondition(periods: readonly ServicePeriod[], now: Date): RawBuilder<boolean> {
  return anyOf(periods.map((period) => onePeriod(period, now)))
}

function oneLabel(label: SubscriberLabel, now: Date): RawBuilder<boolean> {
  switch (label) {
    case 'archived':
      return sql`subscriber.archived_at is not null`
    case 'disabled':
      return sql`(subscriber.archived_at is null and not subscriber.enabled)`
    case 'blocked':
      return sql`(subscriber.archived_at is null and subscriber.enabled and subscriber.blocked_at is not null)`
    default:
      return sql`(subscriber.archived_at is null and subscriber.enabled and subscriber.blocked_at is null
        and ${onePeriod(label, now)})`
  }
}

function onePeriod(period: ServicePeriod, now: Date): RawBuilder<boolean> {
  const at = sql`${now}::timestamptz`
  switch (period) {
    case 'expired':
      return sql`(subscriber.expires_at <= ${at} and (subscriber.grace_until is null or subscriber.grace_until <= ${at}))`
    case 'grace':
      return sql`(subscriber.expires_at <= ${at} and subscriber.grace_until > ${at})`
    case 'new':
      return sql`(subscriber.activated_at is null and (subscriber.expires_at is null or subscriber.expires_at > ${at}))`
    case 'active':
      return sql`(subscriber.activated_at is not null and (subscriber.expires_at is null or subscriber.expires_at > ${at}))`
  }
}

function anyOf(conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> {
  const [only] = conditions
  if (conditions.length === 1 && only !== undefined) return only
  return sql<boolean>`(${sql.join(conditions, sql` or `)})`
}

// The one word shown for a subscriber, made of facts and never stored (a stored status rots): archived, disabled, blocked,
// expired, grace, new, active: the first that holds. In TypeScript and in SQL, tested against each other.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'

export const subscriberLabels = ['archived', 'disabled', 'blocked', 'expired', 'grace', 'new', 'active'] as const
export type SubscriberLabel = (typeof subscriberLabels)[number]

/** The facts that decide. `expiresAt` null: never ends. `graceUntil` counts only where it is after `expiresAt`. */
export type SubscriberFacts = {
  enabled: boolean
  blockedAt: Date | null
  activatedAt: Date | null
  expiresAt: Date | null
  graceUntil: Date | null
  archivedAt: Date | null
}

/** The label at an instant. A service period ends at its instant: from then on it is grace or expired. */
export function subscriberLabel(facts: SubscriberFacts, now: Date): SubscriberLabel {
  if (facts.archivedAt !== null) return 'archived'
  if (!facts.enabled) return 'disabled'
  if (facts.blockedAt !== null) return 'blocked'
  if (hasEnded(facts.expiresAt, now)) return hasEnded(serviceEnd(facts), now) ? 'expired' : 'grace'
  return facts.activatedAt === null ? 'new' : 'active'
}

/** The instant from which service is refused: the end of grace. Null: never. */
export function serviceEnd(facts: Pick<SubscriberFacts, 'expiresAt' | 'graceUntil'>): Date | null {
  const { expiresAt, graceUntil } = facts
  if (expiresAt === null || graceUntil === null) return expiresAt
  return graceUntil > expiresAt ? graceUntil : expiresAt
}

function hasEnded(end: Date | null, now: Date): boolean {
  return end !== null && end <= now
}

/** The same as an SQL expression over the row called `alias`, a table or an alias of `subscriber`. */
export function subscriberLabelSql(now: Date, alias = 'subscriber'): RawBuilder<SubscriberLabel> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  const instant = sql`${now}::timestamptz`
  return sql<SubscriberLabel>`case
    when ${column('archived_at')} is not null then 'archived'
    when not ${column('enabled')} then 'disabled'
    when ${column('blocked_at')} is not null then 'blocked'
    when greatest(${column('expires_at')}, ${column('grace_until')}) <= ${instant}
      and ${column('expires_at')} is not null then 'expired'
    when ${column('expires_at')} <= ${instant} then 'grace'
    when ${column('activated_at')} is null then 'new'
    else 'active'
  end`
}

// How a login is judged by what was last known of its subscriber, while Postgres is away: by the same rules as always, upon
// facts that give way where they may have become untrue meanwhile. A block holds; an end that came since, and use, wait for the
// books (docs/decisions/0032). Pure.

import type { Claim } from './access-decision.ts'
import type { AccessSubject } from './access-subject.ts'
import type { Unchecked } from './degraded-accept.ts'
import { jitterMs } from './enforcement/jitter.ts'
import { countsUsage, exhausted } from './plan/quota.ts'
import type { Settings } from './setting.ts'
import { serviceEnd } from './subscriber-label.ts'

const hourMs = 3_600_000

/**
 * The subject to judge, and to authorize. A service that had not ended when the books were last seen (`seenAt`) does not end
 * before `outage_grace_hours` after that, spread a little by subscriber, so that a Session-Timeout cuts nobody before and not
 * all at once. Use that would refuse is left out.
 */
export function asLastKnown(subject: AccessSubject, seenAt: Date, settings: Settings): AccessSubject {
  const end = serviceEnd(subject)
  const held = new Date(seenAt.getTime() + settings.outage_grace_hours * hourMs + jitterMs(subject.id))
  const isHeld = end !== null && end > seenAt && end < held && settings.outage_grace_hours > 0
  const { plan, used } = subject
  const isRefused = plan.on_quota !== 'slower' && exhausted(plan, used) !== undefined
  if (!isHeld && !isRefused) return subject
  return { ...subject, ...(isHeld ? { graceUntil: held } : {}), ...(isRefused ? { used: undefined } : {}) }
}

/** What of an accept was not looked at. `claim` and `learns` are what it would have written. */
export function uncheckedOf(
  subject: AccessSubject,
  accept: { claim: Claim | undefined; learns: boolean; needsPool: boolean },
  now: Date,
): Unchecked[] {
  const { claim, learns, needsPool } = accept
  const end = serviceEnd(subject)
  const found: [Unchecked, boolean][] = [
    ['session-limit', subject.sessionLimit !== undefined],
    ['usage', countsUsage(subject.plan)],
    ['device', learns || claim?.learn !== undefined],
    ['activation', claim?.activate === true],
    ['end', end !== null && end <= now],
    ['address', needsPool],
  ]
  return found.flatMap(([what, isUnchecked]) => (isUnchecked ? [what] : []))
}

/** Whether what was last known at `seenAt` is older than `outage_staleness_hours`. */
export function isStale(seenAt: Date, settings: Settings, now: Date): boolean {
  return now.getTime() - seenAt.getTime() > settings.outage_staleness_hours * hourMs
}

/** Whether logins may be decided by what was last known at `seenAt`; undefined: nothing is held. */
export function mayServe(seenAt: Date | undefined, settings: Settings, now: Date): seenAt is Date {
  if (seenAt === undefined) return false
  return settings.outage_after_staleness === 'serve' || !isStale(seenAt, settings, now)
}

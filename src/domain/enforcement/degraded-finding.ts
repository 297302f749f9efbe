// What the truth says of a login that was let in by what was last known (degraded-accept.ts), and what follows for its session. Pure.

import type { AccessDecision } from '../access-decision.ts'
import type { AccessSubject } from '../access-subject.ts'
import type { Wish } from '../coa-order.ts'
import type { Unchecked } from '../degraded-accept.ts'
import { readClassMarks } from '../session-class.ts'
import { stateOf } from './entitlement-state.ts'

/** So long a session is waited for that nobody has heard of; then its login came to nothing. */
const givenUpMs = 24 * 3_600_000

/** What is known of a login when it is looked at. */
export type LookedAt = {
  readonly classId: bigint
  readonly unchecked: readonly Unchecked[]
  readonly writtenAt: Date
  /** Undefined: the subscriber, or its NAS, is there no more. */
  readonly truth: { readonly subject: AccessSubject; readonly decision: AccessDecision } | undefined
  /** Its sessions that are open in the books. */
  readonly sessionIds: readonly bigint[]
  /** Other lines of its subscriber that count before it. */
  readonly otherLines: number
  /** An earlier login of its subscriber from another line, whose session is still to come. */
  readonly isBehindAnother: boolean
}

export type Finding = {
  /** `entitled`, `gone`, `slower`, or a reason of access-decision.ts. */
  readonly finding: string
  /** For each of its sessions. */
  readonly wish: Wish | undefined
  /** The next look; null: this was the last one. */
  readonly nextAt: Date | null
}

/** Judges it. */
export function findingOf(looked: LookedAt, zone: string, now: Date): Finding {
  const { finding, wish } = compare(looked, zone, now)
  const isOnline = looked.sessionIds.length > 0
  // Which lines are live is known once the records up to this login's own are in the books.
  const countsLines = looked.unchecked.includes('session-limit') && finding === 'entitled'
  const waits = isOnline ? countsLines && mustWait(looked, now) : countsLines || wish !== undefined
  if (!waits) return { finding, wish, nextAt: null }
  const isGivenUp = now.getTime() - looked.writtenAt.getTime() >= givenUpMs
  return { finding, wish: undefined, nextAt: isGivenUp ? null : nextLook(looked, now) }
}

function compare(looked: LookedAt, zone: string, now: Date): Pick<Finding, 'finding' | 'wish'> {
  const { truth, classId, unchecked } = looked
  if (truth === undefined) return { finding: 'gone', wish: 'reapply' }
  const { decision, subject } = truth
  if (decision.kind === 'reject') return { finding: decision.reason, wish: 'reapply' }
  const isGarden = decision.garden !== undefined
  // Also out of the garden: what was mended while we could not know it.
  if (isGarden !== readClassMarks(classId).garden) return { finding: decision.garden ?? 'entitled', wish: 'reapply' }
  if (isOverLimit(looked, subject) && !mustWait(looked, now))
    return { finding: 'too-many-sessions', wish: 'disconnect' }
  const { plan, used } = subject
  const isSlower =
    !isGarden && unchecked.includes('usage') && stateOf(plan, used, zone, now) !== stateOf(plan, undefined, zone, now)
  if (isSlower) return { finding: 'slower', wish: 'reapply' }
  return { finding: decision.garden ?? 'entitled', wish: undefined }
}

function isOverLimit({ sessionIds, otherLines, unchecked }: LookedAt, { sessionLimit }: AccessSubject): boolean {
  const isCounted = unchecked.includes('session-limit') && sessionIds.length > 0
  return isCounted && sessionLimit !== undefined && otherLines >= sessionLimit
}

/** The one before it has the better right, and its records come in a moment. Not for ever: its modem may never have dialled on. */
function mustWait({ isBehindAnother, writtenAt }: LookedAt, now: Date): boolean {
  return isBehindAnother && now.getTime() - writtenAt.getTime() < 40_000
}

/** Soon at first, while journals are read; then seldom. */
function nextLook({ writtenAt }: LookedAt, now: Date): Date {
  const age = now.getTime() - writtenAt.getTime()
  const pauseMs = age < 60_000 ? 2_000 : age < 600_000 ? 15_000 : 300_000
  return new Date(now.getTime() + pauseMs)
}

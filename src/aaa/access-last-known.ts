// Decides logins by what was last known of their subscribers, in memory: the same proof and the same rules as from the database
// (access-decide.ts), upon what domain/last-known.ts makes of the facts. Nothing is claimed, learnt or leased: what an accept
// would have written is noted, and made good once Postgres is back.

import type { Clock } from '../clock.ts'
import type { Breaker } from '../db/breaker.ts'
import { unidentified } from '../domain/access-decision.ts'
import type { AccessRequest, AccessSubject } from '../domain/access-subject.ts'
import type { Unchecked } from '../domain/degraded-accept.ts'
import { asLastKnown, isStale, mayServe, uncheckedOf } from '../domain/last-known.ts'
import type { LivePool } from '../domain/ip-pool/live.ts'
import { newClassId, readClassMarks } from '../domain/session-class.ts'
import type { Settings } from '../domain/setting.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { judgeLine, judgeLogin, marksOf } from './access-judge.ts'
import type { Accepted, Judge, Rejected } from './access-judge.ts'
import type { LeaseAsker } from './access-lease.ts'
import type { Prover, Proving } from './password-proof.ts'
import type { CaughtUp } from './journal/running.ts'
import type { DegradedAccepts } from './snapshot/degraded-accepts.ts'
import type { Snapshot } from './snapshot/snapshot.ts'

/** What there is to fall back upon while Postgres does not answer. */
export type Fallback = {
  readonly breaker: Pick<Breaker, 'isOpen' | 'run'>
  readonly snapshot: Pick<Snapshot, 'subject' | 'identify' | 'seenAt' | 'trueAt'>
  readonly accepts: Pick<DegradedAccepts, 'note' | 'classIdOf'>
  /**
   * Waits a moment until Postgres has what the accounting journals of the instance hold now: sessions that have ended may be open
   * there yet. `nothing`: they hold nothing. Absent: there is no journal.
   */
  catchUp?(): Promise<CaughtUp>
  /** So long a login waits for Postgres. Default 250 ms. */
  readonly deadlineMs?: number | undefined
}

export type LastKnownOptions = {
  readonly fallback: Fallback
  readonly prover: Prover
  readonly clock: Clock
  readonly log: Pick<Logger, 'error'>
  readonly metrics: Pick<Metrics, 'degradedAccepts'>
  settings(): Settings
  /** The pools of ours that a login needs addresses of. */
  poolsFor(request: AccessRequest, asker: LeaseAsker): readonly LivePool[]
}

/**
 * As the decider's; undefined: by what was last known nothing is to be said, and silence is the answer. `mayStillCome`: Postgres may
 * yet answer this login.
 */
export type LastKnownDecider = {
  logIn(request: AccessRequest, proving: Proving, mayStillCome: boolean): Accepted | Rejected | undefined
  admitLine(request: AccessRequest): Accepted | Rejected | undefined
}

/** Makes it. */
export function createLastKnownDecider(options: LastKnownOptions): LastKnownDecider {
  const { fallback, prover, clock, settings } = options
  const { snapshot } = fallback
  const warnOnce = createStaleWarning(options)

  const decide = (
    request: AccessRequest,
    username: string,
    judge: Judge,
    mayStillCome: boolean,
  ): Accepted | Rejected | undefined => {
    const [seenAt, now] = [snapshot.seenAt(), clock.now()]
    if (!mayServe(seenAt, settings(), now)) return undefined
    warnOnce(seenAt, now)
    const { line, nas } = request
    const key = { username, line, nasGroupId: nas.nasGroupId, addressSpaceId: nas.addressSpaceId }
    const known = snapshot.subject(key)
    const subject = known && asLastKnown(known, seenAt, settings())
    const { decision, ...found } = judge(subject)
    if (decision.kind === 'reject') return { ...decision, subject, lastKnown: true }
    if (known === undefined || subject === undefined) throw new TypeError('an accept without a subject')
    const { garden, claim, learnInWindow } = decision
    const classId = classIdFor(fallback.accepts, request, subject, garden)
    const pools = options.poolsFor(request, { subject, garden, renewed: undefined, classId })
    const withoutPools = pools.filter(({ onExhausted }) => onExhausted === 'reject')
    if (withoutPools.length > 0 && (mayStillCome || !canDoWithout(request, garden))) return undefined
    const learns = learnInWindow !== undefined
    const unchecked = uncheckedOf(known, { claim, learns, needsPool: pools.length > 0 }, now)
    note(request, { subject, classId, unchecked, seenAt }, now)
    const accept = { kind: 'accept', subject, username: undefined, garden, classId, assigned: undefined } as const
    return { ...accept, ...found, withoutPools, lastKnown: true }
  }

  const note = (
    { line, facts, nas }: AccessRequest,
    accept: { subject: AccessSubject; classId: bigint; unchecked: readonly Unchecked[]; seenAt: Date },
    now: Date,
  ): void => {
    const { subject, ...rest } = accept
    options.metrics.degradedAccepts.labels(nas.name).inc()
    const place = { nasId: nas.id, nasGroupId: nas.nasGroupId, line, facts }
    fallback.accepts.note({ ...rest, ...place, subscriberId: subject.id, decidedAt: now })
  }

  return {
    logIn(request, proving, mayStillCome) {
      const judge: Judge = (subject) => judgeLogin(prover, proving, subject, request, clock.now())
      return decide(request, request.username, judge, mayStillCome)
    },
    admitLine(request) {
      const { facts, line, nas } = request
      const identity = snapshot.identify({ facts, line, order: nas.identityOrder, nasGroupId: nas.nasGroupId })
      // Of an empty memory nobody is unknown.
      if (!mayServe(snapshot.seenAt(), settings(), clock.now())) return undefined
      if (identity.kind !== 'found') return { ...unidentified(request, identity), subject: undefined, lastKnown: true }
      const judge: Judge = (subject) => judgeLine(subject, request, identity, clock.now())
      const outcome = decide(request, identity.username, judge, true)
      return outcome && { ...outcome, username: identity.username }
    },
  }
}

/**
 * Whether a login is let in without the address that a pool of ours would give: an address is never guessed, but RFC 2865 §5.8
 * leaves it to the NAS where none is sent. Not in a garden, whose pool may be its fence; not a line that renews, for the NAS
 * would give it another address than it has, while without an answer it keeps that until its lease ends.
 */
function canDoWithout({ access }: AccessRequest, garden: Accepted['garden']): boolean {
  return access !== 'ipoe' && garden === undefined
}

/** A line that renews keeps what it was given in this outage; a login by password is a session of its own. */
function classIdFor(
  accepts: Pick<DegradedAccepts, 'classIdOf'>,
  { access, line, nas }: AccessRequest,
  subject: AccessSubject,
  garden: Accepted['garden'],
): bigint {
  const marks = marksOf(subject, garden)
  const whose = { subscriberId: subject.id, nasGroupId: nas.nasGroupId, line }
  const before = access === 'ipoe' ? accepts.classIdOf(whose) : undefined
  if (before === undefined) return newClassId(marks)
  const had = readClassMarks(before)
  return had.garden === marks.garden && had.listed === marks.listed ? before : newClassId(marks)
}

/** F13: once for each time that the books have become stale, not for each packet. */
function createStaleWarning({ log, settings }: LastKnownOptions): (seenAt: Date, now: Date) => void {
  let told: number | undefined
  return (seenAt, now) => {
    if (told === seenAt.getTime() || !isStale(seenAt, settings(), now)) return
    told = seenAt.getTime()
    log.error({ seenAt }, 'Postgres has been away for long: logins go on by what was known then; bring it back')
  }
}

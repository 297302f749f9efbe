// What a plan gives at an instant, as one text that differs whenever live sessions would have to be told of it; and which of them
// have to be told when it does. Pure.

import { exhausted, type WindowUsage } from '../plan/quota.ts'
import { chooseRates, isSlowed, type RatedPlan } from '../plan/rates.ts'
import { jitterMs } from './jitter.ts'

/** Blocked, expired, disabled or archived: enforced by the deed, or by expiry.ts, and nothing of the plan matters. */
export const noService = 'no service'
const usedUp = 'used up'
/**
 * Between an Access-Accept and the start of its session as the NAS tells it. No more, or who was disconnected for a change and
 * dials in again at once would be told of it once more.
 */
const slackMs = 3_000

export type OrderReason = 'quota' | 'fair use' | 'schedule' | 'new window'

/** What the plan gives: whether the quota is used up and nothing follows it, else the rates and by what they are limited. */
export function stateOf(plan: RatedPlan, used: WindowUsage | undefined, zone: string, at: Date): string {
  if (plan.on_quota !== 'slower' && exhausted(plan, used) !== undefined) return usedUp
  const { rates, source } = chooseRates(plan, used, zone, at)
  const limit = isSlowed(plan, used) ? 'slower' : source.kind === 'fup' ? 'fair use' : 'free'
  return `${limit}: ${JSON.stringify(rates)}`
}

/** What was found at the last look. */
export type Watch = {
  readonly terms: string
  readonly state: string
  /** Since when, as far as a change was seen; null: as long as anybody has looked. */
  readonly since: Date | null
  readonly sessionId: bigint
  readonly lookedAt: Date
  readonly nextAt: Date | null
}

export type OpenSession = {
  readonly id: bigint
  readonly startedAt: Date
  readonly octets: WindowUsage
  /** The newest about it. */
  readonly order: SessionOrder | undefined
}

export type SessionOrder = {
  readonly wish: string
  readonly state: string
  readonly createdAt: Date
  /** Later it is not counted on any more. */
  readonly deadline: Date
}

/** Somebody online whose plan is watched. */
export type Watched = {
  readonly subscriberId: bigint
  readonly isInService: boolean
  readonly terms: string
  readonly plan: RatedPlan
  readonly used: WindowUsage | undefined
  /** At the last look; undefined: this is the first one. */
  readonly before: Watch | undefined
  readonly sessions: readonly OpenSession[]
}

export type Look = {
  readonly zone: string
  readonly now: Date
  /** nextChange of plan/next-change.ts, which may be remembered. */
  nextChange(plan: RatedPlan, used: WindowUsage | undefined): Date | undefined
}

/** What a look comes to. `watch`: what it leaves for the next one; undefined: as it was. */
export type Judgement = {
  readonly tell: readonly { readonly sessionId: bigint; readonly reason: OrderReason }[]
  readonly watch: Watch | undefined
}

/** Compares what the plan gives with what it gave, and says which sessions are to be told. */
export function judge(watched: Watched, look: Look): Judgement {
  const { before, sessions, terms } = watched
  const state = watched.isInService ? stateOf(watched.plan, watched.used, look.zone, look.now) : noService
  const changedAt = changedByTime(watched, look.now)
  const told =
    state === noService ? [] : sessions.flatMap((session) => toldOf(session, watched, { state, changedAt }, look))
  const newest = sessions.reduce((id, session) => (session.id > id ? session.id : id), before?.sessionId ?? 0n)
  const isSame = before !== undefined && before.state === state && before.terms === terms
  const isAhead = before !== undefined && (before.nextAt === null || before.nextAt > look.now)
  if (isSame && isAhead && before.sessionId === newest) return { tell: told, watch: undefined }
  const since = before === undefined || before.state === state ? (before?.since ?? null) : (changedAt ?? look.now)
  const nextAt = isSame && isAhead ? before.nextAt : nextLook(watched, state, look)
  return { tell: told, watch: { terms, state, since, sessionId: newest, lookedAt: look.now, nextAt } }
}

/**
 * When the time of day, or a new window, was to change it, where that has come. Not only when it is the subscriber's turn: who
 * dials in between has it already.
 */
function changedByTime({ before, subscriberId }: Watched, now: Date): Date | undefined {
  if (before === undefined || before.nextAt === null) return undefined
  const changedAt = new Date(before.nextAt.getTime() - jitterMs(subscriberId))
  return changedAt > now ? undefined : changedAt
}

function nextLook({ plan, used, subscriberId }: Watched, state: string, look: Look): Date | null {
  const change = state === noService ? undefined : look.nextChange(plan, used)
  return change === undefined ? null : new Date(change.getTime() + jitterMs(subscriberId))
}

type Found = { readonly state: string; readonly changedAt: Date | undefined }

function toldOf(session: OpenSession, watched: Watched, found: Found, look: Look): Judgement['tell'] {
  const had = otherStateOf(session, watched, found, look)
  return had === undefined ? [] : [{ sessionId: session.id, reason: reasonOf(had, found.state) }]
}

/** The state that a session has instead of the one that it should have; undefined: none, or it is being told already. */
function otherStateOf(session: OpenSession, watched: Watched, found: Found, look: Look): string | undefined {
  const { before, sessions } = watched
  const { state, changedAt } = found
  if (isOnItsWay(session.order, look.now)) return undefined
  if (before === undefined) return otherAtStart(session, watched, sessions, found, look)
  const isNew = session.id > before.sessionId
  if (before.terms !== watched.terms || before.state === noService) {
    // The deed that changed them has ordered what it changed: who has such an order knows.
    if (session.order !== undefined && session.order.createdAt > before.lookedAt) return undefined
    if (isNew) return otherAtStart(session, watched, [session], found, look)
    return before.state === state ? undefined : before.state
  }
  if (before.state === state) {
    // It was decided upon before the last change, and came into our books after it.
    const isLate =
      isNew && before.since !== null && beganBefore(session, before.since) && !isTold(session, before.since)
    return isLate ? '' : undefined
  }
  if (changedAt === undefined) return before.state
  return isTold(session, changedAt) || (isNew && !beganBefore(session, changedAt)) ? undefined : before.state
}

/** What is delivered later is made of what is true then; and who is to be thrown out stays so. */
function isOnItsWay(order: SessionOrder | undefined, now: Date): boolean {
  if (order === undefined || order.deadline <= now) return false
  const isLater = order.state === 'waiting' || order.state === 'timeout' || order.state === 'acked'
  return isLater || (order.state === 'claimed' && order.wish === 'disconnect')
}

function isTold({ order }: OpenSession, since: Date): boolean {
  return order !== undefined && order.createdAt >= since
}

function beganBefore({ startedAt }: OpenSession, at: Date): boolean {
  return startedAt.getTime() < at.getTime() + slackMs
}

/**
 * The state that the plan gave when the session began, where that is another one. What was used until then is what is used now,
 * less what these sessions moved.
 */
function otherAtStart(
  { startedAt }: OpenSession,
  { plan, used }: Watched,
  moved: readonly OpenSession[],
  { state }: Found,
  { zone }: Look,
): string | undefined {
  const usedThen = used && moved.reduce(withoutMoved, used)
  const states = [startedAt.getTime() - slackMs, startedAt.getTime()].map((at) =>
    stateOf(plan, usedThen, zone, new Date(at)),
  )
  return states.find((then) => then !== state)
}

function withoutMoved(usage: WindowUsage, { octets }: OpenSession): WindowUsage {
  const less = (one: bigint, other: bigint) => (one > other ? one - other : 0n)
  return { down: less(usage.down, octets.down), up: less(usage.up, octets.up) }
}

/** In words for the order. */
function reasonOf(before: string, state: string): OrderReason {
  const [was, is] = [limitOf(before), limitOf(state)]
  if (is === usedUp) return 'quota'
  if (is === 'slower') return was === is ? 'schedule' : 'quota'
  if (is === 'fair use') return was === 'slower' || was === usedUp ? 'new window' : 'fair use'
  return was === 'slower' || was === usedUp || was === 'fair use' ? 'new window' : 'schedule'
}

function limitOf(state: string): string {
  return state.split(':', 1)[0]!
}

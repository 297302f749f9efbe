// One order at one NAS: what is sent for it, what the answers mean, and what follows (RFC 5176 §3.5). A change that the NAS refuses
// becomes a Disconnect: the redial gets what is true. Where a Disconnect is refused, ignored or not answered, the router's
// management side is asked to remove the session (decision 17).

import type { Pool } from '../db/pool.ts'
import type { Attempt } from '../domain/coa-attempt.ts'
import { endUnknownSession, type OrderResult } from '../domain/coa-delivery.ts'
import { grantedBy } from '../domain/coa-evidence.ts'
import { orderDeadline } from '../domain/coa-order.ts'
import type { LiveSession } from '../domain/live-session.ts'
import { isLastingRefusal } from '../domain/nas-capability.ts'
import type { Nas } from '../domain/nas.ts'
import { endServices, freeClaims } from '../domain/session-end.ts'
import { namesAddressAndName } from '../nas/coa.ts'
import type { CoaAnswer, CoaRequest, CoaSender } from '../nas/coa.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import { errorCauses } from '../radius/codes.ts'
import type { Way } from './coa-lane.ts'
import type { EndedOnRouter } from './end-on-router.ts'
import { stepOf, type Errand, type Step } from './order-step.ts'

/** After an acknowledged Disconnect the Stop follows within a moment (RFC 5176 §2.1); then it is looked for. */
const verifyMs = 3_000
/** The same where the NAS has acknowledged and ignored it so often: then it doubles with each time. */
const ignoredVerifyMs = 10_000
const oftenIgnored = 3
const longestVerifyMs = 300_000
/** Acknowledged so often and still there: by CoA it does not end. */
const acksToEscalate = 2
/** Between two tries at a NAS that did not answer, or said that it was busy. */
const retryMs = 3_000

export type With = {
  pool: Pool
  sender: CoaSender
  now(): Date
  /** Absent: nobody here can enter routers. */
  endOnRouter?: (session: LiveSession, nas: Nas) => Promise<EndedOnRouter>
  /** Asked once something has to be sent. */
  takeWay(): Way
  /** The secret under which it answered last. */
  lastSecret: Buffer | undefined
}

/** What an answer says of the NAS. */
export type Finding =
  | { readonly kind: 'can-change' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'cannot-change'; readonly errorCause: number }
  | { readonly kind: 'refused'; readonly errorCause: number | undefined }

export type CarriedOut = {
  /** Whether the NAS answered; undefined where nothing was sent to it. */
  readonly heard: boolean | undefined
  readonly result: OrderResult
  readonly sent: readonly Attempt[]
  readonly findings: readonly Finding[]
  /** Under which it answered. */
  readonly secret: Buffer | undefined
  /** Whether its router has ended the session; undefined: that was not asked, or is not to be entered. */
  readonly byRouter: boolean | undefined
}

/** An order under way: what was sent for it so far, and what that has shown. */
type Work = {
  parts: With
  errand: Errand
  sent: Attempt[]
  findings: Finding[]
  heard: boolean | undefined
  secret: Buffer | undefined
  byRouter: boolean | undefined
  way: Way
}

/** Why nothing can be made of an order: what is written about it cannot be read, or cannot be put into a packet. */
class OrderNotMadeError extends Error {
  override readonly name = 'OrderNotMadeError'
}

function notMade(cause: unknown): never {
  throw new OrderNotMadeError(`it could not be made: ${messageOf(cause)}`, { cause })
}

/** Sends what the order asks for now. Throws only what the database throws. */
export async function carryOut(parts: With, errand: Errand): Promise<CarriedOut> {
  const nothing = { heard: undefined, secret: undefined, byRouter: undefined }
  const work: Work = { parts, errand, sent: [], findings: [], way: 'usual', ...nothing }
  const result = await carryOutNow(work).catch((error: unknown): OrderResult => {
    if (!(error instanceof OrderNotMadeError)) throw error
    return { state: 'failed', detail: error.message }
  })
  const { heard, sent, findings, secret, byRouter } = work
  return { heard, result, sent, findings, secret, byRouter }
}

async function carryOutNow(work: Work): Promise<OrderResult> {
  const { parts, errand } = work
  const step = stepNow(errand, parts.now())
  if (step.kind === 'over') return step.result
  if (step.kind === 'gone') {
    await endHere(parts, step.session)
    return { state: 'done', evidence: 'observed', detail: step.detail }
  }
  return carryOutStep(work, step)
}

function stepNow(errand: Errand, now: Date): Step {
  try {
    return stepOf(errand, now)
  } catch (error) {
    return notMade(error)
  }
}

type Sending = Step & { kind: 'change' | 'disconnect' }

async function carryOutStep(work: Work, step: Sending): Promise<OrderResult> {
  const { address, secrets } = work.errand.target
  const unable =
    address === undefined
      ? 'nobody knows its address: it was never heard'
      : secrets.length === 0
        ? 'its client has no secret that can be opened'
        : undefined
  if (unable !== undefined) {
    const ended = step.kind === 'disconnect' ? await escalate(work, step.session) : undefined
    return ended ?? { state: 'failed', detail: unable }
  }
  work.way = work.parts.takeWay()
  if (work.way === 'router') return goByRouter(work, step)
  return step.kind === 'change' ? change(work, step) : disconnect(work, step.session, step.why)
}

/** What the router cannot do waits for the NAS. */
async function goByRouter(work: Work, { kind, session }: Sending): Promise<OrderResult> {
  const ended = kind === 'disconnect' ? await escalate(work, session) : undefined
  return ended ?? { state: 'timeout', detail: 'the NAS does not answer', ...againAt(work, session) }
}

async function change(work: Work, step: Step & { kind: 'change' }): Promise<OrderResult> {
  const { session, attributes, authorization } = step
  const isGarden = authorization.garden !== undefined
  const answer = await ask(work, { kind: 'change', session, attributes }, isGarden)
  if (answer.kind === 'ack') {
    work.findings.push({ kind: 'can-change' })
    const { vendor, settings } = work.errand.target.nas
    const { startedService, tellsUpload } = vendorOf(vendor)
    const granted = grantedBy(authorization, startedService?.(attributes), session.rateBefore, tellsUpload?.(settings))
    return { state: 'done', evidence: 'acked', roundTripMs: answer.roundTripMs, granted }
  }
  if (answer.kind !== 'nak') return notHeard(work, session, answer)
  const { errorCause } = answer
  if (errorCause === errorCauses.sessionNotFound) return unknownThere(work, session, answer)
  if (errorCause === errorCauses.resourcesUnavailable) return busy(work, session, answer)
  if (isLastingRefusal(errorCause)) work.findings.push({ kind: 'cannot-change', errorCause })
  return disconnect(work, session, `the NAS refused to change the session, ${saidBy(answer)}`)
}

async function disconnect(work: Work, session: LiveSession, why: string | undefined): Promise<OrderResult> {
  const { order, target } = work.errand
  if (isIgnored(work, session)) work.findings.push({ kind: 'ignored' })
  if (order.isRemoved || order.acknowledged >= acksToEscalate) {
    const ended = await escalate(work, session)
    if (ended !== undefined) return ended
  }
  if (!target.nas.settings.disconnect) {
    const detail = 'the NAS takes no Disconnect-Request (its setting disconnect is off)'
    return (await escalate(work, session)) ?? { state: 'failed', detail }
  }
  const answer = await ask(work, { kind: 'disconnect', session, attributes: [] })
  if (answer.kind === 'ack') return acknowledged(work, session, { roundTripMs: answer.roundTripMs, detail: why })
  if (answer.kind !== 'nak') return (await escalate(work, session)) ?? notHeard(work, session, answer)
  if (answer.errorCause === errorCauses.sessionNotFound) return unknownThere(work, session, answer)
  if (answer.errorCause === errorCauses.resourcesUnavailable) return busy(work, session, answer)
  work.findings.push({ kind: 'refused', errorCause: answer.errorCause })
  const detail = `the NAS refused to end the session, ${saidBy(answer)}`
  return (await escalate(work, session)) ?? { state: 'nacked', ...causeOf(answer), detail }
}

/** Twice acknowledged, and it was heard of since. */
function isIgnored({ errand: { order } }: Work, { aliveAt, endedAt }: LiveSession): boolean {
  const { acknowledged: times, acknowledgedAt: firstAt } = order
  return times >= acksToEscalate && firstAt !== null && endedAt === undefined && aliveAt > firstAt
}

/** Not over before it is seen to be gone, unless our books have ended it already and only the NAS held it. */
function acknowledged(
  { parts, errand: { order } }: Work,
  session: LiveSession,
  told: { roundTripMs?: number; detail: string | undefined },
): OrderResult {
  const { detail, ...timed } = told
  const said = { evidence: 'acked', ...timed, ...(detail === undefined ? {} : { detail }) } as const
  if (session.endedAt !== undefined) return { state: 'done', ...said }
  return { state: 'acked', ...said, nextAt: after(parts.now(), verifyMsAfter(order.acknowledged + 1)) }
}

function verifyMsAfter(times: number): number {
  if (times < oftenIgnored) return verifyMs
  return Math.min(longestVerifyMs, ignoredVerifyMs * 2 ** (times - oftenIgnored))
}

/** Removes the session on the router; undefined where that did not help. */
async function escalate(work: Work, session: LiveSession): Promise<OrderResult | undefined> {
  const { parts, errand, sent } = work
  const at = parts.now()
  const outcome = (await parts.endOnRouter?.(session, errand.target.nas)) ?? ({ kind: 'none' } as const)
  if (outcome.kind === 'none') return undefined
  work.byRouter = outcome.kind === 'removed' || outcome.kind === 'not-there'
  if (outcome.kind === 'failed') {
    sent.push({ at, kind: 'router', outcome: 'error', detail: outcome.detail })
    return undefined
  }
  sent.push({ at, kind: 'router', outcome: outcome.kind })
  if (outcome.kind === 'removed') return acknowledged(work, session, { detail: 'removed on the router' })
  if (outcome.kind === 'still-there') return undefined
  await endHere(parts, session)
  return { state: 'done', evidence: 'observed', detail: 'the router does not have it any more' }
}

/**
 * Its answer; that the session is unknown is believed when it is not found without its address either. Never without its
 * User-Name: a NAS that has begun its ids again may have given this one to somebody else.
 */
async function ask(work: Work, request: CoaRequest, isGarden?: boolean): Promise<CoaAnswer> {
  const { order, target } = work.errand
  const answer = await exchange(work, request, isGarden)
  const isUnknown = answer.kind === 'nak' && answer.errorCause === errorCauses.sessionNotFound
  // After an acknowledgement it is what was to be expected.
  if (!isUnknown || order.acknowledged > 0 || !namesAddressAndName(target.nas, request.session)) return answer
  const again = await exchange(work, { ...request, withoutAddress: true }, isGarden)
  return again.kind === 'ack' ? again : answer
}

/** One request under each of the secrets that the NAS may have, that of its last answer first, until it answers. */
async function exchange(work: Work, request: CoaRequest, isGarden?: boolean): Promise<CoaAnswer> {
  const { parts, errand, sent } = work
  const { nas, address, port, heardOn, secrets } = errand.target
  const answered = work.secret ?? parts.lastSecret
  const last = secrets.find((secret) => answered?.equals(secret) === true)
  const ordered = last === undefined ? secrets : [last, ...secrets.filter((secret) => secret !== last)]
  const to = { nas, address: address!, port, heardOn }
  let silence: CoaAnswer | undefined
  for (const secret of ordered) {
    const at = parts.now()
    const sending = parts.sender.send({ ...to, secret }, { ...request, isProbe: work.way === 'probe' }, at)
    const answer = await sending.catch(notMade)
    const { kind } = request
    sent.push({ at, kind, sentTo: address, port, sentFrom: heardOn, garden: isGarden, ...outcomeOf(answer) })
    const isHeard = answer.kind === 'ack' || answer.kind === 'nak'
    // What could not leave here is not the silence of the NAS.
    if (answer.kind !== 'error') work.heard = work.heard === true || isHeard
    if (isHeard) {
      work.secret = secret
      return answer
    }
    // Somebody who answers wrongly says more than nobody.
    if (silence?.kind !== 'timeout' || silence.badReplies === 0) silence = answer
    if (answer.kind === 'error') break
  }
  return silence!
}

function outcomeOf(answer: CoaAnswer): Pick<Attempt, 'outcome' | 'errorCause' | 'roundTripMs' | 'detail'> {
  if (answer.kind === 'error') return { outcome: 'error', detail: messageOf(answer.error) }
  if (answer.kind === 'timeout') return { outcome: answer.badReplies > 0 ? 'bad-authenticator' : 'timeout' }
  const { kind: outcome, roundTripMs } = answer
  return { outcome, roundTripMs, errorCause: answer.kind === 'nak' ? answer.errorCause : undefined }
}

/** 503: it is gone. Of a Disconnect that was sent twice the second answer is this one. */
async function unknownThere(
  { parts }: Work,
  session: LiveSession,
  answer: CoaAnswer & { kind: 'nak' },
): Promise<OrderResult> {
  await endHere(parts, session)
  return { state: 'done', evidence: 'observed', ...causeOf(answer), detail: 'the NAS knows no such session' }
}

async function endHere({ pool, now }: With, session: LiveSession): Promise<void> {
  if (!(await endUnknownSession(pool, session.id, now()))) return
  await freeClaims(pool, [session.id])
  await endServices(pool, [session.id])
}

function busy(work: Work, session: LiveSession, answer: CoaAnswer & { kind: 'nak' }): OrderResult {
  return { state: 'timeout', ...causeOf(answer), detail: 'the NAS was too busy', ...againAt(work, session) }
}

function notHeard(work: Work, session: LiveSession, answer: CoaAnswer & { kind: 'timeout' | 'error' }): OrderResult {
  const detail =
    answer.kind === 'error'
      ? `it could not be sent: ${messageOf(answer.error)}`
      : answer.badReplies > 0
        ? 'the answers were signed with another secret'
        : 'no answer'
  return { state: 'timeout', detail, ...againAt(work, session) }
}

/** Asked again soon; a session that is open holds its order, however long its NAS is away. */
function againAt({ parts }: Work, { endedAt }: LiveSession): Pick<OrderResult, 'nextAt' | 'deadline'> {
  const nextAt = after(parts.now(), retryMs)
  return endedAt === undefined ? { nextAt, deadline: orderDeadline(nextAt) } : { nextAt }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function saidBy({ errorCause }: CoaAnswer & { kind: 'nak' }): string {
  return errorCause === undefined ? 'without a reason' : `with Error-Cause ${errorCause}`
}

function causeOf({ errorCause, roundTripMs }: CoaAnswer & { kind: 'nak' }) {
  return { ...(errorCause === undefined ? {} : { errorCause }), roundTripMs }
}

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms)
}

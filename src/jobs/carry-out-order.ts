// One order at one NAS: what has to be sent for it now, what the answer means, and what follows (RFC 5176 §3.5). A change that the
// NAS cannot do live, or refuses, becomes a Disconnect: the redial gets what is true.

import type { Pool } from '../db/pool.ts'
import { endUnknownSession, type ClaimedOrder, type OrderResult } from '../domain/coa-delivery.ts'
import type { CoaTarget } from '../domain/coa-target.ts'
import type { Entitlement, LiveSession } from '../domain/live-session.ts'
import { endServices, freeClaims } from '../domain/session-end.ts'
import type { Addressee, CoaAnswer, CoaSender } from '../nas/coa.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import type { NamedAttribute } from '../radius/attributes.ts'
import { errorCauses } from '../radius/codes.ts'

/** After an acknowledged Disconnect the Stop follows within a moment (RFC 5176 §2.1); then it is looked for. */
const verifyMs = 3_000
/** Between two tries at a NAS that did not answer, or said that it was busy. */
const retryMs = 4_000

export type Errand = {
  order: ClaimedOrder
  target: CoaTarget
  /** Undefined: in the archive. */
  session: LiveSession | undefined
  entitlement: Entitlement | undefined
}

type With = { pool: Pool; sender: CoaSender; now(): Date }

/** `heard`: whether the NAS answered; undefined where nothing was sent. */
export type CarriedOut = { heard: boolean | undefined; result: OrderResult }

/** What has to happen for an order. */
type Step =
  | { kind: 'over'; result: OrderResult }
  | { kind: 'disconnect'; session: LiveSession }
  | { kind: 'change'; session: LiveSession; attributes: readonly NamedAttribute[] }

/** Sends what the order asks for now. Throws only what the database throws. */
export async function carryOut(parts: With, errand: Errand): Promise<CarriedOut> {
  const step = stepOf(errand, parts.now())
  if (step.kind === 'over') return { heard: undefined, result: step.result }
  const { nas, address, port, secret, heardOn } = errand.target
  if (address === undefined) return failed('nobody knows its address: it was never heard')
  if (secret === undefined) return failed('its client has no secret that can be opened')
  const to = { nas, address, port, secret, heardOn }
  const { session } = step
  if (step.kind === 'disconnect') return disconnect(parts, to, session)
  const request = { kind: 'change', session, attributes: step.attributes } as const
  const answer = await parts.sender.send(to, request, parts.now())
  const result = await resultOfChange(parts, session, answer)
  return result === 'disconnect'
    ? { ...(await disconnect(parts, to, session)), heard: true }
    : { heard: isHeard(answer), result }
}

function failed(detail: string): CarriedOut {
  return { heard: undefined, result: { state: 'failed', detail } }
}

/** What an order comes to at this moment. */
function stepOf({ order, target, session, entitlement }: Errand, now: Date): Step {
  // Ended in our books only, and not by its NAS: that it is gone there has to be proved.
  const isUnproven = order.reason === 'replaced' && session?.isReplaced === true
  if (session === undefined || (session.endedAt !== undefined && !isUnproven)) {
    return over({ state: 'done', evidence: 'observed', detail: 'the session has ended' })
  }
  if (order.deadline <= now) return over({ state: 'expired', detail: 'it was not proved in time' })
  const { vendor, settings } = target.nas
  const disconnected: Step = { kind: 'disconnect', session }
  if (order.wish === 'disconnect' || !settings.coa) return disconnected
  if (entitlement === undefined || entitlement.kind === 'none') return disconnected
  const { authorization, subject } = entitlement
  if (authorization.address !== undefined && authorization.address !== session.framedIp) return disconnected
  // A list that was given is not taken back by its absence, and nobody knows whether it was: out of a garden only by a redial.
  const { on_block: onBlock, on_expiry: onExpiry, on_quota: onQuota } = subject.plan
  const hasGarden = [onBlock, onExpiry, onQuota].includes('garden')
  if (hasGarden && authorization.garden === undefined && authorization.addressList === undefined) return disconnected
  const attributes = vendorOf(vendor).changeAttributes(authorization, settings, session.services)
  if (attributes === undefined) return disconnected
  return attributes.length === 0
    ? over({ state: 'done', detail: 'it has what it should have' })
    : { kind: 'change', session, attributes }
}

function over(result: OrderResult): Step {
  return { kind: 'over', result }
}

/** `disconnect`: the NAS will not change it. */
async function resultOfChange(
  parts: With,
  session: LiveSession,
  answer: CoaAnswer,
): Promise<OrderResult | 'disconnect'> {
  if (answer.kind === 'ack') return { state: 'done', evidence: 'acked', roundTripMs: answer.roundTripMs }
  if (answer.kind !== 'nak') return notHeard(answer, parts.now())
  if (answer.errorCause === errorCauses.sessionNotFound) return unknownThere(parts, session, answer)
  return answer.errorCause === errorCauses.resourcesUnavailable ? busy(answer, parts.now()) : 'disconnect'
}

async function disconnect(parts: With, to: Addressee, session: LiveSession): Promise<CarriedOut> {
  if (!to.nas.settings.disconnect) {
    return failed('the NAS takes no Disconnect-Request (its setting disconnect is off)')
  }
  const answer = await parts.sender.send(to, { kind: 'disconnect', session, attributes: [] }, parts.now())
  return { heard: isHeard(answer), result: await resultOfDisconnect(parts, session, answer) }
}

async function resultOfDisconnect(parts: With, session: LiveSession, answer: CoaAnswer): Promise<OrderResult> {
  if (answer.kind === 'ack') {
    if (session.endedAt !== undefined) return { state: 'done', evidence: 'acked', roundTripMs: answer.roundTripMs }
    const nextAt = new Date(parts.now().getTime() + verifyMs)
    return { state: 'acked', evidence: 'acked', roundTripMs: answer.roundTripMs, nextAt }
  }
  if (answer.kind !== 'nak') return notHeard(answer, parts.now())
  if (answer.errorCause === errorCauses.sessionNotFound) return unknownThere(parts, session, answer)
  if (answer.errorCause === errorCauses.resourcesUnavailable) return busy(answer, parts.now())
  const said = answer.errorCause === undefined ? 'without a reason' : `with Error-Cause ${answer.errorCause}`
  return { state: 'nacked', ...causeOf(answer), detail: `the NAS refused to end the session, ${said}` }
}

/** 503: it is gone. Of a Disconnect that was sent twice the second answer is this one. */
async function unknownThere(
  { pool, now }: With,
  session: LiveSession,
  answer: CoaAnswer & { kind: 'nak' },
): Promise<OrderResult> {
  if (await endUnknownSession(pool, session.id, now())) {
    await freeClaims(pool, [session.id])
    await endServices(pool, [session.id])
  }
  return { state: 'done', evidence: 'observed', ...causeOf(answer), detail: 'the NAS knows no such session' }
}

function busy(answer: CoaAnswer & { kind: 'nak' }, now: Date): OrderResult {
  return { state: 'timeout', ...causeOf(answer), detail: 'the NAS was too busy', nextAt: later(now) }
}

function notHeard(answer: CoaAnswer & { kind: 'timeout' | 'error' }, now: Date): OrderResult {
  const detail =
    answer.kind === 'error'
      ? `it could not be sent: ${answer.error instanceof Error ? answer.error.message : String(answer.error)}`
      : answer.badReplies > 0
        ? 'the answers were signed with another secret'
        : 'no answer'
  return { state: 'timeout', detail, nextAt: later(now) }
}

function causeOf({ errorCause, roundTripMs }: CoaAnswer & { kind: 'nak' }) {
  return { ...(errorCause === undefined ? {} : { errorCause }), roundTripMs }
}

function later(now: Date): Date {
  return new Date(now.getTime() + retryMs)
}

function isHeard(answer: CoaAnswer): boolean {
  return answer.kind === 'ack' || answer.kind === 'nak'
}

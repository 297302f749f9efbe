// Reads the counters of one session on its router, at the moment at which its use was foreseen to reach a threshold: the run
// `counters`. What it tells is recorded as an interim is; quota and fair use follow by the usual way.

import { setTimeout as sleep } from 'node:timers/promises'
import { findReadable, recordReading } from '../domain/router-reading.ts'
import type { ReadableSession, ReadingOutcome } from '../domain/router-reading.ts'
import type { RouterControl } from '../nas/routeros/control.ts'
import type { SessionCounters } from '../nas/routeros/session-counters.ts'
import { saysNoSuchMenu } from './end-on-router.ts'
import { CannotRunError, nasOf, onRouter } from './router-run.ts'
import type { CarryOutRun, RouterRunContext } from './router-run.ts'

/**
 * Session times are whole seconds. What follows from a reading (a Disconnect, and its Stop) must be of a later second, or the Stop's
 * higher counters would contradict it and not be charged.
 */
const nextSecondMs = 1_000

/** Carries out the run `counters`. A session that is gone, or cannot be told from others, is no failure of its router. */
export const readCounters: CarryOutRun = async (context, { nasId, params }) => {
  const nas = await nasOf(context, nasId)
  const id = BigInt(params.session_id ?? 0)
  const session = await findReadable(context.pool, { id, nasId })
  if (session === undefined) return { result: resultOf(id, { kind: 'set-aside', reason: 'it has ended' }) }
  const personIds = session.subscriberId === null ? [] : [session.subscriberId]
  const counters = await onRouter(context, nasId, (control) => read(control, session))
  if (counters === undefined) {
    const reason = 'it is not on the router, or cannot be told from another session'
    return { personIds, result: resultOf(id, { kind: 'set-aside', reason }) }
  }
  await untilNextSecond(context)
  const reading = { ...counters, way: params.way ?? 'down' }
  const outcome = await recordReading(context.pool, { session, nas, reading }, context.now)
  return { personIds, result: { ...resultOf(id, outcome), ...countersJson(counters) } }
}

/** Who logs in with a password may have come through a hotspot. */
async function read(control: RouterControl, session: ReadableSession): Promise<SessionCounters | undefined> {
  const { sentName: name, acctSessionId: sessionId, mac, address } = session
  const caller = mac === null ? {} : { callerId: mac }
  const found = await control.pppCounters({ name, sessionId, ...caller })
  if (found !== undefined || mac === null || address === null) return found
  try {
    return await control.hotspotCounters({ address, mac })
  } catch (error) {
    if (saysNoSuchMenu(error)) return undefined
    throw error
  }
}

async function untilNextSecond({ signal }: RouterRunContext): Promise<void> {
  await sleep(nextSecondMs, undefined, { signal }).catch(() => {
    throw new CannotRunError('the process ends')
  })
}

function resultOf(id: bigint, outcome: ReadingOutcome) {
  const { kind } = outcome
  const told = kind === 'recorded' ? { charged_octets: String(outcome.octets) } : { reason: outcome.reason }
  return { session_id: Number(id), outcome: kind, ...told }
}

function countersJson({ sessionTimeS, inputOctets, outputOctets }: SessionCounters) {
  return {
    session_time_s: sessionTimeS,
    input_octets: String(inputOctets),
    output_octets: String(outputOctets),
  }
}

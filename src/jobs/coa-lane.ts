// The lane of one NAS: how many orders may be on their way to it, at which pace, and whether it is left alone for a while. Pure but
// for the lane itself, which it changes.

import type { NasSettings } from '../domain/nas-settings.ts'

/** Of one NAS. */
const mostInFlight = 100
/** So many orders in a row without any answer and the NAS is left alone for a while; then one asks whether it is back. */
export const failuresToPause = 3
const pauseMs = 4_000
/** Before the settings of the NAS are known. */
const firstLeaseMs = 120_000
/** For what is not the waiting for answers: the database, and a removal on the router. */
const restMs = 15_000
const dayMs = 24 * 60 * 60_000

export type Lane = {
  inFlight: number
  /** Orders in a row without any answer. */
  failures: number
  pausedUntilMs: number
  /** Orders that the pace allows by now, as of `filledAtMs`. */
  tokens: number
  filledAtMs: number
  /** Orders a second. */
  pace: number
  /** There may be more due than there was room for. */
  isCrowded: boolean
  /** An order whose carrier died is due again after so long. */
  leaseMs: number
  /** When the NAS last acknowledged a change; undefined: not since this process began. */
  changedAtMs: number | undefined
  /** Under which the NAS answered last. */
  secret: Buffer | undefined
  /** Sessions could be removed by way of its router when it was asked last. */
  routerEnds: boolean
  /** An alarm says that it is silent, or nobody knows: a process before this one may have told it. */
  mayBeTold: boolean
}

/** `probe`: asked once, to see whether a silent NAS is back. `router`: it is silent, and its router does what it should do. */
export type Way = 'usual' | 'probe' | 'router'

/** A lane with nothing on its way. */
export function emptyLane(nowMs: number): Lane {
  return {
    inFlight: 0,
    failures: 0,
    pausedUntilMs: 0,
    tokens: 10,
    filledAtMs: nowMs,
    pace: 50,
    isCrowded: false,
    leaseMs: firstLeaseMs,
    changedAtMs: undefined,
    secret: undefined,
    routerEnds: false,
    mayBeTold: true,
  }
}

/**
 * How long one order may take: a change and a Disconnect, under each secret, of which every try finds silence and waits for twice
 * the first one (RFC 5080 §2.2.1 MRT).
 */
export function leaseMsOf(settings: Pick<NasSettings, 'coa_timeout_ms' | 'coa_tries'>, secrets: number): number {
  return Math.max(1, secrets) * 2 * settings.coa_tries * 2 * settings.coa_timeout_ms + restMs
}

/** Whether the NAS has acknowledged a change within a day: what it refuses is then a matter of that request. */
export function changesLive({ changedAtMs }: Lane, nowMs: number): boolean {
  return changedAtMs !== undefined && nowMs - changedAtMs < dayMs
}

/** How many orders may be taken now: by pace, by what is under way, and by whether the NAS answers at all. */
export function roomOf(lane: Lane, nowMs: number): number {
  const gained = ((nowMs - lane.filledAtMs) / 1_000) * lane.pace
  lane.tokens = Math.min(Math.max(1, lane.pace / 5), lane.tokens + gained)
  lane.filledAtMs = nowMs
  if (isWaiting(lane)) return lane.inFlight === 0 && nowMs >= lane.pausedUntilMs ? 1 : 0
  return Math.max(0, Math.min(mostInFlight - lane.inFlight, Math.floor(lane.tokens)))
}

/** Whether the NAS has been silent so often that it is left alone for a while. */
export function isPaused({ failures }: Lane): boolean {
  return failures >= failuresToPause
}

/** Nothing but one order that asks whether it is back. */
function isWaiting(lane: Lane): boolean {
  return isPaused(lane) && !lane.routerEnds
}

/** Which way the next order goes. Of those that go by the router one after each pause asks whether the NAS is back. */
export function takeWay(lane: Lane, nowMs: number): Way {
  if (!isPaused(lane)) return 'usual'
  if (!lane.routerEnds) return 'probe'
  if (nowMs < lane.pausedUntilMs) return 'router'
  lane.pausedUntilMs = nowMs + pauseMs
  return 'probe'
}

/** When to look again where there was no room; undefined: what is on its way gives room. */
export function waitMsOf(lane: Lane, nowMs: number): number | undefined {
  if (isWaiting(lane)) return lane.inFlight > 0 ? undefined : Math.max(0, lane.pausedUntilMs - nowMs)
  if (lane.inFlight >= mostInFlight) return undefined
  return lane.tokens >= 1 ? 0 : Math.ceil(((1 - lane.tokens) / lane.pace) * 1_000)
}

/** Notes whether the NAS answered an order; a silent one is left alone at last. */
export function noteAnswer(lane: Lane, heard: boolean, nowMs: number): void {
  lane.failures = heard ? 0 : lane.failures + 1
  noteUnsent(lane, nowMs)
}

/** Notes that nothing left here, by a fault of ours: whether the NAS is back is asked after another pause. */
export function noteUnsent(lane: Lane, nowMs: number): void {
  if (isPaused(lane)) lane.pausedUntilMs = nowMs + pauseMs
}

// The lane of one NAS: how many orders may be on their way to it, at which pace, and whether it is left alone for a while. Pure but
// for the lane itself, which it changes.

/** Of one NAS. */
const mostInFlight = 100
/** So many orders in a row without any answer and the NAS is left alone for a while; then one asks whether it is back. */
export const failuresToPause = 3
const pauseMs = 4_000

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
    secret: undefined,
    routerEnds: false,
    mayBeTold: true,
  }
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
  if (isPaused(lane)) lane.pausedUntilMs = nowMs + pauseMs
}

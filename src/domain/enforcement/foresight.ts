// When the use of a plan's window would reach the next threshold at the rate of now: between two interims nobody knows the use, but
// a router may be asked for its counters at that moment. Pure.

import { exhausted, windowAt, type WindowUsage } from '../plan/quota.ts'
import { nextThreshold } from '../plan/next-change.ts'
import type { RatedPlan } from '../plan/rates.ts'

/**
 * In which direction a reading is believed; `down` is to the subscriber. The other one stays what accounting said: should a router
 * count a little more than it accounts, then its next record falls in one direction only, which is flagged and charges nothing. Were
 * both to fall, they would look like counters that began anew, and everything would be charged once more (counters.ts).
 */
export type Way = 'down' | 'up'
const ways: readonly Way[] = ['down', 'up']

/** A session whose router can be asked, as it was last heard of. */
export type Counted = {
  readonly sessionId: bigint
  readonly nasId: bigint
  /** Seconds. */
  readonly sessionTime: number
  readonly down: bigint
  readonly up: bigint
  readonly heardAt: Date
  /** Between its interims, in seconds. */
  readonly intervalS: number
}

/** The counter of one direction at a session time, and how many octets a second it had come with. */
export type Point = { readonly time: number; readonly octets: bigint; readonly perS: number }
export type Pace = { readonly [One in Way]: Point }

const beginning: Point = { time: 0, octets: 0n, perS: 0 }
/** Over less than this a rate says little: what was heard before goes on to count. In seconds. */
const shortestS = 30

/** How fast a session counts, from what was remembered at an earlier look; undefined: reckoned from its beginning. */
export function paceOf(before: Pace | undefined, { sessionTime, down, up }: Counted): Pace {
  const from = before ?? { down: beginning, up: beginning }
  const isIdle = down === from.down.octets && up === from.up.octets
  return {
    down: pointOf(from.down, { time: sessionTime, octets: down }, isIdle),
    up: pointOf(from.up, { time: sessionTime, octets: up }, isIdle),
  }
}

/** Of a direction that stands still alone a reading said nothing: its rate is reckoned from the point before. */
function pointOf(from: Point, to: Omit<Point, 'perS'>, isIdle: boolean): Point {
  const seconds = to.time - from.time
  if (seconds < shortestS || (to.octets === from.octets && !isIdle)) return from
  return { ...to, perS: Math.max(0, Number(to.octets - from.octets) / seconds) }
}

export type Line = { readonly counted: Counted; readonly pace: Pace }

/** The instant (in ms) at which use reaches the next threshold if only this way goes on as it did; undefined: never. */
export function reachedAt(
  plan: RatedPlan,
  used: WindowUsage | undefined,
  lines: readonly Line[],
  way: Way,
): number | undefined {
  if (used === undefined || exhausted(plan, used) !== undefined) return undefined
  const other = way === 'down' ? { quota_up_octets: null } : { quota_down_octets: null }
  const threshold = nextThreshold({ ...plan, ...other }, used)
  const perS = lines.reduce((sum, { pace }) => sum + pace[way].perS, 0)
  if (threshold === undefined || perS <= 0) return undefined
  // Each session has gone on since it was last heard of. From the first of them on: instants times rates would be too large.
  const first = Math.min(...lines.map(({ counted }) => counted.heardAt.getTime()))
  const behind = lines.reduce((sum, { counted, pace }) => sum + pace[way].perS * (counted.heardAt.getTime() - first), 0)
  const remaining = Number(threshold - used.down - used.up)
  return first + (remaining * 1_000 + behind) / perS
}

export type Foreseen = { readonly at: Date; readonly way: Way }

/** A threshold that is reached so shortly before an interim waits for it. */
const interimMarginMs = 5_000
/** Counters and session times come in whole seconds. */
const roundingMs = 1_000

/**
 * When the routers of these sessions are to be asked, which may be past; undefined: the next interim, or the end of the window,
 * comes first, or nothing is moved. `usage` as for nextThreshold.
 */
export function foresee(
  plan: RatedPlan,
  used: WindowUsage | undefined,
  lines: readonly Line[],
  { zone, now }: { zone: string; now: Date },
): Foreseen | undefined {
  const found = ways.flatMap((way) => {
    const at = reachedAt(plan, used, lines, way)
    return at === undefined ? [] : [{ way, atMs: Math.ceil(at) + roundingMs }]
  })
  const soonest = found.toSorted((one, next) => one.atMs - next.atMs)[0]
  if (soonest === undefined) return undefined
  const { way, atMs } = soonest
  const moving = lines.filter(({ pace }) => pace.down.perS > 0 || pace.up.perS > 0)
  if (moving.some(({ counted }) => atMs + interimMarginMs >= interimDueMs(counted, now))) return undefined
  const end = plan.quota_period === 'period' ? Infinity : windowAt(plan.quota_period, zone, now).until.getTime()
  return atMs < end ? { way, at: new Date(atMs) } : undefined
}

/** The first interim that is still to come; those that did not come are not waited for. */
function interimDueMs({ heardAt, intervalS }: Counted, now: Date): number {
  const intervalMs = Math.max(1, intervalS) * 1_000
  const passed = Math.max(0, Math.floor((now.getTime() - heardAt.getTime()) / intervalMs))
  return heardAt.getTime() + (passed + 1) * intervalMs
}

/** How often routers were asked about a subscriber lately; `at` is the last time. */
export type Asks = { readonly at: Date; readonly count: number }

/** Between two readings about one subscriber. */
const pauseMs = 30_000
/** Of one subscriber, between two interims. */
const mostAsks = 3

/** When a router may be asked at the soonest; undefined: not before the next interim. */
export function notBefore(asks: Asks | undefined, intervalS: number, now: Date): Date | undefined {
  if (asks === undefined || isOver(asks, intervalS, now)) return now
  return asks.count >= mostAsks ? undefined : new Date(asks.at.getTime() + pauseMs)
}

/** With one more. */
export function countAsk(asks: Asks | undefined, intervalS: number, now: Date): Asks {
  const before = asks === undefined || isOver(asks, intervalS, now) ? 0 : asks.count
  return { at: now, count: before + 1 }
}

function isOver({ at }: Asks, intervalS: number, now: Date): boolean {
  return now.getTime() - at.getTime() >= intervalS * 1_000
}

/** What is kept from look to look, as JSON; octets as decimal text. */
export type Remembered = {
  readonly asked_at: string | null
  readonly asks: number
  /** By the id of the session. */
  readonly paces: Readonly<Record<string, { readonly [One in Way]: StoredPoint }>>
}
type StoredPoint = { readonly time: number; readonly octets: string; readonly per_s: number }

/** As it is stored. */
export function remember(asks: Asks | undefined, lines: readonly Line[]): Remembered {
  const store = ({ time, octets, perS }: Point): StoredPoint => ({ time, octets: octets.toString(), per_s: perS })
  return {
    asked_at: asks?.at.toISOString() ?? null,
    asks: asks?.count ?? 0,
    paces: Object.fromEntries(
      lines.map(({ counted, pace }) => [counted.sessionId, { down: store(pace.down), up: store(pace.up) }]),
    ),
  }
}

/** What was remembered: the asks, and the pace of a session. */
export function recall(remembered: Remembered | null): {
  asks: Asks | undefined
  paceBefore(sessionId: bigint): Pace | undefined
} {
  const read = ({ time, octets, per_s: perS }: StoredPoint): Point => ({ time, octets: BigInt(octets), perS })
  const askedAt = remembered?.asked_at ?? null
  return {
    asks: askedAt === null ? undefined : { at: new Date(askedAt), count: remembered?.asks ?? 0 },
    paceBefore(sessionId) {
      const stored = remembered?.paces[String(sessionId)]
      return stored === undefined ? undefined : { down: read(stored.down), up: read(stored.up) }
    },
  }
}

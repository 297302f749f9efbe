// When a plan will give something else than it gives now, although nobody does anything: a step of its schedule begins or ends,
// or the window of its quota does. Pure. For enforcement, which reapplies live sessions then, and for the preview.

import { instantOf, wallClock } from '../instant.ts'
import { exhausted, windowAt } from './quota.ts'
import type { WindowUsage } from './quota.ts'
import { chooseRates } from './rates.ts'
import type { RatedPlan } from './rates.ts'
import type { ScheduleStep } from './schedule.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** A schedule repeats by the week; a day more, so that no change of the clock hides the last hour of it. */
const horizonDays = 8
const unused: WindowUsage = { down: 0n, up: 0n }

/**
 * The first instant after `now` at which the rates, or whether the quota is used up, are others than now, if nothing more is
 * used; undefined: never. Usage counts to the end of its window; that of a service period ends with a renewal only.
 */
export function nextChange(plan: RatedPlan, usage: WindowUsage | undefined, zone: string, now: Date): Date | undefined {
  const until =
    usage === undefined || plan.quota_period === 'period' ? undefined : windowAt(plan.quota_period, zone, now).until
  const stateAt = (at: number): string => {
    const used = until !== undefined && at >= until.getTime() ? unused : usage
    const instant = new Date(at)
    return JSON.stringify([chooseRates(plan, used, zone, instant).rates, exhausted(plan, used) !== undefined])
  }
  const state = stateAt(now.getTime())
  const found = candidates(plan, zone, now, until).find((at) => at > now.getTime() && stateAt(at) !== state)
  return found === undefined ? undefined : new Date(found)
}

/** Rising instants among which every change is; not every one of them is a change. */
function candidates(plan: RatedPlan, zone: string, now: Date, until: Date | undefined): number[] {
  const schedule = plan.slower === null ? plan.schedule : [...plan.schedule, ...plan.slower.schedule]
  const found = new Set(boundaries(schedule, zone, now))
  if (until !== undefined) {
    found.add(until.getTime())
    for (const at of boundaries(schedule, zone, until)) found.add(at)
  }
  return [...found].toSorted((one, other) => one - other)
}

/** The instants at which steps begin or end in the days after `from`, and those around a change of the clock. */
function boundaries(schedule: readonly ScheduleStep[], zone: string, from: Date): number[] {
  if (schedule.length === 0) return []
  const times = new Set(schedule.flatMap((step) => [readTime(step.from), readTime(step.to)]))
  const wall = wallClock(zone, from)
  const today = Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate())
  const instants: number[] = []
  for (let day = -1; day <= horizonDays; day += 1) {
    for (const time of times) instants.push(instantOf(zone, new Date(today + day * dayMs + time)).getTime())
  }
  const shifts = clockChanges(zone, from)
  // A local time that comes twice is a boundary twice; one that is skipped is passed at the change itself.
  const again = shifts.flatMap(({ byMs }) => instants.flatMap((at) => [at - byMs, at + byMs]))
  return [...instants, ...again, ...shifts.map(({ at }) => at)]
}

function readTime(time: string): number {
  return Number(time.slice(0, 2)) * hourMs + Number(time.slice(3, 5)) * minuteMs
}

/**
 * When the clock of the zone is set within the horizon, and by how much. To the quarter of an hour. Of the day before too: what it
 * was set back by comes once more after it.
 */
function clockChanges(zone: string, from: Date): { at: number; byMs: number }[] {
  const offset = (at: number): number => wallClock(zone, new Date(at)).getTime() - at
  const start = Math.floor((from.getTime() - dayMs) / hourMs) * hourMs
  const changes: { at: number; byMs: number }[] = []
  for (let hour = start; hour < start + (horizonDays + 2) * dayMs; hour += hourMs) {
    const before = offset(hour)
    if (offset(hour + hourMs) === before) continue
    const quarters = [1, 2, 3, 4].map((quarter) => hour + quarter * 15 * minuteMs)
    const at = quarters.find((quarter) => offset(quarter) !== before)!
    changes.push({ at, byMs: Math.abs(offset(at) - before) })
  }
  return changes
}

/** The use of the window, in octets of both directions, at which something else begins; undefined: nothing does. */
export function nextThreshold(plan: RatedPlan, usage: WindowUsage | undefined): bigint | undefined {
  if (usage === undefined || exhausted(plan, usage) !== undefined) return undefined
  const used = usage.down + usage.up
  const totals = plan.fup_steps.map((step) => BigInt(step.after_octets))
  if (plan.quota_octets !== null) totals.push(BigInt(plan.quota_octets))
  // A quota of one direction is reached at the soonest when all that is used from now on goes that way.
  if (plan.quota_down_octets !== null) totals.push(used + BigInt(plan.quota_down_octets) - usage.down)
  if (plan.quota_up_octets !== null) totals.push(used + BigInt(plan.quota_up_octets) - usage.up)
  return totals.filter((total) => total > used).toSorted((one, other) => (one < other ? -1 : 1))[0]
}

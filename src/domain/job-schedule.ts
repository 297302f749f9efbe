// When a job is due: a cron expression read on the wall clock of the ISP's zone. Pure: the newest planned time up to an instant
// is what the coordinator runs, whoever ticks and however late, so that a missed one is caught up and none runs twice.

import { parse } from 'node-cron'
import { instantOf, wallClock } from './instant.ts'

/** A cron expression of five fields, read. Weekdays: 0 is Sunday. */
export type Schedule = {
  cron: string
  minutes: ReadonlySet<number>
  hours: ReadonlySet<number>
  days: ReadonlySet<number>
  months: ReadonlySet<number>
  weekdays: ReadonlySet<number>
  /** Runs in every hour: the hour that comes twice in autumn is then two hours. A job of a named hour runs once in it. */
  isHourly: boolean
}

/**
 * A planned run. `at` is the instant, which names the run; where a clock change skips the local time, that of the change. `local`
 * is the wall time `YYYY-MM-DD HH:MM`, for people: the clock may show it twice.
 */
export type Planned = { local: string; at: Date }

/** Something is no cron expression that a job can have. */
export class CronError extends Error {
  override readonly name = 'CronError'
}

const minuteMs = 60_000
const quarterMs = 15 * minuteMs
const dayMs = 86_400_000
/** Nowhere is a clock set back by more. */
const longestFoldMs = 3 * 3_600_000
/** The longest that two dates of a cron expression lie apart: 29 February, over a year without one. */
const mostDays = 8 * 366 + 1
/** How far ahead the next run is looked for. */
const mostMinutesAhead = 32 * 24 * 60

/** Reads `minute hour day month weekday`, all of which must hold. Throws CronError, also for seconds and words such as `L`. */
export function readCron(cron: string): Schedule {
  if (cron.trim().split(/\s+/).length !== 5) throw new CronError(`${cron} has not five fields`)
  const fields = fieldsOf(cron)
  const hours = numbers(cron, fields.hour)
  return {
    cron,
    minutes: numbers(cron, fields.minute),
    hours,
    days: numbers(cron, fields.dayOfMonth),
    months: numbers(cron, fields.month),
    weekdays: numbers(cron, fields.dayOfWeek),
    isHourly: hours.size === 24,
  }
}

function fieldsOf(cron: string): ReturnType<typeof parse> {
  try {
    return parse(cron)
  } catch (error) {
    throw new CronError(`${cron}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function numbers(cron: string, values: readonly (number | string)[]): Set<number> {
  return new Set(
    values.map((value) => {
      if (typeof value === 'string') throw new CronError(`${cron}: ${value} is not understood here`)
      return value
    }),
  )
}

/** The newest planned run up to `now` on the clock of the zone; undefined: there never was one. */
export function latestPlanned(schedule: Schedule, zone: string, now: Date): Planned | undefined {
  const again = schedule.isHourly ? latestAgain(schedule, zone, now) : undefined
  if (again !== undefined) return again
  const wall = latestWall(schedule, latestShown(zone, now))
  return wall === undefined ? undefined : { local: textOf(wall), at: firstInstant(zone, wall) }
}

/** The newest one of the second time that the clock shows an hour; undefined: it does not, or none has come in it yet. */
function latestAgain(schedule: Schedule, zone: string, now: Date): Planned | undefined {
  const clock = wallClock(zone, now).getTime()
  const wall = latestWall(schedule, clock)
  if (wall === undefined) return undefined
  // So long ago by the clock that goes now, if that clock showed it then.
  const at = new Date(now.getTime() - (clock - wall))
  const isAgain = at > firstInstant(zone, wall) && wallClock(zone, at).getTime() === wall
  return isAgain ? { local: textOf(wall), at } : undefined
}

function textOf(wall: number): string {
  return new Date(wall).toISOString().slice(0, 16).replace('T', ' ')
}

/** When the clock first showed a wall time, or passed it where a clock change skips it. */
function firstInstant(zone: string, wall: number): Date {
  const first = instantOf(zone, new Date(wall))
  const isAfter = (instant: number): boolean => wallClock(zone, new Date(instant)).getTime() > wall
  if (!isAfter(first.getTime())) return first
  let change = Math.floor(first.getTime() / quarterMs) * quarterMs
  while (isAfter(change - quarterMs)) change -= quarterMs
  return new Date(change)
}

/** The latest time that the clock of the zone has shown in these hours: in the hour that comes twice, the end of the first. */
function latestShown(zone: string, now: Date): number {
  const shownAt = (instant: number): number => wallClock(zone, new Date(instant)).getTime()
  const aheadAt = (instant: number): number => shownAt(instant) - instant
  const current = aheadAt(now.getTime())
  if (aheadAt(now.getTime() - longestFoldMs) <= current) return shownAt(now.getTime())
  // Clocks are set back at a full quarter of an hour.
  let change = Math.floor(now.getTime() / quarterMs) * quarterMs
  while (aheadAt(change - quarterMs) === current) change -= quarterMs
  return Math.max(shownAt(now.getTime()), shownAt(change - quarterMs) + quarterMs - minuteMs)
}

/** The newest matching minute up to a wall time written as if it were UTC. */
function latestWall(schedule: Schedule, clock: number): number | undefined {
  const today = Math.floor(clock / dayMs) * dayMs
  const minuteNow = Math.floor((clock - today) / minuteMs)
  for (let back = 0; back < mostDays; back += 1) {
    const day = today - back * dayMs
    if (!isOfDay(schedule, new Date(day))) continue
    const minute = latestMinute(schedule, back === 0 ? minuteNow : 24 * 60 - 1)
    if (minute !== undefined) return day + minute * minuteMs
  }
  return undefined
}

function isOfDay(schedule: Schedule, day: Date): boolean {
  const { days, months, weekdays } = schedule
  return months.has(day.getUTCMonth() + 1) && days.has(day.getUTCDate()) && weekdays.has(day.getUTCDay())
}

/** The newest matching minute of a day up to `until`, counted from its midnight. */
function latestMinute({ hours, minutes }: Schedule, until: number): number | undefined {
  for (let hour = Math.floor(until / 60); hour >= 0; hour -= 1) {
    if (!hours.has(hour)) continue
    for (let minute = Math.min(59, until - hour * 60); minute >= 0; minute -= 1) {
      if (minutes.has(minute)) return hour * 60 + minute
    }
  }
  return undefined
}

/** When it runs next after `now`, at the full minute; undefined: not within a month. */
export function nextPlanned(schedule: Schedule, zone: string, now: Date): Date | undefined {
  const current = latestPlanned(schedule, zone, now)?.at.getTime() ?? -Infinity
  const start = Math.floor(now.getTime() / minuteMs) * minuteMs
  for (let ahead = 1; ahead <= mostMinutesAhead; ahead += 1) {
    const minute = new Date(start + ahead * minuteMs)
    const planned = latestPlanned(schedule, zone, minute)
    if (planned !== undefined && planned.at.getTime() > current) return minute
  }
  return undefined
}

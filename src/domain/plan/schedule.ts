// Speeds by time of day and weekday. A step holds on its weekdays from one wall-clock time to another in the ISP's zone; one
// that ends before it begins goes on into the next day. Outside of all steps the plan's own rates hold. Pure.

import { FieldError } from '../field.ts'
import { wallClock } from '../instant.ts'
import { checkWhole, shareRange } from './value.ts'

/** As it is stored: rates in bit/s, or a percentage of the plan's. */
export type ScheduleStep = {
  /** ISO: 1 is Monday. The day on which the step begins. */
  readonly weekdays: readonly number[]
  /** `HH:MM`. */
  readonly from: string
  /** `HH:MM` up to `24:00`; before `from`: on the next day. */
  readonly to: string
} & ({ readonly down_bps: number; readonly up_bps: number } | { readonly percent: number })

/** A span of the week in minutes since Monday 00:00; of which step (from 0). */
export type Span = { readonly from: number; readonly to: number; readonly step: number }

const dayMinutes = 1_440
const weekMinutes = 7 * dayMinutes
const mostSteps = 50
const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const

/** The number (from 0) of the step that holds at an instant; undefined: none does. */
export function stepAt(schedule: readonly ScheduleStep[], zone: string, at: Date): number | undefined {
  if (schedule.length === 0) return undefined
  const wall = wallClock(zone, at)
  const weekday = wall.getUTCDay() === 0 ? 7 : wall.getUTCDay()
  const minute = wall.getUTCHours() * 60 + wall.getUTCMinutes()
  const found = schedule.findIndex((step) => holds(step, weekday, minute))
  return found === -1 ? undefined : found
}

function holds(step: ScheduleStep, weekday: number, minute: number): boolean {
  const [from, to] = [minuteOf(step.from), minuteOf(step.to)]
  if (from < to) return minute >= from && minute < to && step.weekdays.includes(weekday)
  if (minute >= from) return step.weekdays.includes(weekday)
  return minute < to && step.weekdays.includes(weekday === 1 ? 7 : weekday - 1)
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
}

/** The spans of the week in their order; one that goes beyond Sunday's midnight is two. */
export function spansOf(schedule: readonly ScheduleStep[]): Span[] {
  const spans = schedule.flatMap((step, index) => {
    const [from, to] = [minuteOf(step.from), minuteOf(step.to)]
    const length = to > from ? to - from : to - from + dayMinutes
    return step.weekdays.flatMap((weekday) => {
      const start = (weekday - 1) * dayMinutes + from
      const end = start + length
      if (end <= weekMinutes) return [{ from: start, to: end, step: index }]
      return [
        { from: start, to: weekMinutes, step: index },
        { from: 0, to: end - weekMinutes, step: index },
      ]
    })
  })
  return spans.toSorted((one, other) => one.from - other.from || one.to - other.to)
}

/** The spans of the week, in minutes, in which no step holds and the plan's own rates do. */
export function gapsOf(schedule: readonly ScheduleStep[]): { from: number; to: number }[] {
  if (schedule.length === 0) return []
  const gaps: { from: number; to: number }[] = []
  let reached = 0
  for (const { from, to } of spansOf(schedule)) {
    if (from > reached) gaps.push({ from: reached, to: from })
    reached = Math.max(reached, to)
  }
  if (reached < weekMinutes) gaps.push({ from: reached, to: weekMinutes })
  // What ends with the week goes on with the next.
  const [first, last] = [gaps[0], gaps.at(-1)]
  if (first === undefined || last === undefined || first === last || first.from > 0 || last.to < weekMinutes)
    return gaps
  return [...gaps.slice(1, -1), { from: last.from, to: first.to }]
}

/** `Monday 06:00` of a minute of the week. */
export function showWeekMinute(minute: number): string {
  const inWeek = minute % weekMinutes
  const [hour, rest] = [Math.floor((inWeek % dayMinutes) / 60), inWeek % 60]
  return `${dayNames[Math.floor(inWeek / dayMinutes)]} ${String(hour).padStart(2, '0')}:${String(rest).padStart(2, '0')}`
}

/** A step as it is handed in. */
export type ScheduleStepInput = {
  weekdays: readonly number[]
  from: string
  to: string
  down_bps?: number | undefined
  up_bps?: number | undefined
  percent?: number | undefined
}

/** The steps as they are stored, in the order given. Throws FieldError that names the step, from 1: forms, overlaps. */
export function checkSchedule(steps: readonly ScheduleStepInput[]): ScheduleStep[] {
  if (steps.length > mostSteps) throw new FieldError('schedule', `has more than ${mostSteps} steps`)
  const checked = steps.map(checkStep)
  const spans = spansOf(checked)
  for (const [at, span] of spans.entries()) {
    const next = spans[at + 1]
    if (next === undefined || next.from >= span.to) continue
    const [one, other] = [span.step + 1, next.step + 1].toSorted((first, second) => first - second)
    const who = one === other ? `step ${one} overlaps itself` : `steps ${one} and ${other} overlap`
    throw new FieldError('schedule', `${who} from ${showWeekMinute(next.from)}`)
  }
  return checked
}

function checkStep(step: ScheduleStepInput, index: number): ScheduleStep {
  const wrong = (reason: string) => new FieldError('schedule', `step ${index + 1}: ${reason}`)
  const [from, to] = [step.from.trim(), step.to.trim()]
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(from)) throw wrong('from is not a time such as 22:00')
  if (!/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(to)) throw wrong('to is not a time such as 06:00 or 24:00')
  if (from === to) throw wrong('begins when it ends; a whole day is from 00:00 to 24:00')
  if (step.weekdays.length === 0) throw wrong('names no weekday')
  if (step.weekdays.some((day) => !Number.isInteger(day) || day < 1 || day > 7)) {
    throw wrong('weekdays are from 1 (Monday) to 7')
  }
  const weekdays = [...new Set(step.weekdays)].toSorted((one, other) => one - other)
  return { weekdays, from, to, ...checkSpeed(step, wrong) }
}

function checkSpeed(
  { down_bps, up_bps, percent }: ScheduleStepInput,
  wrong: (reason: string) => FieldError,
): { down_bps: number; up_bps: number } | { percent: number } {
  if (percent !== undefined) {
    if (down_bps !== undefined || up_bps !== undefined) throw wrong('has either a percentage or rates')
    if (!checkWhole(percent, shareRange)) throw wrong('the percentage is from 1 to 1000')
    return { percent }
  }
  if (down_bps === undefined || up_bps === undefined) throw wrong('needs both rates, or a percentage')
  if (!checkWhole(down_bps) || !checkWhole(up_bps)) throw wrong('a rate is a whole number of bit/s above 0')
  return { down_bps, up_bps }
}

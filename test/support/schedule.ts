// Schedules and instants for properties about plans, and the wall clock by Temporal, which the code under test does not use.

import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { checkSchedule, type ScheduleStep, type ScheduleStepInput } from '../../src/domain/plan/schedule.ts'

/** With changes of an hour, of half an hour, at midnight, offsets of quarters, and none at all. */
export const zones = [
  'UTC',
  'Europe/Berlin',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Cairo',
  'America/Havana',
  'Asia/Beirut',
] as const

export const anyZone = fc.constantFrom(...zones)

/** A minute of 2026, oftener than not in a week in which some clock changes. */
export const anyMinute: fc.Arbitrary<Date> = fc
  .oneof(
    fc.constantFrom(
      '2026-03-08',
      '2026-03-29',
      '2026-04-05',
      '2026-04-24',
      '2026-10-04',
      '2026-10-25',
      '2026-10-30',
      '2026-11-01',
    ),
    fc.constantFrom('2026-01-01', '2026-02-28', '2026-06-15', '2026-12-31'),
  )
  .chain((day) =>
    fc.integer({ min: -2 * 1_440, max: 2 * 1_440 }).map((minutes) => after(new Date(`${day}T00:00:00Z`), minutes)),
  )

/** So many minutes later. */
export function after(at: Date, minutes: number): Date {
  return new Date(at.getTime() + minutes * 60_000)
}

const time = fc.oneof(
  fc.integer({ min: 0, max: 95 }).map((quarter) => quarter * 15),
  fc.integer({ min: 0, max: 1_439 }),
)
const showTime = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

const anyStep: fc.Arbitrary<ScheduleStepInput> = fc
  .record({
    weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    from: time,
    to: fc.oneof(time, fc.constant(1_440)),
    percent: fc.integer({ min: 1, max: 400 }),
  })
  .filter(({ from, to }) => from !== to)
  .map((step) => ({ ...step, from: showTime(step.from), to: showTime(step.to) }))

/** Steps that do not overlap: of random ones those that still fit. */
export const anySchedule: fc.Arbitrary<ScheduleStep[]> = fc.array(anyStep, { maxLength: 6 }).map((steps) => {
  const kept: ScheduleStepInput[] = []
  for (const step of steps) {
    try {
      checkSchedule([...kept, step])
      kept.push(step)
    } catch {
      // Overlaps one before it.
    }
  }
  return checkSchedule(kept)
})

/** The step of each minute of the week, painted minute by minute. */
export function paintWeek(schedule: readonly ScheduleStep[]): (number | undefined)[] {
  const week = Array<number | undefined>(7 * 1_440).fill(undefined)
  for (const [index, step] of schedule.entries()) {
    for (const weekday of step.weekdays) {
      let minute = minuteOf(step.from)
      const end = minuteOf(step.to)
      do {
        week[((weekday - 1) * 1_440 + minute) % week.length] = index
        minute += 1
      } while (minute % 1_440 !== end % 1_440)
    }
  }
  return week
}

function minuteOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
}

/** The minute of the local week, by Temporal. */
export function weekMinute(zone: string, at: Date): number {
  const local = zoned(zone, at)
  return (local.dayOfWeek - 1) * 1_440 + local.hour * 60 + local.minute
}

/** An instant in a zone. */
export function zoned(zone: string, at: Date): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)
}

// The windows of a week as pure arithmetic: where they lie on each day, and what a new one that is drawn over them leaves of them.
import type { WeekWindow } from './values.ts'

export const dayMinutes = 1_440
export const weekdays = [1, 2, 3, 4, 5, 6, 7] as const

/** A part of a window within one day. */
export type Bar = { window: number; weekday: number; from: number; to: number }

export function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
}

export function timeOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

const after = (weekday: number) => (weekday % 7) + 1

/** One that ends before it begins goes on into the next day. */
function barsOfWindow({ weekdays: days, from, to }: WeekWindow, window: number): Bar[] {
  const [begin, end] = [minuteOf(from), minuteOf(to)]
  if (Number.isNaN(begin) || Number.isNaN(end) || begin === end) return []
  return days.flatMap((weekday) =>
    begin < end
      ? [{ window, weekday, from: begin, to: end }]
      : [
          { window, weekday, from: begin, to: dayMinutes },
          ...(end === 0 ? [] : [{ window, weekday: after(weekday), from: 0, to: end }]),
        ],
  )
}

export function barsOf(schedule: readonly WeekWindow[]): Bar[] {
  return schedule.flatMap(barsOfWindow)
}

export type Area = { days: readonly number[]; from: number; to: number }

const covers = (area: Area, bar: Bar) => area.days.includes(bar.weekday) && bar.from < area.to && bar.to > area.from

/** What is left of the windows when an area is taken out of them; those that it does not touch stay as they are. */
export function without(schedule: readonly WeekWindow[], area: Area): WeekWindow[] {
  return schedule.flatMap((window) => {
    const bars = barsOfWindow(window, 0)
    if (!bars.some((bar) => covers(area, bar))) return [window]
    const left = bars.flatMap((bar) => {
      if (!covers(area, bar)) return [bar]
      return [
        { ...bar, to: area.from },
        { ...bar, from: area.to },
      ].filter(({ from, to }) => from < to)
    })
    const spans = [...new Set(left.map(({ from, to }) => `${from}-${to}`))]
    return spans.map((span) => {
      const same = left.filter(({ from, to }) => `${from}-${to}` === span)
      const days = [...new Set(same.map(({ weekday }) => weekday))].toSorted((one, other) => one - other)
      return { ...window, weekdays: days, from: timeOf(same[0]!.from), to: timeOf(same[0]!.to) }
    })
  })
}

/** A window as it is drawn: a half of the plan's rates until somebody says otherwise. */
export function windowOf({ days, from, to }: Area): WeekWindow {
  return {
    weekdays: [...days],
    from: timeOf(from),
    to: timeOf(to),
    speed: 'percent',
    percent: '50',
    down_bps: '',
    up_bps: '',
  }
}

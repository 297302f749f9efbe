// What was used, slot by slot: every hour or day of the span, also those in which nothing was.
import type { GetSubscribersIdUsageResponse } from '../api/generated/types.gen.ts'
import { dayAfter, daysBetween } from '../chart/day-series.ts'

export const usageSpans = ['day', 'week', 'month', 'year'] as const
export type UsageSpan = (typeof usageSpans)[number]
export type UsageSlot = { at: string; down: number; up: number }

const hourMs = 3_600_000
const hoursOf: Record<UsageSpan, number> = { day: 24, week: 168, month: 31 * 24, year: 365 * 24 }

export function isUsageSpan(text: string): text is UsageSpan {
  return (usageSpans as readonly string[]).includes(text)
}

export function isByHour(span: UsageSpan): boolean {
  return span === 'day' || span === 'week'
}

/** What the API is asked for; the end is now. */
export function usageQuery(span: UsageSpan, now: number): { by: 'hour' | 'day'; from: string } {
  return { by: isByHour(span) ? 'hour' : 'day', from: new Date(now - hoursOf[span] * hourMs).toISOString() }
}

export function slotsOf(span: UsageSpan, { points, zone }: GetSubscribersIdUsageResponse, now: number): UsageSlot[] {
  const known = new Map(
    points.map(({ at, output_octets: down, input_octets: up }) => [at, { at, down: Number(down), up: Number(up) }]),
  )
  return slotNames(span, zone, now).map((at) => known.get(at) ?? { at, down: 0, up: 0 })
}

function slotNames(span: UsageSpan, zone: string, now: number): string[] {
  if (!isByHour(span)) {
    const today = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' }).format(now)
    return daysBetween(dayAfter(today, 1 - hoursOf[span] / 24), today)
  }
  const last = Math.floor(now / hourMs)
  return Array.from({ length: hoursOf[span] }, (_, at) =>
    new Date((last - hoursOf[span] + 1 + at) * hourMs).toISOString(),
  )
}

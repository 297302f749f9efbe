// When periods of service end: hours that pass, local days and months of the ISP's zone, calendar months; the expiry rule and
// the days on which nobody is cut off. Ends are counted from the start of an unbroken series, so that neither a short month
// nor a skipped hour shifts what comes after: 31 January, 28 February, 31 March.

import { Temporal } from 'temporal-polyfill'

export type ValidityUnit = 'hours' | 'days' | 'months' | 'calendar-month'

/** Length of one period; `count` at least 1. */
export type Validity = { count: number; unit: ValidityUnit }

/** As on the plan: at the instant, at the end of its local day, at the next local hour; weekdays (1 = Monday) without cuts. */
export type ExpiryRule = {
  rule: 'instant' | 'end-of-day' | 'local-hour'
  hour: number | null
  noCutDays: readonly number[]
}

/** Where in an unbroken series a period ends: its `count`-th end after `start`. */
export type Series = { start: Date; count: number }

/** One period of service, with the place of its end in its series. */
export type Period = { startsAt: Date; endsAt: Date; series: Series }

type Zoned = Temporal.ZonedDateTime

function zoned(at: Date, zone: string): Zoned {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)
}

function instantOf(at: Zoned): Date {
  return new Date(at.epochMilliseconds)
}

/** The first instant of a local day, which need not be midnight: some zones change their clocks then. */
function dayStart(day: Temporal.PlainDate, zone: string): Zoned {
  return day.toZonedDateTime(zone)
}

/** The end of the series' `count`-th period, before any rule. A local time that is skipped is that much later on that day. */
export function nominalEnd({ start, count }: Series, validity: Validity, zone: string): Date {
  const length = validity.count * count
  if (validity.unit === 'hours') return new Date(start.getTime() + length * 3_600_000)
  const from = zoned(start, zone)
  if (validity.unit === 'days') return instantOf(from.add({ days: length }))
  if (validity.unit === 'months') return instantOf(from.add({ months: length }))
  return instantOf(dayStart(from.toPlainDate().with({ day: 1 }).add({ months: length }), zone))
}

/** The end that the plan's rule makes of a nominal one: never earlier, and where it fits already the same. */
export function ruledEnd(nominal: Date, rule: ExpiryRule, zone: string): Date {
  let end = zoned(nominal, zone)
  if (rule.rule === 'end-of-day') {
    const morning = end.startOfDay()
    if (!morning.equals(end)) end = dayStart(end.toPlainDate().add({ days: 1 }), zone)
  } else if (rule.rule === 'local-hour') {
    end = nextHour(end, rule.hour ?? 0)
  }
  // Seven days of it would be for ever; a plan cannot have them.
  for (let day = 0; day < 6 && rule.noCutDays.includes(end.dayOfWeek); day += 1) end = dayAfter(end, rule, zone)
  return instantOf(end)
}

function nextHour(from: Zoned, hour: number): Zoned {
  const at = (day: Temporal.PlainDate): Zoned =>
    day.toZonedDateTime({ timeZone: from.timeZoneId, plainTime: Temporal.PlainTime.from({ hour }) })
  const today = at(from.toPlainDate())
  return Temporal.ZonedDateTime.compare(today, from) >= 0 ? today : at(from.toPlainDate().add({ days: 1 }))
}

function dayAfter(end: Zoned, rule: ExpiryRule, zone: string): Zoned {
  return rule.rule === 'end-of-day' ? dayStart(end.toPlainDate().add({ days: 1 }), zone) : end.add({ days: 1 })
}

/**
 * The period that follows `from`: at the end of the given series, or as the first of a new one. It is never empty: ends that
 * the rule has pushed past already are passed over.
 */
export function nextPeriod(
  input: { from: Date; series: Series | undefined; validity: Validity; rule: ExpiryRule },
  zone: string,
): Period {
  const { from, validity, rule } = input
  const series = input.series ?? { start: from, count: 0 }
  for (let count = series.count + 1; ; count += 1) {
    const place = { start: series.start, count }
    const endsAt = ruledEnd(nominalEnd(place, validity, zone), rule, zone)
    if (endsAt > from) return { startsAt: from, endsAt, series: place }
  }
}

/** Local days of a calendar month period: those left where the series begins in mid-month, its first one counted, and all. */
export function calendarDays({ series }: Period, validity: Validity, zone: string): { left: bigint; whole: bigint } {
  const begun = zoned(series.start, zone).toPlainDate()
  const first = begun.with({ day: 1 }).add({ months: validity.count * (series.count - 1) })
  const end = zoned(nominalEnd(series, validity, zone), zone).toPlainDate()
  const whole = BigInt(end.since(first).total('days'))
  return { left: series.count === 1 ? BigInt(end.since(begun).total('days')) : whole, whole }
}

/** `part` of `whole` of an amount, rounded down: nobody pays a minor unit that was not used. Nothing of an empty whole. */
export function share(amount: bigint, part: bigint, whole: bigint): bigint {
  if (whole <= 0n || part <= 0n) return 0n
  return (amount * (part < whole ? part : whole)) / whole
}

/** The same without a bound: more than the whole is more than the amount. */
export function proportion(amount: bigint, part: bigint, whole: bigint): bigint {
  return whole <= 0n || part <= 0n ? 0n : (amount * part) / whole
}

/** Milliseconds between two instants. */
export function lengthOf(from: Date, to: Date): bigint {
  return BigInt(to.getTime() - from.getTime())
}

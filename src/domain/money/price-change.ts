// What a change of plan in mid-period costs: pure. The rest of what was paid is credited, the rest of the time is charged at
// the new price, both in whole minor units. What was paid is never lost or doubled, however often plans change.

import { lengthOf, nominalEnd, proportion, share } from '../calendar.ts'
import type { Series, Validity } from '../calendar.ts'
import type { PricedPeriod } from './price-periods.ts'
import type { PricedPlan } from './service.ts'

/** A period that holds and has not ended. Amount in minor units, as paid. */
export type PaidPeriod = {
  startsAt: Date
  endsAt: Date | null
  amountMinor: bigint
  series: Series
  validity: Validity
}

export type PriceOfChange = {
  /** To be charged; negative: given back, never more than was paid for the rest. */
  netMinor: bigint
  creditMinor: bigint
  /** What takes the place of the rest: the same spans under the new plan, holding what is paid for them now. */
  periods: PricedPeriod[]
}

type Span = { startsAt: Date; endsAt: Date; paid: PaidPeriod | undefined }

/**
 * The price of going from one plan to another now, the end of service staying as it is. Time that nobody paid for (free, or
 * from before there was a ledger) counts as worth the old price against the new one, and is never paid out.
 */
export function priceChange(
  input: { from: PricedPlan; to: PricedPlan; paid: readonly PaidPeriod[]; endsAt: Date; free: boolean },
  zone: string,
  now: Date,
): PriceOfChange {
  const { from, to, free } = input
  const spans = spansOf(input.paid, input.endsAt, now)
  const oldLength = unitLength(from.validity, now, zone)
  const newLength = unitLength(to.validity, now, zone)
  let creditMinor = 0n
  let netMinor = 0n
  for (const { startsAt, endsAt, paid } of spans) {
    const rest = lengthOf(startsAt, endsAt)
    const credit =
      paid === undefined || paid.endsAt === null
        ? 0n
        : share(paid.amountMinor, rest, lengthOf(paid.startsAt, paid.endsAt))
    const worth = paid === undefined || paid.amountMinor === 0n ? proportion(from.priceMinor, rest, oldLength) : credit
    creditMinor += credit
    netMinor += proportion(to.priceMinor, rest, newLength) - worth
  }
  if (free) netMinor = 0n
  if (netMinor < -creditMinor) netMinor = -creditMinor
  return { netMinor, creditMinor, periods: spread(spans, to, creditMinor + netMinor) }
}

/** The rest of the time in the spans it was given in; what no period covers is one more. */
function spansOf(paid: readonly PaidPeriod[], end: Date, now: Date): Span[] {
  const spans: Span[] = []
  let from = now
  for (const period of paid) {
    const startsAt = period.startsAt > from ? period.startsAt : from
    const endsAt = period.endsAt !== null && period.endsAt < end ? period.endsAt : end
    if (startsAt > from && from < end) spans.push({ startsAt: from, endsAt: startsAt, paid: undefined })
    if (endsAt > startsAt) spans.push({ startsAt, endsAt, paid: period })
    if (endsAt > from) from = endsAt
  }
  if (from < end) spans.push({ startsAt: from, endsAt: end, paid: undefined })
  return spans
}

/** Milliseconds of one period that begins now; none: it has no end. */
function unitLength(validity: Validity | undefined, now: Date, zone: string): bigint {
  if (validity === undefined) return 0n
  // A calendar month that begins in mid-month is worth a month, not what is left of it.
  const unit = validity.unit === 'calendar-month' ? 'months' : validity.unit
  return lengthOf(now, nominalEnd({ start: now, count: 1 }, { ...validity, unit }, zone))
}

function spread(spans: readonly Span[], to: PricedPlan, paidMinor: bigint): PricedPeriod[] {
  const whole = spans.reduce((sum, { startsAt, endsAt }) => sum + lengthOf(startsAt, endsAt), 0n)
  const validity = to.validity!
  let left = paidMinor
  return spans.map(({ startsAt, endsAt, paid }, index) => {
    const isLast = index === spans.length - 1
    const amountMinor = isLast ? left : share(paidMinor, lengthOf(startsAt, endsAt), whole)
    left -= amountMinor
    const keeps = paid !== undefined && isSame(paid.validity, validity) && paid.endsAt?.getTime() === endsAt.getTime()
    return { startsAt, endsAt, amountMinor, validity, series: keeps ? paid.series : { start: endsAt, count: 0 } }
  })
}

function isSame(one: Validity, other: Validity): boolean {
  return one.unit === other.unit && one.count === other.count
}

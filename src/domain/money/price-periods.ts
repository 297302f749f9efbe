// Which periods a renewal gives and what each costs: pure, from the facts of a service and the clock.

import { calendarDays, nextPeriod, nominalEnd, ruledEnd, share } from '../calendar.ts'
import type { ExpiryRule, Period, Series, Validity } from '../calendar.ts'
import { isSameInstant } from './service.ts'
import type { PricedPlan, Service } from './service.ts'

/** A period to be given. `endsAt` null: never. Amount in minor units. */
export type PricedPeriod = {
  startsAt: Date
  endsAt: Date | null
  series: Series
  validity: Validity
  amountMinor: bigint
}

/** What of a service decides about time. `periodStartedAt` undefined: it is given anew. */
export type Timed = Pick<Service, 'activatedAt' | 'expiresAt' | 'graceUntil' | 'last'> & {
  periodStartedAt?: Date | undefined
}

/** What stands for the length of a period that never ends. */
export const endless: Validity = { count: 0, unit: 'days' }

/**
 * From when a renewal counts: from the end of what there is, also within grace (the service ran on); from now for a new
 * service and for one whose grace is over.
 */
export function renewalStart(service: Pick<Service, 'activatedAt' | 'expiresAt' | 'graceUntil'>, now: Date): Date {
  const { activatedAt, expiresAt, graceUntil } = service
  if (activatedAt === null || expiresAt === null) return now
  const isServed = expiresAt > now || (graceUntil !== null && graceUntil > now)
  return isServed ? expiresAt : now
}

/**
 * The next periods of a service under a plan. They follow one another without a gap, and the first follows the service's last
 * one in its series where there is one of the same length.
 */
export function pricePeriods(
  service: Timed,
  input: { plan: PricedPlan; periods: number; free: boolean },
  zone: string,
  now: Date,
): PricedPeriod[] {
  const { plan, free } = input
  let from = renewalStart(service, now)
  const price = free ? 0n : plan.priceMinor
  const { validity } = plan
  if (validity === undefined) {
    return [{ startsAt: from, endsAt: null, series: { start: from, count: 0 }, validity: endless, amountMinor: price }]
  }
  let series = seriesOf(service, { validity, rule: plan.rule }, from, zone)
  const given: PricedPeriod[] = []
  while (given.length < input.periods) {
    const period = nextPeriod({ from, series, validity, rule: plan.rule }, zone)
    given.push({ ...period, validity, amountMinor: amountOf(period, validity, price, zone) })
    from = period.endsAt
    series = period.series
  }
  return given
}

/** The series that the service is in: of its last period, or of the one that its first login began (access-claim.ts). */
function seriesOf(
  service: Timed,
  plan: { validity: Validity; rule: ExpiryRule },
  from: Date,
  zone: string,
): Series | undefined {
  const { last, periodStartedAt } = service
  const { validity, rule } = plan
  if (last === undefined) {
    if (periodStartedAt === undefined || periodStartedAt >= from) return undefined
    const first = { start: periodStartedAt, count: 1 }
    return isSameInstant(ruledEnd(nominalEnd(first, validity, zone), rule, zone), from) ? first : undefined
  }
  if (!isSameInstant(last.endsAt, from)) return undefined
  return last.validity.unit === validity.unit && last.validity.count === validity.count ? last.series : undefined
}

/** Who begins in the middle of a calendar month pays for the days that are left of it. */
function amountOf(period: Period, validity: Validity, price: bigint, zone: string): bigint {
  if (validity.unit !== 'calendar-month') return price
  const { left, whole } = calendarDays(period, validity, zone)
  return share(price, left, whole)
}

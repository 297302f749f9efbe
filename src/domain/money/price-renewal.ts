// What a renewal would give and cost: pure, for the one function that renews and for the forecast that only shows.

import { pricePeriods } from './price-periods.ts'
import type { PricedPeriod, Timed } from './price-periods.ts'
import type { PricedPlan } from './service.ts'

export type RenewalPrice =
  /** In minor units, with the setup price of a new service. */
  { kind: 'priced'; periods: PricedPeriod[]; amountMinor: bigint } | { kind: 'refused'; reason: string }

/** Prices the next periods of a service under the plan that comes next; of one that was never active the first ones. */
export function priceRenewal(
  service: Timed & { plan: Pick<PricedPlan, 'id'> },
  input: { plan: PricedPlan; periods: number; free: boolean },
  zone: string,
  now: Date,
): RenewalPrice {
  const { plan, free } = input
  const isNew = service.activatedAt === null
  if (!isNew && plan.validity === undefined && plan.id === service.plan.id) {
    return { kind: 'refused', reason: 'the plan never ends' }
  }
  const periods = pricePeriods(service, input, zone, now)
  const setupMinor = isNew && !free ? plan.setupPriceMinor : 0n
  return { kind: 'priced', periods, amountMinor: periods.reduce((sum, period) => sum + period.amountMinor, setupMinor) }
}

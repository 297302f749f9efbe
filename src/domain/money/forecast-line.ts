// What will become of one line by a time: pure, by the very functions that price and refuse its renewal, one period after the
// other at the time when each is due, on the balance that the lines before it leave.

import type { Settings } from '../setting.ts'
import { refusalOfCharge } from './charge-service.ts'
import type { ChargeRefusal } from './charge-service.ts'
import { dueFrom } from './due-lines.ts'
import { priceRenewal } from './price-renewal.ts'
import { graceEnd } from './service.ts'
import type { PricedPlan, Service } from './service.ts'

/** As in a run: periods that one line may be given. */
const mostPeriods = 100

export type ForecastAccount = {
  kind: 'payer' | 'wallet'
  currency: string
  /** Goes down as lines renew. */
  balanceMinor: bigint
  creditLimitMinor: bigint
}

export type ForecastService = Pick<
  Service,
  'activatedAt' | 'expiresAt' | 'graceUntil' | 'periodStartedAt' | 'last' | 'plan'
>

/** `held`: it is not tried again before the time that is looked at is over. */
type Refusal = { rule: ChargeRefusal['rule'] | 'endless' | 'held'; reason: string }

/** A renewal that was refused or taken back is not tried before `until`. */
export type Held = { until: Date; reason: string }

export type LineForecast = {
  periods: number
  /** Charged in all, in minor units. */
  amountMinor: bigint
  currency: string
  /** When its service ends then. Null: never. */
  expiresAt: Date | null
  /** Of the periods that begin by then. */
  begins: Date[]
  /** When the plan that comes next takes over, where that is by then. */
  planChangesAt: Date | undefined
  /** Why it does not renew, or no further. */
  refusal: Refusal | undefined
}

type When = { now: Date; until: Date; settings: Pick<Settings, 'zone' | 'renew_ahead_hours' | 'renew_late_days'> }

/** Renews the line as often as it is due by `until`. Moves the balance of the account. */
export function forecastLine(
  line: { service: ForecastService; next: PricedPlan; held?: Held | undefined },
  account: ForecastAccount,
  { now, until, settings }: When,
): LineForecast {
  const { next, held } = line
  let { service } = line
  const forecast: LineForecast = {
    periods: 0,
    amountMinor: 0n,
    currency: next.currency,
    expiresAt: service.expiresAt,
    begins: [],
    planChangesAt: undefined,
    refusal: undefined,
  }
  while (service.expiresAt !== null && forecast.periods < mostPeriods) {
    const due = dueFrom(settings, service.expiresAt, next.validity)
    if (due > until) break
    const isHeld = forecast.periods === 0 && held !== undefined && held.until > due
    const at = isHeld ? held.until : due
    const priced = priceRenewal(service, { plan: next, periods: 1, free: false }, settings.zone, at > now ? at : now)
    forecast.refusal = refusalOf(priced, next, account)
    if (forecast.refusal === undefined && at > until) forecast.refusal = { rule: 'held', reason: held!.reason }
    if (priced.kind === 'refused' || forecast.refusal !== undefined) break
    const [period] = priced.periods
    account.balanceMinor -= priced.amountMinor
    forecast.periods += 1
    forecast.amountMinor += priced.amountMinor
    forecast.expiresAt = period!.endsAt
    if (period!.startsAt <= until) {
      forecast.begins.push(period!.startsAt)
      if (next.id !== line.service.plan.id) forecast.planChangesAt ??= period!.startsAt
    }
    service = after(service, next, period!)
  }
  return forecast
}

/** What money or a rule refuses is told before that it is held back: it is what can be mended. */
function refusalOf(
  priced: ReturnType<typeof priceRenewal>,
  plan: PricedPlan,
  account: ForecastAccount,
): Refusal | undefined {
  if (priced.kind === 'refused') return { rule: 'endless', reason: priced.reason }
  return priced.amountMinor === 0n ? undefined : refusalOfCharge(account, plan, priced.amountMinor)
}

type Given = {
  endsAt: Date | null
  series: NonNullable<Service['last']>['series']
  validity: NonNullable<Service['last']>['validity']
}

function after(service: ForecastService, plan: PricedPlan, { endsAt, series, validity }: Given): ForecastService {
  return {
    ...service,
    expiresAt: endsAt,
    graceUntil: graceEnd(endsAt, plan.graceHours),
    plan,
    last: { endsAt, series, validity, number: (service.last?.number ?? 0) + 1 },
  }
}

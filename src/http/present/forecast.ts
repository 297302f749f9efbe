// The night shown beforehand, as it leaves: counts of everything, and the first rows of each kind.

import { z } from 'zod'
import type { Forecast, ForecastRow } from '../../domain/money/forecast.ts'
import { formatMoney } from '../../domain/money.ts'
import { idOut, instantOut, isoOrNull, moneyOut } from '../schemas.ts'

const count = z.int().min(0)
const row = { subscriber_id: idOut, username: z.string(), at: instantOut }
const rules = ['balance', 'currency', 'amount', 'endless', 'held'] as const

export const forecastOut = z
  .strictObject({
    now: instantOut,
    until: instantOut,
    expire: z
      .strictObject({ count, first: z.array(z.strictObject({ ...row, reason: z.string() })) })
      .meta({ description: 'Whose service ends by then and is not renewed, whatever grace follows' }),
    renew: z.strictObject({
      count,
      periods: count,
      amounts: z.array(z.strictObject({ currency: z.string(), amount: moneyOut })),
      first: z.array(
        z.strictObject({
          ...row,
          periods: count,
          amount: moneyOut,
          currency: z.string(),
          expires_at: instantOut.nullable(),
        }),
      ),
    }),
    refuse: z
      .strictObject({
        count,
        rules: z.array(z.strictObject({ rule: z.enum(rules), count })),
        first: z.array(z.strictObject({ ...row, rule: z.enum(rules), reason: z.string() })),
      })
      .meta({
        description:
          'Who renews by itself and cannot; `balance`: the money does not reach; `held`: it was refused or taken back, and is not tried again by then',
      }),
    periods_begin: z.strictObject({ count }),
    plan_changes: z.strictObject({
      count,
      first: z.array(z.strictObject({ ...row, from: z.string(), to: z.string() })),
    }),
  })
  .meta({ id: 'Forecast' })

/** A forecast for the API. */
export function presentForecast(found: Forecast): z.input<typeof forecastOut> {
  const { expire, renew, refuse, periodsBegin, planChanges } = found
  return {
    now: found.now.toISOString(),
    until: found.until.toISOString(),
    expire: { count: expire.count, first: expire.first.map((one) => ({ ...rowOut(one), reason: one.reason })) },
    renew: {
      count: renew.count,
      periods: renew.periods,
      amounts: [...renew.amounts].map(([currency, minor]) => ({ currency, amount: formatMoney(minor, currency) })),
      first: renew.first.map((one) => ({
        ...rowOut(one),
        periods: one.periods,
        amount: formatMoney(one.amountMinor, one.currency),
        currency: one.currency,
        expires_at: isoOrNull(one.expiresAt),
      })),
    },
    refuse: {
      count: refuse.count,
      rules: [...refuse.rules].map(([rule, of]) => ({ rule, count: of })),
      first: refuse.first.map((one) => ({ ...rowOut(one), rule: one.rule, reason: one.reason })),
    },
    periods_begin: periodsBegin,
    plan_changes: {
      count: planChanges.count,
      first: planChanges.first.map((one) => ({ ...rowOut(one), from: one.from, to: one.to })),
    },
  }
}

function rowOut({ subscriberId, username, at }: ForecastRow) {
  return { subscriber_id: Number(subscriberId), username, at: at.toISOString() }
}

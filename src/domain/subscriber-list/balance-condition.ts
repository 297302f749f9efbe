// A range of balances in major units. How many minor units that is depends on the payer's currency: one condition for each
// number of minor digits there is, each of them ranges of the index by currency and balance.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { minorDigits } from '../money.ts'

/** ISO 4217: most currencies have this many minor digits. */
const usualDigits = 2
/** Digits that an amount of the filter may have behind its point. */
const mostDigits = 4

/** Every currency by its minor digits. */
const currencies: ReadonlyMap<number, readonly string[]> = groupByDigits()

/** The currencies whose minor digits are not the usual two, by digits. */
export const unusualCurrencies: ReadonlyMap<number, readonly string[]> = new Map(
  [...currencies].filter(([digits]) => digits !== usualDigits),
)

function groupByDigits(): Map<number, string[]> {
  const groups = new Map<number, string[]>()
  for (const currency of Intl.supportedValuesOf('currency')) {
    const digits = minorDigits(currency)
    groups.set(digits, [...(groups.get(digits) ?? []), currency])
  }
  return groups
}

/** Whether the payer's balance is in the range, both ends included; none where no end is given. `use` as in filter.ts. */
export function balanceCondition(
  from: string | undefined,
  to: string | undefined,
  use: 'find' | 'check',
): RawBuilder<boolean>[] {
  if (from === undefined && to === undefined) return []
  const ranges = [...currencies].map(([digits, list]) => {
    const ends = balanceEnds(from, to, digits, sql`payer.balance_minor`)
    return sql`(payer.currency = any(${list}::bpchar[]) and ${sql.join(ends, sql` and `)})`
  })
  const held = sql`(${sql.join(ranges, sql` or `)})`
  return use === 'check'
    ? [sql`(select ${held} from payer where payer.id = subscriber.payer_id)`]
    : [sql`subscriber.payer_id in (select payer.id from payer where ${held})`]
}

/** The ends of the range as conditions on a column in minor units of a currency with so many digits. */
export function balanceEnds(
  from: string | undefined,
  to: string | undefined,
  digits: number,
  minor: RawBuilder<unknown>,
): RawBuilder<unknown>[] {
  return [
    ...(from === undefined ? [] : [sql`${minor} >= ${minorUnits(from, digits, 'up')}::bigint`]),
    ...(to === undefined ? [] : [sql`${minor} <= ${minorUnits(to, digits, 'down')}::bigint`]),
  ]
}

/** The first or last whole minor unit of an end that may have more digits than the currency. */
function minorUnits(text: string, digits: number, round: 'up' | 'down'): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const scaled = BigInt(whole + fraction.padEnd(mostDigits, '0')) * (text.startsWith('-') ? -1n : 1n)
  const unit = 10n ** BigInt(mostDigits - digits)
  const floor = scaled / unit - (scaled % unit < 0n ? 1n : 0n)
  return round === 'up' && floor * unit !== scaled ? floor + 1n : floor
}

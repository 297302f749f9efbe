// Amounts of money that come from outside: decimal text in major units, within bounds that keep every sum far from overflow.

import { FieldError } from '../field.ts'
import { formatMoney, parseMoney } from '../money.ts'

/** Minor units of one movement at most. */
export const largestAmount = 100_000_000_000_000n
/** Minor units of a balance at most, either way; the database holds it too. */
export const largestBalance = 100_000_000_000_000_000n

/** An amount above zero in minor units. Throws FieldError. */
export function parseAmount(field: string, text: string, currency: string): bigint {
  const amount = parseLimit(field, text, currency)
  if (amount === 0n) throw new FieldError(field, 'must be more than zero')
  return amount
}

/** An amount of zero or more in minor units. Throws FieldError. */
export function parseLimit(field: string, text: string, currency: string): bigint {
  const amount = parseMoney(field, text, currency)
  if (amount > largestAmount) {
    throw new FieldError(field, `must not be more than ${formatMoney(largestAmount, currency)}`)
  }
  return amount
}

/** An amount with a sign, not zero, in minor units. Throws FieldError. */
export function parseSignedAmount(field: string, text: string, currency: string): bigint {
  const trimmed = text.trim()
  const isNegative = trimmed.startsWith('-')
  const amount = parseAmount(field, isNegative ? trimmed.slice(1) : trimmed, currency)
  return isNegative ? -amount : amount
}

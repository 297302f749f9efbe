// Money between people and the database: a decimal text in major units outside, whole minor units (bigint) inside. How many
// minor digits a currency has is ISO 4217's business, through Intl: EUR 2, JPY 0, KWD 3.

import { FieldError, quote } from './field.ts'

/** Whether it is a currency we know, as an ISO 4217 code in capitals. */
export function isCurrency(code: string): boolean {
  return Intl.supportedValuesOf('currency').includes(code)
}

/** Digits after the decimal point of a currency. */
export function minorDigits(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

/** Minor units of a price such as `20.00` or `20`. No rounding: more digits than the currency has throw FieldError. */
export function parseMoney(field: string, text: string, currency: string): bigint {
  const match = /^(\d{1,15})(?:\.(\d+))?$/.exec(text.trim())
  if (match === null) throw new FieldError(field, `${quote(text)} is not an amount such as 20.00`)
  const digits = minorDigits(currency)
  const fraction = (match[2] ?? '').replace(/0+$/, '')
  if (fraction.length > digits) throw new FieldError(field, `${currency} has ${digits} digits after the point`)
  return BigInt(match[1]! + fraction.padEnd(digits, '0'))
}

/** The amount in major units with all its minor digits: 2000n EUR is `20.00`. */
export function formatMoney(minor: bigint, currency: string): string {
  const digits = minorDigits(currency)
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  return `${minor < 0n ? '-' : ''}${whole}${digits === 0 ? '' : `.${text.slice(-digits)}`}`
}

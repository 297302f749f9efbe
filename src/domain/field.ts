// The rules that fields of several nouns share (name, phone, e-mail, free text) and the errors of a write: each names the
// field, in the words of the command line, the import and later the API.

import { parsePhoneNumberFromString } from 'libphonenumber-js/min'

/** A value that can never be right, whatever the database holds. */
export class FieldError extends Error {
  override readonly name = 'FieldError'
  readonly field: string
  /** Without the field's name. */
  readonly reason: string

  constructor(field: string, reason: string) {
    super(`${field}: ${reason}`)
    this.field = field
    this.reason = reason
  }
}

/** A row that was named and is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'

  constructor(noun: string, named: string) {
    super(`there is no ${noun} ${quote(named)}`)
  }
}

/** A value that is right by itself and that another row has already. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
  readonly field: string
  /** Without the field's name. */
  readonly reason: string

  constructor(field: string, reason: string) {
    super(`${field}: ${reason}`)
    this.field = field
    this.reason = reason
  }
}

/** The members that have a value: for what distinguishes absent from undefined. */
export function withoutUndefined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}

/** A value for a message: quoted, one line, at most 60 characters, so that it cannot rule a terminal. */
export function quote(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return JSON.stringify(cut).replace(unprintable, '?')
}

const unprintable = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
const control = /\p{Cc}/u

/** One line of text, trimmed, within a number of characters. Throws FieldError. */
export function checkText(field: string, text: string, minimum: number, maximum: number): string {
  const trimmed = text.trim().normalize('NFC')
  if (control.test(trimmed)) throw new FieldError(field, 'has a control character')
  // Counted as a person counts, not in UTF-16 halves.
  const length = [...trimmed].length
  if (length < minimum || length > maximum) {
    throw new FieldError(field, `must have ${minimum} to ${maximum} characters, has ${length}`)
  }
  return trimmed
}

/** A name: 2 to 50 characters. Throws FieldError. */
export function checkName(field: string, text: string): string {
  return checkText(field, text, 2, 50)
}

/**
 * A phone number as E.164 (`+` and 7 to 15 digits). `00` is read as `+`. A national number gets the country code, by the rules
 * of that country for what is dialled before it (a zero, which Italy keeps), or stays digits where no country code is set.
 * Throws FieldError.
 */
export function checkPhone(field: string, text: string, countryCode: string): string {
  const compact = text
    .trim()
    .replace(/[\s().\-/]/g, '')
    .replace(/^00/, '+')
  const digits = compact.startsWith('+') ? compact.slice(1) : compact
  if (!/^\d+$/.test(digits)) throw new FieldError(field, `${quote(text)} is not a phone number`)
  const number = byNumberingPlan(text, countryCode) ?? byDigits(compact, digits, countryCode)
  const pattern = number.startsWith('+') ? /^\+[1-9]\d{6,14}$/ : /^\d{3,15}$/
  if (!pattern.test(number)) throw new FieldError(field, `${quote(text)} is not a phone number`)
  return number
}

/** By the numbering plan of the country; undefined where it knows no such number. */
function byNumberingPlan(text: string, countryCode: string): string | undefined {
  const written = text.trim().replace(/^00/, '+')
  if (!written.startsWith('+') && countryCode === '') return undefined
  const parsed = parsePhoneNumberFromString(written, { defaultCallingCode: countryCode.slice(1), extract: false })
  return parsed?.isValid() === true ? parsed.number : undefined
}

function byDigits(compact: string, digits: string, countryCode: string): string {
  const national = !compact.startsWith('+')
  return national && countryCode !== '' ? `${countryCode}${digits.replace(/^0/, '')}` : compact
}

/** An e-mail address: one `@`, a domain with a dot, 254 characters at most (RFC 5321 §4.5.3.1.3). Throws FieldError. */
export function checkEmail(field: string, text: string): string {
  const trimmed = text.trim()
  const good = trimmed.length <= 254 && /^[^\s@<>,;:"()[\]\\\p{Cc}]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/u.test(trimmed)
  if (!good) throw new FieldError(field, `${quote(text)} is not an e-mail address`)
  return trimmed
}

/** A whole number within bounds. Throws FieldError. */
export function checkInteger(field: string, value: number | string, minimum: number, maximum: number): number {
  const number = typeof value === 'number' ? value : /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : Number.NaN
  if (!Number.isInteger(number) || number < minimum || number > maximum) {
    throw new FieldError(field, `must be a whole number from ${minimum} to ${maximum}`)
  }
  return number
}

/** One of a few words. Throws FieldError naming them. */
export function checkChoice<Choice extends string>(field: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw new FieldError(field, `${quote(value)} is none of ${choices.join(', ')}`)
  return found
}

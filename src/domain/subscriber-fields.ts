// The fields of a subscriber as an operator writes them, by form or by file, turned into the values of its rows. Everything
// that can be said without looking at other rows is said here.

import { checkMac } from './device.ts'
import { checkChoice, checkEmail, checkName, checkPhone, checkText, FieldError } from './field.ts'
import { parseInstant } from './instant.ts'
import { parseStaticAddress } from './prefix.ts'
import type { StaticAddress } from './prefix.ts'
import type { Settings } from './setting.ts'
import { validateUsername } from './username.ts'

export const accountTypes = ['pppoe', 'ipoe'] as const
export type AccountType = (typeof accountTypes)[number]

/** Texts; absent and empty mean the same. Several MACs or addresses stand apart by blanks or commas. */
export type SubscriberTexts = {
  username: string
  expiresAt?: string | undefined
  accountType?: string | undefined
  mac?: string | undefined
  staticIp?: string | undefined
  fullName?: string | undefined
  phone?: string | undefined
  email?: string | undefined
  address?: string | undefined
}

export type SubscriberFields = {
  username: string
  accountType: AccountType
  expiresAt: Date | null
  macs: string[]
  addresses: StaticAddress[]
  fullName: string | null
  phone: string | null
  email: string | null
  address: string | null
}

/** The settings that fields are read by. */
export type FieldSettings = Pick<Settings, 'zone' | 'phone_country_code'>

/** How fields are called where they are written: `--static-ip` on the command line, `static_ip` in a file. */
export type FieldNames = Record<keyof SubscriberTexts, string>

/** The fields, and every error rather than the first; with errors the fields in question are null or empty. */
export function readSubscriberFields(
  texts: SubscriberTexts,
  names: FieldNames,
  settings: FieldSettings,
): { fields: SubscriberFields; errors: FieldError[] } {
  const errors: FieldError[] = []
  const attempt = <T>(text: string | undefined, read: (text: string) => T): T | null => {
    if (text === undefined || text.trim() === '') return null
    try {
      return read(text)
    } catch (error) {
      if (!(error instanceof FieldError)) throw error
      errors.push(error)
      return null
    }
  }
  const fields: SubscriberFields = {
    username: attempt(texts.username, (text) => validateUsername(text, names.username)) ?? '',
    accountType:
      attempt(texts.accountType, (text) => checkChoice(names.accountType, text.toLowerCase(), accountTypes)) ?? 'pppoe',
    expiresAt: attempt(texts.expiresAt, (text) => parseInstant(names.expiresAt, text, settings.zone)),
    macs: attempt(texts.mac, (text) => listOf(text).map((part) => checkMac(names.mac, part))) ?? [],
    addresses:
      attempt(texts.staticIp, (text) => listOf(text).map((part) => parseStaticAddress(names.staticIp, part))) ?? [],
    fullName: attempt(texts.fullName, (text) => checkName(names.fullName, text)),
    phone: attempt(texts.phone, (text) => checkPhone(names.phone, text, settings.phone_country_code)),
    email: attempt(texts.email, (text) => checkEmail(names.email, text)),
    address: attempt(texts.address, (text) => checkText(names.address, text, 1, 500)),
  }
  fields.macs = [...new Set(fields.macs)]
  if (texts.username.trim() === '') errors.push(new FieldError(names.username, 'is empty'))
  if (fields.accountType === 'ipoe' && (texts.mac ?? '').trim() === '') {
    errors.push(new FieldError(names.mac, 'an IPoE subscriber is known by its MAC: it needs one'))
  }
  return { fields, errors }
}

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '')
}

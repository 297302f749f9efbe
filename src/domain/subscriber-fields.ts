// The fields of a subscriber as an operator writes them, by form or by file, turned into the values of its rows. Everything
// that can be said without looking at other rows is said here.

import { checkMac } from './device.ts'
import type { Binding } from './access-subject.ts'
import { checkChoice, checkEmail, checkInteger, checkName, checkPhone, checkText, FieldError, quote } from './field.ts'
import { parseInstant } from './instant.ts'
import { parseLineId } from './line-id.ts'
import type { AccessKind } from './line.ts'
import type { AttributeCheck } from './nas-device.ts'
import { parseStaticAddress } from './prefix.ts'
import type { StaticAddress } from './prefix.ts'
import type { Settings } from './setting.ts'
import { validateUsername } from './username.ts'

const accountTypes: readonly AccessKind[] = ['pppoe', 'ipoe']

/** Texts; absent and empty mean the same. Several MACs or addresses stand apart by blanks or commas. */
export type SubscriberTexts = {
  username: string
  expiresAt?: string | undefined
  accountType?: string | undefined
  mac?: string | undefined
  staticIp?: string | undefined
  /** Text, or octets as `0x…`. */
  circuitId?: string | undefined
  remoteId?: string | undefined
  duid?: string | undefined
  boundInterface?: string | undefined
  port?: string | undefined
  sVlan?: string | undefined
  cVlan?: string | undefined
  fullName?: string | undefined
  phone?: string | undefined
  email?: string | undefined
  address?: string | undefined
  /** Digits. */
  phoneExtension?: string | undefined
  /** Degrees north. */
  latitude?: string | undefined
  /** Degrees east. */
  longitude?: string | undefined
  /** A part of the ISP's area. */
  zone?: string | undefined
  /** Such as `de` or `pt-BR`. */
  language?: string | undefined
  /** Name of the plan that follows at expiry. */
  nextPlan?: string | undefined
  sessionLimit?: string | undefined
  deviceLimit?: string | undefined
  /** `Name = value`, apart by semicolons or line breaks outside of quotes. */
  attributes?: string | undefined
}

export type SubscriberFields = {
  username: string
  accountType: AccessKind
  expiresAt: Date | null
  macs: string[]
  addresses: StaticAddress[]
  circuitId: Buffer | null
  remoteId: Buffer | null
  duid: Buffer | null
  /** Where the subscriber must come in; of a line without a password also by what it is told. */
  binding: Omit<Binding, 'nasGroupId'>
  fullName: string | null
  phone: string | null
  email: string | null
  address: string | null
  phoneExtension: string | null
  latitude: number | null
  longitude: number | null
  zone: string | null
  language: string | null
  /** A name: whether there is such a plan only the database can say. */
  nextPlan: string | null
  sessionLimit: number | null
  deviceLimit: number | null
  /** Checked by the dictionary where the settings bring the check. */
  attributes: string[]
}

/** What fields are read by: settings, and whether extra attributes exist and fit. */
export type FieldSettings = Pick<Settings, 'zone' | 'phone_country_code'> & { checkAttribute?: AttributeCheck }

/** How fields are called where they are written: `--static-ip` on the command line, `static_ip` in a file. */
export type FieldNames = Record<keyof SubscriberTexts, string>

/** The fields, and every error rather than the first; with errors the fields in question are null or empty. */
export function readSubscriberFields(
  texts: SubscriberTexts,
  names: FieldNames,
  settings: FieldSettings,
): { fields: SubscriberFields; errors: FieldError[] } {
  const { fields, errors } = readEachField(texts, names, settings)
  if (texts.username.trim() === '') errors.push(new FieldError(names.username, 'is empty'))
  if (errors.length === 0) errors.push(...checkTogether(fields, names))
  return { fields, errors }
}

/** Each field by itself: an absent one is null, and nothing is said of what they are together. */
export function readEachField(
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
  const limit = (name: 'sessionLimit' | 'deviceLimit') =>
    attempt(texts[name], (text) => checkInteger(names[name], text, 1, largestLimit))
  const degrees = (name: 'latitude' | 'longitude', most: number) =>
    attempt(texts[name], (text) => checkDegrees(names[name], text, most))
  const macs = attempt(texts.mac, (text) => listOf(text).map((part) => checkMac(names.mac, part))) ?? []
  const fields: SubscriberFields = {
    username: attempt(texts.username, (text) => validateUsername(text, names.username)) ?? '',
    accountType:
      attempt(texts.accountType, (text) => checkChoice(names.accountType, text.toLowerCase(), accountTypes)) ?? 'pppoe',
    expiresAt: attempt(texts.expiresAt, (text) => parseInstant(names.expiresAt, text, settings.zone)),
    macs: [...new Set(macs)],
    addresses:
      attempt(texts.staticIp, (text) => listOf(text).map((part) => parseStaticAddress(names.staticIp, part))) ?? [],
    circuitId: attempt(texts.circuitId, (text) => parseLineId(names.circuitId, text)),
    remoteId: attempt(texts.remoteId, (text) => parseLineId(names.remoteId, text)),
    duid: attempt(texts.duid, (text) => parseLineId(names.duid, text)),
    binding: {
      interface: attempt(texts.boundInterface, (text) => checkText(names.boundInterface, text, 1, 253)),
      port: attempt(texts.port, (text) => checkText(names.port, text, 1, 100)),
      sVlan: attempt(texts.sVlan, (text) => checkInteger(names.sVlan, text, 1, largestVlan)),
      cVlan: attempt(texts.cVlan, (text) => checkInteger(names.cVlan, text, 1, largestVlan)),
    },
    fullName: attempt(texts.fullName, (text) => checkName(names.fullName, text)),
    phone: attempt(texts.phone, (text) => checkPhone(names.phone, text, settings.phone_country_code)),
    email: attempt(texts.email, (text) => checkEmail(names.email, text)),
    address: attempt(texts.address, (text) => checkText(names.address, text, 1, 500)),
    phoneExtension: attempt(texts.phoneExtension, (text) => checkExtension(names.phoneExtension, text)),
    latitude: degrees('latitude', 90),
    longitude: degrees('longitude', 180),
    zone: attempt(texts.zone, (text) => checkText(names.zone, text, 1, 100)),
    language: attempt(texts.language, (text) => checkLanguage(names.language, text)),
    nextPlan: attempt(texts.nextPlan, (text) => checkText(names.nextPlan, text, 1, 100)),
    sessionLimit: limit('sessionLimit'),
    deviceLimit: limit('deviceLimit'),
    attributes:
      attempt(texts.attributes, (text) =>
        checkAttributeLines(names.attributes, splitAttributes(text), settings.checkAttribute),
      ) ?? [],
  }
  return { fields, errors }
}

/** What is wrong with fields that are right each by itself. */
export function checkTogether(fields: SubscriberFields, names: FieldNames): FieldError[] {
  const errors: FieldError[] = []
  if (fields.accountType === 'ipoe' && !tellsLine(fields)) {
    const choices = [names.circuitId, names.remoteId, names.duid, names.boundInterface, names.cVlan]
    const reason = `an IPoE subscriber is known by its line: it needs this or one of ${choices.join(', ')}`
    errors.push(new FieldError(names.mac, reason))
  }
  if ((fields.latitude === null) !== (fields.longitude === null)) {
    errors.push(new FieldError(names.latitude, `goes with ${names.longitude}, and only with it`))
  }
  return errors
}

/** As the limits of a plan. */
const largestLimit = 1_000

/** An extension behind a phone number. Throws FieldError. */
function checkExtension(field: string, text: string): string {
  const digits = text.trim()
  if (!/^\d{1,10}$/.test(digits)) throw new FieldError(field, 'must have 1 to 10 digits')
  return digits
}

function checkDegrees(field: string, text: string, most: number): number {
  const degrees = /^[+-]?\d{1,3}(\.\d{1,15})?$/.test(text.trim()) ? Number(text) : Number.NaN
  if (!(Math.abs(degrees) <= most)) throw new FieldError(field, `must be degrees from -${most} to ${most}`)
  return degrees
}

/** A language tag in its canonical form (RFC 5646). Throws FieldError. */
function checkLanguage(field: string, text: string): string {
  const tag = text.trim()
  try {
    if (tag.length <= 35) return Intl.getCanonicalLocales(tag)[0]!
  } catch {
    // What Intl cannot read is told below.
  }
  throw new FieldError(field, `${quote(text)} is not a language such as de or pt-BR`)
}

/** The lines of extra attributes in one text. */
function splitAttributes(text: string): string[] {
  const lines = text.match(/(?:"(?:[^"\\]|\\.)*"|[^;\n\r])+/g) ?? []
  return lines.map((line) => line.trim()).filter((line) => line !== '')
}

/** Extra attributes as they are stored. Throws FieldError where they do not exist or do not fit. */
export function checkAttributeLines(
  field: string,
  lines: readonly string[],
  check: AttributeCheck | undefined,
): string[] {
  const wrong = check?.(lines)
  if (wrong !== undefined) throw new FieldError(field, wrong)
  return lines.map((line) => line.trim())
}

/** IEEE 802.1Q: 0 is no VLAN and 4095 reserved. */
const largestVlan = 4094

/** Whether there is something by which a line without a password can be told (identify.ts). */
function tellsLine({ macs, circuitId, remoteId, duid, binding }: SubscriberFields): boolean {
  const facts = [macs[0] ?? null, circuitId, remoteId, duid, binding.interface, binding.cVlan]
  return facts.some((fact) => fact !== null)
}

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '')
}

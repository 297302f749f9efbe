// The fields of a subscriber as an operator writes them, by form or by file, turned into the values of its rows. Everything
// that can be said without looking at other rows is said here.

import { checkMac } from './device.ts'
import type { Binding } from './access-subject.ts'
import { checkChoice, checkEmail, checkInteger, checkName, checkPhone, checkText, FieldError } from './field.ts'
import { parseInstant } from './instant.ts'
import { parseLineId } from './line-id.ts'
import type { AccessKind } from './line.ts'
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
  }
  fields.macs = [...new Set(fields.macs)]
  if (texts.username.trim() === '') errors.push(new FieldError(names.username, 'is empty'))
  if (errors.length === 0 && fields.accountType === 'ipoe' && !tellsLine(fields)) {
    const choices = [names.circuitId, names.remoteId, names.duid, names.boundInterface, names.cVlan]
    const reason = `an IPoE subscriber is known by its line: it needs this or one of ${choices.join(', ')}`
    errors.push(new FieldError(names.mac, reason))
  }
  return { fields, errors }
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

// The fields of a subscriber as they are, and as they become by what an edit names; judged together, as far as it touches them.

import type { Selectable } from 'kysely'
import type { SubscriberTable } from '../../db/schema.ts'
import { FieldError } from '../field.ts'
import { parseStaticAddress } from '../prefix.ts'
import type { Settings } from '../setting.ts'
import { checkAttributeLines, checkTogether, readEachField } from '../subscriber-fields.ts'
import type { SubscriberFields, SubscriberTexts } from '../subscriber-fields.ts'
import type { SubscriberPatch } from './edit.ts'
import { lineIdentity } from './line.ts'

/** The fields of a row, with its bound MACs and its addresses. */
export function currentFields(
  row: Selectable<SubscriberTable>,
  macs: readonly string[],
  addresses: readonly string[],
): SubscriberFields {
  return {
    ...lineIdentity(row, macs),
    username: row.username,
    expiresAt: row.expires_at,
    addresses: addresses.map((prefix) => parseStaticAddress('addresses', prefix)),
    fullName: row.full_name,
    phone: row.phone,
    phoneExtension: row.phone_extension,
    email: row.email,
    address: row.address,
    latitude: row.latitude,
    longitude: row.longitude,
    zone: row.zone,
    language: row.language,
    nextPlan: null,
    sessionLimit: row.session_limit,
    deviceLimit: row.device_limit,
    attributes: row.attributes,
  }
}

const bindingParts = { boundInterface: 'interface', port: 'port', sVlan: 'sVlan', cVlan: 'cVlan' } as const
const listFields = { mac: 'macs', staticIp: 'addresses' } as const
/** They cannot be without. */
const needed = ['username', 'accountType'] as const

/** The fields after the edit. Throws FieldError. */
export function mergeFields(before: SubscriberFields, patch: SubscriberPatch, settings: Settings): SubscriberFields {
  const { names } = patch
  const named = Object.entries(patch.texts).filter((entry) => entry[1] !== undefined) as [
    keyof SubscriberTexts,
    string | null,
  ][]
  const texts: Partial<SubscriberTexts> = Object.fromEntries(named.map(([name, text]) => [name, text ?? '']))
  for (const name of needed) {
    if (name in texts && texts[name]?.trim() === '') throw new FieldError(names[name], 'is empty')
  }
  const { fields: read, errors } = readEachField({ username: before.username, ...texts }, names, settings)
  if (errors[0] !== undefined) throw errors[0]
  const after: SubscriberFields = { ...before, binding: { ...before.binding } }
  for (const [name] of named) takeField(after, read, name)
  if (patch.attributes !== undefined) {
    after.attributes = checkAttributeLines(names.attributes, patch.attributes, patch.checkAttribute)
  }
  const old = checkTogether(before, names).map(({ message }) => message)
  const wrong = checkTogether(after, names).find(({ message }) => !old.includes(message))
  if (wrong !== undefined) throw wrong
  return after
}

function takeField(after: SubscriberFields, read: SubscriberFields, name: keyof SubscriberTexts): void {
  if (name in bindingParts) {
    const part = bindingParts[name as keyof typeof bindingParts]
    after.binding = { ...after.binding, [part]: read.binding[part] }
    return
  }
  const field = name in listFields ? listFields[name as keyof typeof listFields] : name
  Object.assign(after, { [field]: read[field as keyof SubscriberFields] })
}

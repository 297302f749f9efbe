// What can be said of a field while it is typed, by the rules of the server (src/domain/subscriber-fields.ts); whatever needs other
// rows, the numbering plan or the dictionary the server alone says, per field, when it is saved.
import { linesOf, type FieldName, type FormValues } from './values.ts'

export type Rule =
  | 'needed'
  | 'username'
  | 'name'
  | 'email'
  | 'phone'
  | 'extension'
  | 'address'
  | 'zone'
  | 'latitude'
  | 'longitude'
  | 'together'
  | 'language'
  | 'limit'
  | 'vlan'
  | 'mac'
  | 'prefix'
  | 'lineId'
  | 'password'
  | 'instant'
  | 'line'

type Check = (text: string) => boolean

const lengthBetween =
  (least: number, most: number): Check =>
  (text) => {
    const { length } = [...text.trim()]
    return length >= least && length <= most
  }
const whole =
  (least: number, most: number): Check =>
  (text) =>
    /^\d{1,15}$/.test(text.trim()) && Number(text) >= least && Number(text) <= most
const degrees =
  (most: number): Check =>
  (text) =>
    /^[+-]?\d{1,3}(\.\d{1,15})?$/.test(text.trim()) && Math.abs(Number(text)) <= most
const octets = (text: string) => new TextEncoder().encode(text).length

function isPhone(text: string): boolean {
  const compact = text
    .trim()
    .replaceAll(/[\s().\-/]/g, '')
    .replace(/^00/, '+')
  return /^\+[1-9]\d{6,14}$/.test(compact) || /^\d{3,15}$/.test(compact)
}

function isMac(text: string): boolean {
  const digits = text.replaceAll(/[:.\-\s]/g, '')
  const isWhole = /[:.-]/.test(text) && /^[0-9a-f]{12}$/i.test(digits)
  return isWhole && (Number.parseInt(digits.slice(0, 2), 16) & 1) === 0 && !/^0{12}$/.test(digits)
}

const isPrefix: Check = (text) =>
  /^\d{1,3}(\.\d{1,3}){3}(\/32)?$/.test(text) || /^[0-9a-f]*:[0-9a-f:.]+(\/\d{1,3})?$/i.test(text)

const isLineId: Check = (text) =>
  /^0x/i.test(text.trim()) ? /^0x([0-9a-f]{2}){1,253}$/i.test(text.trim()) : octets(text.trim()) <= 253

function isLanguage(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text.trim()).length === 1
  } catch {
    return false
  }
}

const isEmail: Check = (text) =>
  text.trim().length <= 254 && /^[^\s@<>,;:"()[\]\\\p{Cc}]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/u.test(text.trim())

const limit = whole(1, 1_000)
const vlan = whole(1, 4_094)

const checks: Partial<Record<FieldName, readonly [Rule, Check]>> = {
  username: ['username', (text) => octets(canonical(text)) <= 253],
  full_name: ['name', lengthBetween(2, 50)],
  language: ['language', isLanguage],
  email: ['email', isEmail],
  phone: ['phone', isPhone],
  phone_extension: ['extension', (text) => /^\d{1,10}$/.test(text.trim())],
  address: ['address', lengthBetween(1, 500)],
  zone: ['zone', lengthBetween(1, 100)],
  latitude: ['latitude', degrees(90)],
  longitude: ['longitude', degrees(180)],
  session_limit: ['limit', limit],
  device_limit: ['limit', limit],
  bound_s_vlan: ['vlan', vlan],
  bound_c_vlan: ['vlan', vlan],
  devices: ['mac', isMac],
  addresses: ['prefix', isPrefix],
  circuit_id: ['lineId', isLineId],
  remote_id: ['lineId', isLineId],
  duid: ['lineId', isLineId],
  password: ['password', (text) => octets(text) <= 128 && !/\p{Cc}/u.test(text)],
  expires_at: ['instant', (text) => !Number.isNaN(Date.parse(text))],
}

/** By one of these a line without a password is known. */
const lineFacts: readonly FieldName[] = [
  'devices',
  'circuit_id',
  'remote_id',
  'duid',
  'bound_interface',
  'bound_c_vlan',
]

export type Wrong = Partial<Record<FieldName, Rule>>

/** What is wrong with each field; `needed` are those that may not be empty. */
export function wrongFields(values: FormValues, needed: readonly FieldName[]): Wrong {
  const wrong: Wrong = {}
  for (const [name, [rule, isRight]] of Object.entries(checks) as [FieldName, readonly [Rule, Check]][]) {
    const value = values[name]
    const parts = typeof value === 'string' ? (value.trim() === '' ? [] : [value]) : value
    if (!parts.every(isRight)) wrong[name] = rule
  }
  for (const name of needed) if (String(values[name]).trim() === '') wrong[name] = 'needed'
  if ((values.latitude.trim() === '') !== (values.longitude.trim() === '')) wrong.latitude ??= 'together'
  const isKnown = lineFacts.some((name) => linesOf(String(values[name])).length > 0)
  if (values.account_type === 'ipoe' && !isKnown) wrong.devices ??= 'line'
  return wrong
}

/** A username as the server keeps it, near enough to show it: one login whatever its case and width. */
export function canonical(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .trim()
}

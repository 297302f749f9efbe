// What stands in the form of a subscriber: texts as they were typed, and how they become what the API takes and come from what it
// answers. Fields are called as the API calls them.
import type {
  GetSubscribersIdResponse,
  PatchSubscribersIdData,
  PostSubscriberPresetsData,
  PostSubscribersData,
} from '../../api/generated/types.gen.ts'
import { fromLocalInput, toLocalInput } from '../../i18n/format.ts'

export type Subscriber = GetSubscribersIdResponse
export type CreateBody = PostSubscribersData['body']
export type PatchBody = PatchSubscribersIdData['body']
export type PresetFields = PostSubscriberPresetsData['body']['fields']

/** How each field is written for the API; an empty one is null there, or nothing. */
const kinds = {
  username: 'text',
  full_name: 'text',
  language: 'text',
  email: 'text',
  phone: 'text',
  phone_extension: 'text',
  address: 'text',
  zone: 'text',
  latitude: 'number',
  longitude: 'number',
  plan: 'id',
  next_plan: 'id',
  expires_at: 'instant',
  owner: 'id',
  payer_id: 'id',
  group: 'id',
  auto_renew: 'flag',
  account_type: 'word',
  password: 'secret',
  credential: 'word',
  session_limit: 'number',
  device_limit: 'number',
  devices: 'list',
  addresses: 'list',
  routes: 'lines',
  bound_interface: 'text',
  bound_port: 'text',
  bound_s_vlan: 'number',
  bound_c_vlan: 'number',
  bound_nas_group: 'id',
  circuit_id: 'text',
  remote_id: 'text',
  duid: 'text',
  attributes: 'lines',
  comment: 'text',
} as const

export type FieldName = keyof typeof kinds
export type ListName = 'devices' | 'addresses'
export type TextName = Exclude<FieldName, ListName>
export type FormValues = { [Name in TextName]: string } & { [Name in ListName]: string[] }

export const fieldNames = Object.keys(kinds) as FieldName[]

const blankTexts = Object.fromEntries(fieldNames.map((name) => [name, ''])) as { [Name in TextName]: string }
export const blankValues: FormValues = { ...blankTexts, account_type: 'pppoe', devices: [], addresses: [] }

const idOf = (named: { id: number } | null) => (named === null ? '' : String(named.id))
const textOf = (value: string | number | null) => (value === null ? '' : String(value))

/** What the form begins with of one that there is. */
export function valuesOf(one: Subscriber): FormValues {
  return {
    ...blankValues,
    ...(Object.fromEntries(
      fieldNames.flatMap((name) => {
        const value = name in one ? one[name as keyof Subscriber] : null
        return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : []
      }),
    ) as Partial<FormValues>),
    plan: idOf(one.plan),
    next_plan: idOf(one.next_plan),
    owner: idOf(one.owner),
    payer_id: idOf(one.payer),
    group: idOf(one.group),
    bound_nas_group: idOf(one.bound_nas_group),
    expires_at: one.expires_at === null ? '' : toLocalInput(one.expires_at),
    auto_renew: String(one.auto_renew),
    credential: '',
    devices: one.devices.filter(({ bound }) => bound).map(({ mac }) => mac),
    addresses: one.addresses.map(({ prefix }) => prefix),
    routes: one.routes.join('\n'),
    attributes: one.attributes.join('\n'),
  }
}

/** What a preset or an older draft says, as far as the form has a place for it. */
export function valuesOfPreset(fields: Readonly<Record<string, unknown>>): Partial<FormValues> {
  return Object.fromEntries(
    fieldNames.flatMap((name): [FieldName, string | string[]][] => {
      const value = fields[name]
      if (value == null || name === 'username' || name === 'password') return []
      if (kinds[name] === 'list') return [[name, (value as unknown[]).map(String)]]
      if (kinds[name] === 'lines') return [[name, (value as unknown[]).join('\n')]]
      if (kinds[name] === 'instant' && typeof value === 'string') return [[name, toLocalInput(value)]]
      return [[name, textOf(value as string | number)]]
    }),
  )
}

export function isSame(one: FormValues[FieldName], other: FormValues[FieldName]): boolean {
  return String(one) === String(other)
}

/** The fields in which two forms differ. */
export function differences(before: FormValues, after: FormValues): FieldName[] {
  return fieldNames.filter((name) => !isSame(before[name], after[name]))
}

export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** A field as the API takes it; undefined: it says nothing. */
function sent(name: FieldName, value: string | readonly string[]): unknown {
  if (typeof value !== 'string') return value
  const kind = kinds[name]
  if (kind === 'lines') return linesOf(value)
  if (kind === 'secret') return value === '' ? undefined : value
  const text = value.trim()
  if (text === '') return kind === 'flag' || kind === 'word' ? undefined : null
  if (kind === 'number') return Number(text)
  // A preset may name what it means.
  if (kind === 'id') return /^\d{1,16}$/.test(text) ? Number(text) : text
  if (kind === 'instant') return fromLocalInput(text) ?? text
  return kind === 'flag' ? text === 'true' : text
}

/** These fields, the empty ones cleared. */
export function patchBody(values: FormValues, names: readonly FieldName[]): PatchBody {
  return Object.fromEntries(names.map((name) => [name, sent(name, values[name])]))
}

const isEmpty = (value: unknown) => value == null || (Array.isArray(value) && value.length === 0)

/** All that is filled. */
export function createBody(values: FormValues, names: readonly FieldName[]): CreateBody {
  const all = Object.entries(patchBody(values, names)).filter(([, value]) => !isEmpty(value))
  return Object.fromEntries(all) as CreateBody
}

const ofOneAlone: readonly FieldName[] = [
  'username',
  'password',
  'full_name',
  'email',
  'phone',
  'phone_extension',
  'latitude',
  'longitude',
  'devices',
  'addresses',
  'circuit_id',
  'remote_id',
  'duid',
  'comment',
]

/** What is filled and not of one subscriber alone. */
export function presetBody(values: FormValues): PresetFields {
  const names = fieldNames.filter((name) => !ofOneAlone.includes(name))
  return createBody(values, names)
}

// What a setting is: where it stands, what its value may be as the API says it (JSON Schema), and what is wrong with one.
import type { GetSettingsResponse } from '../api/generated/types.gen.ts'
import { settings as words } from '../i18n/en/settings.ts'

export type Setting = GetSettingsResponse['items'][number]
export type Value = string | number | boolean | (string | number)[]
export type KnownName = keyof (typeof words)['settings']['names']
export type KnownChoice = keyof (typeof words)['settings']['choices']
type GroupName = keyof (typeof words)['settings']['groups']

export type Shape = {
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  enum?: string[]
  minimum?: number
  maximum?: number
  maxLength?: number
  pattern?: string
  minItems?: number
  maxItems?: number
  items?: Shape
}

export const groups: Readonly<Record<GroupName, readonly KnownName[]>> = {
  house: ['zone', 'currency', 'date_format', 'phone_country_code', 'panel_url'],
  security: ['sign_in_networks', 'secret_minimum_length', 'secret_overlap_days', 'webhook_hosts'],
  radius: ['auth_methods', 'mschap_v1', 'accounting_sink', 'default_interim_interval_s', 'interim_jitter'],
  replies: ['reject_text', 'expired_text', 'blocked_text', 'quota_text', 'sessions_text'],
  garden: ['garden_address_list', 'garden_pool', 'garden_session_timeout_s', 'address_quiet_s'],
  outage: ['outage_grace_hours', 'outage_staleness_hours', 'outage_after_staleness', 'outage_status_server'],
  renewal: ['renew_ahead_hours', 'renew_late_days'],
  messages: ['welcome_messages', 'reminder_days', 'message_days'],
  data: [
    'import_maximum_rows',
    'import_maximum_mb',
    'import_keep_days',
    'export_keep_days',
    'deleted_retention_days',
    'bulk_rate',
    'bulk_large',
    'bulk_keep_days',
  ],
}

export function isKnown(name: string): name is KnownName {
  return Object.hasOwn(words.settings.names, name)
}

export function isKnownChoice(name: string): name is KnownChoice {
  return Object.hasOwn(words.settings.choices, name)
}

export type Wrong =
  | { word: 'between'; least: number; most: number }
  | { word: 'form' }
  | { word: 'tooLong'; most: number }

/** What can be seen to be wrong before the API is asked. */
export function wrongWith(value: Value, shape: Shape): Wrong | undefined {
  if (shape.type === 'integer' || shape.type === 'number') {
    const { minimum: least = -Infinity, maximum: most = Infinity } = shape
    const isFit = typeof value === 'number' && value >= least && value <= most
    return isFit && (shape.type === 'number' || Number.isInteger(value)) ? undefined : { word: 'between', least, most }
  }
  if (typeof value === 'string') {
    if (shape.maxLength !== undefined && value.length > shape.maxLength)
      return { word: 'tooLong', most: shape.maxLength }
    if (shape.pattern !== undefined && !new RegExp(shape.pattern, 'u').test(value)) return { word: 'form' }
  }
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Infinity, items = {} } = shape
    if (value.length < minItems || value.length > maxItems) return { word: 'form' }
    return value.map((one) => wrongWith(one, items)).find((wrong) => wrong !== undefined)
  }
  return undefined
}

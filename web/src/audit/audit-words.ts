// What the trail speaks of: kinds of rows, actions, fields and values, as people read them.
import type { TFunction } from 'i18next'
import type { enMore } from '../i18n/en-more.ts'
import { formatInstant, formatNumber } from '../i18n/format.ts'

type Nouns = (typeof enMore)['audit']['nouns']

export const nouns = [
  'subscriber',
  'subscribers',
  'payer',
  'wallet',
  'plan',
  'group',
  'session',
  'unmatched',
  'nas',
  'nas-group',
  'nas-router',
  'router-run',
  'client',
  'realm',
  'home-server',
  'ip-pool',
  'bulk-run',
  'import',
  'export',
  'disclosure',
  'job-run',
  'report-schedule',
  'message',
  'message-template',
  'mail-server',
  'webhook',
  'operator',
  'role',
  'team',
  'organisation',
  'api-token',
  'view',
  'preset',
  'setting',
  'alarm',
  'data-key',
  'key-file',
] as const satisfies readonly (keyof Nouns)[]

export function nounWords(noun: string, t: TFunction): string {
  return t(`audit.nouns.${noun as keyof Nouns}`, { defaultValue: noun })
}

/** `full_name` as `full name`, `params.reason` as `params · reason`. */
export function fieldWords(path: string): string {
  return path.replaceAll('_', ' ').replaceAll('.', ' · ')
}

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/

/** A value as it is read; undefined where there was none. */
export function valueWords(value: unknown, t: TFunction): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'boolean') return t(value ? 'words.yes' : 'words.no')
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'string') return instant.test(value) ? formatInstant(value, undefined) : value
  if (Array.isArray(value)) return value.map((each) => valueWords(each, t) ?? '–').join(', ')
  return JSON.stringify(value)
}

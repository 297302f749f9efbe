// Policy that operators change at run time: the names, types and defaults of the `setting` table. A value is checked when it
// is written; a row that a newer release wrote and this one does not understand counts as unset.

import { z } from 'zod'
import type { Db } from '../db/schema.ts'
import { FieldError, quote } from './field.ts'
import { isZone } from './instant.ts'
import { isCurrency } from './money.ts'
import { parseClientPrefix } from './prefix.ts'

/** How a subscriber may prove itself to the ISP's NASes: RFC 2865 §5.2 and §5.3, RFC 2548 §2. */
export const authMethods = ['pap', 'chap', 'mschapv1', 'mschapv2'] as const
export type AuthMethod = (typeof authMethods)[number]

/** `auto`: Postgres, and the journal where Postgres does not commit in time; `journal-always`; `db-only`. */
export const accountingSinks = ['auto', 'journal-always', 'db-only'] as const
export type AccountingSink = (typeof accountingSinks)[number]

export const dateFormats = ['locale', 'month-first', 'iso'] as const

const seconds = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum)
/** Reply-Message holds 253 octets (RFC 2865 §5.18). */
const replyText = z
  .string()
  .max(253)
  .refine((text) => Buffer.byteLength(text) <= 253, 'has more than 253 octets')

const shapes = {
  /** IANA name of the ISP's time zone: days, months and times without an offset are meant there. */
  zone: z.string().refine(isZone, 'is not a time zone such as Europe/Berlin').default('UTC'),
  /** ISO 4217 code of prices of new plans and payers. */
  currency: z.string().refine(isCurrency, 'is not a currency such as EUR').default('EUR'),
  /** How the panel writes instants: as the reader's language does, MM-DD-YYYY HH:MM, or YYYY-MM-DD HH:MM. Exports stay ISO 8601. */
  date_format: z.enum(dateFormats).default('locale'),
  /** `+` and digits put before national phone numbers; empty: they stay as they are. */
  phone_country_code: z
    .string()
    .regex(/^(\+[1-9]\d{0,3})?$/, 'is not a country code such as +49')
    .default(''),
  /** What the ISP's NASes are set up to ask: decides which credential kinds can work at all. */
  auth_methods: z.array(z.enum(authMethods)).min(1).default(['pap', 'chap', 'mschapv2']),
  /** MS-CHAP version 1 is broken and off unless somebody needs it (RFC 2433). */
  mschap_v1: z.boolean().default(false),
  /** Where an accounting record must be before it is acknowledged: docs/operations.md, "The accounting journal". */
  accounting_sink: z.enum(accountingSinks).default('auto'),
  default_interim_interval_s: seconds(60, 86_400).default(300),
  /** Share by which an interim interval varies by session, so that a reboot does not bundle all reports. */
  interim_jitter: z.number().min(0).max(0.5).default(0.1),
  /** Reply-Message for an unknown name and for a wrong password alike. Empty: none is sent. */
  reject_text: replyText.default('Login failed'),
  expired_text: replyText.default('Your subscription has ended'),
  blocked_text: replyText.default('Your service is blocked'),
  quota_text: replyText.default('Your data volume is used up'),
  sessions_text: replyText.default('You are logged in too often'),
  /** The walled garden of plans that name none of their own; empty: none. */
  garden_address_list: z.string().max(128).default('garden'),
  garden_pool: z.string().max(128).default(''),
  /** A session in the garden ends after this long, so that who has paid gets out without a phone call. */
  garden_session_timeout_s: seconds(60, 86_400).default(900),
  /** So long after a session its address, where we handed it out, goes to no other line. */
  address_quiet_s: seconds(0, 86_400).default(60),
  /** While Postgres is away: service that ends meanwhile goes on for so long after the books were last known, for it cannot be renewed. */
  outage_grace_hours: z.int().min(0).max(168).default(24),
  /** What was last known is stale after so long. */
  outage_staleness_hours: z.int().min(1).max(720).default(24),
  /** Whether logins are still let in by what is stale. */
  outage_after_staleness: z.enum(['serve', 'silence']).default('serve'),
  /** Whether Status-Server is answered by an instance that serves without Postgres: `silent` sends NASes to another one. */
  outage_status_server: z.enum(['answer', 'silent']).default('answer'),
  /** Lines that renew by themselves renew so long before they expire (decision 19). */
  renew_ahead_hours: z.int().min(0).max(168).default(6),
  /** Lines whose service ended longer ago than this no longer renew by themselves. */
  renew_late_days: z.int().min(1).max(365).default(30),
  secret_minimum_length: z.int().min(8).max(64).default(12),
  /** How long the old secret of a client stays valid after a rotation. */
  secret_overlap_days: z.int().min(0).max(90).default(7),
  /** Offices of the ISP: guesses at passwords elsewhere never make an operator wait who signs in from there. */
  sign_in_networks: z.array(z.string().refine(isNetwork, 'is not a network such as 192.0.2.0/24')).max(100).default([]),
  /** Whether a new subscriber with an e-mail address is welcomed. */
  welcome_messages: z.boolean().default(false),
  /** So many days before the end of a service period its subscriber is reminded; empty: never. */
  reminder_days: z.array(z.int().min(1).max(60)).max(5).default([]),
  /** Hosts in our own networks that webhooks may call; every other private address is refused. */
  webhook_hosts: z.array(z.string().min(1).max(253)).max(20).default([]),
  message_days: z.int().min(1).max(3_650).default(90),
  /** Where the panel is reached from outside, for links in mails: `https://panel.example.net`. */
  panel_url: z
    .string()
    .max(200)
    .regex(/^(https?:\/\/[^\s/]+)?$/, 'is not like https://panel.example.net')
    .default(''),
  import_maximum_rows: z.int().min(1).max(1_000_000).default(250_000),
  import_maximum_mb: z.int().min(1).max(2_000).default(200),
  /** How long an import and the errors of its rows are kept. */
  import_keep_days: z.int().min(1).max(3_650).default(90),
  /** How long an export that was made in the background waits to be fetched. */
  export_keep_days: z.int().min(1).max(90).default(7),
  /** A deleted subscriber is purged after this long. */
  deleted_retention_days: z.int().min(1).max(3_650).default(90),
  /** Subscribers a second of one bulk run at most, so that logins and their NASes keep breathing. */
  bulk_rate: z.int().min(1).max(100_000).default(2_500),
  /** A bulk run upon so many asks for a fresh proof of who one is, and for the count that was shown. */
  bulk_large: z.int().min(1).max(1_000_000).default(100),
  /** How long results of bulk runs are kept. */
  bulk_keep_days: z.int().min(1).max(3_650).default(90),
}

function isNetwork(text: string): boolean {
  try {
    return parseClientPrefix('network', text) !== ''
  } catch (error) {
    if (error instanceof FieldError) return false
    throw error
  }
}

const everySetting = z.object(shapes)

export type Settings = Readonly<z.infer<typeof everySetting>>
export type SettingName = keyof Settings

/** Every name there is. */
export const settingNames = Object.keys(shapes) as SettingName[]

/** The settings of a database that has none of its own. */
export const defaultSettings: Settings = Object.freeze(everySetting.parse({}))

/** What a value of it must look like, as JSON Schema: for forms. What a zone or a network is shows only when it is written. */
export function settingShape(name: string): Readonly<Record<string, unknown>> {
  if (!isSettingName(name)) return {}
  const { $schema: _dialect, default: _default, ...shape } = z.toJSONSchema(shapes[name], { io: 'input' })
  return shape
}

/** All settings as they hold now, frozen. */
export async function readSettings(db: Db): Promise<Settings> {
  const rows = await db.selectFrom('setting').select(['name', 'value']).execute()
  return settingsOf(rows)
}

/** The same from rows read elsewhere. What is unknown or no longer valid counts as unset. */
export function settingsOf(rows: readonly { name: string; value: unknown }[]): Settings {
  const known: Record<string, unknown> = {}
  for (const { name, value } of rows) {
    if (isSettingName(name) && shapes[name].safeParse(value).success) known[name] = value
  }
  return Object.freeze(everySetting.parse(known))
}

/** The settings that were written, by name; the others have their defaults. */
export async function writtenSettings(db: Db): Promise<Set<string>> {
  const rows = await db.selectFrom('setting').select('name').execute()
  return new Set(rows.map((row) => row.name))
}

/** Writes one setting. Throws FieldError for an unknown name or a value of the wrong form. */
export async function writeSetting(db: Db, input: { name: string; value: unknown }, now: Date): Promise<void> {
  if (!isSettingName(input.name)) {
    throw new FieldError('name', `${quote(input.name)} is no setting; there are ${settingNames.join(', ')}`)
  }
  const parsed = shapes[input.name].safeParse(input.value)
  if (!parsed.success) throw new FieldError(input.name, parsed.error.issues.map((issue) => issue.message).join('; '))
  const value = JSON.stringify(parsed.data)
  await db
    .insertInto('setting')
    .values({ name: input.name, value, updated_at: now })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value, updated_at: now }))
    .execute()
}

/** A value typed on a command line: JSON where the setting is not a text, a comma-separated list where it is a list. */
export function settingValueFromText(name: string, text: string): unknown {
  const fallback = isSettingName(name) ? defaultSettings[name] : undefined
  if (typeof fallback === 'string' || fallback === undefined) return text
  if (Array.isArray(fallback) && !text.trimStart().startsWith('[')) return listFromText(name, text)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Numbers where the setting takes no texts; nothing at all is the empty list. */
function listFromText(name: string, text: string): unknown[] {
  if (text.trim() === '') return []
  const texts = text.split(',').map((part) => part.trim())
  const numbers = texts.map(Number)
  return isSettingName(name) && shapes[name].safeParse(numbers).success ? numbers : texts
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(shapes, name)
}

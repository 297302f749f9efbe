// What may differ from one NAS to the next of its vendor: a few settings with a default each, checked when they are written.

import { sql } from 'kysely'
import { z } from 'zod'
import type { Db } from '../db/schema.ts'
import { FieldError, NotFoundError, quote } from './field.ts'

const checks = {
  /** How long this NAS waits for an answer in all, in ms; undefined: as its client says. */
  patience_ms: z.int().min(100).max(60_000).optional(),
  /** How long one try of CoA or Disconnect waits, in ms. */
  coa_timeout_ms: z.int().min(100).max(30_000).default(2_000),
  coa_tries: z.int().min(1).max(10).default(3),
  /** CoA and Disconnect requests a second at most. */
  coa_pace: z.int().min(1).max(10_000).default(50),
  /** The NAS counts what the subscriber receives as input (RFC 2866 §5.3 says: received from the port). */
  swapped_octets: z.boolean().default(false),
  /** How MACs are written to this NAS. */
  mac_format: z.enum(['colons', 'hyphens', 'dots', 'bare']).default('colons'),
  /** What of `name@realm` and `DOMAIN\\name` is the username where no realm says otherwise. */
  username_rule: z.enum(['whole', 'strip-realm', 'strip-domain', 'strip-both']).default('whole'),
  /** Which attribute names the interface; undefined: as the vendor does. */
  interface_source: z.enum(['nas-port-id', 'nas-port', 'called-station-id']).optional(),
  /** Whether Event-Timestamp counts. */
  trust_time: z.boolean().default(true),
  /** A session is stale after so many of its interim intervals without a sign of life. */
  stale_factor: z.number().min(1.5).max(20).default(3),
  /** Acct-Interim-Interval for this NAS, in seconds; undefined: the plan's. */
  interim_interval_s: z.int().min(60).max(86_400).optional(),
  /** A constant password that this NAS sends for lines without one (IPoE). */
  ipoe_password: z.string().min(1).max(128).optional(),
  /** The service or profile of the NAS that takes the rates of a plan, or how its policy names begin; undefined: `internet`. */
  service_name: z
    .string()
    .min(1)
    .max(32)
    .regex(/^[\w.-]+$/)
    .optional(),
  /** How rates are told to a NAS that knows several ways (Juniper, Cisco); undefined: the first way of its vendor. */
  rate_form: z.enum(['service', 'shaping', 'policy']).optional(),
  coa: z.boolean().default(true),
  disconnect: z.boolean().default(true),
  /** What is done about sessions that only we or only the router have, where its management side may be entered. */
  reconcile: z.enum(['off', 'show', 'mend']).default('show'),
}

const schema = z.strictObject(checks)

export type NasSettings = z.infer<typeof schema>

/** What a NAS has that was told nothing. */
export const defaultNasSettings: NasSettings = schema.parse({})

/** The settings of a row; what is no longer valid there falls back to its default, alone. */
export function readNasSettings(stored: unknown): NasSettings {
  if (typeof stored !== 'object' || stored === null) return defaultNasSettings
  const valid = Object.entries(stored).filter(([name, value]) => schema.partial().safeParse({ [name]: value }).success)
  return schema.parse(Object.fromEntries(valid))
}

type NasSettingName = keyof typeof checks

/** Every name there is. */
export const nasSettingNames = Object.keys(checks) as NasSettingName[]

/**
 * Writes settings of the NAS of a name; null takes one back to its default, what is not named stays. Live within a second.
 * Throws FieldError, naming the setting and what it may be, or NotFoundError. Then nothing was written.
 */
export async function changeNasSettings(
  db: Db,
  name: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<void> {
  const written = Object.fromEntries(
    Object.entries(changes)
      .filter(([, value]) => value !== null)
      .map(([setting, value]) => [setting, checkNasSetting(setting, value)]),
  )
  const unset = Object.keys(changes).filter((setting) => changes[setting] === null)
  for (const setting of unset) checkNasSettingName(setting)
  const settings = sql`(settings || ${JSON.stringify(written)}::jsonb) - ${unset}::text[]`
  const result = await db.updateTable('nas').set({ settings }).where('name', '=', name).executeTakeFirst()
  if (result.numUpdatedRows === 0n) throw new NotFoundError('NAS', name)
}

/** A value typed on a command line: a number or `true`, `on`, `yes` and their opposites where the setting is none of text. */
export function nasSettingValueFromText(name: string, text: string): unknown {
  const { type } = isNasSettingName(name) ? shapeOf(name) : {}
  if (type === 'boolean') {
    if (['true', 'on', 'yes'].includes(text)) return true
    if (['false', 'off', 'no'].includes(text)) return false
  }
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  return text
}

/** What a setting may be, in words: `a whole number from 100 to 60000`, `colons, hyphens, dots or bare`. */
export function nasSettingRange(name: NasSettingName): string {
  const { type, enum: choices, minimum, maximum, maxLength, pattern } = shapeOf(name)
  if (choices !== undefined) return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
  if (type === 'boolean') return 'on or off'
  if (type === 'string') return `a text of 1 to ${maxLength} characters${pattern ? ` of the form ${pattern}` : ''}`
  return `${type === 'integer' ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`
}

function checkNasSettingName(name: string): asserts name is NasSettingName {
  if (isNasSettingName(name)) return
  throw new FieldError('setting', `${quote(name)} is no setting of a NAS; there are ${nasSettingNames.join(', ')}`)
}

function checkNasSetting(name: string, value: unknown): unknown {
  checkNasSettingName(name)
  const parsed = checks[name].safeParse(value)
  // Undefined would be taken for the default, and then not be written at all.
  if (value === undefined || !parsed.success) throw new FieldError(name, `must be ${nasSettingRange(name)}`)
  return parsed.data
}

function isNasSettingName(name: string): name is NasSettingName {
  return Object.hasOwn(checks, name)
}

type Shape = {
  type?: string
  enum?: string[]
  minimum?: number
  maximum?: number
  maxLength?: number
  pattern?: string
}

function shapeOf(name: NasSettingName): Shape {
  return z.toJSONSchema(checks[name]) as Shape
}

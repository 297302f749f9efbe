// The filter of subscribers as a query: the fields of subscriberFilter by their names, lists apart by commas.

import { z } from 'zod'
import { subscriberFilter } from '../domain/subscriber-list/filter.ts'
import type { SubscriberFilter } from '../domain/subscriber-list/filter.ts'
import { flag } from './schemas.ts'

const mostText = 4_000
const text = z.string().max(mostText)
const list = text.transform((value) => value.split(','))
const number = z
  .string()
  .regex(/^\d{1,16}(\.\d{1,3})?$/, 'is not a number')
  .transform(Number)
const numbers = text
  .regex(/^\d{1,16}(,\d{1,16})*$/, 'is not a list of ids')
  .transform((value) => value.split(',').map(Number))
const anyFlag = z.enum(['true', 'false', 'any']).transform((word) => (word === 'any' ? word : word === 'true'))

/** How each field is written in a query. What it may be is subscriberFilter's to say. */
const forms = {
  search: text,
  ids: numbers,
  label: list,
  enabled: flag,
  blocked: flag,
  block_reason: list,
  service_period: list,
  archived: anyFlag,
  online: flag,
  never_online: flag,
  last_seen_from: text,
  last_seen_to: text,
  plan_id: numbers,
  next_plan_id: numbers,
  has_next_plan: flag,
  group_id: numbers,
  has_group: flag,
  owner_id: numbers,
  payer_id: numbers,
  auto_renew: flag,
  account_type: text,
  zone: list,
  language: list,
  has_phone: flag,
  has_email: flag,
  has_comment: flag,
  has_static_address: flag,
  expires_from: text,
  expires_to: text,
  expires_within_days: number,
  never_expires: flag,
  created_from: text,
  created_to: text,
  balance_from: text,
  balance_to: text,
  quota_used_from: number,
  quota_used_to: number,
  nas_id: numbers,
  nas_group_id: numbers,
  interface: text,
  port: text,
  s_vlan: number,
  c_vlan: number,
} as const satisfies Record<keyof SubscriberFilter, z.ZodType>

type Optional<Forms extends Record<string, z.ZodType>> = { [Name in keyof Forms]: z.ZodOptional<Forms[Name]> }

/** The fields of a query, to be spread into its schema. */
export const filterQuery = Object.fromEntries(
  Object.entries(forms).map(([name, form]) => [name, form.optional()]),
) as Optional<typeof forms>

/** The filter in a parsed query. Throws ZodError. */
export function readFilter(query: Readonly<Record<string, unknown>>): SubscriberFilter {
  const fields = Object.entries(query).filter(([name, value]) => Object.hasOwn(forms, name) && value !== undefined)
  return subscriberFilter.parse(Object.fromEntries(fields))
}

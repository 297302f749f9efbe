// The fields of a subscriber in requests: their form, their names, and how they are handed to the domain, which reads them by
// the same rules as a file or a form. Values that a program would not make a text of are numbers and lists here.

import { z } from 'zod'
import { columnNames } from '../../domain/import/row.ts'
import type { NewSubscriberInput } from '../../domain/subscriber/create.ts'
import type { SubscriberPatch } from '../../domain/subscriber/edit.ts'
import type { FieldNames, SubscriberTexts } from '../../domain/subscriber-fields.ts'

const largestId = Number.MAX_SAFE_INTEGER
const line = z.string().max(1_000).nullable().optional()
const number = z.number().nullable().optional()
const lines = z.array(z.string().max(1_000)).max(100).optional()

/** A number is an id, a text a name. */
export const idOrName = z
  .union([z.int().min(1).max(largestId), z.string().min(1).max(100)])
  .meta({ description: 'An id, or a name' })

/** What is the same when one is made and when it is changed; null clears. */
const common = {
  full_name: line,
  email: line,
  phone: line,
  phone_extension: line,
  address: line,
  latitude: number,
  longitude: number,
  zone: line,
  language: line,
  account_type: z.enum(['pppoe', 'ipoe']).optional(),
  expires_at: line.meta({ description: 'ISO 8601; a day alone means its end in the zone of the ISP' }),
  devices: lines.meta({ description: 'MACs to be bound, all of them' }),
  device_limit: number,
  session_limit: number,
  addresses: lines.meta({ description: 'Static addresses and prefixes, all of them' }),
  routes: lines,
  bound_interface: line,
  bound_port: line,
  bound_s_vlan: number,
  bound_c_vlan: number,
  bound_nas_group: idOrName.nullable().optional(),
  circuit_id: line,
  remote_id: line,
  duid: line,
  attributes: lines,
  group: idOrName.nullable().optional(),
  auto_renew: z.boolean().optional(),
  credential: z.enum(['clear', 'nt-hash', 'verifier']).optional(),
}

const secrets = { password: z.string().max(1_000).optional(), nt_hash: z.string().max(100).optional() }

const made = {
  ...common,
  plan: idOrName.optional(),
  next_plan: idOrName.optional(),
  owner: idOrName.optional(),
  payer_id: z.int().min(1).max(largestId).optional(),
  comment: z.string().max(20_000).optional(),
}

/** What a preset may hold: all that is not of one subscriber alone. */
export const presetBody = z.strictObject(made)

/** A new subscriber. The plan may come from the preset. */
export const createBody = z.strictObject({
  ...made,
  ...secrets,
  username: z.string().max(1_000),
  created_at: z.iso.datetime({ offset: true }).optional(),
  preset: z.string().min(1).max(100).optional(),
})

/** What may be changed of one: who owns it, who pays and what it gets are changed by actions. */
export const patchBody = z.strictObject({ ...common, ...secrets, username: z.string().max(1_000).optional() })

export type CreateBody = z.output<typeof createBody>
export type PatchBody = z.output<typeof patchBody>

/** How fields are called here: as in a file, but for what is a list here. */
export const bodyNames: FieldNames = { ...columnNames, mac: 'devices', staticIp: 'addresses' }

/** Not texts here: the plan is named by id or name, attributes are a list of lines that may hold anything. */
const others: ReadonlySet<string> = new Set(['nextPlan', 'attributes'])

type Value = string | number | readonly string[] | null | undefined

/** The fields of a body as texts; absent ones are absent, null ones null. */
function textsOf(body: PatchBody): SubscriberPatch['texts'] {
  const names = Object.entries(bodyNames).filter(([name]) => !others.has(name))
  const values = body as Readonly<Record<string, Value>>
  return Object.fromEntries(
    names.flatMap(([name, key]) => (values[key] === undefined ? [] : [[name, textOf(values[key])]])),
  )
}

function textOf(value: Exclude<Value, undefined>): string | null {
  if (value === null || typeof value === 'string') return value
  // Without an exponent, which no reader of fields takes.
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(9)
  return value.join(' ')
}

/** A new subscriber as the domain is told of it, without what only the caller knows. */
export function newSubscriberOf(body: CreateBody & { plan: string | number }): NewSubscriberInput {
  const texts = textsOf(body)
  const present = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== null))
  return {
    texts: present as SubscriberTexts,
    names: bodyNames,
    plan: body.plan,
    nextPlan: body.next_plan,
    owner: body.owner,
    payerId: body.payer_id === undefined ? undefined : BigInt(body.payer_id),
    group: body.group ?? undefined,
    nasGroup: body.bound_nas_group ?? undefined,
    credential: body.credential,
    password: body.password,
    ntHash: body.nt_hash,
    attributes: body.attributes,
    routes: body.routes,
    autoRenew: body.auto_renew,
    createdAt: body.created_at === undefined ? undefined : new Date(body.created_at),
    comment: body.comment,
  }
}

/** An edit as the domain is told of it. */
export function patchOf(body: PatchBody): SubscriberPatch {
  return {
    texts: textsOf(body),
    names: bodyNames,
    group: body.group,
    nasGroup: body.bound_nas_group,
    attributes: body.attributes,
    routes: body.routes,
    autoRenew: body.auto_renew,
    password: body.password,
    ntHash: body.nt_hash,
    credential: body.credential,
  }
}

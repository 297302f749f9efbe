// A subscriber as the API shows it, field by field.

import { z } from 'zod'
import type { ActionOutcome } from '../../domain/subscriber-action/action.ts'
import type { Author } from '../../domain/author.ts'
import { showLineId } from '../../domain/line-id.ts'
import { formatMoney } from '../../domain/money.ts'
import type { LiveSession, SubscriberPage, SubscriberShown } from '../../domain/subscriber/show.ts'
import { subscriberLabel, subscriberLabels } from '../../domain/subscriber-label.ts'
import { idOut, instantOut, isoOrNull, moneyOut, octetsOut } from '../schemas.ts'

const text = z.string().nullable()
const instant = instantOut.nullable()
const named = z.strictObject({ id: idOut, name: z.string() })

const sessionOut = z.strictObject({
  id: idOut,
  acct_session_id: z.string(),
  nas: text,
  started_at: instantOut,
  updated_at: instantOut,
  framed_ip: text,
  framed_ipv6_prefix: text,
  delegated_ipv6_prefix: text,
  framed_ipv6_address: text,
  mac: text,
  interface: text,
  usage_up: octetsOut,
  usage_down: octetsOut,
})

/** The answer of what shows one subscriber. */
export const subscriberOut = z.strictObject({
  id: idOut,
  username: z.string(),
  username_reserved: z.boolean(),
  label: z.enum(subscriberLabels),
  service_period: z.enum(['new', 'active', 'grace', 'expired']),
  online: z.boolean(),
  account_type: z.enum(['pppoe', 'ipoe']),
  full_name: text,
  email: text,
  phone: text,
  phone_extension: text,
  address: text,
  latitude: z.number().nullable(),
  longitude: z.number().nullable(),
  zone: text,
  language: text,
  plan: named,
  next_plan: named.nullable(),
  owner: named,
  group: named.nullable(),
  payer: named,
  /** Null: not for the eyes of who asks. */
  balance: moneyOut.nullable(),
  currency: z.string(),
  enabled: z.boolean(),
  block_reason: text,
  blocked_at: instant,
  activated_at: instant,
  period_started_at: instantOut,
  expires_at: instant,
  grace_until: instant,
  auto_renew: z.boolean(),
  session_limit: z.int().nullable(),
  device_limit: z.int().nullable(),
  credential: z.enum(['clear', 'nt-hash', 'verifier']).nullable(),
  devices: z.array(z.strictObject({ mac: z.string(), bound: z.boolean(), learnt_at: instantOut })),
  learn_mac_until: instant,
  addresses: z.array(z.strictObject({ kind: z.string(), prefix: z.string() })),
  routes: z.array(z.string()),
  bound_interface: text,
  bound_port: text,
  bound_s_vlan: z.int().nullable(),
  bound_c_vlan: z.int().nullable(),
  bound_nas_group: named.nullable(),
  circuit_id: text,
  remote_id: text,
  duid: text,
  attributes: z.array(z.string()),
  sessions: z.array(sessionOut),
  last_seen: z.strictObject({ at: instant, nas: text, interface: text, mac: text, framed_ip: text }),
  usage_up: octetsOut,
  usage_down: octetsOut,
  comments: z.int().min(0),
  created_at: instantOut,
  updated_at: instantOut,
  archived_at: instant,
  purged_at: instant,
})

/** A subscriber for who asks: money only for who may see it. */
export function presentSubscriber(
  { row, devices, addresses, sessions }: SubscriberPage,
  by: Author,
  now: Date,
): z.input<typeof subscriberOut> {
  return {
    ...personOf(row),
    ...factsOf(row, now),
    ...lineOf(row),
    online: sessions.length > 0,
    plan: pair(row.plan_id, row.plan)!,
    next_plan: pair(row.next_plan_id, row.next_plan),
    owner: pair(row.owner_id, row.owner)!,
    group: pair(row.group_id, row.group),
    payer: pair(row.payer_id, row.payer)!,
    balance: by.permissions.has('money.read') ? formatMoney(row.balance_minor, row.currency) : null,
    currency: row.currency,
    devices: devices.map(({ mac, bound, learnt_at: at }) => ({ mac, bound, learnt_at: at.toISOString() })),
    addresses: addresses.map(({ kind, prefix }) => ({ kind, prefix })),
    sessions: sessions.map(presentSession),
    last_seen: {
      at: isoOrNull(sessions[0]?.updated_at ?? row.last_seen_at),
      nas: sessions[0]?.nas ?? row.last_nas,
      interface: sessions[0]?.interface ?? row.last_interface,
      mac: sessions[0]?.mac ?? row.last_mac,
      framed_ip: sessions[0]?.framed_ip ?? row.last_framed_ip,
    },
    usage_up: String(row.usage_up),
    usage_down: String(row.usage_down),
    comments: row.comments,
  }
}

function personOf(row: SubscriberShown) {
  return {
    id: Number(row.id),
    username: row.username,
    username_reserved: row.username_reserved,
    account_type: row.account_type,
    full_name: row.full_name,
    email: row.email,
    phone: row.phone,
    phone_extension: row.phone_extension,
    address: row.address,
    latitude: row.latitude,
    longitude: row.longitude,
    zone: row.zone,
    language: row.language,
  }
}

/** The facts, apart and as the one label; the service period says what it is whether or not somebody is blocked. */
function factsOf(row: SubscriberShown, now: Date) {
  const facts = {
    enabled: row.enabled,
    blockedAt: row.blocked_at,
    activatedAt: row.activated_at,
    expiresAt: row.expires_at,
    graceUntil: row.grace_until,
    archivedAt: row.archived_at,
  }
  const period = subscriberLabel({ ...facts, enabled: true, blockedAt: null, archivedAt: null }, now)
  return {
    label: subscriberLabel(facts, now),
    service_period: period as 'new' | 'active' | 'grace' | 'expired',
    enabled: row.enabled,
    block_reason: row.block_reason,
    blocked_at: isoOrNull(row.blocked_at),
    activated_at: isoOrNull(row.activated_at),
    period_started_at: row.period_started_at.toISOString(),
    expires_at: isoOrNull(row.expires_at),
    grace_until: isoOrNull(row.grace_until),
    auto_renew: row.auto_renew,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    archived_at: isoOrNull(row.archived_at),
    purged_at: isoOrNull(row.purged_at),
  }
}

function lineOf(row: SubscriberShown) {
  return {
    session_limit: row.session_limit,
    device_limit: row.device_limit,
    credential: row.credential,
    learn_mac_until: isoOrNull(row.learn_mac_until),
    routes: row.routes,
    bound_interface: row.bound_interface,
    bound_port: row.bound_port,
    bound_s_vlan: row.bound_s_vlan,
    bound_c_vlan: row.bound_c_vlan,
    bound_nas_group: pair(row.bound_nas_group_id, row.bound_nas_group),
    circuit_id: row.circuit_id && showLineId(row.circuit_id),
    remote_id: row.remote_id && showLineId(row.remote_id),
    duid: row.duid && showLineId(row.duid),
    attributes: row.attributes,
  }
}

function pair(id: bigint | null, name: string | null): { id: number; name: string } | null {
  return id === null ? null : { id: Number(id), name: name ?? '' }
}

function presentSession(session: LiveSession): z.input<typeof sessionOut> {
  return {
    ...session,
    id: Number(session.id),
    started_at: session.started_at.toISOString(),
    updated_at: session.updated_at.toISOString(),
    usage_up: String(session.usage_up),
    usage_down: String(session.usage_down),
  }
}

/** What became of one subscriber; `revealed` is shown now and never again. */
export const outcomeOut = z.strictObject({
  subscriber_id: idOut,
  outcome: z.enum(['done', 'unchanged']),
  detail: z.record(z.string(), z.unknown()).optional(),
  revealed: z.record(z.string(), z.string()).optional(),
  /** The action that would bring back what was. */
  undo: z.strictObject({ action: z.string(), params: z.record(z.string(), z.unknown()) }).optional(),
})

/** An outcome that is no refusal. */
export function presentOutcome(outcome: ActionOutcome & { kind: 'done' | 'unchanged' }): z.input<typeof outcomeOut> {
  const { subscriberId, kind, detail, revealed, undo } = outcome
  return {
    subscriber_id: Number(subscriberId),
    outcome: kind,
    ...(detail === undefined ? {} : { detail: jsonOf(detail) as Record<string, unknown> }),
    ...(revealed === undefined ? {} : { revealed: { ...revealed } }),
    ...(undo === undefined
      ? {}
      : { undo: { action: undo.action, params: jsonOf(undo.params) as Record<string, unknown> } }),
  }
}

/** Ids as numbers, instants in ISO 8601. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, jsonOf(one)]))
}

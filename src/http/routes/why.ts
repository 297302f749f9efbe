// Why a subscriber is let in or not: the last decisions in sentences with what helps, and what a login would be answered now.

import { z } from 'zod'
import { whatWouldHappen } from '../../domain/activity/why-now.ts'
import type { WhyNow } from '../../domain/activity/why-now.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import { requirePermission } from '../../domain/author.ts'
import { showLineId } from '../../domain/line-id.ts'
import { subscriberLabels } from '../../domain/subscriber-label.ts'
import { explainAccess, explainSubscriber } from '../../domain/why.ts'
import type { Decision, Standing } from '../../domain/why.ts'
import { vendorOf } from '../../nas/vendors/vendor.ts'
import { route } from '../route.ts'
import { byId, id, idOut, instantOut, isoOrNull } from '../schemas.ts'
import { attributeTexts, presentAuthorization, rates } from './plan-preview.ts'

const decision = z
  .strictObject({
    at: instantOut.meta({ description: 'Of the last of equal ones' }),
    first_at: instantOut,
    count: z.int().min(1),
    sentence: z.string(),
    mend: z.string().nullable(),
    reason: z.string().meta({ description: 'The rule that decided' }),
    accepted: z.boolean(),
    detail: z.string().nullable(),
    nas: z.string().nullable(),
    line: z.string().nullable(),
    interface: z.string().nullable(),
    method: z.string(),
    reply: z.unknown(),
  })
  .meta({ id: 'AccessDecision' })

const standing = z.strictObject({
  id: idOut,
  username: z.string(),
  label: z.enum(subscriberLabels),
  plan: z.string(),
  block_reason: z.string().nullable(),
  blocked_at: instantOut.nullable(),
  expires_at: instantOut.nullable(),
  grace_until: instantOut.nullable(),
  open_sessions: z.int(),
})

const limit = z
  .string()
  .regex(/^\d{1,3}$/)
  .transform(Number)
  .refine((count) => count >= 1 && count <= 200, 'is from 1 to 200')
  .default(10)

const whyNow = z.strictObject({
  username: z.string(),
  nas: z.strictObject({ id: idOut, name: z.string(), vendor: z.string() }),
  decision: z.enum(['accept', 'reject']),
  reason: z.string().nullable(),
  garden: z.string().nullable(),
  detail: z.string().nullable(),
  sentence: z.string(),
  mend: z.string().nullable(),
  asked_with: z.strictObject({
    mac: z.string().nullable(),
    interface: z.string().nullable(),
    port: z.string().nullable(),
    s_vlan: z.int().nullable(),
    c_vlan: z.int().nullable(),
    circuit_id: z.string().nullable(),
    remote_id: z.string().nullable(),
  }),
  rates: rates.nullable(),
  pool: z.string().nullable(),
  ipv6_pool: z.string().nullable(),
  delegated_ipv6_pool: z.string().nullable(),
  address: z.string().nullable(),
  ipv6_prefix: z.string().nullable(),
  delegated_ipv6_prefix: z.string().nullable(),
  address_list: z.string().nullable(),
  session_timeout_s: z.int().nullable(),
  idle_timeout_s: z.int().nullable(),
  interim_interval_s: z.int().nullable(),
  routes: z.array(z.string()),
  attributes: z.array(z.string()).meta({ description: 'As that NAS would get them, without Class' }),
})

function presentDecision(shown: Decision) {
  return {
    at: shown.lastAt.toISOString(),
    first_at: shown.firstAt.toISOString(),
    count: Number(shown.count),
    sentence: shown.sentence,
    mend: shown.mend,
    reason: shown.reason,
    accepted: shown.accepted,
    detail: shown.detail,
    nas: shown.nas,
    line: shown.line,
    interface: shown.interface,
    method: shown.method,
    reply: shown.reply,
  }
}

function presentStanding(shown: Standing) {
  return {
    id: Number(shown.id),
    username: shown.username,
    label: shown.label,
    plan: shown.plan,
    block_reason: shown.blockReason,
    blocked_at: isoOrNull(shown.blockedAt),
    expires_at: isoOrNull(shown.expiresAt),
    grace_until: isoOrNull(shown.graceUntil),
    open_sessions: shown.openSessions,
  }
}

function presentNow({ username, nas, decision: made, sentence, mend, authorization, facts }: WhyNow) {
  const shownId = (octets: Buffer | undefined) => (octets === undefined ? null : showLineId(octets))
  return {
    username,
    nas: { id: Number(nas.id), name: nas.name, vendor: nas.vendor },
    decision: made.kind,
    reason: made.kind === 'reject' ? made.reason : null,
    garden: made.kind === 'accept' ? (made.garden ?? null) : null,
    detail: made.kind === 'reject' ? made.detail : null,
    sentence,
    mend,
    asked_with: {
      mac: facts.mac ?? null,
      interface: facts.interface?.raw ?? null,
      port: facts.interface?.port ?? null,
      s_vlan: facts.interface?.sVlan ?? null,
      c_vlan: facts.interface?.cVlan ?? null,
      circuit_id: shownId(facts.circuitId),
      remote_id: shownId(facts.remoteId),
    },
    ...presentAuthorization(authorization),
    address: authorization?.address ?? null,
    ipv6_prefix: authorization?.ipv6Prefix ?? null,
    delegated_ipv6_prefix: authorization?.delegatedIpv6Prefix ?? null,
    routes: [...(authorization?.routes ?? [])],
    attributes: authorization === undefined ? [] : attributeTexts(authorization, nas),
  }
}

export const whyRoutes = [
  route({
    method: 'get',
    path: '/subscribers/:id/why',
    summary: 'The last decisions about a subscriber, in sentences, with what helps',
    tag: 'Why',
    access: 'log.read',
    params: byId,
    query: z.strictObject({ limit }),
    answer: z.strictObject({ standing, decisions: z.array(decision) }),
    async run({ services, by, params, query, now }) {
      const input = { subscriberId: params.id, limit: query.limit }
      const explained = await explainSubscriber(services.pool, input, now, by.scope)
      return { standing: presentStanding(explained.standing), decisions: explained.decisions.map(presentDecision) }
    },
  }),
  route({
    method: 'get',
    path: '/why',
    summary: 'The same by username, known or not, with names like it',
    tag: 'Why',
    access: 'log.read',
    query: z.strictObject({ limit, username: z.string().min(1).max(253) }),
    answer: z.strictObject({
      username: z.string(),
      subscriber_id: idOut.nullable().meta({ description: 'Null: nobody has this username' }),
      decisions: z.array(decision),
      similar: z.array(
        z.strictObject({ username: z.string(), known: z.boolean(), last_refused_at: instantOut.nullable() }),
      ),
    }),
    async run({ services, by, query, now }) {
      const explained = await explainAccess(services.pool, query, now, by.scope)
      return {
        username: explained.username,
        subscriber_id: explained.subscriber === undefined ? null : Number(explained.subscriber.id),
        decisions: explained.decisions.map(presentDecision),
        similar: explained.similar.map(({ lastRefusedAt, ...name }) => ({
          ...name,
          last_refused_at: isoOrNull(lastRefusedAt),
        })),
      }
    },
  }),
  route({
    method: 'post',
    path: '/subscribers/:id/why-now',
    summary: 'What a login on this NAS would be answered now; nothing is sent, taken or logged',
    tag: 'Why',
    access: 'log.read',
    params: byId,
    body: z.strictObject({
      nas_id: id,
      mac: z.string().max(30).optional(),
      interface: z.string().max(253).optional(),
      with_password: z.string().min(1).max(128).optional().meta({
        description: 'Proved as PAP would; needs the permission subscriber.credential. Default: taken for right',
      }),
    }),
    answer: whyNow,
    // Only that a password was tried is written down.
    changesNothing: true,
    async run({ services, db, by, params, body, now }) {
      const password = body.with_password
      if (password !== undefined) requirePermission(by, 'subscriber.credential')
      const place = {
        db,
        pool: services.pool,
        keyring: services.keyring,
        readInterface: (nas: WhyNow['nas'], nasPortId: string) =>
          vendorOf(nas.vendor).readInterface({ nasPortId, calledStationId: nasPortId }, nas.settings.interface_source),
      }
      const input = { subscriberId: params.id, nasId: body.nas_id, mac: body.mac, interface: body.interface, password }
      const happened = await whatWouldHappen(place, input, by.scope, now)
      if (password !== undefined) {
        const after = { is_right: happened.passwordIsRight ?? null }
        const deed = { action: 'subscriber.test-login', noun: 'subscriber', rowId: params.id, after }
        await writeAudit(db, { ...deed, ownerId: happened.ownerId }, by, now)
      }
      return presentNow(happened)
    },
  }),
]

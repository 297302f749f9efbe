// Sessions, live and past: lists, counts, one of them, its disconnect; and what a subscriber used over time.

import { z } from 'zod'
import { sessionStates } from '../../domain/activity/session-condition.ts'
import type { SessionFilter } from '../../domain/activity/session-condition.ts'
import { disconnectSession } from '../../domain/activity/session-order.ts'
import {
  countSessions,
  listSessionPage,
  listSubscriberSessions,
  showSession,
} from '../../domain/activity/session-page.ts'
import type { SessionShown } from '../../domain/activity/session-page.ts'
import { usageSeries } from '../../domain/activity/usage-series.ts'
import { instantKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, flag, idOut, idText, instant, instantOut, isoOrNull, octetsOut, pageOf, pageQuery } from '../schemas.ts'

const session = z
  .strictObject({
    id: idOut,
    archived: z.boolean(),
    nas_id: idOut,
    nas: z.string().nullable(),
    acct_session_id: z.string(),
    service: z.string().nullable().meta({ description: 'The name of a service on another session' }),
    subscriber_id: idOut.nullable(),
    username: z.string(),
    state: z.enum(['online', 'zombie', 'ended']).meta({ description: '`zombie`: open, and not heard of lately' }),
    mac: z.string().nullable(),
    interface: z.string().nullable(),
    port: z.string().nullable(),
    s_vlan: z.int().nullable(),
    c_vlan: z.int().nullable(),
    circuit_id: z.string().nullable(),
    remote_id: z.string().nullable(),
    framed_ip: z.string().nullable(),
    framed_ipv6_prefix: z.string().nullable(),
    delegated_ipv6_prefix: z.string().nullable(),
    framed_ipv6_address: z.string().nullable(),
    started_at: instantOut,
    updated_at: instantOut,
    ended_at: instantOut.nullable(),
    ended_by: z.string().nullable(),
    terminate_cause: z.int().nullable(),
    session_time: z.int().meta({ description: 'Seconds' }),
    input_octets: octetsOut,
    output_octets: octetsOut,
    anomalies: z.int().meta({ description: 'Accounting records that no order explains; never charged' }),
    last_anomaly: z.string().nullable(),
  })
  .meta({ id: 'Session' })

const vlan = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number)
const filters = {
  state: z.enum(sessionStates).optional(),
  nas_id: idText.optional(),
  nas_group_id: idText.optional(),
  interface: z.string().max(253).optional(),
  port: z.string().max(100).optional(),
  s_vlan: vlan.optional(),
  c_vlan: vlan.optional(),
  address: z.string().max(50).optional().meta({ description: 'An address, or a prefix that it lies in' }),
  mac: z.string().max(30).optional(),
  acct_session_id: z.string().max(253).optional(),
  since: instant.optional().meta({ description: 'Of the start' }),
  until: instant.optional(),
  anomalies: flag.optional(),
  services: flag.optional().meta({ description: 'Services on sessions too' }),
}
const everyFilter = { ...filters, subscriber_id: idText.optional(), username: z.string().max(253).optional() }
/** Where a page of sessions ended. */
export const sessionKey = z
  .tuple([instantKey, z.string().regex(/^[1-9]\d{0,15}$/)])
  .transform(([startedKey, id]) => ({ startedKey, id: BigInt(id) }))

type Asked = { [Name in keyof typeof everyFilter]?: z.output<(typeof everyFilter)[Name]> }

function filterOf(asked: Asked): SessionFilter {
  return {
    state: asked.state,
    subscriberId: asked.subscriber_id,
    username: asked.username,
    nasId: asked.nas_id,
    nasGroupId: asked.nas_group_id,
    interface: asked.interface,
    port: asked.port,
    sVlan: asked.s_vlan,
    cVlan: asked.c_vlan,
    address: asked.address,
    mac: asked.mac,
    acctSessionId: asked.acct_session_id,
    since: asked.since,
    until: asked.until,
    anomalies: asked.anomalies,
    services: asked.services,
  }
}

function present(shown: SessionShown) {
  return {
    id: Number(shown.id),
    archived: shown.isArchived,
    nas_id: Number(shown.nasId),
    nas: shown.nas,
    acct_session_id: shown.acctSessionId,
    service: shown.service,
    subscriber_id: shown.subscriberId === null ? null : Number(shown.subscriberId),
    username: shown.username,
    state: shown.state,
    mac: shown.mac,
    interface: shown.interface,
    port: shown.port,
    s_vlan: shown.sVlan,
    c_vlan: shown.cVlan,
    circuit_id: shown.circuitId,
    remote_id: shown.remoteId,
    framed_ip: shown.framedIp,
    framed_ipv6_prefix: shown.framedIpv6Prefix,
    delegated_ipv6_prefix: shown.delegatedIpv6Prefix,
    framed_ipv6_address: shown.framedIpv6Address,
    started_at: shown.startedAt.toISOString(),
    updated_at: shown.updatedAt.toISOString(),
    ended_at: isoOrNull(shown.endedAt),
    ended_by: shown.endedBy,
    terminate_cause: shown.terminateCause,
    session_time: Number(shown.sessionTime),
    input_octets: String(shown.inputOctets),
    output_octets: String(shown.outputOctets),
    anomalies: shown.anomalies,
    last_anomaly: shown.lastAnomaly,
  }
}

function pageOfSessions(rows: readonly SessionShown[], limit: number) {
  return {
    items: rows.map(present),
    next_cursor: nextCursor(rows, limit, (row) => [row.startedKey, String(row.id)]),
  }
}

export const sessionRoutes = [
  route({
    method: 'get',
    path: '/sessions',
    summary: 'Sessions, live and past, newest first',
    tag: 'Sessions',
    access: 'subscriber.read',
    query: z.strictObject({ ...pageQuery, ...everyFilter }),
    answer: pageOf(session),
    async run({ db, by, query: { cursor, limit, ...asked }, now }) {
      const input = { filter: filterOf(asked), before: readCursor(cursor, sessionKey), limit }
      return pageOfSessions(await listSessionPage(db, input, by.scope, now), limit)
    },
  }),
  route({
    method: 'get',
    path: '/sessions/count',
    summary: 'How many sessions are open, and of these online',
    tag: 'Sessions',
    access: 'subscriber.read',
    query: z.strictObject({ ...everyFilter, state: z.undefined().optional() }),
    answer: z.strictObject({ open: z.int(), online: z.int() }),
    run: ({ db, by, query, now }) => countSessions(db, filterOf(query), by.scope, now),
  }),
  route({
    method: 'get',
    path: '/sessions/:id',
    summary: 'One session, live or archived',
    tag: 'Sessions',
    access: 'subscriber.read',
    params: byId,
    answer: session,
    run: async ({ db, by, params, now }) => present(await showSession(db, params.id, by.scope, now)),
  }),
  route({
    method: 'post',
    path: '/sessions/:id/disconnect',
    summary: 'Order that exactly this session be disconnected',
    tag: 'Sessions',
    access: 'subscriber.disconnect',
    params: byId,
    body: z.strictObject({ reason: z.string().max(200).optional() }),
    answer: z.strictObject({ coa_order_id: idOut }),
    status: 202,
    async run({ db, by, params, body, now }) {
      const { orderId } = await disconnectSession(db, { sessionId: params.id, reason: body.reason }, by, now)
      return { coa_order_id: Number(orderId) }
    },
  }),
  route({
    method: 'get',
    path: '/subscribers/:id/sessions',
    summary: 'The sessions of a subscriber, newest first',
    tag: 'Sessions',
    access: 'subscriber.read',
    params: byId,
    query: z.strictObject({ ...pageQuery, ...filters }),
    answer: pageOf(session),
    async run({ db, by, params, query: { cursor, limit, ...asked }, now }) {
      const filter = { ...filterOf(asked), subscriberId: params.id }
      const input = { filter, before: readCursor(cursor, sessionKey), limit }
      return pageOfSessions(await listSubscriberSessions(db, input, by.scope, now), limit)
    },
  }),
  route({
    method: 'get',
    path: '/subscribers/:id/usage',
    summary: 'What a subscriber used, by hour (kept for 14 days) or by day',
    tag: 'Sessions',
    access: 'subscriber.read',
    params: byId,
    query: z.strictObject({
      by: z.enum(['hour', 'day']).default('day'),
      from: instant.optional(),
      to: instant.optional(),
    }),
    answer: z.strictObject({
      by: z.enum(['hour', 'day']),
      zone: z.string(),
      points: z.array(z.strictObject({ at: z.string(), input_octets: octetsOut, output_octets: octetsOut })),
      input_octets: octetsOut,
      output_octets: octetsOut,
    }),
    async run({ db, by, params, query, now }) {
      const series = await usageSeries(db, { subscriberId: params.id, ...query }, by.scope, now)
      return {
        by: series.by,
        zone: series.zone,
        points: series.points.map((point) => ({ at: point.at, ...octets(point) })),
        ...octets(series),
      }
    },
  }),
]

function octets({ inputOctets, outputOctets }: { inputOctets: bigint; outputOctets: bigint }) {
  return { input_octets: String(inputOctets), output_octets: String(outputOctets) }
}

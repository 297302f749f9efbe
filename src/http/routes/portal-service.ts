// What the portal shows a subscriber of its own service: the overview, what it used over time, its sessions.

import { z } from 'zod'
import { listSubscriberSessions } from '../../domain/activity/session-page.ts'
import type { SessionShown } from '../../domain/activity/session-page.ts'
import { usageSeries } from '../../domain/activity/usage-series.ts'
import { formatMoney } from '../../domain/money.ts'
import { quotaPeriods } from '../../domain/plan/quota.ts'
import { showPortalService } from '../../domain/portal/portal-service.ts'
import type { PortalService } from '../../domain/portal/portal-service.ts'
import { subscriberLabel, subscriberLabels } from '../../domain/subscriber-label.ts'
import { nextCursor, readCursor } from '../cursor.ts'
import { portalRoute } from '../portal-route.ts'
import { idOut, instantOut, isoOrNull, moneyOut, octetsOut, pageOf, pageQuery } from '../schemas.ts'
import { sessionKey } from './sessions.ts'

const octets = octetsOut.nullable()

const serviceOut = z.strictObject({
  label: z.enum(subscriberLabels),
  online: z.boolean(),
  plan: z.strictObject({ name: z.string(), down_bps: z.int(), up_bps: z.int(), price: moneyOut, currency: z.string() }),
  /** The plan that follows with the next service period. */
  next_plan: z.string().nullable(),
  period_started_at: instantOut,
  expires_at: instantOut.nullable(),
  grace_until: instantOut.nullable(),
  auto_renew: z.boolean(),
  /** Null: somebody else pays, or pays for others too. */
  balance: moneyOut.nullable(),
  currency: z.string(),
  quota: z.strictObject({
    period: z.enum(quotaPeriods),
    used_down_octets: octetsOut,
    used_up_octets: octetsOut,
    /** Of both directions together; null: without limit. */
    octets,
    down_octets: octets,
    up_octets: octets,
    used_up: z.boolean(),
    resets_at: instantOut.nullable(),
    steps: z.array(z.strictObject({ after_octets: octetsOut, down_bps: z.int(), up_bps: z.int() })),
  }),
  /** What the plan gives now, and what of the plan says so. */
  speed: z.strictObject({
    down_bps: z.int(),
    up_bps: z.int(),
    from: z.enum(['plan', 'schedule', 'fup', 'slower']),
  }),
})

function presentService({ row, sessions, plan, ...service }: PortalService, now: Date): z.input<typeof serviceOut> {
  const text = (value: bigint | null) => value?.toString() ?? null
  const facts = {
    enabled: row.enabled,
    blockedAt: row.blocked_at,
    activatedAt: row.activated_at,
    expiresAt: row.expires_at,
    graceUntil: row.grace_until,
    archivedAt: row.archived_at,
  }
  return {
    label: subscriberLabel(facts, now),
    online: sessions.length > 0,
    plan: {
      name: plan.name,
      down_bps: Number(plan.down_bps),
      up_bps: Number(plan.up_bps),
      price: formatMoney(plan.price_minor, plan.currency),
      currency: plan.currency,
    },
    next_plan: row.next_plan,
    period_started_at: row.period_started_at.toISOString(),
    expires_at: isoOrNull(row.expires_at),
    grace_until: isoOrNull(row.grace_until),
    auto_renew: row.auto_renew,
    balance: service.paysForItself ? formatMoney(row.balance_minor, row.currency) : null,
    currency: row.currency,
    quota: {
      period: plan.quota_period,
      used_down_octets: String(service.used.down),
      used_up_octets: String(service.used.up),
      octets: text(plan.quota_octets),
      down_octets: text(plan.quota_down_octets),
      up_octets: text(plan.quota_up_octets),
      used_up: service.isUsedUp,
      resets_at: isoOrNull(service.resetsAt ?? null),
      steps: plan.fup_steps.map(({ after_octets, down_bps, up_bps }) => ({ after_octets, down_bps, up_bps })),
    },
    speed: { down_bps: service.speed.downBps, up_bps: service.speed.upBps, from: service.speed.source },
  }
}

const sessionOut = z.strictObject({
  id: idOut,
  state: z.enum(['online', 'zombie', 'ended']),
  mac: z.string().nullable(),
  framed_ip: z.string().nullable(),
  framed_ipv6_prefix: z.string().nullable(),
  delegated_ipv6_prefix: z.string().nullable(),
  started_at: instantOut,
  ended_at: instantOut.nullable(),
  session_time: z.int().meta({ description: 'Seconds' }),
  down_octets: octetsOut,
  up_octets: octetsOut,
})

function presentSession(session: SessionShown): z.input<typeof sessionOut> {
  return {
    id: Number(session.id),
    state: session.state,
    mac: session.mac,
    framed_ip: session.framedIp,
    framed_ipv6_prefix: session.framedIpv6Prefix,
    delegated_ipv6_prefix: session.delegatedIpv6Prefix,
    started_at: session.startedAt.toISOString(),
    ended_at: isoOrNull(session.endedAt),
    session_time: Number(session.sessionTime),
    // What the NAS took in is what the subscriber sent (RFC 2866 §5.3).
    down_octets: String(session.outputOctets),
    up_octets: String(session.inputOctets),
  }
}

export const portalServiceRoutes = [
  portalRoute({
    method: 'get',
    path: '/portal/service',
    summary: 'The own plan, how long it lasts, what is used of it and what it gives now',
    answer: serviceOut,
    run: async ({ db, portal, by, now }) =>
      presentService(await showPortalService(db, portal.subscriberId, by.scope, now), now),
  }),
  portalRoute({
    method: 'get',
    path: '/portal/usage',
    summary: 'What one used oneself, by hour of the last day or by day of the last month',
    query: z.strictObject({ by: z.enum(['hour', 'day']).default('day') }),
    answer: z.strictObject({
      by: z.enum(['hour', 'day']),
      zone: z.string(),
      points: z.array(z.strictObject({ at: z.string(), down_octets: octetsOut, up_octets: octetsOut })),
    }),
    run: async ({ db, portal, by, query, now }) => {
      const series = await usageSeries(db, { subscriberId: portal.subscriberId, by: query.by }, by.scope, now)
      return {
        by: series.by,
        zone: series.zone,
        points: series.points.map(({ at, inputOctets, outputOctets }) => ({
          at,
          down_octets: String(outputOctets),
          up_octets: String(inputOctets),
        })),
      }
    },
  }),
  portalRoute({
    method: 'get',
    path: '/portal/sessions',
    summary: 'The own sessions, newest first',
    query: z.strictObject(pageQuery),
    answer: pageOf(sessionOut),
    run: async ({ db, portal, by, query: { cursor, limit }, now }) => {
      const input = { filter: { subscriberId: portal.subscriberId }, before: readCursor(cursor, sessionKey), limit }
      const rows = await listSubscriberSessions(db, input, by.scope, now)
      return {
        items: rows.map(presentSession),
        next_cursor: nextCursor(rows, limit, (row) => [row.startedKey, String(row.id)]),
      }
    },
  }),
]

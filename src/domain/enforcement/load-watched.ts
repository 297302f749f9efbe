// Reads what a look at entitlements needs of subscribers: plan, use in its window, the last look, and open sessions with the newest
// order about each. By the same readers as a login, so that both find the same.

import { arrayLiteral } from '../../db/array-literal.ts'
import type { Pool } from '../../db/pool.ts'
import { countsPeriodSql, planReader, planVersionSql } from '../access-plan.ts'
import { countsUsage, type WindowUsage } from '../plan/quota.ts'
import { windowUsage, type WindowedSubscriber } from '../plan/window-usage.ts'
import { subscriberLabel, type SubscriberFacts } from '../subscriber-label.ts'
import type { OpenSession, SessionOrder, Watch } from './entitlement-state.ts'
import type { Foreseeable } from './foresee-usage.ts'
import type { Remembered } from './foresight.ts'
import { isWatchedSql } from './watched-plan.ts'

type SubscriberRow = SubscriberFacts & {
  id: bigint
  version: string
  terms: string
  down: bigint | null
  up: bigint | null
  remembered: Remembered | null
} & { [Column in keyof Watch]: Watch[Column] | null }

type SessionRow = {
  id: bigint
  subscriberId: bigint
  startedAt: Date
  down: bigint
  up: bigint
  wish: string | null
  state: string | null
  createdAt: Date | null
  deadline: Date | null
}

const subscribersText = `
select subscriber.id, subscriber.enabled, subscriber.blocked_at as "blockedAt", subscriber.activated_at as "activatedAt",
  subscriber.expires_at as "expiresAt", subscriber.grace_until as "graceUntil", subscriber.archived_at as "archivedAt",
  ${planVersionSql} as version,
  plan.id || '.' || plan.version || coalesce((select '+' || slower.id || '.' || slower.version from plan slower
    where slower.id = plan.quota_plan_id), '') || '/' || date_part('epoch', subscriber.period_started_at) as terms,
  case when ${countsPeriodSql} then coalesce(usage_period.output_octets, 0) end as down,
  case when ${countsPeriodSql} then coalesce(usage_period.input_octets, 0) end as up,
  watch.terms as "watchTerms", watch.state, watch.since, watch.session_id as "sessionId", watch.looked_at as "lookedAt",
  watch.next_at as "nextAt", watch.foresight as remembered
from subscriber
  join plan on plan.id = subscriber.plan_id
  left join usage_period on usage_period.subscriber_id = subscriber.id
    and usage_period.period_started_at = subscriber.period_started_at
  left join entitlement_watch watch on watch.subscriber_id = subscriber.id
where subscriber.id = any($1::bigint[]) and ${isWatchedSql}`

const sessionsText = `
select session.id, session.subscriber_id as "subscriberId", session.started_at as "startedAt",
  session.output_octets as down, session.input_octets as up, newest.wish, newest.state, newest.created_at as "createdAt",
  newest.deadline
from session left join lateral (
  select coa_order.wish, coa_order.state, coa_order.created_at, coa_order.deadline from coa_order
  where coa_order.session_id = session.id order by coa_order.id desc limit 1
) as newest on true
where session.subscriber_id = any($1::bigint[]) and session.ended_at is null and session.service is null
order by session.id`

/** Those of the subscribers that are online with a plan that is watched. */
export async function loadWatched(
  pool: Pool,
  subscriberIds: readonly bigint[],
  zone: string,
  now: Date,
): Promise<Foreseeable[]> {
  if (subscriberIds.length === 0) return []
  const values = [arrayLiteral(subscriberIds)]
  const sessions = await loadSessions(pool, values)
  const { rows } = await pool.query<SubscriberRow & { watchTerms: string | null }>({
    name: 'load-watched',
    text: subscribersText,
    values,
  })
  const online = rows.filter(({ id }) => sessions.has(id))
  const planOf = await planReader(
    pool,
    online.map(({ version }) => version),
  )
  const windowed: WindowedSubscriber[] = online.flatMap(({ id, version }) => {
    const plan = planOf(version)
    const period = plan.quota_period
    return period !== 'period' && countsUsage(plan) ? [{ subscriberId: id, period }] : []
  })
  const usage = await windowUsage(pool, windowed, zone, now)
  const inWindow = new Map(windowed.map(({ subscriberId }, at) => [subscriberId, usage[at]]))
  return online.map((row) => ({
    subscriberId: row.id,
    isInService: ['new', 'active', 'grace'].includes(subscriberLabel(row, now)),
    terms: `${row.terms}/${zone}`,
    plan: planOf(row.version),
    used: inWindow.get(row.id) ?? readPeriod(row),
    before: readWatch(row),
    remembered: row.remembered,
    sessions: sessions.get(row.id)!,
  }))
}

function readPeriod({ down, up }: SubscriberRow): WindowUsage | undefined {
  return down === null || up === null ? undefined : { down, up }
}

function readWatch(row: SubscriberRow & { watchTerms: string | null }): Watch | undefined {
  const { watchTerms: terms, state, since, sessionId, lookedAt, nextAt } = row
  if (terms === null || state === null || sessionId === null || lookedAt === null) return undefined
  return { terms, state, since, sessionId, lookedAt, nextAt }
}

async function loadSessions(pool: Pool, values: unknown[]): Promise<Map<bigint, OpenSession[]>> {
  const { rows } = await pool.query<SessionRow>({ name: 'load-watched-sessions', text: sessionsText, values })
  const sessions = new Map<bigint, OpenSession[]>()
  for (const row of rows) {
    const { id, subscriberId, startedAt, down, up } = row
    const session = { id, startedAt, octets: { down, up }, order: readOrder(row) }
    const known = sessions.get(subscriberId)
    if (known === undefined) sessions.set(subscriberId, [session])
    else known.push(session)
  }
  return sessions
}

function readOrder({ wish, state, createdAt, deadline }: SessionRow): SessionOrder | undefined {
  if (wish === null || state === null || createdAt === null || deadline === null) return undefined
  return { wish, state, createdAt, deadline }
}

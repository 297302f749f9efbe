// The numbers of the first page: how many subscribers of each kind, who is online, who ends soon, what came and was refused.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { ownedInScope, subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { addDays } from './report.ts'

export type Dashboard = {
  /** When subscribers were last counted; null: not yet. */
  countedOn: string | null
  subscribers: { label: string; count: bigint }[]
  online: bigint
  expiringIn7Days: bigint
  signups: { today: bigint; last7Days: bigint; last30Days: bigint }
  logins: { accepted: bigint; refused: bigint }
  alarms: bigint
}

/** The dashboard at this moment; counts by status are at most an hour old. */
export async function readDashboard(db: Db, scope: Scope, zone: string, now: Date): Promise<Dashboard> {
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(now)
  const [labels, facts, events] = await Promise.all([
    countLabels(db, scope),
    countFacts(db, scope, now),
    countEvents(db, scope, today),
  ])
  return {
    countedOn: labels[0]?.day ?? null,
    subscribers: labels.map(({ label, count }) => ({ label, count })),
    ...facts,
    ...events,
  }
}

async function countLabels(db: Db, scope: Scope): Promise<{ day: string; label: string; count: bigint }[]> {
  const zones = scope.zones === undefined ? sql`true` : sql`counted.zone = any(${scope.zones}::text[])`
  const { rows } = await sql<{ day: string; label: string; count: bigint }>`
    select to_char(counted.day, 'YYYY-MM-DD') as day, counted.label, sum(counted.count)::bigint as count
    from subscriber_day counted
    where counted.day = (select max(last.day) from subscriber_day last) and ${zones}
      and ${ownedInScope(scope, 'counted.owner_id')}
    group by 1, 2 order by 2`.execute(db)
  return rows
}

async function countFacts(
  db: Db,
  scope: Scope,
  now: Date,
): Promise<Pick<Dashboard, 'online' | 'expiringIn7Days' | 'alarms'>> {
  const inWeek = new Date(now.getTime() + 7 * 86_400_000)
  const isLimited = scope.ownerId !== undefined || scope.zones !== undefined
  // Everybody's lines come from the index alone.
  const online = isLimited
    ? sql`select count(*) from subscriber_live join subscriber on subscriber.id = subscriber_live.subscriber_id
        where subscriber_live.online and ${subscriberInScope(scope)}`
    : sql`select count(*) from subscriber_live where subscriber_live.online`
  const { rows } = await sql<{ online: bigint; expiringIn7Days: bigint; alarms: bigint }>`
    select (${online}) as online,
      (select count(*) from subscriber where subscriber.expires_at > ${now} and subscriber.expires_at <= ${inWeek}
        and subscriber.archived_at is null and ${subscriberInScope(scope)}) as "expiringIn7Days",
      (select count(*) from alarm where alarm.cleared_at is null and ${scope.ownerId === undefined}) as alarms`.execute(
    db,
  )
  return rows[0]!
}

async function countEvents(db: Db, scope: Scope, today: string): Promise<Pick<Dashboard, 'signups' | 'logins'>> {
  const zones = scope.zones === undefined ? sql`true` : sql`counted.zone = any(${scope.zones}::text[])`
  const { rows } = await sql<{ today: bigint; last7Days: bigint; last30Days: bigint }>`
    select coalesce(sum(counted.count) filter (where counted.day = ${today}::date), 0)::bigint as today,
      coalesce(sum(counted.count) filter (where counted.day >= ${addDays(today, -6)}::date), 0)::bigint as "last7Days",
      coalesce(sum(counted.count), 0)::bigint as "last30Days"
    from event_day counted
    where counted.kind = 'signup' and counted.day between ${addDays(today, -29)}::date and ${today}::date and ${zones}
      and ${ownedInScope(scope, 'counted.owner_id')}`.execute(db)
  const decisions = await sql<{ accepted: bigint; refused: bigint }>`
    select coalesce(sum(counted.count) filter (where counted.accepted), 0)::bigint as accepted,
      coalesce(sum(counted.count) filter (where not counted.accepted), 0)::bigint as refused
    from decision_day counted where counted.day = ${today}::date and ${ownedInScope(scope, 'counted.owner_id')}
      -- Decisions are not counted by zone.
      and ${scope.zones === undefined}`.execute(db)
  return { signups: rows[0]!, logins: decisions.rows[0]! }
}

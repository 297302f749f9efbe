// The read model behind lists: who is online and where, or was last, and how much was used. Sessions and usage change with
// every interim, by a statement that must stay cheap and on rows that must stay on their page; what lists sort and filter by is
// therefore kept apart, and follows here. Whoever is shown online without that session open is corrected each time.

import { withTransaction } from '../../db/pool.ts'
import type { Pool } from '../../db/pool.ts'
import { quotaPeriods, windowAt } from '../plan/quota.ts'
import { boundsOf } from '../plan/window-usage.ts'

/** What was recorded under a time is committed at most so much later. */
const slack = '30 seconds'

export type Refreshed = { kind: 'busy' } | { kind: 'done'; presence: number; usage: number }

const facts = ['nas_id', 'nas_group_id', 'framed_ip', 'mac', 'interface', 'port', 's_vlan', 'c_vlan']
const factsOf = (alias: string): string => facts.map((fact) => `${alias}.${fact}`).join(', ')
const columnsOf = (alias: string): string => `${alias}.id, ${alias}.ended_at, ${factsOf(alias)}`
const openSql = `session.ended_at is null and session.service is null`

// Sessions are read once, from one end to the other: updated_at is in no index, so that interims stay on their page (HOT).
// Rows that nothing moved are not written.
const refreshText = `
with touched as materialized (
  select distinct on (session.subscriber_id) session.subscriber_id, ${columnsOf('session')}, session.updated_at
  from session
  where session.updated_at >= $1::timestamptz - $2::interval and session.subscriber_id is not null
    and session.service is null
  order by session.subscriber_id, session.ended_at is not null, coalesce(session.ended_at, session.started_at) desc,
    session.id desc
),
candidate as materialized (
  select touched.subscriber_id, ${columnsOf('touched')}
  from touched
  join subscriber_live live on live.subscriber_id = touched.subscriber_id
  where touched.ended_at is not null or live.session_id is distinct from touched.id
    or (${factsOf('live')}) is distinct from (${factsOf('touched')})
  union all
  -- Ended by something else than a record, or no longer there.
  select live.subscriber_id, ${columnsOf('session')}
  from subscriber_live live
  left join session on session.id = live.session_id
  where live.online and (session.id is null or session.ended_at is not null)
    and not exists (select from touched where touched.subscriber_id = live.subscriber_id)
),
presence as (
  update subscriber_live live
  set (online, last_seen_at, session_id, ${facts.join(', ')}) = (
    select newest.is_open, case when newest.is_open then 'infinity' else coalesce(newest.ended_at, $3::timestamptz) end,
      ${['id', ...facts].map((name) => `case when newest.id is null then live.${name === 'id' ? 'session_id' : name} else newest.${name} end`).join(', ')}
  )
  from candidate
  cross join lateral (
    select * from (
      (select true as is_open, ${columnsOf('session')} from session
       where session.subscriber_id = candidate.subscriber_id and ${openSql}
       order by session.started_at desc, session.id desc limit 1)
      union all
      select false, ${columnsOf('candidate')}
    ) as possible
    order by possible.is_open desc
    limit 1
  ) as newest
  where live.subscriber_id = candidate.subscriber_id
    and (newest.is_open or live.online or live.last_seen_at is null or newest.ended_at >= live.last_seen_at)
    and (live.online, live.session_id, ${factsOf('live')}) is distinct from
      (newest.is_open, newest.id, ${factsOf('newest')})
  returning 1
),
changed as materialized (
  select touched.subscriber_id from touched
  union
  select change_log.row_id from change_log
  where change_log.table_name = 'subscriber' and change_log.changed_by >= $4::xid8 and change_log.changed_by < $5::xid8
  union
  select subscriber.id from subscriber
  where subscriber.plan_id in (
    select change_log.row_id from change_log
    where change_log.table_name = 'plan' and change_log.changed_by >= $4::xid8 and change_log.changed_by < $5::xid8
    union
    -- A day, week or month has begun for them.
    select plan.id from plan where plan.quota_period = any ($6::text[])
  )
  union
  select subscriber.id from subscriber where $7
),
usage as (
  update subscriber_usage used
  set octets = counted.octets, quota_percent = counted.quota_percent
  from (
    select subscriber.id, nullif(period.input_octets + period.output_octets, 0) as octets,
      round(100.0 * greatest(
        (counts.input_octets + counts.output_octets) / plan.quota_octets::numeric,
        counts.output_octets / plan.quota_down_octets::numeric, counts.input_octets / plan.quota_up_octets::numeric
      ), 1)::float8 as quota_percent
    from changed
    join subscriber on subscriber.id = changed.subscriber_id
    join plan on plan.id = subscriber.plan_id
    left join usage_period period
      on period.subscriber_id = subscriber.id and period.period_started_at = subscriber.period_started_at
    left join unnest($8::text[], $9::timestamptz[], $10::date[], $11::date[])
      as span (period, hours_since, first_day, end_day)
      on span.period = plan.quota_period and num_nonnulls(plan.quota_octets, plan.quota_down_octets, plan.quota_up_octets) > 0
    cross join lateral (
      select coalesce(period.input_octets, 0) as input_octets, coalesce(period.output_octets, 0) as output_octets
      where span.period is null
      union all
      select coalesce(sum(part.input_octets), 0), coalesce(sum(part.output_octets), 0)
      from (
        select usage_hour.input_octets, usage_hour.output_octets from usage_hour
        where usage_hour.subscriber_id = subscriber.id and usage_hour.hour >= span.hours_since
        union all
        select usage_day.input_octets, usage_day.output_octets from usage_day
        where usage_day.subscriber_id = subscriber.id and usage_day.day >= span.first_day and usage_day.day < span.end_day
      ) as part
      where span.period is not null
      having span.period is not null
    ) as counts
  ) as counted
  where used.subscriber_id = counted.id
    and (used.octets, used.quota_percent) is distinct from (counted.octets, counted.quota_percent)
  returning 1
)
select (select count(*) from presence)::integer as presence, (select count(*) from usage)::integer as usage,
  -- The earlier of our clock and theirs: whichever is ahead, nothing is left out.
  coalesce(least($3::timestamptz, (select max(touched.updated_at) from touched)), $1::timestamptz)::text as heard`

type State = { sessionsUntil: string; changesUntil: string; refreshedAt: Date | null; upTo: string }

/**
 * Brings subscriber_live and subscriber_usage up to date with what changed since the last time. `busy` while another instance
 * does it. Windows of quotas are days of the zone.
 */
export function refreshLive(pool: Pool, zone: string, now: Date): Promise<Refreshed> {
  return withTransaction(pool, async (client) => {
    // The first time everything is counted.
    await client.query('set local statement_timeout = 0')
    const { rows } = await client.query<State>(
      `select sessions_until::text as "sessionsUntil", changes_until::text as "changesUntil", refreshed_at as "refreshedAt",
         pg_snapshot_xmin(pg_current_snapshot())::text as "upTo"
       from subscriber_live_state for update skip locked`,
    )
    const state = rows[0]
    if (state === undefined) return { kind: 'busy' }
    const { rows: done } = await client.query<{ presence: number; usage: number; heard: string }>(
      refreshText,
      refreshValues(state, zone, now),
    )
    const { presence, usage, heard } = done[0]!
    await client.query(
      `update subscriber_live_state
       set sessions_until = $1::timestamptz, changes_until = $2::xid8, refreshed_at = $3::timestamptz`,
      [heard, state.upTo, now],
    )
    return { kind: 'done', presence, usage }
  })
}

function refreshValues({ sessionsUntil, changesUntil, refreshedAt, upTo }: State, zone: string, now: Date): unknown[] {
  const windows = quotaPeriods.filter((period) => period !== 'period')
  const begun = windows.filter(
    (period) =>
      refreshedAt !== null &&
      windowAt(period, zone, refreshedAt).since.getTime() !== windowAt(period, zone, now).since.getTime(),
  )
  const bounds = windows.map(boundsOf(zone, now))
  const since = [sessionsUntil, slack, now, changesUntil, upTo, begun, refreshedAt === null]
  return [
    ...since,
    windows,
    bounds.map(({ hoursSince }) => hoursSince),
    bounds.map(({ firstDay }) => firstDay),
    bounds.map(({ endDay }) => endDay),
  ]
}

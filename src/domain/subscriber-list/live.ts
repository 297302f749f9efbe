// The read model behind lists: who is online and where, or was last, and how much was used. Sessions and usage change with
// every interim, by a statement that must stay cheap and on rows that must stay on their page; what lists sort and filter by is
// therefore kept apart, and follows here. Whoever is shown online without that session open is corrected each time.

import type { QueryResult } from 'pg'
import { arrayLiteral } from '../../db/array-literal.ts'
import type { Pool, PoolClient } from '../../db/pool.ts'
import { quotaPeriods, windowAt } from '../plan/quota.ts'
import { boundsOf } from '../plan/window-usage.ts'
import { inRangeSql, rest, sessionRanges } from '../session-walk.ts'

/** What was recorded under a time is committed at most so much later. */
const slack = '30 seconds'

export type Refreshed = { kind: 'busy' } | { kind: 'done'; presence: number; usage: number }

const facts = ['nas_id', 'nas_group_id', 'framed_ip', 'mac', 'interface', 'port', 's_vlan', 'c_vlan']
const factsOf = (alias: string): string => facts.map((fact) => `${alias}.${fact}`).join(', ')
const columnsOf = (alias: string): string => `${alias}.id, ${alias}.ended_at, ${factsOf(alias)}`
const openSql = `session.ended_at is null and session.service is null`

// In pieces, between which it rests: with 1,000,000 subscribers and 430,000 open sessions, of which 45,000 had been heard of, one
// statement for everything kept a core for 2.3 to 3 s every 20 s; the pieces, of 30 ms at most, take 1.3 to 1.7 s. Those of a piece are looked up
// by key, where for all at once the planner reads whole tables.
/** Subscribers of a piece. */
const batchSize = 2_000
/** Of those shown online, looked at in a piece. */
const onlineAtOnce = 5_000
/** Ids of subscribers held at once, of those whose plan has changed. */
const changedAtOnce = 100_000
/**
 * A row of presence that moved costs some 70 µs of Postgres, for it is in eight indexes, one of usage 25. It rests three times as
 * long: where 2,400 lines a second dialled anew, following them kept a third of a core, and now an eighth.
 */
const restAfterRowMs = { presence: 0.2, usage: 0.075 }

// updated_at is in no index, so that interims stay on their page (HOT).
const touchedText = `
  select array_agg(session.subscriber_id) as subscribers, array_agg(session.id) as sessions, max(session.updated_at)::text as heard
  from session
  where session.updated_at >= $1::timestamptz - $2::interval and session.subscriber_id is not null
    and session.service is null and ${inRangeSql('session', '$3', '$4')}`

// Ended by something else than a record, or no longer there.
const goneText = `
  select max(looked.subscriber_id) as last,
    array_agg(looked.subscriber_id) filter (where not exists (
      select from session where session.id = looked.session_id and session.ended_at is null offset 0
    )) as gone
  from (
    select live.subscriber_id, live.session_id from subscriber_live live
    where live.online and live.subscriber_id > $1 order by live.subscriber_id limit ${onlineAtOnce}
  ) as looked`

// Of all sessions ($1) of some subscribers that were touched, and of subscribers whose session is gone ($2). Rows that nothing
// moved are not written.
const presenceText = `
with touched as materialized (
  select distinct on (session.subscriber_id) session.subscriber_id, ${columnsOf('session')}
  from session
  where session.id = any ($1::bigint[])
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
  select live.subscriber_id, ${columnsOf('session')}
  from subscriber_live live
  left join session on session.id = live.session_id
  where live.subscriber_id = any ($2::bigint[]) and live.online and (session.id is null or session.ended_at is not null)
)
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
    (newest.is_open, newest.id, ${factsOf('newest')})`

// Others whose usage may have to be counted anew.
const changedText = `
  select array_agg(changed.id) as ids from (
    select change_log.row_id as id from change_log
    where change_log.table_name = 'subscriber' and change_log.changed_by >= $1::xid8 and change_log.changed_by < $2::xid8
      and change_log.row_id > $5
    union
    select subscriber.id from subscriber
    where subscriber.id > $5 and subscriber.plan_id in (
      select change_log.row_id from change_log
      where change_log.table_name = 'plan' and change_log.changed_by >= $1::xid8 and change_log.changed_by < $2::xid8
      union
      -- A day, week or month has begun for them.
      select plan.id from plan where plan.quota_period = any ($3::text[])
    )
    union
    select subscriber.id from subscriber where $4 and subscriber.id > $5
    order by id limit ${changedAtOnce}
  ) as changed`

const usageText = `
update subscriber_usage used
set octets = counted.octets, quota_percent = counted.quota_percent
from (
  select subscriber.id, nullif(period.input_octets + period.output_octets, 0) as octets,
    round(100.0 * greatest(
      (counts.input_octets + counts.output_octets) / plan.quota_octets::numeric,
      counts.output_octets / plan.quota_down_octets::numeric, counts.input_octets / plan.quota_up_octets::numeric
    ), 1)::float8 as quota_percent
  from unnest($1::bigint[]) as changed (subscriber_id)
  join subscriber on subscriber.id = changed.subscriber_id
  join plan on plan.id = subscriber.plan_id
  left join usage_period period
    on period.subscriber_id = subscriber.id and period.period_started_at = subscriber.period_started_at
  left join unnest($2::text[], $3::timestamptz[], $4::date[], $5::date[])
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
  and (used.octets, used.quota_percent) is distinct from (counted.octets, counted.quota_percent)`

type State = { sessionsUntil: string; changesUntil: string; refreshedAt: Date | null; upTo: string }
type Written = { presence: number; usage: number }

/**
 * Brings subscriber_live and subscriber_usage up to date with what changed since the last time. `busy` while another instance
 * does it. Windows of quotas are days of the zone. Each piece is committed by itself, and what is broken off is done again: one
 * transaction for all of them would keep every row version of meanwhile from being cleaned up, also those of sessions.
 */
export async function refreshLive(pool: Pool, zone: string, now: Date): Promise<Refreshed> {
  const client = await pool.connect()
  // Its lock ends with it where something fails.
  let isSpoilt = true
  try {
    const lock = await client.query<{ free: boolean }>(`select pg_try_advisory_lock(${lockSql}) as free`)
    const isFree = lock.rows[0]?.free === true
    const refreshed: Refreshed = isFree ? await refresh(client, zone, now) : { kind: 'busy' }
    if (isFree) await client.query(`select pg_advisory_unlock(${lockSql})`)
    isSpoilt = false
    return refreshed
  } finally {
    client.release(isSpoilt)
  }
}

const lockSql = `hashtext('gatehouse lists')`

async function refresh(client: PoolClient, zone: string, now: Date): Promise<Refreshed> {
  const { rows } = await client.query<State>(
    `select sessions_until::text as "sessionsUntil", changes_until::text as "changesUntil", refreshed_at as "refreshedAt",
       pg_snapshot_xmin(pg_current_snapshot())::text as "upTo"
     from subscriber_live_state`,
  )
  const state = rows[0]!
  const touched = await followTouched(client, state, zone, now)
  const gone = await followGone(client, now)
  const usage = await followChanged(client, state, zone, now)
  await client.query(
    // The earlier of our clock and theirs: whichever is ahead, nothing is left out.
    `update subscriber_live_state
     set sessions_until = least($1::timestamptz, (select max(heard) from unnest($2::timestamptz[]) as heard)),
       changes_until = $3::xid8, refreshed_at = $1::timestamptz`,
    [now, touched.heard, state.upTo],
  )
  return { kind: 'done', presence: touched.presence + gone, usage: touched.usage + usage }
}

/** Follows the sessions that were heard of. `heard`: the latest instants of these. */
async function followTouched(
  client: PoolClient,
  { sessionsUntil }: State,
  zone: string,
  now: Date,
): Promise<Written & { heard: string[] }> {
  const done = { presence: 0, usage: 0, heard: [] as string[] }
  const touched: Touched[] = []
  for await (const range of sessionRanges(client)) {
    const { rows } = await client.query<{ subscribers: bigint[] | null; sessions: bigint[]; heard: string }>(
      touchedText,
      [sessionsUntil, slack, ...range],
    )
    const { subscribers, sessions, heard } = rows[0]!
    if (subscribers === null) continue
    done.heard.push(heard)
    for (const [at, subscriberId] of subscribers.entries()) touched.push({ subscriberId, sessionId: sessions[at]! })
  }
  for (const batch of batchesOf(touched)) {
    const sessions = batch.map(({ sessionId }) => sessionId)
    const presence = await writePresence(client, { sessions, gone: [] }, now)
    const usage = await writeUsage(client, [...new Set(batch.map(({ subscriberId }) => subscriberId))], zone, now)
    done.presence += presence
    done.usage += usage
    await restAfter({ presence, usage })
  }
  return done
}

function restAfter({ presence, usage }: Written): Promise<void> {
  return rest(presence * restAfterRowMs.presence + usage * restAfterRowMs.usage)
}

type Touched = { subscriberId: bigint; sessionId: bigint }

/** In the order of subscribers; all sessions of one are in one batch. */
function* batchesOf(touched: Touched[]): Generator<Touched[]> {
  touched.sort((a, b) => Number(a.subscriberId - b.subscriberId))
  for (let from = 0, until: number; from < touched.length; from = until) {
    until = from + batchSize
    while (touched[until] !== undefined && touched[until]!.subscriberId === touched[until - 1]!.subscriberId) until += 1
    yield touched.slice(from, until)
  }
}

/** Corrects who is shown online without that session open. */
async function followGone(client: PoolClient, now: Date): Promise<number> {
  let presence = 0
  for (let after: bigint | null = 0n; after !== null;) {
    const { rows }: QueryResult<{ last: bigint | null; gone: bigint[] | null }> = await client.query(goneText, [after])
    const { last, gone }: (typeof rows)[number] = rows[0]!
    const written = gone === null ? 0 : await writePresence(client, { sessions: [], gone }, now)
    presence += written
    after = last
    if (after !== null) await restAfter({ presence: written, usage: 0 })
  }
  return presence
}

/** Follows the usage of those who, or whose plan, have changed, for whom a window has begun; the first time of all. */
async function followChanged(client: PoolClient, state: State, zone: string, now: Date): Promise<number> {
  const { changesUntil, upTo, refreshedAt } = state
  let usage = 0
  for (let after: bigint | undefined = 0n; after !== undefined;) {
    const values: unknown[] = [changesUntil, upTo, windowsBegun(refreshedAt, zone, now), refreshedAt === null, after]
    const { rows }: QueryResult<{ ids: bigint[] | null }> = await client.query(changedText, values)
    const ids: bigint[] = rows[0]!.ids ?? []
    for (let from = 0; from < ids.length; from += batchSize) {
      const written = await writeUsage(client, ids.slice(from, from + batchSize), zone, now)
      usage += written
      await restAfter({ presence: 0, usage: written })
    }
    after = ids.length < changedAtOnce ? undefined : ids.at(-1)
  }
  return usage
}

type Moved = { sessions: readonly bigint[]; gone: readonly bigint[] }

async function writePresence(client: PoolClient, { sessions, gone }: Moved, now: Date): Promise<number> {
  const { rowCount } = await client.query(presenceText, [arrayLiteral(sessions), arrayLiteral(gone), now])
  return rowCount ?? 0
}

const windows = quotaPeriods.filter((period) => period !== 'period')

async function writeUsage(client: PoolClient, ids: readonly bigint[], zone: string, now: Date): Promise<number> {
  const bounds = windows.map(boundsOf(zone, now))
  const { rowCount } = await client.query(usageText, [
    arrayLiteral(ids),
    windows,
    bounds.map(({ hoursSince }) => hoursSince),
    bounds.map(({ firstDay }) => firstDay),
    bounds.map(({ endDay }) => endDay),
  ])
  return rowCount ?? 0
}

function windowsBegun(refreshedAt: Date | null, zone: string, now: Date): string[] {
  if (refreshedAt === null) return []
  const since = (period: (typeof windows)[number], at: Date): number => windowAt(period, zone, at).since.getTime()
  return windows.filter((period) => since(period, refreshedAt) !== since(period, now))
}

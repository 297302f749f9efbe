// Sessions that fell silent: no Start, Interim or renewal for some intervals of time in which we listened (rule C8). They are
// closed with their last counters as Lost Carrier; a late Interim opens them again (accounting-statement.ts), since only we
// closed them.

import { arrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import { listenedSql } from './listening.ts'
import { readNasSettings } from './nas-settings.ts'
import { freeClaims } from './session-end.ts'
import { inRangeSql, sessionRanges } from './session-walk.ts'
import type { SessionRange } from './session-walk.ts'

/** Acct-Terminate-Cause Lost Carrier (RFC 2866 §5.10). */
const lostCarrier = 2
/** RFC 2869 §5.16: nobody reports more often; a NAS that says so is not believed. */
const shortestIntervalS = 60
/** Ended in one statement at most: a record of one of them that comes just now does not wait long for its row. */
const batchSize = 5_000

/** How one NAS is judged. `intervalS` is that of sessions that tell none of their own. */
type NasRule = { id: bigint; factor: number; intervalS: number }

/**
 * Ends every open session without a sign of life for more than the NAS's `stale_factor` × its interval of listened time: the
 * interval that was sent, else the one observed at the NAS, else `defaultIntervalS`. Nothing is ended before we have listened
 * for one whole interval since our last outage. Services end with their session. Gives how many sessions, services and claims.
 * Running it again, or on two instances at once, ends nothing twice.
 */
export async function endStaleSessions(
  db: Pool,
  { defaultIntervalS }: { defaultIntervalS: number },
  now: Date,
): Promise<{ sessions: number; services: number; claims: number }> {
  const rules = await readRules(db, defaultIntervalS)
  const total = { sessions: 0, services: 0, claims: 0 }
  for await (const range of sessionRanges(db)) {
    for (let count = batchSize; count === batchSize;) {
      const ended = await endBatch(db, { rules, range }, now)
      total.sessions += ended.length
      total.services += await endServices(db, ended)
      total.claims += await freeClaims(db, ended)
      count = ended.length
    }
  }
  return total
}

/**
 * The NASes whose silence tells anything. One that sends no Interims at all is left out: a session of it went on for longer
 * than its threshold, was ended by its own Stop and had none, and no other session has one. There only Stop, Accounting-On
 * and -Off and Session-Timeout count.
 */
async function readRules(db: Pool, defaultIntervalS: number): Promise<NasRule[]> {
  const { rows } = await db.query<{ id: bigint; settings: unknown; observed: number | null }>(
    `select nas.id, nas.settings, nas.observed_interval_s as observed from nas`,
  )
  const unobserved = rows.filter(({ observed }) => observed === null).map(({ id }) => id)
  const longest = await longestWithoutInterims(db, unobserved)
  return rows.flatMap(({ id, settings, observed }) => {
    const factor = readNasSettings(settings).stale_factor
    const intervalS = observed ?? defaultIntervalS
    return (longest.get(id) ?? 0) > factor * intervalS ? [] : [{ id, factor, intervalS }]
  })
}

/**
 * Of those of some NASes that send no Interims, the seconds of the longest session that was ended by its Stop. Read in ranges:
 * for 50 NASes with 430,000 sessions one statement was at it for a second every minute.
 */
async function longestWithoutInterims(db: Pool, nasIds: readonly bigint[]): Promise<Map<bigint, number>> {
  const longest = new Map<bigint, number>()
  if (nasIds.length === 0) return longest
  const telling = new Set<bigint>()
  for await (const range of sessionRanges(db)) {
    const { rows } = await db.query<{ id: bigint; tells: boolean; longest: number | null }>(
      `select session.nas_id as id, bool_or(session.interims > 0) as tells,
         max(session.session_time) filter (where session.ended_by = 'stop' and session.service is null)::float8 as longest
       from session
       where session.nas_id = any ($1::bigint[]) and ${inRangeSql('session', '$2', '$3')}
       group by session.nas_id`,
      [arrayLiteral(nasIds), ...range],
    )
    for (const row of rows) {
      if (row.tells) telling.add(row.id)
      longest.set(row.id, Math.max(longest.get(row.id) ?? 0, row.longest ?? 0))
    }
  }
  for (const id of telling) longest.delete(id)
  return longest
}

// A pass over all open sessions, range by range: updated_at is in no index, so that interims stay on their page (HOT). How long a session was silent while we listened is not asked of each: for
// each length of silence there is one instant before which the last sign of life must lie. A row that an Interim moves
// meanwhile is left alone by the lock.
const endBatchText = `
  with listened as materialized (
    select stretches.since, stretches.until, extract(epoch from stretches.until - stretches.since)::float8 as seconds,
      coalesce(sum(extract(epoch from stretches.until - stretches.since)) over later, 0)::float8 as seconds_later
    from ${listenedSql('$1::timestamptz')} as stretches
    window later as (order by stretches.since desc rows between unbounded preceding and 1 preceding)
  ),
  -- Once: the planner might read the range anew for each rule.
  looked as materialized (
    select id, nas_id, updated_at, parent_id, interim_interval_s from session
    where session.ended_at is null and ${inRangeSql('session', '$5', '$6')}
  ),
  silent as materialized (
    select session.id, session.updated_at, session.parent_id, spacing.seconds, rule.factor * spacing.seconds as patience
    from looked session
    join unnest($2::bigint[], $3::float8[], $4::integer[]) as rule (nas_id, factor, interval_s)
      on rule.nas_id = session.nas_id
    cross join lateral (
      select greatest(coalesce(session.interim_interval_s, rule.interval_s), ${shortestIntervalS})::float8 as seconds
    ) as spacing
    where session.updated_at < $1::timestamptz - make_interval(secs => rule.factor * spacing.seconds)
  ),
  deadline as materialized (
    select needed.patience, listened.until - make_interval(secs => needed.patience - listened.seconds_later) as instant
    from (select distinct silent.patience from silent) as needed
    join listened on needed.patience > listened.seconds_later
      and needed.patience <= listened.seconds_later + listened.seconds
  ),
  stale as materialized (
    select silent.id, silent.updated_at
    from silent
    join deadline on deadline.patience = silent.patience
    where silent.updated_at < deadline.instant
      -- Since our last outage every session had its chance to report.
      and silent.seconds <= (select listened.seconds from listened order by listened.since desc limit 1)
      -- A service may say nothing while its session lives: it is asked alone only when that is over or not known.
      and not exists (
        select from session parent where parent.id = silent.parent_id and parent.ended_at is null
      )
    limit ${batchSize}
  ),
  locked as materialized (
    select session.id
    from stale
    join session on session.id = stale.id and session.updated_at = stale.updated_at and session.ended_at is null
    order by session.nas_id, session.acct_session_id collate "C"
    for update of session
  )
  update session
  set ended_by = 'stale', terminate_cause = ${lostCarrier},
    -- The last sign of life, by the clock of the NAS where records tell it, so that a late Interim is seen to be later; a line
    -- without Interims lives by renewals, which move updated_at alone.
    ended_at = greatest(session.started_at, least($1::timestamptz,
      case when session.interims > 0 then session.event_at else greatest(session.event_at, session.updated_at) end))
  from locked
  where session.id = locked.id and session.ended_at is null
  returning session.id`

async function endBatch(
  db: Pool,
  { rules, range }: { rules: readonly NasRule[]; range: SessionRange },
  now: Date,
): Promise<bigint[]> {
  const { rows } = await db.query<{ id: bigint }>(endBatchText, [
    now,
    arrayLiteral(rules.map((rule) => rule.id)),
    arrayLiteral(rules.map((rule) => rule.factor)),
    arrayLiteral(rules.map((rule) => rule.intervalS)),
    ...range,
  ])
  return rows.map((row) => row.id)
}

/** Ends the services of ended sessions, where a crash in between left them they are silent themselves later. */
async function endServices(db: Pool, parents: readonly bigint[]): Promise<number> {
  if (parents.length === 0) return 0
  const { rowCount } = await db.query(
    `with locked as materialized (
       select service.id, parent.ended_at
       from session service
       join session parent on parent.id = service.parent_id
       where service.ended_at is null and service.parent_id = any ($1::bigint[]) and parent.ended_by = 'stale'
       order by service.nas_id, service.acct_session_id collate "C"
       for update of service
     )
     update session
     set ended_at = greatest(session.started_at, locked.ended_at), ended_by = 'stale', terminate_cause = ${lostCarrier}
     from locked
     where session.id = locked.id and session.ended_at is null`,
    [arrayLiteral(parents)],
  )
  return rowCount ?? 0
}

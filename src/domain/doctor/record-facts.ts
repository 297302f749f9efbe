// How a NAS logs in, accounts and takes orders, by what is recorded of it. What was not heard while we were not listening
// (domain/listening.ts) is nobody's fault and counts for nothing here.

import type { Pool } from '../../db/pool.ts'
import { listenedSql } from '../listening.ts'
import { readNasSettings } from '../nas-settings.ts'
import { settingsOf } from '../setting.ts'

/** Of the last day. */
export type AccessFacts = {
  readonly accepts: number
  readonly lastAcceptAt: Date | undefined
  /** The last one long enough ago that its Start must have come. */
  readonly accountableAcceptAt: Date | undefined
  /** Wrong passwords since the last accept, and how many names had one. */
  readonly wrongPasswords: number
  readonly wrongPasswordNames: number
}

export type SessionFacts = {
  /** When the last accounting record came. */
  readonly lastRecordAt: Date | undefined
  /** In seconds, before it is varied by session: what its sessions are to be told, else what its next one is going to be. */
  readonly askedIntervalS: number
  /** Long enough to have been reported at least twice; of them without any Interim. */
  readonly due: number
  readonly withoutInterims: number
  /** Reported at least twice; of them further than half from the interval they were told. */
  readonly measured: number
  readonly irregular: number
  /** Median, in seconds. */
  readonly observedIntervalS: number | undefined
  /** How its live sessions get in. */
  readonly accessKinds: readonly ('pppoe' | 'ipoe')[]
}

/** Of the last day; undefined: never. */
export type OrderFacts = {
  readonly lastAnsweredAt: Date | undefined
  readonly lastUnansweredAt: Date | undefined
  readonly lastBadAnswerAt: Date | undefined
}

/** From an accept to the Start, with its retransmissions. */
const startTakesMs = 120_000
/** So many sessions of a NAS are looked at. */
const sampleSize = 2_000

type AccessRow = { [Name in keyof AccessFacts]: AccessFacts[Name] | null }

/** Accepts into the walled garden are accepts. */
export async function loadAccessFacts(pool: Pool, nasId: bigint, now: Date): Promise<AccessFacts> {
  const { rows } = await pool.query<AccessRow>(
    `with decided as materialized (
       select username, reason, accepted, count, first_at, last_at from access_log
       where nas_id = $1 and last_at > $2::timestamptz - interval '1 day' and last_at <= $2
         -- No other partitions are read. Their day is of the ISP's zone, and of the first of equal ones.
         and day between ($2::timestamptz at time zone 'UTC')::date - 3 and ($2::timestamptz at time zone 'UTC')::date + 1
     ),
     accepted as (
       select sum(count)::int as accepts, max(last_at) as last_at,
         max(case when last_at <= $3 then last_at when first_at <= $3 then first_at end) as accountable_at
       from decided where accepted
     )
     select coalesce(accepted.accepts, 0) as accepts, accepted.last_at as "lastAcceptAt",
       accepted.accountable_at as "accountableAcceptAt",
       coalesce(sum(decided.count), 0)::int as "wrongPasswords", count(distinct decided.username)::int as "wrongPasswordNames"
     from accepted left join decided on decided.reason = 'wrong-password' and not decided.accepted
       and (accepted.last_at is null or decided.last_at > accepted.last_at)
     group by accepted.accepts, accepted.last_at, accepted.accountable_at`,
    [nasId, now, new Date(now.getTime() - startTakesMs)],
  )
  const row = rows[0]!
  return {
    accepts: row.accepts ?? 0,
    lastAcceptAt: row.lastAcceptAt ?? undefined,
    accountableAcceptAt: row.accountableAcceptAt ?? undefined,
    wrongPasswords: row.wrongPasswords ?? 0,
    wrongPasswordNames: row.wrongPasswordNames ?? 0,
  }
}

type SessionRow = Omit<SessionFacts, 'askedIntervalS' | 'lastRecordAt' | 'observedIntervalS'> & {
  askedIntervalS: number | null
  observedIntervalS: number | null
}

/** Live sessions and those that ended within the last hour, or four intervals; services on them are left out. */
export async function loadSessionFacts(pool: Pool, nasId: bigint, now: Date): Promise<SessionFacts> {
  const { ofNasS, usualS } = await loadIntervals(pool, nasId)
  const { rows } = await pool.query<SessionRow>(
    `with listening as materialized (
       select max(stretches.since) as since from ${listenedSql('$2::timestamptz')} as stretches
     ),
     sample as materialized (
       select session.*, coalesce(nullif(session.interim_interval_s, 0), $3) as asked_s,
         -- Before it was varied by session (the setting interim_jitter).
         coalesce($4, plan.interim_interval_s, $3) as plain_s
       from session
         left join subscriber on subscriber.id = session.subscriber_id left join plan on plan.id = subscriber.plan_id
       where session.nas_id = $1 and session.service is null
         and (session.ended_at is null or session.ended_at > $2::timestamptz - interval '1 hour' - make_interval(secs => 4 * $3))
       -- Any of them: those that were touched last are those that report.
       order by hashint8(session.id) limit ${sampleSize}
     ),
     seen as (
       select sample.*, listening.since is not null as listened,
         -- How long it could have been reported to us.
         case when sample.ended_at is null
             then extract(epoch from $2::timestamptz - greatest(sample.started_at, listening.since))
           when sample.started_at >= listening.since then greatest(sample.session_time,
             extract(epoch from sample.updated_at - sample.started_at))
           else 0 end as reportable_s,
         case when sample.start_seen and sample.interims >= 2 and sample.started_at >= listening.since
           then sample.session_time::float8 / sample.interims end as mean_s
       from sample cross join listening
     )
     select percentile_disc(0.5) within group (order by plain_s)::int as "askedIntervalS",
       count(*) filter (where listened and reportable_s > 2.5 * asked_s)::int as due,
       count(*) filter (where listened and reportable_s > 2.5 * asked_s and interims = 0)::int as "withoutInterims",
       count(mean_s)::int as measured,
       count(*) filter (where abs(mean_s - asked_s) > 0.5 * asked_s)::int as irregular,
       round(percentile_cont(0.5) within group (order by mean_s))::int as "observedIntervalS",
       coalesce((select array_agg(distinct subscriber.account_type order by subscriber.account_type) from seen alive
         join subscriber on subscriber.id = alive.subscriber_id where alive.ended_at is null), '{}') as "accessKinds"
     from seen`,
    [nasId, now, usualS, ofNasS ?? null],
  )
  const row = rows[0]!
  return {
    ...row,
    lastRecordAt: await loadLastRecord(pool, nasId),
    askedIntervalS: row.askedIntervalS ?? usualS,
    observedIntervalS: row.observedIntervalS ?? undefined,
  }
}

/**
 * Of all sessions. The renewal of an IPoE line is a sign of life of its session (domain/sign-of-life.ts), and no record: there it is
 * the time of the last event, by the clock of the NAS where that is trusted.
 */
async function loadLastRecord(pool: Pool, nasId: bigint): Promise<Date | undefined> {
  const { rows } = await pool.query<{ at: Date | null }>(
    `select max(case when subscriber.account_type = 'ipoe' then least(session.event_at, session.updated_at)
         else session.updated_at end) as at
     from session left join subscriber on subscriber.id = session.subscriber_id where session.nas_id = $1`,
    [nasId],
  )
  return rows[0]?.at ?? undefined
}

/** What a session of a plan without an interval of its own is told. */
async function loadIntervals(pool: Pool, nasId: bigint): Promise<{ ofNasS: number | undefined; usualS: number }> {
  const { rows } = await pool.query<{ settings: unknown; value: unknown }>(
    `select nas.settings, setting.value from nas
     left join setting on setting.name = 'default_interim_interval_s' where nas.id = $1`,
    [nasId],
  )
  const { settings, value } = rows[0]!
  const fallback = settingsOf([{ name: 'default_interim_interval_s', value }]).default_interim_interval_s
  const { interim_interval_s: ofNasS } = readNasSettings(settings)
  return { ofNasS, usualS: ofNasS ?? fallback }
}

/** Of each sending: whether the NAS answered it, and under our secret. */
export async function loadOrderFacts(pool: Pool, nasId: bigint, now: Date): Promise<OrderFacts> {
  const { rows } = await pool.query<{ answered: Date | null; unanswered: Date | null; bad: Date | null }>(
    `select max(attempt.at) filter (where attempt.outcome in ('ack', 'nak')) as answered,
       max(attempt.at) filter (where attempt.outcome = 'timeout') as unanswered,
       max(attempt.at) filter (where attempt.outcome = 'bad-authenticator') as bad
     from coa_order join coa_attempt attempt on attempt.order_id = coa_order.id
     where coa_order.nas_id = $1 and coa_order.created_at > $2::timestamptz - interval '1 day'
       and attempt.at <= $2 and attempt.kind in ('change', 'disconnect')`,
    [nasId, now],
  )
  const row = rows[0]!
  return {
    lastAnsweredAt: row.answered ?? undefined,
    lastUnansweredAt: row.unanswered ?? undefined,
    lastBadAnswerAt: row.bad ?? undefined,
  }
}

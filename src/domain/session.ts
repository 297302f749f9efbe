// Sessions as people and rules see them: which are online, and the list of the command line.

import type { Pool } from '../db/pool.ts'

/** A session without a record for so many of its intervals is no longer online, unless its NAS has another `stale_factor`. */
const freshIntervals = 3
/** Where neither the session nor its NAS tells how often records come. */
export const unknownIntervalS = 600

/**
 * SQL: whether a row of `session` (under the alias given) is online: open, and heard of within three intervals (or its NAS's factor).
 * `nas` is the alias of its NAS, `now` a timestamptz expression such as `$1::timestamptz`.
 */
export function onlineSql(session: string, nas: string, now: string): string {
  return `(${session}.ended_at is null and ${session}.updated_at > ${now}
    - coalesce((${nas}.settings ->> 'stale_factor')::double precision, ${freshIntervals}) * coalesce(${session}.interim_interval_s, ${nas}.observed_interval_s, ${unknownIntervalS}) * interval '1 second')`
}

/** One session for a list. Octets are decimal text: they may pass 2^53; ids never will. */
export type SessionListed = {
  id: number
  nas: string
  acct_session_id: string
  epoch: number
  /** The name of a service on another session; null: a session of its own. */
  service: string | null
  username: string
  /** Null: nobody of ours. */
  subscriber_id: number | null
  online: boolean
  mac: string | null
  interface: string | null
  framed_ip: string | null
  framed_ipv6_prefix: string | null
  delegated_ipv6_prefix: string | null
  framed_ipv6_address: string | null
  started_at: string
  event_at: string
  updated_at: string
  ended_at: string | null
  ended_by: string | null
  terminate_cause: number | null
  /** Seconds. */
  session_time: number
  input_octets: string
  output_octets: string
  anomalies: number
  last_anomaly: string | null
}

type Row = Omit<SessionListed, 'started_at' | 'event_at' | 'updated_at' | 'ended_at'> & {
  started_at: Date
  event_at: Date
  updated_at: Date
  ended_at: Date | null
}

/**
 * Open and just-closed sessions (48 hours), newest first: all, those online, those of one username in canonical form.
 * Without a limit every row comes.
 */
export async function listSessions(
  db: Pool,
  filter: { online?: boolean; username?: string; limit?: number },
  now: Date,
): Promise<SessionListed[]> {
  const online = onlineSql('session', 'nas', '$1::timestamptz')
  const { rows } = await db.query<Row>(
    `select session.id::float8, nas.name as nas, session.acct_session_id, session.epoch, session.service,
       session.username,
       session.subscriber_id::float8, ${online} as online, session.mac::text, session.interface,
       host(session.framed_ip) as framed_ip, session.framed_ipv6_prefix::text, session.delegated_ipv6_prefix::text,
       host(session.framed_ipv6_address) as framed_ipv6_address,
       session.started_at, session.event_at, session.updated_at, session.ended_at, session.ended_by,
       session.terminate_cause, session.session_time::float8, session.input_octets::text, session.output_octets::text,
       session.anomalies, session.last_anomaly
     from session
     join nas on nas.id = session.nas_id
     where ($2::boolean is not true or ${online}) and ($3::text is null or session.username = $3)
     order by session.started_at desc, session.id desc
     limit $4`,
    [now, filter.online ?? null, filter.username ?? null, filter.limit ?? null],
  )
  return rows.map((row) => ({
    ...row,
    started_at: row.started_at.toISOString(),
    event_at: row.event_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  }))
}

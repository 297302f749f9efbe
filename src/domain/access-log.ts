// The access log: every decision about a login, in rows that an operator can be read from. Equal outcomes of one line come as
// few rows with a count (src/aaa/access-log.ts), and are shown as one for each day.

import { copyLine, copyLines } from '../db/copy.ts'
import type { Pool } from '../db/pool.ts'
import { dayIn } from './instant.ts'

/** What a decision was. */
export type AccessLogEntry = {
  readonly subscriberId: bigint | undefined
  readonly username: string
  readonly nasId: bigint
  readonly line: string | undefined
  readonly interface: string | undefined
  readonly method: string
  /**
   * `accepted`, or why not; of an accept into the walled garden why only there; `last-known` of one for which the database did
   * not answer; `forwarded` where a home server decided.
   */
  readonly reason: string
  readonly accepted: boolean
  /** In plain words what the rule saw. */
  readonly detail: string | undefined
  /** Attributes of the reply by name, as JSON. */
  readonly reply: string | undefined
}

/** How many equal decisions there were, and when. */
export type AccessLogTimes = {
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
}

const columns = [
  'day',
  'subscriber_id',
  'username',
  'nas_id',
  'line',
  'interface',
  'method',
  'reason',
  'accepted',
  'detail',
  'reply',
  'count',
  'first_at',
  'last_at',
]

/** A row as it is written. Kept so until then it is one string, not an object of fourteen values that the collector copies. */
export type AccessLogLine = string

/** The day is that of the ISP's zone. */
export function accessLogLine(entry: AccessLogEntry, times: AccessLogTimes, zone: string): AccessLogLine {
  const firstAt = times.firstAt.toISOString()
  return copyLine([
    dayIn(zone, times.firstAt),
    entry.subscriberId,
    entry.username,
    entry.nasId,
    entry.line,
    entry.interface,
    entry.method,
    entry.reason,
    entry.accepted,
    entry.detail,
    entry.reply,
    times.count,
    firstAt,
    times.lastAt === times.firstAt ? firstAt : times.lastAt,
  ])
}

/** Appends rows, all or none. */
export function writeAccessLog(pool: Pool, lines: readonly AccessLogLine[]): Promise<void> {
  return copyLines(pool, { table: 'access_log', columns }, lines)
}

/** A decision as it is shown. */
export type LoggedDecision = {
  username: string
  nas: string | null
  line: string | null
  interface: string | null
  method: string
  reason: string
  accepted: boolean
  detail: string | null
  reply: unknown
  count: bigint
  firstAt: Date
  lastAt: Date
}

/**
 * The last decisions about a username in canonical form, the newest first; equal ones of a day are one. With a subscriber only
 * those about it, and about the name while nobody had it: the name may have been another's before.
 */
export async function lastDecisions(
  pool: Pool,
  username: string,
  limit: number,
  subscriberId?: bigint,
): Promise<LoggedDecision[]> {
  const { rows } = await pool.query<LoggedDecision>(
    `select decision.username, nas.name as nas, decision.line, decision.interface, decision.method, decision.reason,
       decision.accepted, decision.detail, decision.reply::jsonb as reply, decision.count, decision.first_at as "firstAt",
       decision.last_at as "lastAt"
     from (
       select username, nas_id, line, interface, method, reason, accepted, reply, sum(count)::bigint as count,
         min(first_at) as first_at, max(last_at) as last_at, (array_agg(detail order by last_at desc))[1] as detail
       from access_log
       where username = $1 and ($3::bigint is null or subscriber_id = $3 or subscriber_id is null)
       group by day, username, nas_id, line, interface, method, reason, accepted, reply
     ) as decision left join nas on nas.id = decision.nas_id
     order by decision.last_at desc, decision.reason
     limit $2`,
    [username, limit, subscriberId ?? null],
  )
  return rows
}

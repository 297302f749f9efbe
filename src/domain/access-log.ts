// The access log: every decision about a login, in rows that an operator can be read from. The same outcome of the same line on
// the same day is one row with a count, so that a modem that redials for ever fills no table.

import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'

/** What one or more equal decisions were. */
export type AccessLogRow = {
  /** Hash of what makes outcomes equal (src/aaa/access-log.ts). */
  readonly outcomeKey: bigint
  readonly subscriberId: bigint | undefined
  readonly username: string
  readonly nasId: bigint
  readonly line: string | undefined
  readonly interface: string | undefined
  readonly method: string
  /** `accepted`, or why not; of an accept into the walled garden why only there. */
  readonly reason: string
  readonly accepted: boolean
  /** In plain words what the rule saw. */
  readonly detail: string | undefined
  /** Attributes of the reply by name, as JSON. */
  readonly reply: string | undefined
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
}

/**
 * Writes rows, adding up those that are there already; the day is that of the ISP's zone. No two rows may have the same key.
 * The attributes of an outcome are kept as they were the first time.
 */
export async function writeAccessLog(pool: Pool, rows: readonly AccessLogRow[], zone: string): Promise<void> {
  await pool.query({
    name: 'write-access-log',
    text: `
      insert into access_log (day, outcome_key, subscriber_id, username, nas_id, line, interface, method, reason, accepted,
        detail, reply, count, first_at, last_at)
      select (entry.first_at at time zone $15::text)::date, entry.outcome_key, entry.subscriber_id, entry.username,
        entry.nas_id, entry.line, entry.interface, entry.method, entry.reason, entry.accepted, entry.detail,
        entry.reply::jsonb, entry.count, entry.first_at, entry.last_at
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::boolean[], $10::text[], $11::text[], $12::bigint[], $13::timestamptz[], $14::timestamptz[])
        as entry (outcome_key, subscriber_id, username, nas_id, line, interface, method, reason, accepted, detail, reply,
          count, first_at, last_at)
      order by 1, 2
      on conflict (day, outcome_key) do update
      set count = access_log.count + excluded.count, last_at = greatest(access_log.last_at, excluded.last_at),
        detail = excluded.detail`,
    values: [
      arrayLiteral(rows.map((row) => row.outcomeKey)),
      arrayLiteral(rows.map((row) => row.subscriberId)),
      textArrayLiteral(rows.map((row) => row.username)),
      arrayLiteral(rows.map((row) => row.nasId)),
      textArrayLiteral(rows.map((row) => row.line)),
      textArrayLiteral(rows.map((row) => row.interface)),
      textArrayLiteral(rows.map((row) => row.method)),
      textArrayLiteral(rows.map((row) => row.reason)),
      arrayLiteral(rows.map((row) => row.accepted)),
      textArrayLiteral(rows.map((row) => row.detail)),
      textArrayLiteral(rows.map((row) => row.reply)),
      arrayLiteral(rows.map((row) => row.count)),
      textArrayLiteral(rows.map((row) => row.firstAt.toISOString())),
      textArrayLiteral(rows.map((row) => row.lastAt.toISOString())),
      zone,
    ],
  })
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

/** The last decisions about a username in canonical form, the newest first. */
export async function lastDecisions(pool: Pool, username: string, limit: number): Promise<LoggedDecision[]> {
  const { rows } = await pool.query<LoggedDecision>(
    `select access_log.username, nas.name as nas, access_log.line, access_log.interface, access_log.method, access_log.reason,
       access_log.accepted, access_log.detail, access_log.reply, access_log.count, access_log.first_at as "firstAt",
       access_log.last_at as "lastAt"
     from access_log left join nas on nas.id = access_log.nas_id
     where access_log.username = $1
     order by access_log.last_at desc, access_log.outcome_key
     limit $2`,
    [username, limit],
  )
  return rows
}

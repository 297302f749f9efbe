// What RADIUS processes count of the NASes, kept by the hour: drops with their reason, repeats, sources that nobody knows, clocks
// that are wrong; and how long our own answers took. Written in batches, read by the NAS doctor alone.

import type { Pool } from '../../db/pool.ts'
import { arrayLiteral, textArrayLiteral } from '../../db/array-literal.ts'

/** Kinds beside the reasons of drops (src/radius/counters.ts). `source-change`: a NAS speaks from another address than before. */
export type TallyKind =
  | 'unknown-source'
  | 'duplicate'
  | 'request'
  | 'clock-skew'
  | 'source-change'
  | 'bad-authenticator'
  | 'bad-message-authenticator'
  | 'missing-message-authenticator'
  | 'unsigned'
  | 'proxy-state-unsigned'
  | 'eap-unsigned'
  | 'unknown-nas'
  | 'overload'

/** Of whom something was counted; all undefined: of sources beyond those that are told apart. */
export type TallySubject = {
  readonly clientId?: bigint | undefined
  readonly nasId?: bigint | undefined
  /** An address. */
  readonly source?: string | undefined
}

export type TallyRow = TallySubject & {
  readonly kind: TallyKind
  readonly count: number
  /** Where it is measured: the value farthest from zero. */
  readonly worst?: number | undefined
}

/** How long answers of one port took in one minute of one process. */
export type AnswerTime = {
  readonly kind: 'authentication' | 'accounting'
  readonly answers: number
  readonly p99Ms: number
}

const keptHours = 48

/** Adds to the counts of this hour. */
export async function writeTallies(pool: Pool, rows: readonly TallyRow[], now: Date): Promise<void> {
  if (rows.length === 0) return
  // In one order by all processes: two that write the same rows at once wait for each other instead of deadlocking.
  const sorted = rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  await pool.query({
    name: 'write-tallies',
    text: `insert into nas_tally (hour, kind, client_id, nas_id, source, count, worst, first_at, last_at)
      select date_trunc('hour', $1::timestamptz), told.kind, told.client_id, told.nas_id, told.source, told.count, told.worst, $1, $1
      from unnest($2::text[], $3::bigint[], $4::bigint[], $5::inet[], $6::bigint[], $7::bigint[])
        as told (kind, client_id, nas_id, source, count, worst)
      on conflict (hour, kind, client_id, nas_id, source) do update set
        count = nas_tally.count + excluded.count,
        worst = case when abs(excluded.worst) > abs(nas_tally.worst) then excluded.worst
          else coalesce(nas_tally.worst, excluded.worst) end,
        last_at = greatest(nas_tally.last_at, excluded.last_at)`,
    values: [
      now,
      textArrayLiteral(sorted.map(({ kind }) => kind)),
      arrayLiteral(sorted.map(({ clientId }) => clientId)),
      arrayLiteral(sorted.map(({ nasId }) => nasId)),
      textArrayLiteral(sorted.map(({ source }) => source)),
      arrayLiteral(sorted.map(({ count }) => count)),
      arrayLiteral(sorted.map(({ worst }) => worst)),
    ],
  })
}

/** Adds requests to the counts of this hour, by the names of their clients; what has no client any more is left out. */
export async function writeRequestCounts(
  pool: Pool,
  counts: readonly { readonly client: string; readonly requests: number }[],
  now: Date,
): Promise<void> {
  if (counts.length === 0) return
  await pool.query({
    name: 'write-request-counts',
    text: `insert into nas_tally (hour, kind, client_id, count, first_at, last_at)
      select date_trunc('hour', $1::timestamptz), 'request', client.id, told.requests, $1, $1
      from unnest($2::text[], $3::bigint[]) as told (name, requests) join radius_client client on client.name = told.name
      order by client.id
      on conflict (hour, kind, client_id, nas_id, source) do update set
        count = nas_tally.count + excluded.count, last_at = greatest(nas_tally.last_at, excluded.last_at)`,
    values: [
      now,
      textArrayLiteral(counts.map(({ client }) => client)),
      arrayLiteral(counts.map(({ requests }) => requests)),
    ],
  })
}

/** Writes how long the answers of the minute that ends now took. */
export async function writeAnswerTimes(
  pool: Pool,
  instance: string,
  times: readonly AnswerTime[],
  now: Date,
): Promise<void> {
  if (times.length === 0) return
  await pool.query({
    name: 'write-answer-times',
    text: `insert into answer_time (minute, instance, kind, answers, p99_ms)
      select date_trunc('minute', $1::timestamptz), $2, told.kind, told.answers, told.p99_ms
      from unnest($3::text[], $4::bigint[], $5::float8[]) as told (kind, answers, p99_ms)
      on conflict (minute, instance, kind) do update set
        answers = answer_time.answers + excluded.answers, p99_ms = greatest(answer_time.p99_ms, excluded.p99_ms)`,
    values: [
      now,
      instance,
      textArrayLiteral(times.map(({ kind }) => kind)),
      arrayLiteral(times.map(({ answers }) => answers)),
      arrayLiteral(times.map(({ p99Ms }) => p99Ms)),
    ],
  })
}

/** Forgets what the doctor does not look at any more. Gives how many rows. */
export async function trimTallies(pool: Pool, now: Date): Promise<number> {
  const tallies = await pool.query(
    `delete from nas_tally where hour < $1::timestamptz - interval '${keptHours} hours'`,
    [now],
  )
  const times = await pool.query(
    `delete from answer_time where minute < $1::timestamptz - interval '${keptHours} hours'`,
    [now],
  )
  return (tallies.rowCount ?? 0) + (times.rowCount ?? 0)
}

function keyOf({ kind, clientId, nasId, source }: TallyRow): string {
  return `${kind} ${clientId ?? ''} ${nasId ?? ''} ${source ?? ''}`
}

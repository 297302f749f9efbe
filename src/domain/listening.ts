// When we were listening: each RADIUS process moves the end of its row while it can hear NASes and write to the database.
// Silence of a session counts only inside of that time: after an outage of ours nobody looks dead.

import type { Pool } from '../db/pool.ts'

/** How often a process says that it is listening. */
export const beatMs = 5_000
/** So long after the last beat the time between was not listened; less is the restart of a process: NASes ask for longer. */
const gapSeconds = (3 * beatMs) / 1000
/** Older stretches are forgotten. Longer than the longest silence that a session may keep. */
const keptDays = 35

/** A stretch of listening of one process: a row of its own from `startedAt` on. */
export type Stretch = { instance: string; startedAt: Date }

/**
 * Says that this process is listening at `now`. Gives the stretch to go on with: the same, or a new one that begins now where
 * the last beat is too long ago (process frozen, machine asleep, database away) or the row is not there.
 */
export async function keepListening(db: Pool, stretch: Stretch, now: Date): Promise<Stretch> {
  const { rowCount } = await db.query({
    name: 'keep-listening',
    text: `update listening set until = greatest(until, $3::timestamptz)
      where instance = $1 and started_at = $2 and until >= $3::timestamptz - interval '${gapSeconds} seconds'`,
    values: [stretch.instance, stretch.startedAt, now],
  })
  if (rowCount === 1) return stretch
  await db.query(
    `insert into listening (instance, started_at, until) values ($1, $2, $2)
     on conflict (instance, started_at) do nothing`,
    [stretch.instance, now],
  )
  return { instance: stretch.instance, startedAt: now }
}

/**
 * SQL: rows (since, until) of the time up to `now` in which any process was listening, without overlaps; gaps of three beats
 * and less are closed. A handful of rows: one more for each outage. `now` is a timestamptz expression.
 */
export function listenedSql(now: string): string {
  const gap = `interval '${gapSeconds} seconds'`
  return `(
    select lower(stretch) as since, least(upper(stretch) - ${gap}, ${now}) as until
    from unnest((
      select range_agg(tstzrange(listening.started_at, listening.until + ${gap}, '[]'))
      from listening
      where listening.until > ${now} - interval '${keptDays} days' and listening.started_at <= ${now}
    )) as stretch
  )`
}

/** SQL: seconds between two instants in which `stretches`, the name of rows of listenedSql, say that we listened. */
export function listenedSecondsSql(stretches: string, from: string, to: string): string {
  return `(
    select coalesce(sum(extract(epoch from least(${stretches}.until, ${to}) - greatest(${stretches}.since, ${from}))), 0)
    from ${stretches}
    where ${stretches}.until > ${from} and ${stretches}.since < ${to}
  )::float8`
}

/** Seconds between two instants in which any process was listening. */
export async function listenedSeconds(db: Pool, between: { from: Date; to: Date }): Promise<number> {
  const { rows } = await db.query<{ seconds: number }>(
    `with listened as (select * from ${listenedSql('$2::timestamptz')} as stretches)
     select ${listenedSecondsSql('listened', '$1::timestamptz', '$2::timestamptz')} as seconds`,
    [between.from, between.to],
  )
  return rows[0]!.seconds
}

/** Forgets stretches that no session can be judged by any more. Gives how many. */
export async function trimListening(db: Pool, now: Date): Promise<number> {
  const { rowCount } = await db.query(
    `delete from listening where until <= $1::timestamptz - interval '${keptDays} days'`,
    [now],
  )
  return rowCount ?? 0
}

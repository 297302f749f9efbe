// Usage by hour (14 days, by arrival, in UTC) and by day of the ISP's zone, and the partitions that hold what has an end.
// The hot statement writes hours and service periods (accounting-statement.ts); days are rolled up here.

import { sqlState, sqlStateOf } from '../db/errors.ts'
import { withTransaction } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'

/** Hours are kept so long. */
const usageHourDays = 14
/** Partitions are made so many days ahead: as long may the job fail before rows fall into the default partition. */
const daysAhead = 7

/**
 * Makes the days of the zone again from their hours: today, yesterday, or (`days`) further back, at most as far as hours are
 * kept. An hour belongs to the day it begins in. Running it again changes nothing. Gives the number of rows written.
 */
export async function rollUpUsageDays(db: Pool, zone: string, now: Date, days = 2): Promise<number> {
  const { rowCount } = await db.query(
    `with first as (
       select (($1::timestamptz at time zone $2)::date - ($3::integer - 1))::timestamp at time zone $2 as midnight
     )
     insert into usage_day (subscriber_id, day, input_octets, output_octets)
     select usage_hour.subscriber_id, (usage_hour.hour at time zone $2)::date, sum(usage_hour.input_octets),
       sum(usage_hour.output_octets)
     from usage_hour
     where usage_hour.hour >= (select first.midnight from first)
     group by 1, 2
     order by 1, 2
     on conflict (subscriber_id, day) do update
       set input_octets = excluded.input_octets, output_octets = excluded.output_octets
       where (usage_day.input_octets, usage_day.output_octets) is distinct from
         (excluded.input_octets, excluded.output_octets)`,
    [now, zone, Math.min(days, usageHourDays)],
  )
  return rowCount ?? 0
}

/** Makes the partitions of the coming days and months. Safe to call at any time, from several servers at once. */
export async function ensurePartitions(db: Pool, now: Date): Promise<void> {
  await db.query(`select ensure_partitions($1::date, $2)`, [now.toISOString().slice(0, 10), daysAhead])
}

/**
 * Drops whole days of `usage_hour` (14 days) and of `access_log` (`accessLogDays`) that have ended. Waits two seconds at
 * most for their locks; what is busy is dropped next time. Gives the names of the dropped partitions.
 */
export async function dropOldPartitions(db: Pool, keep: { accessLogDays: number }, now: Date): Promise<string[]> {
  const dropped: string[] = []
  for (const [table, days] of [
    ['usage_hour', usageHourDays],
    ['access_log', keep.accessLogDays],
  ] as const) {
    const { rows } = await db.query<{ name: string }>(
      `select child.relname as name
       from pg_inherits
       join pg_class child on child.oid = pg_inherits.inhrelid
       where pg_inherits.inhparent = $1::regclass and child.relname ~ ('^' || $1 || '_[0-9]{8}$')
         and right(child.relname, 8) < to_char($2::date - $3::integer, 'YYYYMMDD')
       order by 1`,
      [table, now.toISOString().slice(0, 10), days],
    )
    for (const { name } of rows) if (await dropPartition(db, name)) dropped.push(name)
  }
  return dropped
}

async function dropPartition(db: Pool, name: string): Promise<boolean> {
  return withTransaction(db, async (client) => {
    await client.query(`set local lock_timeout = '2s'`)
    await client.query('select drop_partition($1)', [name])
    return true
  }).catch((error: unknown) => {
    if (sqlStateOf(error) === sqlState.lockNotAvailable) return false
    throw error
  })
}

// Sessions of the past year, ended, where Gatehouse keeps them: of the last two days in `session`, older ones in the archive, in
// the partition of the month in which they started.

import type { Pool } from '../src/db/pool.ts'
import { dropOldPartitions } from '../src/domain/usage.ts'

const days = 365
/** As the job that moves them: the last 48 hours stay. */
const keptHours = 48

/** Every month has its partition, as if Gatehouse had run all the time. */
const partitionsText = `
  select ensure_partitions(month::date, 0)
  from generate_series($1::timestamptz - interval '${days} days', $1::timestamptz, interval '1 month') as month`

/**
 * Into a table; `$1` how many, `$2` now. Each lasted up to twelve hours. How many subscribers there are is asked apart from the join:
 * as a column of one side it would forbid a hash join (of 10,000 subscribers, 20,000 sessions took 23 s; now 200,000 take 6).
 */
const textInto = (table: string, which: string): string => `
  insert into ${table} (${table === 'session' ? '' : 'id, '}nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id,
    address_space_id, line, mac, framed_ip, started_at, start_seen, event_at, updated_at, ended_at, ended_by, terminate_cause,
    session_time, input_octets, output_octets, base_input, base_output, interims)
  select ${table === 'session' ? '' : "nextval(pg_get_serial_sequence('session', 'id')), "}(select min(id) from nas), 'old-' || n, 0,
    subscriber.id, subscriber.username, 1, 1, subscriber.username,
    ('02' || lpad(to_hex(subscriber.id), 10, '0'))::macaddr, '10.0.0.0'::inet + subscriber.id,
    ended_at - lasted, true, ended_at, ended_at, ended_at, 'stop', 1, extract(epoch from lasted)::bigint,
    n::bigint * 1000, n::bigint * 9000, 0, 0, 3
  from (
    select n, (hashint4extended(n::integer, 1) >> 33 & 2147483647) % 43200 * interval '1 second' as lasted,
      $2::timestamptz - interval '10 minutes' - interval '${days} days' * (n::float8 / $1::integer) as ended_at
    from generate_series(1, $1::integer) as n
  ) as old
  join (select id, username, row_number() over (order by id) as place from subscriber) as subscriber
    on subscriber.place = 1 + n % (select count(*) from subscriber)
  where ${which}`

/** Writes so many, evenly over the year and the subscribers, into a filled database. Gives how many lie where. */
export async function fillOldSessions(
  pool: Pool,
  count: number,
  now: Date,
): Promise<{ session: number; archive: number }> {
  await pool.query(`insert into nas (client_id, name, nas_group_id)
    select id, 'old', nas_group_id from radius_client where not exists (select from nas)`)
  await pool.query(partitionsText, [now])
  await dropOldPartitions(pool, { accessLogDays: 90 }, now)
  const border = `$2::timestamptz - interval '${keptHours} hours'`
  const kept = await pool.query(textInto('session', `ended_at >= ${border}`), [count, now])
  const archived = await pool.query(textInto('session_archive', `ended_at < ${border}`), [count, now])
  await pool.query('vacuum analyze')
  return { session: kept.rowCount ?? 0, archive: archived.rowCount ?? 0 }
}

// The session table holds what is open or closed a short time ago; the rest moves to the archive, by month of start.

import { retryTransient } from '../db/pool.ts'
import type { Pool, PoolClient } from '../db/pool.ts'
import type { AccountingRecord } from './accounting-record.ts'
import { recordStart } from './accounting-record.ts'
import { archiveWindowHours, matchSql } from './session-match.ts'

const chunk = 2_000

/**
 * Moves sessions that were closed more than 48 hours ago to the archive, a chunk per transaction; a row that is being
 * written waits for the next run. Gives how many moved. May run twice at once.
 */
export async function archiveSessions(db: Pool, now: Date): Promise<number> {
  let moved = 0
  for (;;) {
    const count = await retryTransient(() => moveChunk(db, now))
    moved += count
    if (count < chunk) return moved
  }
}

async function moveChunk(db: Pool, now: Date): Promise<number> {
  const { rowCount } = await db.query(
    `with moved as (
       delete from session
       where id = any (array(
         select id from session
         where ended_at is not null and ended_at < $1::timestamptz - interval '${archiveWindowHours} hours'
         order by ended_at
         limit ${chunk}
         for update skip locked
       ))
       returning *
     )
     insert into session_archive select * from moved`,
    [now],
  )
  return rowCount ?? 0
}

/** Whether a record can only be of a session in the archive, if of any that we know. */
export function olderThanWindow(record: AccountingRecord, now: Date): boolean {
  const start = recordStart(record)
  return start !== undefined && start.getTime() < now.getTime() - archiveWindowHours * 3_600_000
}

/** Whether the session of a record is in the archive. */
export async function isArchived(db: Pool | PoolClient, record: AccountingRecord): Promise<boolean> {
  const { rows } = await db.query(
    `select 1
     from session_archive s
     cross join (
       select $3::bigint as class_id, $4::text as username, $5::text as line, $6::timestamptz as record_start,
         $7::text as status
     ) as r
     where s.nas_id = $1 and s.acct_session_id = $2 and ${matchSql('s', 'r')}
     limit 1`,
    [
      record.nas.id,
      record.acctSessionId,
      record.class?.classId,
      record.username,
      record.line,
      recordStart(record)?.toISOString(),
      record.status,
    ],
  )
  return rows.length > 0
}

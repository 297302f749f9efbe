// A renewal of a line is a sign of life of its session, as an interim update is: without accounting in between the session must
// not look dead. Written seldom enough that many leases cost little.

import { arrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import type { LiveLine } from './identify.ts'

/** A session is touched again after this share of its interim interval. */
const share = 1 / 3

/** Whether the last sign of life is so old that a renewal must be noted. */
export function needsSignOfLife({ updatedAt, intervalS }: NonNullable<LiveLine['session']>, now: Date): boolean {
  return now.getTime() - updatedAt.getTime() > share * intervalS * 1000
}

/** Notes that these sessions, where they are open, are alive. Can be lost: the next renewal notes it again. */
export async function noteSignsOfLife(pool: Pool, sessionIds: readonly bigint[], now: Date): Promise<void> {
  // In one order: two processes that touch the same sessions must not wait for each other in a circle. The rows of an update
  // come in the order of the locks taken before it.
  await pool.query({
    name: 'note-signs-of-life',
    text: `
with alive as materialized (
  select session.id from session
  where session.id = any ((select $1::bigint[])::bigint[]) and session.ended_at is null and session.updated_at < $2::timestamptz
  order by session.id for no key update
)
update session set updated_at = $2::timestamptz from alive where session.id = alive.id`,
    values: [arrayLiteral(sessionIds), now],
  })
}

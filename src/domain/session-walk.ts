// Background work that has to see every session reads the table from one end to the other: no index may follow what each record
// moves. It does so a few pages at a time, and rests in between, so that no login waits behind it for a core.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient } from '../db/pool.ts'

/** Some 8 MB: with 430,000 open sessions of 290 MB a piece is read in 15 ms, where the whole in one statement takes 300 ms. */
const pagesAtOnce = 1_000

/** From the first place to before the second, as texts of tid. */
export type SessionRange = readonly [from: string, until: string]

/** SQL: whether a row of session, by its alias, lies in the range of two parameters such as `$1`. */
export function inRangeSql(session: string, from: string, until: string): string {
  return `${session}.ctid >= ${from}::tid and ${session}.ctid < ${until}::tid`
}

/**
 * The table of sessions in ranges, the last without an end; before each but the first it rests. A row that an update moves
 * meanwhile may be seen twice or not at all: for work that looks again soon.
 */
export async function* sessionRanges(db: Pool | PoolClient): AsyncGenerator<SessionRange> {
  const { rows } = await db.query<{ pages: number }>(
    `select (pg_relation_size('session') / current_setting('block_size')::integer)::integer as pages`,
  )
  const { pages } = rows[0]!
  for (let page = 0; ; page += pagesAtOnce) {
    const isLast = page + pagesAtOnce >= pages
    // The highest page number that there is: what was added meanwhile is read too.
    yield [`(${page},0)`, isLast ? '(4294967294,0)' : `(${page + pagesAtOnce},0)`]
    if (isLast) return
    await rest()
  }
}

/**
 * Rests between two pieces of background work, each of which takes about as long: half of one core at most is taken. A piece that
 * wrote a lot took longer: `longerMs`.
 */
export async function rest(longerMs = 0): Promise<void> {
  await sleep(20 + longerMs)
}

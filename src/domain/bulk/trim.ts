// Forgetting bulk runs that ended long ago; what they did stays in the audit trail of each subscriber.

import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'

/** Runs of one transaction. */
const mostAtOnce = 20

/** Deletes the runs that ended more than so many days ago, with their items. Returns how many. */
export async function trimBulkRuns(db: Db, days: number, now: Date): Promise<number> {
  const before = new Date(now.getTime() - days * 86_400_000)
  for (let trimmed = 0; ;) {
    const count = await trimSome(db, before)
    trimmed += count
    if (count < mostAtOnce) return trimmed
  }
}

function trimSome(db: Db, before: Date): Promise<number> {
  return inTransaction(db, async (trx) => {
    const runs = await trx
      .selectFrom('bulk_run')
      .select('id')
      .where('finished_at', '<', before)
      .orderBy('finished_at')
      .limit(mostAtOnce)
      .forUpdate()
      .skipLocked()
      .execute()
    const ids = runs.map(({ id }) => id)
    if (ids.length === 0) return 0
    await trx.deleteFrom('bulk_item').where('run_id', 'in', ids).execute()
    await trx.deleteFrom('bulk_run').where('id', 'in', ids).execute()
    return ids.length
  })
}

// Forgetting runs on routers: those that ended long ago, and after two days those that nobody asked for.

import type { Db } from '../db/schema.ts'

const keptDays = 90
/** Of what runs by itself every few minutes only the last days tell anything. */
const keptRegularDays = 2
/** Of one statement. */
const mostAtOnce = 1_000

/** Deletes what is old. Returns how many. */
export async function trimRouterRuns(db: Db, now: Date): Promise<number> {
  const ago = (days: number): Date => new Date(now.getTime() - days * 86_400_000)
  for (let trimmed = 0; ;) {
    const old = db
      .selectFrom('router_run')
      .select('id')
      .where('state', 'in', ['done', 'failed'])
      .where('created_at', '<', ago(keptRegularDays))
      .where((eb) => eb.or([eb('created_at', '<', ago(keptDays)), eb('author_kind', '=', 'system')]))
      .orderBy('id')
      .limit(mostAtOnce)
      .forUpdate()
      .skipLocked()
    const { numDeletedRows } = await db.deleteFrom('router_run').where('id', 'in', old).executeTakeFirstOrThrow()
    trimmed += Number(numDeletedRows)
    if (numDeletedRows < mostAtOnce) return trimmed
  }
}

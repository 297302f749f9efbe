// Asking for a run of a job in between: a row that the jobs process takes up at once, under a key of its own.

import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { writeAudit } from './audit/audit.ts'
import type { Author } from './author.ts'
import { findJobRun } from './job-history.ts'
import type { JobRun } from './job-history.ts'
import { wallClock } from './instant.ts'

/** NOTIFY on it wakes who runs the jobs. */
export const jobChannel = 'gatehouse_jobs'

/**
 * Asks for a run of the job now. Where one that was asked for waits or runs already, that is the answer. The name must be one of
 * a job. Its key is the local time at which it was asked for, to the millisecond.
 */
export async function askForRun(
  db: Db,
  { job, zone }: { job: string; zone: string },
  by: Author,
  now: Date,
): Promise<JobRun> {
  return inTransaction(db, async (trx) => {
    const { id, known } = await waitingRun(trx, { job, zone }, by, now)
    await writeAudit(trx, { action: 'job.run', noun: 'job-run', rowId: id, after: { job, known } }, by, now)
    await sql`select pg_notify(${jobChannel}, '')`.execute(trx)
    return findJobRun(trx, id)
  })
}

async function waitingRun(
  trx: Db,
  { job, zone }: { job: string; zone: string },
  by: Author,
  now: Date,
): Promise<{ id: bigint; known: boolean }> {
  const local = wallClock(zone, now).toISOString().slice(0, 23).replace('T', ' ')
  for (;;) {
    const made = await sql<{ id: bigint }>`
      insert into job_run (job, planned_local, token, asked_at, asked_by)
      values (${job}, ${local}::timestamp, 0, ${now}, ${by.name})
      on conflict (job) where asked_at is not null and finished_at is null do nothing returning id`.execute(trx)
    if (made.rows[0] !== undefined) return { id: made.rows[0].id, known: false }
    const known = await trx
      .selectFrom('job_run')
      .select('id')
      .where('job', '=', job)
      .where('asked_at', 'is not', null)
      .where('finished_at', 'is', null)
      .executeTakeFirst()
    if (known !== undefined) return { id: known.id, known: true }
    // It ended in this moment: then there is room for another.
  }
}

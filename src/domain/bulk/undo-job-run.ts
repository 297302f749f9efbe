// Taking back what a run of a job renewed: a bulk run of its own, which reverts one renewal after the other, the last first, and
// lists those that cannot be with the reason.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { ConflictError } from '../field.ts'
import { findJobRun } from '../job-history.ts'
import { readSettings } from '../setting.ts'
import { revertRenewal } from '../subscriber-action/revert-renewal.ts'
import { insertRun, openRun } from './start.ts'
import type { BegunRun, BulkRun } from './start.ts'

/**
 * Begins to take back what the run renewed. Asked again it answers with the undo that is under way, or with the last one where
 * nothing is left to take back. Throws NotFoundError, ForbiddenError (service.free), ConflictError: it is still busy, or has
 * renewed nothing.
 */
export async function undoJobRun(
  db: Db,
  input: { runId: bigint; tokenId?: bigint },
  by: Author,
  now: Date,
): Promise<BegunRun> {
  requirePermission(by, revertRenewal.permission)
  return inTransaction(db, async (trx) => {
    // Of two who ask at once the second sees what the first began.
    await sql`select 1 from job_run where job_run.id = ${input.runId} for no key update`.execute(trx)
    const { state } = await findJobRun(trx, input.runId)
    if (state !== 'done' && state !== 'failed') throw new ConflictError('run', 'it is still busy: wait for its end')
    const last = await lastUndo(trx, input.runId)
    if (last !== undefined && last.finished_at === null) return { run: last, isGrave: false }
    const run = await begin(trx, input, by, now)
    if (run !== undefined) return run
    if (last === undefined) throw new ConflictError('run', 'it has renewed nothing that could be taken back')
    return { run: last, isGrave: false }
  })
}

function lastUndo(trx: Db, jobRunId: bigint): Promise<BulkRun | undefined> {
  return trx
    .selectFrom('bulk_run')
    .selectAll()
    .where('undo_of_job_run', '=', jobRunId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** Undefined: nothing is left to take back. */
async function begin(
  trx: Db,
  { runId: jobRunId, tokenId }: { runId: bigint; tokenId?: bigint },
  by: Author,
  now: Date,
): Promise<BegunRun | undefined> {
  const { rows } = await sql<{ count: bigint }>`
    select count(*) as count from renewal where renewal.job_run_id = ${jobRunId} and renewal.reverted_at is null`.execute(
    trx,
  )
  const total = Number(rows[0]?.count ?? 0n)
  if (total === 0) return undefined
  const target = { job_run: Number(jobRunId) }
  const about = { action: revertRenewal.name, params: {}, target, tokenId: tokenId ?? null, undoOfJobRun: jobRunId }
  const runId = await insertRun(trx, about, by, now)
  await sql`
    insert into bulk_item (run_id, position, subscriber_id, call)
    select ${runId}, row_number() over (order by renewal.id desc), renewal.subscriber_id,
      jsonb_build_object('action', ${revertRenewal.name}::text, 'params', jsonb_build_object('renewal_id', renewal.id))
    from renewal where renewal.job_run_id = ${jobRunId} and renewal.reverted_at is null`.execute(trx)
  const { bulk_large: large } = await readSettings(trx)
  return { run: await openRun(trx, { runId, total, verb: 'undo' }, by, now), isGrave: total >= large }
}

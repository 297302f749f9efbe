// Does the imports that wait, one at a time, by whichever instance has the file. A run that is taken is held by being heard of;
// one whose instance died is taken again: nothing of an all-or-nothing run was written then, and a partial one goes on behind the
// last chunk that was.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { isUnavailable } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { runAuthor } from '../bulk/run-author.ts'
import type { Keyring } from '../data-key.ts'
import { readSettings } from '../setting.ts'
import type { ErrorSink } from './error-log.ts'
import { runImport } from './import.ts'
import type { ImportOutcome, Progress } from './import.ts'
import { removeFile } from './receive.ts'
import type { RowOptions } from './row.ts'
import { deedOf } from './run.ts'
import type { ImportRun } from './run.ts'
import { sourceOfFile } from './source.ts'

export type ImportWork = {
  keyring: Keyring
  folder: string
  /** Names this instance. */
  instance: string
  checkAttribute?: RowOptions['checkAttribute']
  /** Told of every error that nobody foresaw. */
  onError(error: unknown, about: { runId: bigint }): void
  /** Aborted when the process ends. */
  signal?: AbortSignal
  clock(): Date
}

/** One that was not heard of for so long is lost by whoever had it. */
const lostMs = 60_000
/** Where nobody has the file for so long, it is gone. */
const goneMs = 3_600_000

/** Somebody else has taken the run meanwhile. */
class LostRunError extends Error {
  override readonly name = 'LostRunError'
}

/** Does one import. False: none waits that could be done here. Throws what says that the database is away. */
export async function workImports(db: Db, work: ImportWork): Promise<boolean> {
  const run = await takeRun(db, work)
  if (run === undefined) return false
  try {
    await doRun(db, run, work)
  } catch (error) {
    if (error instanceof LostRunError) return true
    if (work.signal?.aborted === true || isUnavailable(error)) {
      await giveBack(db, run.id, work).catch(() => undefined)
      if (work.signal?.aborted === true) return false
      throw error
    }
    work.onError(error, { runId: run.id })
    const reason = 'something went wrong on our side: the log of the server says what'
    await endRun(db, run, { state: 'failed', error: reason }, work)
  }
  return true
}

async function takeRun(db: Db, work: ImportWork): Promise<ImportRun | undefined> {
  const now = work.clock()
  const lostBefore = new Date(now.getTime() - lostMs)
  const open = await db
    .selectFrom('import_run')
    .select(['id', 'file_name', 'created_at', 'owner_id'])
    .where(
      sql<boolean>`(state = 'waiting' or (state = 'running' and coalesce(worked_at, '-infinity') < ${lostBefore}))`,
    )
    .orderBy('id')
    .limit(50)
    .execute()
  for (const { id, file_name: name, created_at: createdAt } of open) {
    const isHere = name !== null && existsSync(join(work.folder, name))
    if (!isHere && now.getTime() - createdAt.getTime() < goneMs) continue
    const taken = await db
      .updateTable('import_run')
      .set({ state: 'running', taken_by: work.instance, worked_at: now, started_at: sql`coalesce(started_at, ${now})` })
      .where('id', '=', id)
      .where(
        sql<boolean>`(state = 'waiting' or (state = 'running' and coalesce(worked_at, '-infinity') < ${lostBefore}))`,
      )
      .returningAll()
      .executeTakeFirst()
    if (taken === undefined) continue
    if (isHere) return taken
    await endRun(db, taken, { state: 'failed', error: 'the file is no longer there: send it again' }, work)
  }
  return undefined
}

async function giveBack(db: Db, id: bigint, work: ImportWork): Promise<void> {
  await db
    .updateTable('import_run')
    .set({ state: 'waiting', taken_by: null, worked_at: null })
    .where('id', '=', id)
    .where('taken_by', '=', work.instance)
    .where('state', '=', 'running')
    .execute()
}

async function doRun(db: Db, run: ImportRun, work: ImportWork): Promise<void> {
  const author = await runAuthor(db, run, work.keyring)
  if (author.kind === 'may-not' || !author.by.permissions.has('subscriber.create')) {
    const reason = author.kind === 'may-not' ? author.reason : 'its author may no longer add subscribers'
    await endRun(db, run, { state: 'stopped', error: reason }, work)
    return
  }
  if (!run.partial && run.done_line > 0) {
    // Committed whole, and then its instance died.
    await endRun(db, run, { state: 'done', error: null, by: author.by }, work)
    return
  }
  // What an earlier try found of rows that it did not come to is found again.
  await db.deleteFrom('import_error').where('run_id', '=', run.id).where('line', '>', run.done_line).execute()
  const before = run.done_line > 0 ? run : { created: 0, updated: 0, unchanged: 0, errors: 0 }
  const counted = await countErrors(db, run.id)
  const outcome = await runImport(
    db,
    {
      source: await sourceOfFile(join(work.folder, run.file_name!), run.format),
      options: {
        mode: run.mode,
        partial: run.partial,
        dryRun: run.dry_run,
        mapping: (run.mapping as Record<string, string> | null) ?? undefined,
      },
      by: author.by,
      checkAttribute: work.checkAttribute,
      runId: run.id,
      doneLine: run.done_line,
      errors: errorSink(run.id),
      progress: progressOf(run, work, { ...before, errors: counted }),
      isStopped: () => isStopped(db, run.id, work),
    },
    work.clock(),
  )
  work.signal?.throwIfAborted()
  const total = {
    ...outcome,
    created: outcome.created + before.created,
    updated: outcome.updated + before.updated,
    unchanged: outcome.unchanged + before.unchanged,
    errors: outcome.errors + counted,
  }
  await endRun(db, run, { state: outcome.kind, error: null, outcome: total, by: author.by }, work)
}

async function countErrors(db: Db, runId: bigint): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from import_error where run_id = ${runId}`.execute(db)
  return rows[0]?.count ?? 0
}

function errorSink(runId: bigint): ErrorSink {
  return async (db, errors) => {
    await sql`
      insert into import_error (run_id, line, field, reason)
      select ${runId}, * from unnest(${errors.map(({ line }) => line)}::integer[],
        ${errors.map(({ field }) => field)}::text[], ${errors.map(({ reason }) => reason)}::text[])`.execute(db)
  }
}

type Before = Pick<ImportOutcome, 'created' | 'updated' | 'unchanged' | 'errors'>

/** Also what holds the run: whoever finds that another has taken it stops at once. */
function progressOf(run: ImportRun, work: ImportWork, before: Before): Progress {
  return async (db, { phase, line, counts }) => {
    const result = await db
      .updateTable('import_run')
      .set({
        phase,
        ...(line > run.done_line && phase === 'write' ? { done_line: line } : {}),
        rows: counts.rows,
        created: counts.created + before.created,
        updated: counts.updated + before.updated,
        unchanged: counts.unchanged + before.unchanged,
        errors: counts.errors + before.errors,
        worked_at: work.clock(),
      })
      .where('id', '=', run.id)
      .where('taken_by', '=', work.instance)
      .executeTakeFirst()
    if (result.numUpdatedRows !== 1n) throw new LostRunError('somebody else has taken the import')
  }
}

async function isStopped(db: Db, id: bigint, work: ImportWork): Promise<boolean> {
  work.signal?.throwIfAborted()
  const row = await db.selectFrom('import_run').select('stop_requested_at').where('id', '=', id).executeTakeFirst()
  return row === undefined || row.stop_requested_at !== null
}

type End = {
  state: 'done' | 'refused' | 'stopped' | 'failed'
  error: string | null
  outcome?: ImportOutcome
  by?: Author
}

/** Ends the run and removes the file, which holds passwords. Nothing where somebody else has taken it meanwhile. */
async function endRun(db: Db, run: ImportRun, { state, error, outcome, by }: End, work: ImportWork): Promise<void> {
  const now = work.clock()
  const isOurs = await db.transaction().execute(async (trx) => {
    const counts =
      outcome === undefined
        ? {}
        : {
            rows: outcome.rows,
            created: outcome.created,
            updated: outcome.updated,
            unchanged: outcome.unchanged,
            errors: outcome.errors,
            groups_made: outcome.groupsMade,
            notices: outcome.notices,
          }
    const ended = await trx
      .updateTable('import_run')
      .set({ state, error, ...counts, phase: null, file_name: null, taken_by: null, finished_at: now })
      .where('id', '=', run.id)
      .where('taken_by', '=', work.instance)
      .executeTakeFirst()
    if (ended.numUpdatedRows !== 1n) return false
    if (by !== undefined) await writeAudit(trx, { ...deedOf(run, 'end'), after: { state, ...counts } }, by, now)
    return true
  })
  if (isOurs && run.file_name !== null) await removeFile(work.folder, run.file_name)
}

/** Forgets old imports with their errors. Returns how many. */
export async function trimImports(db: Db, now: Date): Promise<number> {
  const { import_keep_days: days } = await readSettings(db)
  const before = new Date(now.getTime() - days * 86_400_000)
  const result = await db.deleteFrom('import_run').where('finished_at', '<', before).executeTakeFirst()
  return Number(result.numDeletedRows)
}

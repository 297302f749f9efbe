// Working on bulk runs, a chunk at a time: deeds, results and the place where to go on are one transaction, so that a kill at
// any moment leaves each subscriber done once with its result, or not touched. Several instances may do this at once.

import { sql } from 'kysely'
import { isTransient, isUnavailable, sqlState, sqlStateOf } from '../../db/errors.ts'
import { retryTransient } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { failPoint } from '../../fail-points.ts'
import type { Keyring } from '../data-key.ts'
import { runInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { findAction } from '../subscriber-action/list.ts'
import { countOf, isWrongForAll, recordResults, runItems, sentenceOf, usualChunk, WrongCallError } from './chunk.ts'
import type { Item, ItemOutcome, ItemResult } from './chunk.ts'
import { paramsOf } from './params.ts'
import { isOpen } from './run.ts'
import { runAuthor } from './run-author.ts'
import type { BulkRun, FindAction } from './start.ts'

export type BulkWork = {
  keyring: Keyring
  /** Subscribers of one chunk at most, whatever their action says. */
  largestChunk: number
  /** Told of every error that nobody foresaw; the run goes on. */
  onError(error: unknown, about: { runId: bigint; subscriberId?: bigint }): void
  actions?: FindAction
  /** Aborted when the process ends: nothing new is begun. */
  signal?: AbortSignal
}

/** `worked`: there may be more at once. `idle`: no run waits that somebody else is not busy with. */
export type BulkStep = { kind: 'idle' } | { kind: 'worked'; runId: bigint; items: number }

/** A moment's wait for what somebody else holds; a stop must not wait for it. */
const lockTimeout = '1500ms'
/** After a chunk that failed so many are done one by one, before other runs have their turn. */
const mostSingly = 100
/** Runs that are looked at, in the order in which they last had their turn. */
const mostOpenRuns = 50

/**
 * Works one chunk of the run whose turn it is. Throws what says that the database is away; every other error ends in the
 * results of the run.
 */
export async function workBulkRuns(db: Db, work: BulkWork, now: Date): Promise<BulkStep> {
  const open = await db
    .selectFrom('bulk_run')
    .select('id')
    .where('state', 'in', ['waiting', 'running'])
    .orderBy('worked_at', (order) => order.asc().nullsFirst())
    .orderBy('id')
    .limit(mostOpenRuns)
    .execute()
  for (const { id } of open) {
    const items = await workOn(db, id, work, now)
    if (items !== 'busy') return { kind: 'worked', runId: id, items }
  }
  return { kind: 'idle' }
}

type Worked = number | 'busy'

async function workOn(db: Db, runId: bigint, work: BulkWork, now: Date): Promise<Worked> {
  try {
    return await retryTransient(() => workChunk(db, runId, work, now), 3)
  } catch (error) {
    if (isUnavailable(error)) throw error
    if (isWrongForAll(error)) return endRun(db, runId, { state: 'failed', error: sentenceOf(error) }, now)
    if (!isBusy(error) && !isForeseen(error)) work.onError(error, { runId })
    return workSingly(db, runId, work, now)
  }
}

/** A chunk failed for no reason that it named: each of its items by itself, so that only what is broken fails. */
async function workSingly(db: Db, runId: bigint, work: BulkWork, now: Date): Promise<Worked> {
  const single = { ...work, largestChunk: 1 }
  let items = 0
  while (items < mostSingly && work.signal?.aborted !== true) {
    const worked = await workOne(db, runId, single, now)
    if (worked === 0) break
    items += worked
  }
  return items
}

async function workOne(db: Db, runId: bigint, work: BulkWork, now: Date): Promise<number> {
  try {
    const worked = await retryTransient(() => workChunk(db, runId, work, now), 3)
    return worked === 'busy' ? 0 : worked
  } catch (error) {
    if (isUnavailable(error)) throw error
    if (isWrongForAll(error)) return endRun(db, runId, { state: 'failed', error: sentenceOf(error) }, now)
    return failNext(db, runId, { error, work }, now)
  }
}

/** One chunk in one transaction. Returns how many items have their result now; 0: the run is not open any more. */
async function workChunk(db: Db, runId: bigint, work: BulkWork, now: Date): Promise<Worked> {
  const worked = await db.transaction().execute(async (trx): Promise<Worked> => {
    const run = await lockRun(trx, runId)
    if (run === 'busy') return 'busy'
    if (run === undefined) return 0
    await failPoint('bulk_locked')
    if (run.stop_requested_at !== null) return close(trx, run, { state: 'stopped', error: null }, now)
    const author = await runAuthor(trx, run, work.keyring)
    if (author.kind === 'may-not') return close(trx, run, { state: 'stopped', error: author.reason }, now)
    const { by } = author
    const actions = work.actions ?? findAction
    const largest = Math.min(work.largestChunk, actions(run.action)?.chunk ?? usualChunk)
    const items = await nextItems(trx, run, largest)
    const own = { action: run.action, params: paramsOf(run, work.keyring) }
    const results = await withinReach(trx, by.scope, (fenced) => runItems(fenced, { items, own, actions }, by, now))
    if (results.kind === 'may-not') return close(trx, run, { state: 'stopped', error: results.reason }, now)
    await failPoint('bulk_acted')
    await record(trx, { run, results: results.results, keyring: work.keyring }, now)
    await failPoint('bulk_recorded')
    return results.results.length
  })
  await failPoint('bulk_committed')
  return worked
}

/**
 * Runs the deeds of a reseller under row level security, and ends that: items of subscribers who have left its reach could not
 * even be seen there, and they too get a result. What throws ends the transaction.
 */
async function withinReach<T>(trx: Db, scope: Scope, work: (fenced: Db) => Promise<T>): Promise<T> {
  if (scope.ownerId === undefined) return work(trx)
  const { rows } = await sql<{ role: string }>`select current_setting('role') as role`.execute(trx)
  const result = await runInScope(trx, scope, true, work)
  await sql`select set_config('role', ${rows[0]!.role}, true), set_config('gatehouse.owner_id', '', true)`.execute(trx)
  return result
}

/**
 * The run, held for this transaction by an advisory lock: a look at its progress, and a stop, never wait for a chunk.
 * `busy`: somebody else works on it. Undefined: it is not open any more.
 */
async function lockRun(trx: Db, runId: bigint): Promise<BulkRun | 'busy' | undefined> {
  const { rows } = await sql<{ is_locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('gatehouse bulk run', ${runId})) as is_locked,
      set_config('lock_timeout', ${lockTimeout}, true)`.execute(trx)
  if (rows[0]?.is_locked !== true) return 'busy'
  // Read after the lock: what the holder before committed is seen.
  const run = await trx.selectFrom('bulk_run').selectAll().where('id', '=', runId).executeTakeFirst()
  return run !== undefined && isOpen(run) ? run : undefined
}

async function nextItems(trx: Db, run: BulkRun, largest: number): Promise<Item[]> {
  const rows = await trx
    .selectFrom('bulk_item')
    .select(['position', 'subscriber_id', 'call'])
    .where('run_id', '=', run.id)
    .where('position', '>', run.worked_position)
    .orderBy('position')
    .limit(largest)
    .execute()
  return rows.map(({ position, subscriber_id, call }) => ({
    position,
    subscriberId: subscriber_id,
    call: call as Item['call'],
  }))
}

/** Writes the results and moves the run on; ends it with its last item. */
async function record(
  trx: Db,
  input: { run: BulkRun; results: readonly ItemResult[]; keyring: Keyring },
  now: Date,
): Promise<void> {
  const { run, results } = input
  await recordResults(trx, run.id, results, input.keyring)
  const position = results.at(-1)?.position ?? run.total
  const isLast = position >= run.total
  const moved = await trx
    .updateTable('bulk_run')
    .set((eb) => ({
      state: isLast ? 'done' : 'running',
      worked_position: position,
      done: eb('done', '+', countOf(results, 'done')),
      unchanged: eb('unchanged', '+', countOf(results, 'unchanged')),
      refused: eb('refused', '+', countOf(results, 'refused')),
      failed: eb('failed', '+', countOf(results, 'failed')),
      started_at: run.started_at ?? now,
      worked_at: now,
      finished_at: isLast ? now : null,
    }))
    .where('id', '=', run.id)
    .where('worked_position', '=', run.worked_position)
    .executeTakeFirst()
  // The lock makes this impossible; were it ever lost, nothing is done twice.
  if (moved.numUpdatedRows !== 1n) throw new Error(`somebody else has worked on bulk run ${run.id}`)
}

function outcomeOf(error: unknown): Pick<ItemOutcome, 'kind' | 'reason'> {
  if (isForeseen(error)) return { kind: 'refused', reason: sentenceOf(error) }
  const reason = isBusy(error)
    ? 'somebody else was changing it: try again'
    : 'something went wrong on our side: the log of the server says what'
  return { kind: 'failed', reason }
}

/** Writes down that the next item failed, or that its own call cannot be. */
async function failNext(db: Db, runId: bigint, input: { error: unknown; work: BulkWork }, now: Date): Promise<number> {
  const { error, work } = input
  return db.transaction().execute(async (trx) => {
    const run = await lockRun(trx, runId)
    if (run === undefined || run === 'busy') return 0
    const [item] = await nextItems(trx, run, 1)
    if (item === undefined) return 0
    const { position, subscriberId } = item
    if (!isForeseen(error)) work.onError(error, { runId, subscriberId })
    const results = [{ position, outcome: { subscriberId, ...outcomeOf(error) } }]
    await record(trx, { run, results, keyring: work.keyring }, now)
    return 1
  })
}

async function endRun(
  db: Db,
  runId: bigint,
  end: { state: 'stopped' | 'failed'; error: string | null },
  now: Date,
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const run = await lockRun(trx, runId)
    if (run === 'busy' || run === undefined) return 0
    return close(trx, run, end, now)
  })
}

async function close(
  trx: Db,
  run: BulkRun,
  end: { state: 'stopped' | 'failed'; error: string | null },
  now: Date,
): Promise<number> {
  await trx
    .updateTable('bulk_run')
    .set({ ...end, started_at: run.started_at ?? now, worked_at: now, finished_at: now })
    .where('id', '=', run.id)
    .execute()
  return 0
}

/** Wrong for one of the items, which has a call of its own. */
function isForeseen(error: unknown): boolean {
  return error instanceof WrongCallError
}

/** Somebody else holds what is needed, for longer than we wait. */
function isBusy(error: unknown): boolean {
  return isTransient(error) || sqlStateOf(error) === sqlState.lockNotAvailable
}

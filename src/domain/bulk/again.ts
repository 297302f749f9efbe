// What follows a run that has ended: the same once more upon those with whom it did not go well, or bringing back what was.
// Either is a run of its own, by whoever asks for it, with its own results.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { ConflictError } from '../field.ts'
import { subscriberInScope } from '../scope.ts'
import { readSettings } from '../setting.ts'
import type { SubscriberAction } from '../subscriber-action/action.ts'
import { findAction } from '../subscriber-action/list.ts'
import { paramsOf } from './params.ts'
import { findRun, isOpen } from './run.ts'
import { insertRun, openRun } from './start.ts'
import type { BegunRun, BulkRun, FindAction } from './start.ts'

/** `left`: a run that was stopped never came to them. */
export const retryOutcomes = ['failed', 'refused', 'left'] as const
export type RetryOutcome = (typeof retryOutcomes)[number]

type Again = { runId: bigint; tokenId?: bigint }

/** Runs the same once more upon those of these outcomes. Throws NotFoundError, ForbiddenError, or ConflictError. */
export async function retryBulkRun(
  db: Db,
  input: Again & { outcomes: readonly RetryOutcome[] },
  by: Author,
  now: Date,
  actions: FindAction = findAction,
): Promise<BegunRun> {
  return inTransaction(db, async (trx) => {
    const old = await findEnded(trx, input.runId, by)
    const params = paramsOf(old, by.keyring)
    const { action, target } = old
    const about = { action, params, target: target as Record<string, unknown>, tokenId: input.tokenId ?? null }
    const runId = await insertRun(trx, { ...about, retryOf: old.id }, by, now)
    const total = await copyItems(trx, {
      runId,
      from: old.id,
      which: sql`coalesce(old.outcome, 'left') = any(${input.outcomes}::text[])`,
      call: sql`old.call`,
      order: sql`old.position`,
      by,
    })
    if (total === 0) throw new ConflictError('outcomes', 'nobody of the run is left with such an outcome')
    return begin(trx, { runId, total, verb: 'retry', actions }, by, now)
  })
}

/**
 * Brings back what was, for everybody of a run upon whom something was done that has an inverse; the last first. Throws
 * NotFoundError, ForbiddenError, or ConflictError: still busy, undone already, or nothing of it can be undone.
 */
export async function undoBulkRun(
  db: Db,
  input: Again,
  by: Author,
  now: Date,
  actions: FindAction = findAction,
): Promise<BegunRun> {
  return inTransaction(db, async (trx) => {
    const old = await findEnded(trx, input.runId, by)
    await refuseSecondUndo(trx, old)
    const about = { action: old.action, params: {}, target: old.target as Record<string, unknown> }
    const runId = await insertRun(trx, { ...about, tokenId: input.tokenId ?? null, undoOf: old.id }, by, now)
    const total = await copyItems(trx, {
      runId,
      from: old.id,
      which: sql`old.outcome = 'done' and old.undo is not null`,
      call: sql`old.undo`,
      order: sql`old.position desc`,
      by,
    })
    if (total === 0) throw new ConflictError('run', 'nothing that it did can be undone')
    return begin(trx, { runId, total, verb: 'undo', actions }, by, now)
  })
}

async function findEnded(trx: Db, id: bigint, by: Author): Promise<BulkRun> {
  // Of two who ask at once the second sees what the first began.
  await sql`select 1 from bulk_run where bulk_run.id = ${id} for no key update`.execute(trx)
  const run = await findRun(trx, id, by)
  if (isOpen(run)) throw new ConflictError('run', 'it is still busy: stop it or wait for its end')
  return run
}

async function refuseSecondUndo(trx: Db, run: BulkRun): Promise<void> {
  const other = await trx
    .selectFrom('bulk_run')
    .select('id')
    .where('undo_of', '=', run.id)
    .where('state', 'in', ['waiting', 'running', 'done'])
    .executeTakeFirst()
  if (other !== undefined) throw new ConflictError('run', `run ${other.id} undoes it already`)
}

/** Freezes items of an old run that are in reach as those of a new one. Returns how many. */
async function copyItems(
  trx: Db,
  input: {
    runId: bigint
    from: bigint
    which: RawBuilder<unknown>
    call: RawBuilder<unknown>
    order: RawBuilder<unknown>
    by: Author
  },
): Promise<number> {
  const result = await sql`
    insert into bulk_item (run_id, position, subscriber_id, call)
    select ${input.runId}, row_number() over (order by ${input.order}), old.subscriber_id, ${input.call}
    from bulk_item old join subscriber on subscriber.id = old.subscriber_id
    where old.run_id = ${input.from} and ${input.which} and ${subscriberInScope(input.by.scope)}`.execute(trx)
  return Number(result.numAffectedRows ?? 0n)
}

/** Checks the right to every action that the items call, and opens the run. */
async function begin(
  trx: Db,
  input: { runId: bigint; total: number; verb: 'retry' | 'undo'; actions: FindAction },
  by: Author,
  now: Date,
): Promise<BegunRun> {
  const run = await trx.selectFrom('bulk_run').select('action').where('id', '=', input.runId).executeTakeFirstOrThrow()
  const { rows } = await sql<{ name: string | null }>`
    select distinct bulk_item.call->>'action' as name from bulk_item where bulk_item.run_id = ${input.runId}`.execute(
    trx,
  )
  const called = rows.map(({ name }) => requireAction(name ?? run.action, input.actions))
  for (const action of called) requirePermission(by, action.permission)
  const [only, ...others] = called
  if (only !== undefined && others.length === 0) {
    await trx.updateTable('bulk_run').set({ action: only.name }).where('id', '=', input.runId).execute()
  }
  const { bulk_large: large } = await readSettings(trx)
  const isGrave = input.total >= large || called.some((action) => action.grave === true)
  return { run: await openRun(trx, input, by, now), isGrave }
}

function requireAction(name: string, actions: FindAction): SubscriberAction {
  const action = actions(name)
  if (action === undefined) throw new ConflictError('action', `there is no action ${name} any more`)
  return action
}

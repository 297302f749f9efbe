// Beginning a bulk run: what it does, whom it concerns and by whom are written down at once; the background does it.

import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { BulkRunTable } from '../../db/schema-bulk.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { FieldError, quote } from '../field.ts'
import { readSettings } from '../setting.ts'
import type { SubscriberAction } from '../subscriber-action/action.ts'
import { findAction } from '../subscriber-action/list.ts'
import { sealParams, shownParams } from './params.ts'
import { authorColumns } from './run-author.ts'
import { auditedTarget, checkConfirmed, freezeTarget, previewTarget, storedTarget } from './target.ts'
import type { BulkTarget, TargetPreview } from './target.ts'
import { permitFilter } from '../subscriber-list/filter.ts'

/** NOTIFY on it wakes who works on the runs. */
export const bulkChannel = 'gatehouse_bulk'

export type BulkRun = Selectable<BulkRunTable>
export type FindAction = (name: string) => SubscriberAction | undefined

/** What a run has to do, and whether it is such that its author should prove who they are (W20). */
export type BegunRun = { run: BulkRun; isGrave: boolean }

export type NewBulkRun = {
  action: string
  params: Readonly<Record<string, unknown>>
  target: BulkTarget
  /** The count that was shown and confirmed. */
  confirmCount?: number
  /** Of an author of the kind `token`. */
  tokenId?: bigint
}

/**
 * Whom it would reach; writes nothing. What the action is told need not be known yet: it is checked where it is there. Throws as
 * `startBulkRun` does.
 */
export async function previewBulkRun(
  db: Db,
  input: Omit<NewBulkRun, 'params'> & { params: NewBulkRun['params'] | undefined },
  by: Author,
  now: Date,
  actions: FindAction = findAction,
): Promise<TargetPreview> {
  const action = checkRequest(input, by, actions)
  if (input.params !== undefined) action.params.parse(input.params)
  return previewTarget(db, input.target, by.scope, now)
}

/**
 * Begins a run. Throws FieldError (no such action, nobody meant, count not confirmed), ZodError (params), ForbiddenError,
 * NotFoundError (none of the ids) or ConflictError (another count than confirmed).
 */
export async function startBulkRun(
  db: Db,
  input: NewBulkRun,
  by: Author,
  now: Date,
  actions: FindAction = findAction,
): Promise<BegunRun> {
  const action = checkRequest(input, by, actions)
  action.params.parse(input.params)
  return inTransaction(db, async (trx) => {
    const { action: name, params, target, tokenId } = input
    const { bulk_large: large } = await readSettings(trx)
    const stored = storedTarget(target)
    const runId = await insertRun(trx, { action: name, params, target: stored, tokenId: tokenId ?? null }, by, now)
    const total = await freezeTarget(trx, { runId, target, scope: by.scope }, now)
    checkConfirmed({ target, total, confirmCount: input.confirmCount }, large)
    const run = await openRun(trx, { runId, total, verb: 'create' }, by, now)
    return { run, isGrave: action.grave === true || total >= large }
  })
}

/** The action, if it is there, the author may do it, and it is told what it must be. */
function checkRequest(input: Pick<NewBulkRun, 'action' | 'target'>, by: Author, actions: FindAction): SubscriberAction {
  const action = actions(input.action)
  if (action === undefined) throw new FieldError('action', `${quote(input.action)} is no action upon subscribers`)
  requirePermission(by, action.permission)
  if ('all' in input.target) requirePermission(by, 'bulk.all')
  if ('filter' in input.target) permitFilter(input.target.filter, by)
  return action
}

/** Writes the run itself, still without items. Returns its id. */
export async function insertRun(
  db: Db,
  input: {
    action: string
    params: Readonly<Record<string, unknown>>
    target: Record<string, unknown>
    tokenId: bigint | null
    retryOf?: bigint
    undoOf?: bigint
    undoOfJobRun?: bigint
  },
  by: Author,
  now: Date,
): Promise<bigint> {
  const { id } = await db
    .insertInto('bulk_run')
    .values({
      action: input.action,
      params: JSON.stringify(shownParams(input.params)),
      target: JSON.stringify(input.target),
      retry_of: input.retryOf ?? null,
      undo_of: input.undoOf ?? null,
      undo_of_job_run: input.undoOfJobRun ?? null,
      ...authorColumns(by, input.tokenId),
      created_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const sealed = sealParams(by.keyring, id, input.params)
  if (sealed !== null) await db.updateTable('bulk_run').set({ sealed_params: sealed }).where('id', '=', id).execute()
  return id
}

/** Gives a run whose items are written its total, tells the audit trail, and wakes the background at the commit. */
export async function openRun(
  db: Db,
  input: { runId: bigint; total: number; verb: 'create' | 'retry' | 'undo' },
  by: Author,
  now: Date,
): Promise<BulkRun> {
  const run = await db
    .updateTable('bulk_run')
    .set({ total: input.total })
    .where('id', '=', input.runId)
    .returningAll()
    .executeTakeFirstOrThrow()
  await writeAudit(db, deedOf(run, input.verb), by, now)
  await sql`select pg_notify(${bulkChannel}, '')`.execute(db)
  return run
}

/** The audit entry of a deed upon a run. */
export function deedOf(run: BulkRun, verb: 'create' | 'retry' | 'undo' | 'stop' | 'reveal') {
  const { action, params, total, retry_of, undo_of } = run
  return {
    action: `bulk-run.${verb}`,
    noun: 'bulk-run',
    rowId: run.id,
    ownerId: run.owner_id,
    after: {
      action,
      params,
      target: auditedTarget(run.target as Record<string, unknown>),
      total,
      ...(retry_of === null ? {} : { retry_of }),
      ...(undo_of === null ? {} : { undo_of }),
    },
  }
}

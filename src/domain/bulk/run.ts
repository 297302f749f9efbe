// Bulk runs as they are looked at: one's own, and with `audit.read` those of the whole organisation; and what can still be done
// about one that was begun: stopping it.

import type { SelectQueryBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Database, Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import { ConflictError, NotFoundError } from '../field.ts'
import { findAction } from '../subscriber-action/list.ts'
import { bulkChannel, deedOf } from './start.ts'
import type { BulkRun, FindAction } from './start.ts'

export const bulkStates = ['waiting', 'running', 'stopping', 'done', 'stopped', 'failed'] as const
export type BulkState = (typeof bulkStates)[number]

/** The state as it is told: asked to stop, it is still busy for a moment. */
export function stateOf(run: Pick<BulkRun, 'state' | 'stop_requested_at'>): BulkState {
  return isOpen(run) && run.stop_requested_at !== null ? 'stopping' : run.state
}

/** Whether there is something left that will be done. */
export function isOpen(run: Pick<BulkRun, 'state'>): boolean {
  return run.state === 'waiting' || run.state === 'running'
}

/** Subscribers a second, from the first chunk to the last or to now; undefined before the first. */
export function throughputOf(run: BulkRun): number | undefined {
  const until = run.finished_at ?? run.worked_at
  if (run.started_at === null || until === null) return undefined
  const seconds = (until.getTime() - run.started_at.getTime()) / 1_000
  return seconds > 0 ? run.worked_position / seconds : undefined
}

/** A run that the author may see. Throws NotFoundError. */
export async function findRun(db: Db, id: bigint, by: Author): Promise<BulkRun> {
  const run = await visible(db.selectFrom('bulk_run').where('bulk_run.id', '=', id), by)
    .selectAll('bulk_run')
    .executeTakeFirst()
  if (run === undefined) throw new NotFoundError('bulk run', String(id))
  return run
}

export type RunList = {
  state?: readonly BulkState[] | undefined
  action?: string | undefined
  /** Only what the author began. */
  own?: boolean | undefined
  /** Only older ones than this. */
  before?: bigint | undefined
  limit: number
}

/** The runs that the author may see, the newest first. */
export async function listRuns(db: Db, input: RunList, by: Author): Promise<BulkRun[]> {
  let query = visible(db.selectFrom('bulk_run'), by).selectAll('bulk_run')
  if (input.before !== undefined) query = query.where('bulk_run.id', '<', input.before)
  if (input.action !== undefined) query = query.where('bulk_run.action', '=', input.action)
  if (input.own === true) query = query.where('bulk_run.operator_id', '=', by.operatorId)
  if (input.state !== undefined) {
    query = query.where(
      sql<boolean>`case when bulk_run.state in ('waiting', 'running') and bulk_run.stop_requested_at is not null
        then 'stopping' else bulk_run.state end = any(${input.state}::text[])`,
    )
  }
  return query.orderBy('bulk_run.id', 'desc').limit(input.limit).execute()
}

/**
 * Asks a run to stop; it does within the chunk that is under way. Whoever sees it and may do its action may stop it. Throws
 * NotFoundError, ForbiddenError, or ConflictError where it has ended.
 */
export async function stopRun(
  db: Db,
  id: bigint,
  by: Author,
  now: Date,
  actions: FindAction = findAction,
): Promise<BulkRun> {
  return inTransaction(db, async (trx) => {
    const run = await findRun(trx, id, by)
    const action = actions(run.action)
    if (action !== undefined) requirePermission(by, action.permission)
    const stopping = await trx
      .updateTable('bulk_run')
      .set((eb) => ({ stop_requested_at: eb.fn.coalesce('stop_requested_at', eb.val(now)) }))
      .where('id', '=', id)
      .where('state', 'in', ['waiting', 'running'])
      .returningAll()
      .executeTakeFirst()
    if (stopping === undefined) throw new ConflictError('state', 'the run has ended already')
    // Whoever asks once more is in the trail too.
    await writeAudit(trx, deedOf(run, 'stop'), by, now)
    await sql`select pg_notify(${bulkChannel}, '')`.execute(trx)
    return stopping
  })
}

type RunQuery<Output> = SelectQueryBuilder<Database, 'bulk_run', Output>

/** A reseller's runs are those that its own operators began; who reaches only some zones sees only its own. */
function visible<Output>(query: RunQuery<Output>, by: Author): RunQuery<Output> {
  const { ownerId, zones } = by.scope
  const own = by.operatorId === null ? sql`false` : sql`bulk_run.operator_id = ${by.operatorId}`
  const isOverseer = by.permissions.has('audit.read') && zones === undefined
  // Also of one's own: who has moved to a reseller no longer sees what was done for the ISP.
  const within = ownerId === undefined ? sql`true` : sql`bulk_run.owner_id = ${ownerId}`
  return query.where(sql<boolean>`(${within} and ${isOverseer ? sql`true` : own})`)
}

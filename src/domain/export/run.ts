// Exports in the background, for what takes longer than a person waits: begun, looked at and fetched by their author alone.

import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { ExportRunTable } from '../../db/schema-files.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { authorColumns } from '../bulk/run-author.ts'
import { ConflictError, NotFoundError } from '../field.ts'
import type { PermittedExport } from './export.ts'

export type ExportRun = Selectable<ExportRunTable>

/** NOTIFY when there is work. */
export const exportChannel = 'gatehouse_export'

export const exportStates = ['waiting', 'running', 'stopping', 'done', 'stopped', 'failed'] as const
export type ExportState = (typeof exportStates)[number]

/** The state as it is told: asked to stop, it is still busy for a moment. */
export function exportStateOf(run: Pick<ExportRun, 'state' | 'stop_requested_at'>): ExportState {
  const isOpen = run.state === 'waiting' || run.state === 'running'
  return isOpen && run.stop_requested_at !== null ? 'stopping' : run.state
}

/** Begins an export. That it is made is in the audit trail from here on. */
export async function beginExport(
  db: Db,
  input: { permitted: PermittedExport; tokenId: bigint | null },
  by: Author,
  now: Date,
): Promise<ExportRun> {
  const { order, columns } = input.permitted
  return inTransaction(db, async (trx) => {
    const run = await trx
      .insertInto('export_run')
      .values({
        noun: order.noun,
        format: order.format,
        bom: order.bom,
        query: JSON.stringify(order),
        ...authorColumns(by, input.tokenId),
        created_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    const after = { noun: order.noun, format: order.format, columns: columns.map(({ name }) => name) }
    await writeAudit(trx, { ...exportDeed(run, 'begin'), after }, by, now)
    await sql`select pg_notify(${exportChannel}, '')`.execute(trx)
    return run
  })
}

/** A deed about a run, for the audit trail. */
export function exportDeed(run: Pick<ExportRun, 'id' | 'owner_id'>, verb: 'begin' | 'stop' | 'fetch') {
  return { action: `export.${verb}`, noun: 'export', rowId: run.id, ownerId: run.owner_id }
}

/** An export of the author's own. Throws NotFoundError. */
export async function findExport(db: Db, id: bigint, by: Author): Promise<ExportRun> {
  const run = await own(db, by).where('id', '=', id).executeTakeFirst()
  if (run === undefined) throw new NotFoundError('export', String(id))
  return run
}

/** The author's own exports, the newest first. */
export async function listExports(
  db: Db,
  input: { before: bigint | undefined; limit: number },
  by: Author,
): Promise<ExportRun[]> {
  const query = own(db, by).orderBy('id', 'desc').limit(input.limit)
  return (input.before === undefined ? query : query.where('id', '<', input.before)).execute()
}

function own(db: Db, by: Author) {
  const query = db.selectFrom('export_run').selectAll().where('operator_id', '=', by.operatorId)
  // Who has moved to a reseller no longer sees what was made for the ISP.
  return by.scope.ownerId === undefined ? query : query.where('owner_id', '=', by.scope.ownerId)
}

/** The file of an export, by its name in the folder of files. Throws NotFoundError, or ConflictError where there is none (yet). */
export async function takeExportFile(
  db: Db,
  id: bigint,
  by: Author,
  now: Date,
): Promise<{ run: ExportRun; name: string }> {
  const run = await findExport(db, id, by)
  if (run.state !== 'done') throw new ConflictError('state', `the export is ${exportStateOf(run)}`)
  if (run.file_name === null) throw new NotFoundError('file of the export', String(id))
  await writeAudit(db, exportDeed(run, 'fetch'), by, now)
  return { run, name: run.file_name }
}

/** Asks an export to stop. Throws NotFoundError, or ConflictError where it has ended. */
export async function stopExport(db: Db, id: bigint, by: Author, now: Date): Promise<ExportRun> {
  return inTransaction(db, async (trx) => {
    const run = await findExport(trx, id, by)
    const stopping = await trx
      .updateTable('export_run')
      .set((eb) => ({ stop_requested_at: eb.fn.coalesce('stop_requested_at', eb.val(now)) }))
      .where('id', '=', id)
      .where('state', 'in', ['waiting', 'running'])
      .returningAll()
      .executeTakeFirst()
    if (stopping === undefined) throw new ConflictError('state', 'the export has ended already')
    if (run.stop_requested_at === null) await writeAudit(trx, exportDeed(run, 'stop'), by, now)
    await sql`select pg_notify(${exportChannel}, '')`.execute(trx)
    return stopping
  })
}

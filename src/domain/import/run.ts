// Imports in the background as they are begun and looked at: one's own, and with `audit.read` those of the whole organisation.
// The same file with the same options is the same import, however often it is sent.

import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Selectable, SelectQueryBuilder } from 'kysely'
import type { Database, Db } from '../../db/schema.ts'
import type { ImportRunTable } from '../../db/schema-files.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { authorColumns } from '../bulk/run-author.ts'
import { ConflictError, FieldError, NotFoundError, quote } from '../field.ts'
import { unknownTargets } from './column.ts'
import type { ImportError } from './error.ts'
import type { ImportOptions } from './import.ts'

export type ImportRun = Selectable<ImportRunTable>

/** NOTIFY when there is work. */
export const importChannel = 'gatehouse_import'

export const importStates = ['waiting', 'running', 'stopping', 'done', 'refused', 'stopped', 'failed'] as const
export type ImportState = (typeof importStates)[number]

/** The state as it is told: asked to stop, it is still busy for a moment. */
export function stateOf(run: Pick<ImportRun, 'state' | 'stop_requested_at'>): ImportState {
  const isOpen = run.state === 'waiting' || run.state === 'running'
  return isOpen && run.stop_requested_at !== null ? 'stopping' : run.state
}

export type ReceivedFile = { name: string; format: 'csv' | 'xlsx'; octets: number; hash: Buffer }

/** Throws FieldError for a mapping that no file could have. */
export function checkMapping(mapping: Readonly<Record<string, string>>): void {
  const unknown = unknownTargets(mapping)
  if (unknown.length > 0) throw new FieldError('mapping', `there is no column ${unknown.map(quote).join(', ')}`)
}

/** `known`: an import of just this that waits, runs, or was done; the file that was sent again is not needed. */
export type BegunImport = { kind: 'begun' | 'known'; run: ImportRun }

/** Begins an import of a file that has been received. Its author may ask for a known one to be done `again`. */
export async function beginImport(
  db: Db,
  input: { file: ReceivedFile; options: ImportOptions; again: boolean; tokenId: bigint | null },
  by: Author,
  now: Date,
): Promise<BegunImport> {
  const { file, options } = input
  checkMapping(options.mapping ?? {})
  const fingerprint = fingerprintOf(file.hash, options, by)
  return inTransaction(db, async (trx) => {
    // Of two that come at once the second sees the first.
    await sql`select pg_advisory_xact_lock(hashtextextended(${fingerprint.toString('hex')}, 0))`.execute(trx)
    const known = input.again ? undefined : await findKnown(trx, fingerprint)
    if (known !== undefined) return { kind: 'known', run: known }
    const run = await trx
      .insertInto('import_run')
      .values({
        mode: options.mode,
        partial: options.partial,
        dry_run: options.dryRun,
        mapping: options.mapping === undefined ? null : JSON.stringify(options.mapping),
        format: file.format,
        file_name: file.name,
        file_octets: BigInt(file.octets),
        file_hash: file.hash,
        fingerprint,
        ...authorColumns(by, input.tokenId),
        created_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await writeAudit(trx, { ...deedOf(run, 'begin'), after: optionsOf(run) }, by, now)
    await sql`select pg_notify(${importChannel}, '')`.execute(trx)
    return { kind: 'begun', run }
  })
}

/** A dry run that has ended is done again: what it would find may be another thing by now. */
async function findKnown(trx: Db, fingerprint: Buffer): Promise<ImportRun | undefined> {
  return trx
    .selectFrom('import_run')
    .selectAll()
    .where('fingerprint', '=', fingerprint)
    .where(sql<boolean>`(state in ('waiting', 'running') or (state = 'done' and not dry_run))`)
    .where('stop_requested_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

function fingerprintOf(hash: Buffer, { mode, partial, dryRun, mapping }: ImportOptions, by: Author): Buffer {
  const author = [by.kind, String(by.operatorId), String(by.scope.ownerId)]
  const options = JSON.stringify([
    author,
    mode,
    partial,
    dryRun,
    Object.entries(mapping ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  ])
  return createHash('sha256').update(hash).update(options).digest()
}

function optionsOf(run: ImportRun) {
  const { mode, partial, dry_run, mapping, format, file_octets } = run
  return { mode, partial, dry_run, mapping, format, file_octets, file_sha256: run.file_hash.toString('hex') }
}

/** A deed about a run, for the audit trail. */
export function deedOf(run: Pick<ImportRun, 'id' | 'owner_id'>, verb: 'begin' | 'stop' | 'end') {
  return { action: `import.${verb}`, noun: 'import', rowId: run.id, ownerId: run.owner_id }
}

/** An import that the author may see. Throws NotFoundError. */
export async function findImport(db: Db, id: bigint, by: Author): Promise<ImportRun> {
  const run = await visible(db.selectFrom('import_run').where('import_run.id', '=', id), by)
    .selectAll('import_run')
    .executeTakeFirst()
  if (run === undefined) throw new NotFoundError('import', String(id))
  return run
}

/** The imports that the author may see, the newest first. */
export async function listImports(
  db: Db,
  input: { before: bigint | undefined; limit: number },
  by: Author,
): Promise<ImportRun[]> {
  let query = visible(db.selectFrom('import_run'), by).selectAll('import_run')
  if (input.before !== undefined) query = query.where('import_run.id', '<', input.before)
  return query.orderBy('import_run.id', 'desc').limit(input.limit).execute()
}

/** What is wrong with rows of an import, by line. Throws NotFoundError. */
export async function listErrors(
  db: Db,
  input: { runId: bigint; after: readonly [line: number, id: bigint] | undefined; limit: number },
  by: Author,
): Promise<(ImportError & { id: bigint })[]> {
  await findImport(db, input.runId, by)
  let query = db.selectFrom('import_error').select(['id', 'line', 'field', 'reason']).where('run_id', '=', input.runId)
  const { after } = input
  if (after !== undefined) query = query.where(sql<boolean>`(line, id) > (${after[0]}, ${after[1]})`)
  return query.orderBy('line').orderBy('id').limit(input.limit).execute()
}

/**
 * Asks an import to stop: an all-or-nothing one then leaves nothing, a partial one what it has written. Throws NotFoundError,
 * or ConflictError where it has ended.
 */
export async function stopImport(db: Db, id: bigint, by: Author, now: Date): Promise<ImportRun> {
  return inTransaction(db, async (trx) => {
    const run = await findImport(trx, id, by)
    const stopping = await trx
      .updateTable('import_run')
      .set((eb) => ({ stop_requested_at: eb.fn.coalesce('stop_requested_at', eb.val(now)) }))
      .where('id', '=', id)
      .where('state', 'in', ['waiting', 'running'])
      .returningAll()
      .executeTakeFirst()
    if (stopping === undefined) throw new ConflictError('state', 'the import has ended already')
    // Whoever asks once more is in the trail too.
    await writeAudit(trx, deedOf(run, 'stop'), by, now)
    await sql`select pg_notify(${importChannel}, '')`.execute(trx)
    return stopping
  })
}

type RunQuery<Output> = SelectQueryBuilder<Database, 'import_run', Output>

/** A reseller's are those that its own operators began; who reaches only some zones sees only its own. */
function visible<Output>(query: RunQuery<Output>, by: Author): RunQuery<Output> {
  const { ownerId, zones } = by.scope
  const own = by.operatorId === null ? sql`false` : sql`import_run.operator_id = ${by.operatorId}`
  const isOverseer = by.permissions.has('audit.read') && zones === undefined
  const within = ownerId === undefined ? sql`true` : sql`import_run.owner_id = ${ownerId}`
  return query.where(sql<boolean>`(${within} and ${isOverseer ? sql`true` : own})`)
}

// Import of subscribers from a file: read once to check all of it, and again to write. All rows or none in one transaction, or
// the good rows chunk by chunk; and every bad row told with line and field.

import { sql } from 'kysely'
import { sqlState, sqlStateOf } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { retryTransient } from '../../db/pool.ts'
import { inTransaction } from '../../db/transaction.ts'
import { ownAuthor } from '../author.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { readSettings } from '../setting.ts'
import type { Settings } from '../setting.ts'
import { checkFile } from './check-file.ts'
import type { Checked } from './check-file.ts'
import { readAhead, readChunks, readHeaderRow } from './chunks.ts'
import { readHeader } from './column.ts'
import { createErrorLog } from './error-log.ts'
import type { ErrorLog, ErrorSink } from './error-log.ts'
import type { ImportError } from './error.ts'
import { ImportFileError } from './file-error.ts'
import type { FileLimits } from './file-error.ts'
import { loadNames } from './names.ts'
import { readRows } from './prepare.ts'
import type { ImportContext, ImportMode, ReadRow } from './prepare.ts'
import type { RowOptions } from './row.ts'
import { sourceOfStream } from './source.ts'
import type { RowSource } from './source.ts'
import { MeanwhileError, writeChunk } from './write-chunk.ts'

export type ImportOptions = {
  mode: ImportMode
  /** Good rows are written where others are bad; else none is. */
  partial: boolean
  /** Only checks. */
  dryRun: boolean
  mapping?: Readonly<Record<string, string>> | undefined
}

/** What became of the rows. */
export type ImportCounts = { rows: number; created: number; updated: number; unchanged: number; errors: number }

export type ImportOutcome = ImportCounts & {
  /** `refused`: nothing was written for the errors there are. `stopped`: what was written by then, in whole chunks, stays. */
  kind: 'done' | 'refused' | 'stopped'
  groupsMade: string[]
  notices: string[]
}

/** How far a run is; `line`: up to there all is written, told in the transaction that writes it. */
export type Progress = (db: Db, at: { phase: 'check' | 'write'; line: number; counts: ImportCounts }) => Promise<void>

export type ImportInput = {
  source: RowSource
  options: ImportOptions
  by: Author
  checkAttribute?: RowOptions['checkAttribute']
  /** In the audit trail. */
  runId?: bigint
  errors: ErrorSink
  progress?: Progress
  /** Rows up to this line were written by an earlier try of a partial run. */
  doneLine?: number
  /** Asked before every chunk. */
  isStopped?: () => Promise<boolean>
}

/** Rows that are written by one statement. */
const chunkSize = 2_500
/** The next login must not be planned by the statistics of an almost empty table. */
const manyRows = 1_000

class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

/** Imports a file within the limits of the settings import_maximum_rows and import_maximum_mb. Errors go to the sink. */
export async function runImport(db: Db, input: ImportInput, now: Date): Promise<ImportOutcome> {
  const settings = await readSettings(db)
  const log = createErrorLog(input.errors)
  const counts: ImportCounts = { rows: 0, created: 0, updated: 0, unchanged: 0, errors: 0 }
  const run: Run = { input, settings, limits: limitsOf(settings), log, counts, groups: new Set(), notices: [] }
  const finish = (kind: ImportOutcome['kind']): ImportOutcome => ({
    kind,
    ...counts,
    errors: log.count(),
    groupsMade: [...run.groups],
    notices: run.notices,
  })
  try {
    const isWritten = await checkAndWrite(db, run, now)
    return finish(isWritten ? 'done' : 'refused')
  } catch (error) {
    if (error instanceof StoppedError) return finish('stopped')
    if (!(error instanceof ImportFileError)) throw error
    log.report(error.line, 'file', error.message)
    await log.flush(db)
    return finish('refused')
  }
}

type Run = {
  input: ImportInput
  settings: Settings
  limits: FileLimits
  log: ErrorLog
  counts: ImportCounts
  groups: Set<string>
  notices: string[]
}

function limitsOf(settings: Settings): FileLimits {
  return { maximumRows: settings.import_maximum_rows, maximumOctets: settings.import_maximum_mb * 1_000_000 }
}

async function checkAndWrite(db: Db, run: Run, now: Date): Promise<boolean> {
  const context = await makeContext(db, run)
  for (let attempt = 1; ; attempt += 1) {
    const checked = await check(db, run, context, now)
    const { options } = run.input
    if (options.dryRun || (run.log.count() > 0 && !options.partial)) return options.dryRun && run.log.count() === 0
    try {
      if (options.partial) await writeParts(db, run, context, checked, now)
      else await writeAll(db, run, context, checked, now)
      if (run.counts.created >= manyRows) {
        await sql`analyze payer, subscriber, credential, device, subscriber_address`.execute(db)
      }
      return true
    } catch (error) {
      // Somebody took a username or address between our look and our insert: a second look names the line.
      if (attempt > 1 || options.partial || !isMeanwhile(error)) throw error
      Object.assign(run.counts, { rows: 0, created: 0, updated: 0, unchanged: 0, errors: 0 })
    }
  }
}

function isMeanwhile(error: unknown): boolean {
  const state = sqlStateOf(error)
  const isTaken = state === sqlState.uniqueViolation || state === sqlState.exclusionViolation
  return isTaken || error instanceof MeanwhileError
}

async function makeContext(db: Db, { input, settings, limits, log, notices }: Run): Promise<ImportContext> {
  const { source, options, by } = input
  const cells = await readHeaderRow(source, limits)
  const required = options.mode === 'create' ? (['username', 'plan'] as const) : (['username'] as const)
  const header = readHeader(cells, { mapping: options.mapping, required })
  log.nameColumns(header.names)
  if (source.encoding === 'windows-1252') notices.push('the file is not UTF-8 and was read as Windows-1252')
  if (header.ignored.length > 0) notices.push(`not read, since nobody can set them: ${header.ignored.join(', ')}`)
  return {
    mode: options.mode,
    header,
    names: await loadNames(db, by.scope),
    settings,
    by,
    keyring: by.keyring,
    checkAttribute: input.checkAttribute,
  }
}

async function check(db: Db, run: Run, context: ImportContext, now: Date): Promise<Checked> {
  const { input, log, counts } = run
  const chunks = chunksOf(run, context)
  const progress = async (line: number, rows: number): Promise<void> => {
    counts.rows += rows
    await log.flush(db)
    await input.progress?.(db, { phase: 'check', line, counts: { ...counts, errors: log.count() } })
  }
  const checked = await checkFile(db, { context, chunks, log, doneLine: input.doneLine ?? 0, progress }, now)
  await log.flush(db)
  if (checked.notice !== undefined && !run.notices.includes(checked.notice)) run.notices.push(checked.notice)
  return checked
}

function chunksOf(run: Run, context: ImportContext): AsyncGenerator<ReadRow[]> {
  const { source } = run.input
  const width = source.encoding === undefined ? context.header.width : undefined
  const read = async function* (): AsyncGenerator<ReadRow[]> {
    for await (const rows of readChunks(source, run.limits, { size: chunkSize, width })) yield readRows(context, rows)
  }
  return stoppable(run, readAhead(read()))
}

async function* stoppable<T>({ input }: Run, chunks: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const chunk of chunks) {
    if ((await input.isStopped?.()) === true) throw new StoppedError()
    yield chunk
  }
}

/** All in one transaction. */
async function writeAll(db: Db, run: Run, context: ImportContext, checked: Checked, now: Date): Promise<void> {
  const chunks = chunksOf(run, context)
  const before = { ...run.counts }
  let line = 0
  try {
    await inTransaction(db, async (trx) => {
      for await (const rows of chunks) {
        const written = await writeChunk(trx, { context, rows, checked, runId: run.input.runId }, now)
        note(run, written)
        line = rows.at(-1)!.line
        // On a connection of its own: who watches sees it before the end.
        await run.input.progress?.(db, { phase: 'write', line: 0, counts: run.counts })
      }
      // And in this one: that all is written is committed with it.
      await run.input.progress?.(trx, { phase: 'write', line, counts: run.counts })
    })
  } catch (error) {
    Object.assign(run.counts, before)
    throw error
  }
}

/** Each chunk in a transaction of its own; what was found meanwhile is told and left out. */
async function writeParts(db: Db, run: Run, context: ImportContext, checked: Checked, now: Date): Promise<void> {
  const { input, log } = run
  for await (const chunk of chunksOf(run, context)) {
    const rows = chunk.filter(({ line }) => line > (input.doneLine ?? 0) && !log.isBad(line))
    const write = (looksAgain: boolean) =>
      inTransaction(db, async (trx) => {
        const parts = { context, rows, checked, runId: input.runId, ...(looksAgain ? { log } : {}) }
        const written = await writeChunk(trx, parts, now)
        await log.flush(trx)
        const counts = sum(run.counts, written)
        await input.progress?.(trx, { phase: 'write', line: chunk.at(-1)!.line, counts })
        return written
      })
    const written = await retryTransient(() => write(false)).catch((error: unknown) => {
      if (!isMeanwhile(error)) throw error
      return write(true)
    })
    note(run, written)
  }
}

type Written = Awaited<ReturnType<typeof writeChunk>>

function sum(counts: ImportCounts, { created, updated, unchanged }: Written): ImportCounts {
  return {
    ...counts,
    created: counts.created + created,
    updated: counts.updated + updated,
    unchanged: counts.unchanged + unchanged,
  }
}

function note(run: Run, written: Written): void {
  Object.assign(run.counts, sum(run.counts, written))
  for (const name of written.groupsMade) run.groups.add(name)
}

/** `errors` by line, 1000 at most; `errorCount` counts all of them. */
export type ImportResult =
  | { kind: 'imported'; subscribers: number; groupsMade: string[]; warning: string | undefined }
  | { kind: 'refused'; errors: ImportError[]; errorCount: number }

const shownErrors = 1_000

/** Imports new subscribers from a CSV file for who works on the server itself: all rows or none. */
export async function importSubscribers(
  db: Db,
  keyring: Keyring,
  stream: AsyncIterable<Uint8Array>,
  now: Date,
  checkAttribute?: RowOptions['checkAttribute'],
): Promise<ImportResult> {
  const errors: ImportError[] = []
  const by = ownAuthor('command-line', 'subscriber import', keyring)
  const options: ImportOptions = { mode: 'create', partial: false, dryRun: false }
  const limits = limitsOf(await readSettings(db))
  let source: RowSource
  try {
    source = await sourceOfStream(stream, limits)
  } catch (error) {
    if (!(error instanceof ImportFileError)) throw error
    return { kind: 'refused', errors: [{ line: error.line, field: 'file', reason: error.message }], errorCount: 1 }
  }
  const keep: ErrorSink = async (_db, found) => {
    errors.push(...found)
  }
  const outcome = await runImport(db, { source, options, by, checkAttribute, errors: keep }, now)
  if (outcome.kind === 'done') {
    const [warning] = outcome.notices
    return { kind: 'imported', subscribers: outcome.created, groupsMade: outcome.groupsMade, warning }
  }
  const first = errors.toSorted((one, other) => one.line - other.line).slice(0, shownErrors)
  return { kind: 'refused', errors: first, errorCount: outcome.errors }
}

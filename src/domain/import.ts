// Import of subscribers from a CSV file: all rows or none, in one transaction, and every bad row told with line and field.

import { sqlState, sqlStateOf } from '../db/errors.ts'
import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { checkCredentialKind } from './credential.ts'
import type { Keyring } from './data-key.ts'
import { checkFile, checkTaken, resolveNames } from './import-check.ts'
import type { ImportError, Report } from './import-check.ts'
import { ImportFileError, readCsv } from './import-file.ts'
import { readHeader, readRow } from './import-row.ts'
import type { Header, ImportRow } from './import-row.ts'
import { writeRows } from './import-write.ts'
import { readSettings } from './setting.ts'
import type { Settings } from './setting.ts'

/** `errors` by line, 1000 at most; `errorCount` counts all of them. */
export type ImportResult =
  | { kind: 'imported'; subscribers: number; groupsMade: string[]; warning: string | undefined }
  | { kind: 'refused'; errors: ImportError[]; errorCount: number }

const shownErrors = 1_000

/**
 * Imports the subscribers of a CSV file. Nothing is written unless every row is good. The size is bounded by the settings
 * import_maximum_rows and import_maximum_mb.
 */
export async function importSubscribers(
  db: Db,
  keyring: Keyring,
  source: AsyncIterable<Uint8Array>,
  now: Date,
): Promise<ImportResult> {
  const settings = await readSettings(db)
  const found = createCollector()
  const rows = await readRows(source, settings, found)
  if (rows === undefined) return found.refusal()
  checkFile(rows, found.phase())
  const attempt = () => writeOrReport(db, keyring, { rows, settings, found }, now)
  try {
    return await attempt()
  } catch (error) {
    // Somebody took a username or address between our look and our insert: a second look names the line.
    const state = sqlStateOf(error)
    if (state !== sqlState.uniqueViolation && state !== sqlState.exclusionViolation) throw error
    return await attempt()
  }
}

type Found = ReturnType<typeof createCollector>

/** Undefined where the file itself cannot be read, which is then the one error. */
async function readRows(
  source: AsyncIterable<Uint8Array>,
  settings: Settings,
  found: Found,
): Promise<ImportRow[] | undefined> {
  const rows: ImportRow[] = []
  const report = found.phase()
  let header: Header | undefined
  const limits = { maximumRows: settings.import_maximum_rows, maximumOctets: settings.import_maximum_mb * 1_000_000 }
  try {
    await readCsv(source, limits, (line, cells) => {
      if (header === undefined) {
        header = readHeader(cells)
        return
      }
      const { row, errors } = readRow(header, line, cells, settings)
      rows.push(row)
      for (const { field, reason } of errors) report(line, field, reason)
    })
    if (header === undefined) throw new ImportFileError(1, 'the file is empty: the first line names the columns')
  } catch (error) {
    if (!(error instanceof ImportFileError)) throw error
    report(error.line, 'file', error.message)
    return undefined
  }
  return rows
}

async function writeOrReport(
  db: Db,
  keyring: Keyring,
  input: { rows: ImportRow[]; settings: Settings; found: Found },
  now: Date,
): Promise<ImportResult> {
  const { rows, settings, found } = input
  return inTransaction(db, async (trx) => {
    const resolved = await resolveNames(trx, rows, found.phase())
    await checkTaken(trx, rows, found.phase())
    if (found.count() > 0) return found.refusal()
    const groupsMade = [...new Set(await writeRows(trx, keyring, resolved, now))]
    return { kind: 'imported', subscribers: rows.length, groupsMade, warning: credentialWarning(rows, settings) }
  })
}

function credentialWarning(rows: readonly ImportRow[], settings: Settings): string | undefined {
  const hashes = rows.filter(({ credential }) => credential?.kind === 'nt-hash').length
  const warning = hashes === 0 ? undefined : checkCredentialKind('nt-hash', settings.auth_methods)
  return warning === undefined ? undefined : `${hashes} rows: ${warning}`
}

/** Counts all errors and keeps those of the first lines: each phase reports by line, so the first ones of each will do. */
function createCollector() {
  const kept: ImportError[] = []
  let count = 0
  return {
    phase(): Report {
      let room = shownErrors
      return (line, field, reason) => {
        count += 1
        room -= 1
        if (room >= 0) kept.push({ line, field, reason })
      }
    },
    count: () => count,
    refusal(): ImportResult {
      const errors = kept.toSorted((one, other) => one.line - other.line).slice(0, shownErrors)
      return { kind: 'refused', errors, errorCount: count }
    },
  }
}

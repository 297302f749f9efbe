// The first reading of a file: every error of it is found, and nothing is written.

import type { Db } from '../../db/schema.ts'
import { checkCredentialKind } from '../credential.ts'
import { checkTaken, countRooms } from './check.ts'
import type { Rooms } from './check.ts'
import type { ErrorLog } from './error-log.ts'
import type { Report } from './error.ts'
import { createFileKeys } from './file-keys.ts'
import { prepareRows } from './prepare.ts'
import type { ImportContext, ReadRow } from './prepare.ts'

export type Checked = {
  rooms: Rooms
  /** What the importer should know beside errors. */
  notice: string | undefined
}

type Input = {
  context: ImportContext
  chunks: AsyncIterable<ReadRow[]>
  log: ErrorLog
  /** Of rows up to there only the keys count: they were written by an earlier try. */
  doneLine: number
  progress(line: number, rows: number): Promise<void>
}

/** Reads all rows and reports what is wrong with them. Throws ImportFileError. */
export async function checkFile(db: Db, input: Input, now: Date): Promise<Checked> {
  const { context, chunks, log, doneLine, progress } = input
  const report: Report = (line, field, reason) => {
    if (line > doneLine) log.report(line, field, reason)
  }
  const keys = createFileKeys(report)
  const rooms = await countRooms(db)
  let hashes = 0
  for await (const rows of chunks) {
    const options = { report, lock: false, onRow: keys.add }
    const prepared = await prepareRows(db, context, rows, options, now)
    const open = prepared.filter((one) => one.kind !== 'unchanged' && one.row.line > doneLine)
    await checkTaken(db, context, open, report)
    for (const one of open) {
      if (one.kind === 'create' || (one.kind === 'update' && one.changed.has('owner'))) rooms.take(one.row, report)
      if (one.kind !== 'unchanged' && one.row.credential?.kind === 'nt-hash') hashes += 1
    }
    await progress(rows.at(-1)!.line, rows.length)
  }
  keys.finish()
  return { rooms, notice: credentialNotice(hashes, context) }
}

function credentialNotice(hashes: number, { settings }: ImportContext): string | undefined {
  const warning = hashes === 0 ? undefined : checkCredentialKind('nt-hash', settings.auth_methods)
  return warning === undefined ? undefined : `${hashes} rows: ${warning}`
}

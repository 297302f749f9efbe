// The errors of a run: counted, told under the names that the file gives its columns, and handed on in batches.

import type { Db } from '../../db/schema.ts'
import type { ImportColumn } from './column.ts'
import type { ImportError, Report } from './error.ts'

/** Takes errors as they come, in no order; `db` is the transaction of the chunk where there is one. */
export type ErrorSink = (db: Db, errors: readonly ImportError[]) => Promise<void>

export type ErrorLog = {
  report: Report
  /** What the file calls columns of ours. */
  nameColumns(names: Partial<Record<ImportColumn, string>>): void
  /** Whether a line has an error. */
  isBad(line: number): boolean
  count(): number
  flush(db: Db): Promise<void>
}

/** More than a person would look at; they are counted all the same. */
const keptErrors = 1_000_000

/** A log that hands errors to the sink when it is flushed. */
export function createErrorLog(sink: ErrorSink): ErrorLog {
  const bad = new Set<number>()
  const names = new Map<string, string>()
  let waiting: ImportError[] = []
  let count = 0
  return {
    report(line, field, reason) {
      bad.add(line)
      count += 1
      if (count <= keptErrors) waiting.push({ line, field: names.get(field) ?? field, reason })
    },
    nameColumns(columns) {
      for (const [column, name] of Object.entries(columns)) names.set(column, name)
    },
    isBad: (line) => bad.has(line),
    count: () => count,
    async flush(db) {
      if (waiting.length === 0) return
      const batch = waiting
      waiting = []
      await sink(db, batch)
    },
  }
}

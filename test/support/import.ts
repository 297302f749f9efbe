// Imports from text in a test: the outcome with every error as `line field: reason`.

import type { Author } from '../../src/domain/author.ts'
import type { Db } from '../../src/db/schema.ts'
import { runImport } from '../../src/domain/import/import.ts'
import type { ImportInput, ImportOutcome } from '../../src/domain/import/import.ts'
import type { ImportError } from '../../src/domain/import/error.ts'
import { sourceOfStream } from '../../src/domain/import/source.ts'
import { noon } from './operator.ts'

/** The octets of a text, in pieces of so many. */
export async function* octetsOf(text: string | Uint8Array, piece = 1_000_000): AsyncGenerator<Uint8Array> {
  const octets = Buffer.from(text as string)
  for (let at = 0; at < octets.length; at += piece) yield octets.subarray(at, at + piece)
}

export type Tried = ImportOutcome & { found: string[] }

type Changes = Partial<Omit<ImportInput, 'source' | 'options'>> & Partial<ImportInput['options']>

/** Imports a text, create-only and all or nothing unless said otherwise. */
export async function importText(db: Db, by: Author, text: string, changes: Changes = {}, now = noon): Promise<Tried> {
  const errors: ImportError[] = []
  const { mode = 'create', partial = false, dryRun = false, mapping, ...rest } = changes
  const source = await sourceOfStream(octetsOf(text), { maximumRows: 1e6, maximumOctets: 1e9 })
  const input: ImportInput = {
    source,
    options: { mode, partial, dryRun, mapping },
    by,
    checkAttribute: (lines) =>
      lines.some((line) => line.startsWith('Nope')) ? 'there is no attribute Nope' : undefined,
    errors: async (_db, found) => {
      errors.push(...found)
    },
    ...rest,
  }
  const outcome = await runImport(db, input, now)
  const sorted = errors.toSorted((one, other) => one.line - other.line)
  return { ...outcome, found: sorted.map(({ line, field, reason }) => `${line} ${field}: ${reason}`) }
}

/** A CSV text of these rows below these columns; cells are quoted where they must be. */
export function csvOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('')
}

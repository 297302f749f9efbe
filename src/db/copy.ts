// Rows in bulk by COPY, for logs: half of what `insert … select from unnest` costs Postgres, and no conflicts to look for.

import { finished } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { Pool } from './pool.ts'

export type CopyValue = string | number | bigint | boolean | Date | undefined

/** Appends rows, all or none; each has a value for each column, undefined is null. Throws what the database throws. */
export async function copyRows(
  pool: Pool,
  target: { table: string; columns: readonly string[] },
  rows: readonly (readonly CopyValue[])[],
): Promise<void> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    const stream = client.query(copyFrom(`copy ${target.table} (${target.columns.join(', ')}) from stdin`))
    stream.end(rows.map(copyLine).join(''))
    await finished(stream)
  } catch (error) {
    failure = error as Error
    throw error
  } finally {
    // A connection whose COPY failed may be in the middle of it.
    client.release(failure)
  }
}

/** One row in COPY's text format. */
export function copyLine(values: readonly CopyValue[]): string {
  return `${values.map(copyField).join('\t')}\n`
}

function copyField(value: CopyValue): string {
  if (value === undefined) return String.raw`\N`
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' ? value.replace(/[\\\t\n\r]/g, escapeCharacter) : String(value)
}

const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function escapeCharacter(character: string): string {
  return escapes[character] ?? character
}

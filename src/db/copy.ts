// Rows in bulk by COPY, for logs: half of what `insert … select from unnest` costs Postgres, and no conflicts to look for.

import { finished } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { Pool } from './pool.ts'

export type CopyValue = string | number | bigint | boolean | Date | undefined

/** Appends rows, all or none; each is what `copyLine` makes of a value for each column. Throws what the database throws. */
export async function copyLines(
  pool: Pool,
  target: { table: string; columns: readonly string[] },
  lines: readonly string[],
): Promise<void> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    const stream = client.query(copyFrom(`copy ${target.table} (${target.columns.join(', ')}) from stdin`))
    stream.end(lines.join(''))
    await finished(stream)
  } catch (error) {
    failure = error as Error
    throw error
  } finally {
    // A connection whose COPY failed may be in the middle of it.
    client.release(failure)
  }
}

/** One row in COPY's text format; undefined is null. */
export function copyLine(values: readonly CopyValue[]): string {
  let line = ''
  for (let i = 0; i < values.length; i++) line += (i === 0 ? '' : '\t') + copyField(values[i])
  return `${line}\n`
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

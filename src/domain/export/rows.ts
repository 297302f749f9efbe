// Rows of a long select, a batch at a time, by a cursor of the database in one snapshot: memory stays small, and while one batch
// is being written the next are already on their way.

import type { RawBuilder } from 'kysely'
import { createKysely, withTransaction } from '../../db/pool.ts'
import type { Pool, PoolClient } from '../../db/pool.ts'
import type { Keyring } from '../data-key.ts'
import { fenceOf } from '../scope.ts'
import type { Scope } from '../scope.ts'
import type { TableValue } from './table.ts'

/** All columns are selected as text. */
export type TextRow = readonly (string | null)[]

/** Makes of a selected text what stands in the file. */
type Showing = { show?(text: string, keyring: Keyring): TableValue }

/** The values of a selected row as they stand in the file. */
export function shownRow(columns: readonly Showing[], row: TextRow, keyring: Keyring): TableValue[] {
  return row.map((text, at) => {
    const column = columns[at]!
    return text === null || column.show === undefined ? text : column.show(text, keyring)
  })
}

/** The same of all of them. */
export async function* shownRows(
  batches: AsyncIterable<TextRow[]>,
  columns: readonly Showing[],
  keyring: Keyring,
): AsyncGenerator<TableValue[][]> {
  for await (const rows of batches) yield rows.map((row) => shownRow(columns, row, keyring))
}

const batchSize = 500
/** Batches asked for before they are wanted: Postgres works on while a slow reader is waited for. */
const ahead = 3

/** Calls `use` with the rows of a query, as far as the scope reaches. What was opened is closed however it ends. */
export async function withRows<T>(
  pool: Pool,
  scope: Scope,
  query: RawBuilder<unknown>,
  use: (batches: AsyncIterable<TextRow[]>) => Promise<T>,
): Promise<T> {
  const builder = createKysely(pool)
  return withTransaction(pool, async (client) => {
    const run = ({ sql: text, parameters }: ReturnType<typeof query.compile>) => client.query(text, [...parameters])
    // The whole result is wanted, not its first rows; and nothing is written.
    await client.query(
      `select set_config('cursor_tuple_fraction', '1', true), set_config('transaction_read_only', 'on', true)`,
    )
    if (scope.ownerId !== undefined) await run(fenceOf(scope.ownerId).compile(builder))
    const compiled = query.compile(builder)
    await run({ ...compiled, sql: `declare exported no scroll cursor for ${compiled.sql}` })
    return use(batchesOf(client))
  })
}

async function* batchesOf(client: PoolClient): AsyncGenerator<TextRow[]> {
  // As arrays: an object for each row with a name for each cell took a third more CPU.
  const fetch = { text: `fetch forward ${batchSize} from exported`, rowMode: 'array' as const }
  const coming: Promise<TextRow[]>[] = []
  // One at a time on the connection, each at the end of the one before.
  let last: Promise<unknown> = Promise.resolve()
  const fetchNext = async (before: Promise<unknown>): Promise<TextRow[]> => {
    await before
    return (await client.query<(string | null)[]>(fetch)).rows
  }
  try {
    for (;;) {
      while (coming.length < ahead) {
        const next = fetchNext(last)
        // Told when it is awaited.
        next.catch(() => undefined)
        coming.push(next)
        last = next
      }
      const rows = await coming.shift()!
      if (rows.length === 0) return
      yield rows
    }
  } finally {
    await Promise.allSettled(coming)
  }
}

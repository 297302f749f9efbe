// Rows of a long select, a batch at a time, by a cursor of the database in one snapshot: memory stays small, and while one batch
// is being written the next is already on its way.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { runInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'

const batchSize = 500

/** Calls `use` with the rows of a query, as far as the scope reaches. What was opened is closed however it ends. */
export async function withRows<Row, T>(
  db: Db,
  scope: Scope,
  query: RawBuilder<Row>,
  use: (batches: AsyncIterable<Row[]>) => Promise<T>,
): Promise<T> {
  return runInScope(db, scope, true, async (trx) => {
    // The whole result is wanted, not its first rows; and nothing is written.
    await sql`select set_config('cursor_tuple_fraction', '1', true), set_config('transaction_read_only', 'on', true)`.execute(
      trx,
    )
    await sql`declare exported no scroll cursor for ${query}`.execute(trx)
    return use(batchesOf<Row>(trx))
  })
}

async function* batchesOf<Row>(trx: Db): AsyncGenerator<Row[]> {
  const fetchNext = async (): Promise<Row[]> => {
    const { rows } = await sql<Row>`fetch forward ${sql.lit(batchSize)} from exported`.execute(trx)
    return rows
  }
  let next: Promise<Row[]> | undefined
  try {
    let rows = await fetchNext()
    while (rows.length > 0) {
      next = fetchNext()
      // Told when it is awaited.
      next.catch(() => undefined)
      yield rows
      rows = await next
      next = undefined
    }
  } finally {
    await next?.catch(() => undefined)
  }
}

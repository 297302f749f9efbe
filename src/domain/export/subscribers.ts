// The export of subscribers: the filter of the list, the columns that were asked for, one row each in the order of their ids.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { subscriberCondition } from '../subscriber-list/filter.ts'
import type { SubscriberFilter } from '../subscriber-list/filter.ts'
import { withRows } from './rows.ts'
import { defaultExportColumns, exportColumns, rowOf, selectTexts } from './subscriber-columns.ts'
import type { ExportColumn } from './subscriber-columns.ts'
import type { Table } from './table.ts'

/** The columns that a person gets; those of a name that needs more than it may throw ForbiddenError. */
export function permittedColumns(names: readonly string[] | undefined, by: Author): ExportColumn[] {
  const columns = exportColumns(names ?? defaultExportColumns)
  for (const { permission } of columns) {
    if (permission !== undefined) requirePermission(by, permission)
  }
  return columns
}

/** Whether passwords would be among them. */
export function revealsSecrets(columns: readonly ExportColumn[]): boolean {
  return columns.some(({ permission }) => permission === 'subscriber.secret')
}

/** Hands the table of the subscribers to `use`, which must read it to its end before it resolves. */
export function withSubscribers<T>(
  db: Db,
  input: { filter: SubscriberFilter; columns: readonly ExportColumn[]; keyring: Keyring },
  scope: Author['scope'],
  now: Date,
  use: (table: Table) => Promise<T>,
): Promise<T> {
  const { filter, columns, keyring } = input
  const { select, joins } = selectTexts(columns, now)
  const query = sql<Record<string, string | null>>`
    select ${select} from subscriber ${joins}
    where ${subscriberCondition(filter, scope, now)} order by subscriber.id`
  return withRows(db, scope, query, (batches) => use({ columns, batches: shown(batches, columns, keyring) }))
}

async function* shown(
  batches: AsyncIterable<Record<string, string | null>[]>,
  columns: readonly ExportColumn[],
  keyring: Keyring,
): AsyncGenerator<ReturnType<typeof rowOf>[]> {
  for await (const rows of batches) yield rows.map((row) => rowOf(columns, row, keyring))
}

// The export of subscribers: the filter of the list, the columns that were asked for, one row each in the order of their ids.

import { sql } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { subscriberCondition } from '../subscriber-list/filter.ts'
import type { SubscriberFilter } from '../subscriber-list/filter.ts'
import { shownRows, withRows } from './rows.ts'
import { defaultExportColumns, exportColumns, selectTexts } from './subscriber-columns.ts'
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
  pool: Pool,
  input: { filter: SubscriberFilter; columns: readonly ExportColumn[]; keyring: Keyring },
  scope: Author['scope'],
  now: Date,
  use: (table: Table) => Promise<T>,
): Promise<T> {
  const { filter, columns, keyring } = input
  const { select, joins } = selectTexts(columns, now)
  const query = sql`
    select ${select} from subscriber ${joins}
    where ${subscriberCondition(filter, scope, now)} order by subscriber.id`
  return withRows(pool, scope, query, (batches) => use({ columns, batches: shownRows(batches, columns, keyring) }))
}

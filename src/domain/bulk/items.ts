// What became of each subscriber of a run: page by page, and as a table for a file. Of who has left the reach of whoever looks,
// only that there was somebody.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import type { Table, TableColumn, TableRow } from '../export/table.ts'
import { subscriberInScope } from '../scope.ts'
import { findRun } from './run.ts'

/** `left`: not worked on yet, or never. */
export const itemOutcomes = ['done', 'unchanged', 'refused', 'failed', 'left'] as const
export type ItemOutcomeName = (typeof itemOutcomes)[number]

export type BulkItem = {
  position: number
  subscriberId: bigint
  username: string | null
  name: string | null
  outcome: ItemOutcomeName
  reason: string | null
  detail: unknown
  canBeUndone: boolean
}

export type ItemPage = {
  outcomes?: readonly ItemOutcomeName[] | undefined
  /** Only those behind this position. */
  after: number
  limit: number
}

/** A page of the items of a run, in their order. Throws NotFoundError. */
export async function listItems(db: Db, runId: bigint, page: ItemPage, by: Author): Promise<BulkItem[]> {
  await findRun(db, runId, by)
  return readItems(db, runId, page, by)
}

async function readItems(db: Db, runId: bigint, page: ItemPage, by: Author): Promise<BulkItem[]> {
  const wanted =
    page.outcomes === undefined ? sql`true` : sql`coalesce(bulk_item.outcome, 'left') = any(${page.outcomes}::text[])`
  const { rows } = await sql<BulkItem>`
    select bulk_item.position, bulk_item.subscriber_id as "subscriberId", subscriber.username,
      subscriber.full_name as name, coalesce(bulk_item.outcome, 'left') as outcome, bulk_item.reason,
      case when subscriber.id is not null then bulk_item.detail end as detail,
      bulk_item.undo is not null as "canBeUndone"
    from bulk_item left join subscriber on subscriber.id = bulk_item.subscriber_id and ${subscriberInScope(by.scope)}
    where bulk_item.run_id = ${runId} and bulk_item.position > ${page.after} and ${wanted}
    order by bulk_item.position limit ${page.limit}`.execute(db)
  return rows
}

const resultColumns: readonly TableColumn[] = [
  { name: 'subscriber_id', kind: 'number', width: 12 },
  { name: 'username', kind: 'text', width: 24 },
  { name: 'outcome', kind: 'text', width: 12 },
  { name: 'reason', kind: 'text', width: 40 },
  { name: 'detail', kind: 'text', width: 40 },
]
const rowsAtOnce = 2_000

/** The results of a run as a table. Throws NotFoundError at once. */
export async function resultTable(db: Db, runId: bigint, by: Author): Promise<Table> {
  await findRun(db, runId, by)
  return { columns: resultColumns, batches: resultBatches(db, runId, by) }
}

async function* resultBatches(db: Db, runId: bigint, by: Author): AsyncGenerator<TableRow[]> {
  for (let after = 0; ;) {
    const items = await readItems(db, runId, { after, limit: rowsAtOnce }, by)
    yield items.map((item) => [
      String(item.subscriberId),
      item.username,
      item.outcome,
      item.reason,
      item.detail === null ? null : JSON.stringify(item.detail),
    ])
    const last = items.at(-1)
    if (last === undefined || items.length < rowsAtOnce) return
    after = last.position
  }
}

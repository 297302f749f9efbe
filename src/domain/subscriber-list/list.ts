// The list of subscribers: a page of rows by filter, order and columns, and how many there are in all.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { sqlState, sqlStateOf } from '../../db/errors.ts'
import type { Scope } from '../scope.ts'
import { joinsOf, selectColumns } from './columns.ts'
import type { SubscriberColumnName } from './columns.ts'
import { subscriberCondition } from './filter.ts'
import type { SubscriberFilter } from './filter.ts'
import { findPage } from './page.ts'
import type { PageInput } from './page.ts'
import type { Place } from './sort.ts'

/** A row by names of columns; values as they were selected. */
export type SubscriberRow = { id: bigint } & Partial<Record<SubscriberColumnName, unknown>>

export type SubscriberPage = { rows: SubscriberRow[]; next: Place | undefined }

/** The rows behind a place, in order, and the place where they end if there are more. What is live is read at this moment. */
export function listSubscribers(
  db: Db,
  input: PageInput & { columns: readonly SubscriberColumnName[] },
  scope: Scope,
  now: Date,
): Promise<SubscriberPage> {
  return inTransaction(db, async (trx) => {
    await useIndexes(trx)
    const places = await findPage(trx, { ...input, limit: input.limit + 1 }, scope, now)
    const shown = places.slice(0, input.limit)
    const rows = await readRows(trx, shown, input.columns, now)
    return { rows, next: places.length > input.limit ? shown.at(-1) : undefined }
  })
}

/**
 * Statements of lists go through indexes: a plan that reads a million rows for fifty is never the right one, however the
 * statistics stand. Until the end of the transaction.
 */
async function useIndexes(db: Db): Promise<void> {
  await sql`select set_config('enable_seqscan', 'off', true), set_config('random_page_cost', '1.1', true),
    set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)`.execute(db)
}

async function readRows(
  db: Db,
  places: readonly Place[],
  columns: readonly SubscriberColumnName[],
  now: Date,
): Promise<SubscriberRow[]> {
  if (places.length === 0) return []
  const names: SubscriberColumnName[] = [...new Set(['id' as const, ...columns])]
  const { rows } = await sql<SubscriberRow>`
    select ${selectColumns(names, now)}
    from unnest(${places.map((place) => place.id)}::bigint[]) with ordinality as page (id, position)
    join subscriber on subscriber.id = page.id ${joinsOf(names)}
    order by page.position`.execute(db)
  return rows
}

/** Exact, or what the planner thinks. */
export type Count = { count: number; exact: boolean }

/** Counted up to here. */
export const exactUpTo = 10_000
const countMs = 120

/** How many match: exact up to 10,000 and while counting takes at most 0.12 s, else the planner's estimate. */
export function countSubscribers(db: Db, filter: SubscriberFilter, scope: Scope, now: Date): Promise<Count> {
  return inTransaction(db, async (trx) => {
    await useIndexes(trx)
    const condition = subscriberCondition(filter, scope, now)
    const counted = await within(trx, countMs, async () => {
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count
        from (select from subscriber where ${condition} limit ${exactUpTo + 1}) as found`.execute(trx)
      return rows[0]!.count
    })
    if (counted !== undefined && counted <= exactUpTo) return { count: counted, exact: true }
    const { rows } = await sql<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>`
      explain (format json) select from subscriber where ${condition}`.execute(trx)
    const estimate = rows[0]!['QUERY PLAN'][0].Plan['Plan Rows']
    return { count: counted === undefined ? estimate : Math.max(estimate, exactUpTo + 1), exact: false }
  })
}

/** What `work` gives within the time; undefined where Postgres had to end it. The transaction goes on either way. */
async function within<T>(trx: Db, ms: number, work: () => Promise<T>): Promise<T | undefined> {
  await sql`savepoint counting`.execute(trx)
  await sql`select set_config('statement_timeout', ${String(ms)}, true)`.execute(trx)
  try {
    return await work()
  } catch (error) {
    if (sqlStateOf(error) !== sqlState.queryCanceled) throw error
    return undefined
  } finally {
    await sql`rollback to savepoint counting`.execute(trx)
  }
}

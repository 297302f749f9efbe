// Along the index of a sort: rows are looked at in order, and those that match are taken, until there are enough or a bound is
// reached. An index is gone through in segments, each a range of it: values, then nulls; or one plan after the other.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Scope } from '../scope.ts'
import type { SubscriberFilter } from './filter.ts'
import { minorDigits } from '../money.ts'
import { balanceEnds } from './balance-condition.ts'
import { columnKey, keyBounds, keyValue, namesWanted, readBalanceKey } from './sort.ts'
import type { ColumnSort, NameSort, Order, Place, Sort } from './sort.ts'

/** What a page is looked for by. */
export type Question = {
  filter: SubscriberFilter
  order: Order
  sort: Sort
  /** Behind this one. */
  after: Place | undefined
  /** Rows wanted at most. */
  limit: number
  /** Of the filter and the scope, for each use. */
  find: RawBuilder<boolean>
  check: RawBuilder<boolean>
  scope: Scope
  now: Date
}

/** A range of one index. */
export type Segment = {
  /** On the table of the sort under the alias `walked`. */
  conditions: RawBuilder<unknown>[]
  /** Of a sort by name: whose subscribers these are; null: of those that have none. */
  named?: { id: bigint; name: string } | null
}

/** What was found on the way, and what there is to go on with; none: all was looked at. */
export type Walked = { places: Place[]; rest: Segment[] }

type Row = { id: bigint; key: string | null; parent: bigint | null }

/** The segments from the place on where the page begins, in order. */
export async function findSegments(db: Db, question: Question): Promise<Segment[]> {
  const { sort } = question
  if (sort.kind === 'name') return nameSegments(db, question, sort)
  return sort.kind === 'balance' ? balanceSegments(db, question) : columnSegments(question, sort)
}

/** Rows of one statement: few at first, since the page may be full with them; then more, since each is planned anew. */
const firstChunk = 2_000
const largestChunk = 16_000

/** Places out of the first `budget` rows of the segments, in order; no more than wanted. */
export async function walk(db: Db, question: Question, segments: readonly Segment[], budget: number): Promise<Walked> {
  const places: Place[] = []
  const rest = [...segments]
  for (let left = budget, chunk = firstChunk; rest[0] !== undefined && left > 0; chunk *= 2) {
    const size = Math.min(chunk, largestChunk, left)
    const [segment] = rest
    const limit = question.limit - places.length
    const { rows } = await segmentQuery(question, segment, size, limit).execute(db)
    places.push(...rows.map((row) => placeOf(row, segment)))
    if (rows.length === limit) break
    const next = await restOf(db, question, segment, size)
    rest.splice(0, 1, ...(next === undefined ? [] : [next]))
    left -= size
  }
  return { places, rest }
}

/** Of many named segments in one statement, which ends as soon as there are enough. */
export async function walkNames(db: Db, question: Question, segments: readonly Segment[]): Promise<Place[]> {
  const { sort, check, limit, after } = question
  if (sort.kind !== 'name') throw new Error('only names have many segments')
  const column = sql.ref(`walked.${sort.column}`)
  const { direction, beyond } = directionOf(question)
  const ids = segments.map((segment) => segment.named?.id ?? null)
  const begun = after === undefined ? undefined : segments.findIndex((segment) => segment.named?.id === after.parent)
  const { rows } = await sql<{ id: bigint; position: bigint }>`
    select found.id, segment.position
    from unnest(${ids}::bigint[]) with ordinality as segment (id, position)
    cross join lateral (
      select subscriber.id
      from (
        select walked.* from subscriber walked
        where ${column} = segment.id and (segment.position - 1 <> ${begun ?? -1} or walked.id ${beyond} ${after?.id ?? 0n})
        order by ${column} ${direction}, walked.id ${direction}
        offset 0
      ) as subscriber
      where ${check}
      order by subscriber.id ${direction}
      limit ${limit}
    ) as found
    order by segment.position, found.id ${direction}
    limit ${limit}`.execute(db)
  return rows.map(({ id, position }) => placeOf({ id, key: null, parent: null }, segments[Number(position) - 1]!))
}

/** `asc` and `>`, or the other way. */
export function directionOf({ order }: Pick<Question, 'order'>): {
  direction: RawBuilder<unknown>
  beyond: RawBuilder<unknown>
} {
  return order.descending ? { direction: sql`desc`, beyond: sql`<` } : { direction: sql`asc`, beyond: sql`>` }
}

/** All of them, or none to hold. */
export function all(conditions: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)
}

function placeOf(row: Row, { named }: Segment): Place {
  if (named === undefined) return row
  return { id: row.id, key: named?.name ?? null, parent: named?.id ?? null }
}

/** The segment behind its first rows; undefined: there are no more. */
async function restOf(db: Db, question: Question, segment: Segment, size: number): Promise<Segment | undefined> {
  const { key, id } = walkedColumns(question)
  const { direction } = directionOf(question)
  const { rows } = await sql<{ key: string | null; id: bigint }>`
    select ${key}::text as key, ${id} as id from ${walkedTable(question)} where ${all(segment.conditions)}
    order by ${key} ${direction}, ${id} ${direction} offset ${size} limit 1`.execute(db)
  const [first] = rows
  if (first === undefined) return undefined
  const from = question.order.descending ? sql`<=` : sql`>=`
  const begin =
    first.key === null || segment.named !== undefined
      ? sql`${id} ${from} ${first.id}`
      : sql`(${key}, ${id}) ${from} (${walkedValue(question.sort, first.key)}, ${first.id}::bigint)`
  return { ...segment, conditions: [...segment.conditions, begin] }
}

/** What the rows of a segment are in the order of. */
function walkedColumns({ sort }: Question): { key: RawBuilder<unknown>; id: RawBuilder<unknown> } {
  if (sort.kind === 'balance') return { key: sql`walked.balance_minor`, id: sql`walked.id` }
  if (sort.kind === 'name') return { key: sql.ref(`walked.${sort.column}`), id: sql`walked.id` }
  return {
    key: columnKey(sort, 'walked'),
    id: sql.ref(sort.table === 'subscriber' ? 'walked.id' : 'walked.subscriber_id'),
  }
}

function walkedValue(sort: Sort, key: string): RawBuilder<unknown> {
  return sort.kind === 'balance' ? sql`${key}::bigint` : keyValue(sort, key)
}

function walkedTable({ sort }: Question): RawBuilder<unknown> {
  if (sort.kind === 'balance') return sql`payer walked`
  return sort.kind === 'name' ? sql`subscriber walked` : sql`${sql.table(sort.table)} walked`
}

/** `offset 0` keeps the condition out of the look-up, so that rows are checked as they come, and no further than needed. */
function segmentQuery(question: Question, { conditions }: Segment, budget: number, limit: number): RawBuilder<Row> {
  const { sort, check, after } = question
  const { direction, beyond } = directionOf(question)
  const rowsOf = (columns: RawBuilder<unknown>, key: RawBuilder<unknown>, id: RawBuilder<unknown>) =>
    sql`(select ${columns} from ${walkedTable(question)} where ${all(conditions)}
      order by ${key} ${direction}, ${id} ${direction} limit ${budget})`
  if (sort.kind === 'balance') {
    const key = sql`row(walked.currency, walked.balance_minor)`
    const rest =
      after === undefined
        ? sql`true`
        : sql`(${key}, walked.id, subscriber.id) ${beyond} (${keyValue(sort, after.key ?? '')}, ${after.parent}::bigint, ${after.id}::bigint)`
    return sql<Row>`
      select subscriber.id, ${key}::text as key, walked.id as parent
      from ${rowsOf(sql`walked.id, walked.currency, walked.balance_minor`, sql`walked.balance_minor`, sql`walked.id`)} as walked
      cross join lateral (
        select * from subscriber where subscriber.payer_id = walked.id order by subscriber.id ${direction} offset 0
      ) as subscriber
      where ${check} and ${rest}
      order by walked.balance_minor ${direction}, walked.id ${direction}, subscriber.id ${direction}
      limit ${limit}`
  }
  if (sort.kind === 'column' && sort.table !== 'subscriber') {
    const key = columnKey(sort, 'walked')
    return sql<Row>`
      select subscriber.id, walked.key::text as key, null::bigint as parent
      from ${rowsOf(sql`walked.subscriber_id, ${key} as key`, key, sql`walked.subscriber_id`)} as walked
      cross join lateral (select * from subscriber where subscriber.id = walked.subscriber_id offset 0) as subscriber
      where ${check}
      order by walked.key ${direction}, walked.subscriber_id ${direction}
      limit ${limit}`
  }
  const key = (alias: string) => (sort.kind === 'name' ? sql.ref(`${alias}.${sort.column}`) : columnKey(sort, alias))
  return sql<Row>`
    select subscriber.id, ${key('subscriber')}::text as key, null::bigint as parent
    from ${rowsOf(sql`walked.*`, key('walked'), sql`walked.id`)} as subscriber
    where ${check}
    order by ${key('subscriber')} ${direction}, subscriber.id ${direction}
    limit ${limit}`
}

function columnSegments(question: Question, sort: ColumnSort): Segment[] {
  const { order, filter, after, now } = question
  const { beyond } = directionOf(question)
  const key = columnKey(sort, 'walked')
  const id = sql.ref(sort.table === 'subscriber' ? 'walked.id' : 'walked.subscriber_id')
  const isUnique = sort.table === 'subscriber' && sort.column === 'id'
  const bounds = keyBounds(order.by, filter, key, now)
  const values: Segment = {
    conditions: [
      ...(sort.nullable === true ? [sql`${key} is not null`] : []),
      ...bounds,
      ...(after === undefined || after.key === null
        ? []
        : [
            isUnique
              ? sql`${id} ${beyond} ${after.id}`
              : sql`(${key}, ${id}) ${beyond} (${keyValue(sort, after.key)}, ${after.id}::bigint)`,
          ]),
    ],
  }
  const isBehindValues = after !== undefined && after.key === null
  const nulls: Segment = {
    conditions: [sql`${key} is null`, ...(isBehindValues ? [sql`${id} ${beyond} ${after.id}`] : [])],
  }
  if (sort.nullable !== true) return [values]
  return isBehindValues ? [nulls] : [values, nulls]
}

/** One for each currency: skipped to by the index, since there are few. */
async function balanceSegments(db: Db, question: Question): Promise<Segment[]> {
  const { after, order, filter } = question
  const { direction, beyond } = directionOf(question)
  const begun = after === undefined ? undefined : readBalanceKey(after.key ?? '')
  const { rows } = await sql<{ currency: string }>`
    with recursive used (currency) as (
      (select payer.currency from payer order by payer.currency ${direction} limit 1)
      union all
      select (select payer.currency from payer where payer.currency ${beyond} used.currency
        order by payer.currency ${direction} limit 1)
      from used where used.currency is not null
    )
    select used.currency from used where used.currency is not null`.execute(db)
  const from = order.descending ? sql`<=` : sql`>=`
  const isReached = (currency: string): boolean =>
    begun === undefined || (order.descending ? currency <= begun.currency : currency >= begun.currency)
  return rows
    .filter(({ currency }) => isReached(currency))
    .map(({ currency }) => ({
      conditions: [
        sql`walked.currency = ${currency}::bpchar`,
        ...balanceEnds(filter.balance_from, filter.balance_to, minorDigits(currency), sql`walked.balance_minor`),
        ...(begun?.currency === currency
          ? [sql`(walked.balance_minor, walked.id) ${from} (${begun.minor}::bigint, ${after?.parent}::bigint)`]
          : []),
      ],
    }))
}

async function nameSegments(db: Db, question: Question, sort: NameSort): Promise<Segment[]> {
  const { after, order, filter, scope } = question
  const { direction, beyond } = directionOf(question)
  const from = order.descending ? sql`<=` : sql`>=`
  const wanted = namesWanted(sort, filter, scope)
  const none: Segment = {
    conditions: [
      sql`${sql.ref(`walked.${sort.column}`)} is null`,
      ...(after !== undefined && after.parent === null ? [sql`walked.id ${beyond} ${after.id}`] : []),
    ],
    named: null,
  }
  const withNone = sort.nullable === true && wanted === undefined && filter.has_group !== true ? [none] : []
  if (after !== undefined && after.parent === null) return withNone
  const { rows } = await sql<{ id: bigint; name: string }>`
    select named.id, named.name from ${sql.table(sort.table)} named
    where ${wanted === undefined ? sql`true` : sql`named.id = any(${wanted}::bigint[])`}
      and ${after === undefined ? sql`true` : sql`(named.name collate "und-x-icu", named.id) ${from} (${keyValue(sort, after.key ?? '')}, ${after.parent}::bigint)`}
    order by named.name collate "und-x-icu" ${direction}, named.id ${direction}`.execute(db)
  const segments = rows.map((named): Segment => ({
    conditions: [
      sql`${sql.ref(`walked.${sort.column}`)} = ${named.id}`,
      ...(after?.parent === named.id ? [sql`walked.id ${beyond} ${after.id}`] : []),
    ],
    named,
  }))
  return [...segments, ...withNone]
}

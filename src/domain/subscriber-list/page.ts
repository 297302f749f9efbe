// One page of subscribers in order, at a million rows and any filter. Along the index of the sort for a while, where most rows
// match; all matches sorted at once, where they are few; and further along the index. Nobody knows beforehand how many match: the
// first way that fills the page or comes to the end decides.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Scope } from '../scope.ts'
import { subscriberCondition } from './filter.ts'
import type { SubscriberFilter } from './filter.ts'
import { findsFew } from './search.ts'
import { keyOf, keyValue, subscriberSort } from './sort.ts'
import type { Order, Place } from './sort.ts'
import { directionOf, findSegments, walk, walkNames } from './walk.ts'
import type { Question, Segment, Walked } from './walk.ts'

/** How far each way goes before the next is tried. */
export type Bounds = {
  /** Rows looked at along the index before another way is tried, and then on. */
  shortWalk: number
  longWalk: number
  /** Segments (plans, owners, groups) gone through one by one. */
  segments: number
  /** So many matches in the short walk promise enough in the long one. */
  likely: number
  /** Matches that are sorted at once: before the long walk, and behind it. */
  few: number
  some: number
}

const usualBounds: Bounds = {
  shortWalk: 2_000,
  longWalk: 40_000,
  segments: 3,
  likely: 15,
  few: 15_000,
  some: 60_000,
}

export type PageInput = {
  filter: SubscriberFilter
  order: Order
  /** Behind this one; undefined: the first page. */
  after: Place | undefined
  /** Rows at most. */
  limit: number
}

/** The places of the next rows, in order. Less than `limit`: there are no more. */
export async function findPage(
  db: Db,
  input: PageInput,
  scope: Scope,
  now: Date,
  bounds: Bounds = usualBounds,
): Promise<Place[]> {
  const question: Question = {
    ...input,
    sort: subscriberSort(input.order.by),
    find: subscriberCondition(input.filter, scope, now, 'find'),
    check: subscriberCondition(input.filter, scope, now, 'check'),
    scope,
    now,
  }
  const segments = await findSegments(db, question)
  let seen: Walked = { places: [], rest: segments }
  if (!isNarrow(input.filter)) {
    const first = segments.slice(0, bounds.segments)
    const walked = await walk(db, question, first, bounds.shortWalk)
    seen = { ...walked, rest: [...walked.rest, ...segments.slice(bounds.segments)] }
    if (isEnough(seen, question)) return seen.places
  }
  const far = async () => {
    seen = await walkOn(db, question, seen, bounds.longWalk)
    return isEnough(seen, question) ? seen.places : undefined
  }
  const few = () => sortMatches(db, question, bounds.few)
  const some = () => sortMatches(db, question, bounds.some)
  // Some of the first rows match: so may some of the next.
  const isLikely = seen.places.length >= bounds.likely
  for (const way of isLikely ? [far, some] : [few, far, some]) {
    const places = await way()
    if (places !== undefined) return places
  }
  // Too many to sort: so many are met on the way, though the first of the order may all be others (a large import, say).
  if (question.sort.kind === 'name') return walkAllNames(db, question, segments)
  return (await walkOn(db, question, seen, Infinity)).places
}

/** Further along the index, behind what was seen. */
async function walkOn(db: Db, question: Question, seen: Walked, budget: number): Promise<Walked> {
  const walked = await walk(db, { ...question, limit: question.limit - seen.places.length }, seen.rest, budget)
  return { places: [...seen.places, ...walked.places], rest: walked.rest }
}

function isEnough({ places, rest }: Walked, { limit }: Question): boolean {
  return places.length === limit || rest.length === 0
}

/** Whether so few can match that it is no use to look along an index. */
function isNarrow({ search, ids, payer_id: payers }: SubscriberFilter): boolean {
  return ids !== undefined || payers !== undefined || (search !== undefined && findsFew(search))
}

async function walkAllNames(db: Db, question: Question, segments: readonly Segment[]): Promise<Place[]> {
  const named = segments.filter((segment) => segment.named !== null)
  const nameless = segments.filter((segment) => segment.named === null)
  const places = await walkNames(db, question, named)
  if (places.length === question.limit) return places
  return (await walkOn(db, question, { places, rest: nameless }, Infinity)).places
}

/** The page out of all matches behind the place; undefined where there are more than `most` of them. */
async function sortMatches(db: Db, question: Question, most: number): Promise<Place[] | undefined> {
  const { sort, find, limit } = question
  const { join, key, parent } = keyOf(sort)
  const { direction } = directionOf(question)
  const { rows } = await sql<{ total: number; id: bigint | null; key: string | null; parent: bigint | null }>`
    with matching as materialized (
      select subscriber.id, ${key} as key, ${parent ?? sql`null::bigint`} as parent
      from subscriber ${join}
      where ${find} and ${behind(question)}
      limit ${most + 1}
    )
    select total.count::integer as total, page.id, page.key::text as key, page.parent
    from (select count(*) as count from matching) as total
    left join lateral (
      select * from matching
      order by matching.key ${direction} nulls last, matching.parent ${direction}, matching.id ${direction}
      limit ${limit}
    ) as page on total.count <= ${most}`.execute(db)
  if (rows[0] !== undefined && rows[0].total > most) return undefined
  return rows.flatMap(({ id, ...row }) => (id === null ? [] : [{ id, key: row.key, parent: row.parent }]))
}

/** Whether a row comes after the place that the page before ended at. */
function behind(question: Question): RawBuilder<unknown> {
  const { sort, after } = question
  if (after === undefined) return sql`true`
  const { key, parent, nullable } = keyOf(sort)
  const { beyond } = directionOf(question)
  if (after.key === null) return sql`(${key} is null and subscriber.id ${beyond} ${after.id})`
  const value = keyValue(sort, after.key)
  const later =
    parent === undefined
      ? sql`(${key}, subscriber.id) ${beyond} (${value}, ${after.id}::bigint)`
      : sql`(${key}, ${parent}, subscriber.id) ${beyond} (${value}, ${after.parent}::bigint, ${after.id}::bigint)`
  return nullable ? sql`(${later} or ${key} is null)` : later
}

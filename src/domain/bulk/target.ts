// Whom a bulk run concerns: named ones, who matches a filter, or all; never farther than the author reaches. Frozen when the
// run is begun, so that what was shown and confirmed is what happens.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { ConflictError, FieldError, NotFoundError } from '../field.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { subscriberLabelSql } from '../subscriber-label.ts'
import type { SubscriberLabel } from '../subscriber-label.ts'
import { subscriberCondition, subscriberFilter } from '../subscriber-list/filter.ts'

/** Named ones of one run at most; who means more has a filter. */
export const mostIds = 10_000
/** What a preview shows. */
const shownFirst = 20
/** Frozen by one statement: a fraction of the time that a statement of the API may take. */
const sliceSize = 50_000

/** As it comes and as it is stored, but for the ids, which are stored by their number. */
export const bulkTarget = z.union([
  z.strictObject({ ids: z.array(z.int().min(1).max(Number.MAX_SAFE_INTEGER)).min(1).max(mostIds) }),
  z.strictObject({ filter: subscriberFilter }),
  z.strictObject({ all: z.literal(true) }),
])

export type BulkTarget = z.infer<typeof bulkTarget>

export type TargetPreview = {
  count: number
  /** Ids that are not there, or not in reach. */
  missing: number
  first: { id: bigint; username: string; name: string | null; label: SubscriberLabel }[]
}

/** How many the target reaches, and the first of them. Throws NotFoundError where ids were named and none is there. */
export async function previewTarget(db: Db, target: BulkTarget, scope: Scope, now: Date): Promise<TargetPreview> {
  const condition = conditionOf(target, scope, now)
  const counted = await sql<{ count: bigint }>`
    select count(*) as count from subscriber where ${condition}`.execute(db)
  const count = Number(counted.rows[0]?.count ?? 0)
  refuseNone(target, count)
  const first = await sql<TargetPreview['first'][number]>`
    select subscriber.id, subscriber.username, subscriber.full_name as name, ${subscriberLabelSql(now)} as label
    from subscriber where ${condition} order by subscriber.id limit ${shownFirst}`.execute(db)
  return { count, missing: 'ids' in target ? new Set(target.ids).size - count : 0, first: first.rows }
}

/**
 * Writes the items of a run in the order of their ids and returns how many. Throws NotFoundError (none of the ids is there) or
 * FieldError (nobody matches).
 */
export async function freezeTarget(
  db: Db,
  input: { runId: bigint; target: BulkTarget; scope: Scope },
  now: Date,
): Promise<number> {
  const condition = conditionOf(input.target, input.scope, now)
  let total = 0
  for (let last = 0n, count = sliceSize; count === sliceSize; total += count) {
    const slice = await freezeSlice(db, { runId: input.runId, condition, after: last, offset: total })
    count = slice.count
    last = slice.last
  }
  refuseNone(input.target, total)
  return total
}

async function freezeSlice(
  db: Db,
  input: { runId: bigint; condition: RawBuilder<boolean>; after: bigint; offset: number },
): Promise<{ count: number; last: bigint }> {
  const { rows } = await sql<{ count: bigint; last: bigint | null }>`
    with chosen as materialized (
      select subscriber.id from subscriber where ${input.condition} and subscriber.id > ${input.after}
      order by subscriber.id limit ${sliceSize}
    ), frozen as (
      insert into bulk_item (run_id, position, subscriber_id)
      select ${input.runId}, ${input.offset}::integer + row_number() over (order by chosen.id), chosen.id from chosen
    )
    select count(*) as count, max(chosen.id) as last from chosen`.execute(db)
  const [slice] = rows
  return { count: Number(slice?.count ?? 0), last: slice?.last ?? input.after }
}

/**
 * Compares what was confirmed with what was found. A filter may look at what changes by itself: one in a hundred more or fewer
 * is still what was meant. Throws FieldError where nothing was confirmed and much is at stake, ConflictError where it differs.
 */
export function checkConfirmed(
  input: { target: BulkTarget; total: number; confirmCount: number | undefined },
  large: number,
): void {
  const { target, total, confirmCount } = input
  if (confirmCount === undefined) {
    if ('ids' in target || total < large) return
    throw new FieldError('confirm_count', `this reaches ${total} subscribers: confirm the count that a dry run showed`)
  }
  if (Math.abs(total - confirmCount) > Math.floor(confirmCount / 100)) {
    throw new ConflictError('confirm_count', `this reaches ${total} subscribers now, not ${confirmCount}`)
  }
}

/** The target as it is stored and shown. */
export function storedTarget(target: BulkTarget): Record<string, unknown> {
  return 'ids' in target ? { ids: new Set(target.ids).size } : target
}

/** The same for the audit trail, which outlives persons: what was searched for may be a name. */
export function auditedTarget(target: Record<string, unknown>): Record<string, unknown> {
  const { filter } = target
  if (typeof filter !== 'object' || filter === null) return target
  return { filter: 'search' in filter ? { ...filter, search: '***' } : filter }
}

function conditionOf(target: BulkTarget, scope: Scope, now: Date): RawBuilder<boolean> {
  if ('ids' in target) {
    return sql<boolean>`(subscriber.id = any(${target.ids}::bigint[]) and ${subscriberInScope(scope)})`
  }
  return subscriberCondition('filter' in target ? target.filter : {}, scope, now)
}

function refuseNone(target: BulkTarget, count: number): void {
  if (count > 0) return
  if ('ids' in target) throw new NotFoundError('subscriber', target.ids.slice(0, 5).join(', '))
  throw new FieldError('target', 'no subscriber is meant by it')
}

// A bulk run and its items as they leave, field by field.

import { z } from 'zod'
import type { BulkItem } from '../../domain/bulk/items.ts'
import { itemOutcomes } from '../../domain/bulk/items.ts'
import { bulkStates, isOpen, stateOf, throughputOf } from '../../domain/bulk/run.ts'
import type { BulkRun } from '../../domain/bulk/start.ts'
import type { TargetPreview } from '../../domain/bulk/target.ts'
import { subscriberLabels } from '../../domain/subscriber-label.ts'
import { idOut, instantOut } from '../schemas.ts'

const count = z.int().min(0)
const object = z.record(z.string(), z.unknown())

export const bulkRunOut = z
  .strictObject({
    id: idOut,
    action: z.string(),
    params: object.meta({ description: 'What the action is told; secrets are masked' }),
    target: object.meta({ description: 'What was asked for; whom it meant was frozen when the run was begun' }),
    retry_of: idOut.nullable(),
    undo_of: idOut.nullable(),
    state: z.enum(bulkStates),
    error: z.string().nullable().meta({ description: 'Why it failed, or why it was stopped' }),
    operator_id: idOut.nullable(),
    author_name: z.string(),
    counts: z.strictObject({
      total: count,
      done: count,
      unchanged: count,
      refused: count,
      failed: count,
      left: count,
    }),
    per_second: z.number().min(0).nullable().meta({ description: 'Subscribers a second' }),
    seconds_left: z.number().min(0).nullable(),
    created_at: instantOut,
    started_at: instantOut.nullable(),
    finished_at: instantOut.nullable(),
  })
  .meta({ id: 'BulkRun' })

/** A run for the API. */
export function presentBulkRun(run: BulkRun): z.input<typeof bulkRunOut> {
  const { total, done, unchanged, refused, failed } = run
  const left = total - done - unchanged - refused - failed
  const perSecond = throughputOf(run)
  return {
    id: Number(run.id),
    action: run.action,
    params: run.params as Record<string, unknown>,
    target: run.target as Record<string, unknown>,
    retry_of: numberOrNull(run.retry_of),
    undo_of: numberOrNull(run.undo_of),
    state: stateOf(run),
    error: run.error,
    operator_id: numberOrNull(run.operator_id),
    author_name: run.author_name,
    counts: { total, done, unchanged, refused, failed, left },
    per_second: perSecond === undefined ? null : round(perSecond),
    seconds_left: perSecond === undefined || perSecond === 0 || !isOpen(run) ? null : round(left / perSecond),
    created_at: run.created_at.toISOString(),
    started_at: run.started_at?.toISOString() ?? null,
    finished_at: run.finished_at?.toISOString() ?? null,
  }
}

export const bulkItemOut = z
  .strictObject({
    position: z.int().min(1),
    subscriber_id: idOut,
    username: z.string().nullable().meta({ description: 'Null: it is not there any more, or out of reach' }),
    name: z.string().nullable(),
    outcome: z.enum(itemOutcomes).meta({ description: '`left`: not worked on yet, or never' }),
    reason: z.string().nullable(),
    detail: object.nullable(),
    can_be_undone: z.boolean(),
  })
  .meta({ id: 'BulkItem' })

/** One item for the API. */
export function presentBulkItem(item: BulkItem): z.input<typeof bulkItemOut> {
  return {
    position: item.position,
    subscriber_id: Number(item.subscriberId),
    username: item.username,
    name: item.name,
    outcome: item.outcome,
    reason: item.reason,
    detail: item.detail as Record<string, unknown> | null,
    can_be_undone: item.canBeUndone,
  }
}

export const bulkPreviewOut = z
  .strictObject({
    dry_run: z.literal(true),
    count: count.meta({ description: 'How many it would reach; to be confirmed' }),
    missing: count.meta({ description: 'Ids that are not there' }),
    first: z.array(
      z.strictObject({
        id: idOut,
        username: z.string(),
        name: z.string().nullable(),
        label: z.enum(subscriberLabels),
      }),
    ),
  })
  .meta({ id: 'BulkPreview' })

/** What a dry run shows. */
export function presentPreview(preview: TargetPreview): z.input<typeof bulkPreviewOut> {
  return {
    dry_run: true,
    count: preview.count,
    missing: preview.missing,
    first: preview.first.map((one) => ({ ...one, id: Number(one.id) })),
  }
}

function numberOrNull(id: bigint | null): number | null {
  return id === null ? null : Number(id)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

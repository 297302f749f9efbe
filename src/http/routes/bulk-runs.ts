// Bulk runs: one action upon many subscribers. The API begins, shows, stops, repeats and undoes them; the background does them.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Response } from 'express'
import { z } from 'zod'
import { retryBulkRun, retryOutcomes, undoBulkRun } from '../../domain/bulk/again.ts'
import { itemOutcomes, listItems, resultTable } from '../../domain/bulk/items.ts'
import { takeRevealed } from '../../domain/bulk/reveal.ts'
import { bulkStates, findRun, listRuns, stopRun } from '../../domain/bulk/run.ts'
import { previewBulkRun, startBulkRun } from '../../domain/bulk/start.ts'
import type { BegunRun } from '../../domain/bulk/start.ts'
import { bulkTarget } from '../../domain/bulk/target.ts'
import { csvFile } from '../../domain/export/csv.ts'
import { contentTypes, fileName } from '../../domain/export/table.ts'
import type { Table } from '../../domain/export/table.ts'
import { requireProof } from '../auth.ts'
import type { Context } from '../context.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import {
  bulkItemOut,
  bulkPreviewOut,
  bulkRunOut,
  presentBulkItem,
  presentBulkRun,
  presentPreview,
} from '../present/bulk-run.ts'
import { route } from '../route.ts'
import { byId, flag, nothing, pageOf, pageQuery, words } from '../schemas.ts'

const tag = 'Bulk runs'
// Who may begin one is decided by its action.
const access = 'subscriber.read'

const newRun = z.strictObject({
  action: z.string().max(50).meta({ description: 'An action upon subscribers, such as `block`' }),
  params: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: 'What the action is told; a dry run needs not know it yet' }),
  target: bulkTarget,
  dry_run: z.boolean().default(false).meta({ description: 'Only counts, and shows the first 20' }),
  confirm_count: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'The count that a dry run showed; without ids, a large run cannot be begun without it' }),
})

const positionKey = z.tuple([z.int().min(0)]).transform(([position]) => position)

/** What is grave or large asks for a fresh proof of who one is; without one, nothing of it is committed. */
function requireProofOf(begun: BegunRun, context: Context): z.input<typeof bulkRunOut> {
  if (begun.isGrave) requireProof(context.caller, context.now)
  return presentBulkRun(begun.run)
}

function tokenOf({ caller }: Context): { tokenId?: bigint } {
  return caller?.kind === 'token' ? { tokenId: caller.id } : {}
}

async function sendCsv(response: Response, table: Table, name: string): Promise<void> {
  response.set('Content-Type', contentTypes.csv)
  response.set('Content-Disposition', `attachment; filename="${name}"`)
  await pipeline(Readable.from(csvFile(table, { bom: true })), response)
}

export const bulkRoutes = [
  route({
    method: 'post',
    path: '/bulk-runs',
    summary: 'Begin a bulk run, or show whom it would reach',
    tag,
    access,
    body: newRun,
    answer: z.union([bulkRunOut, bulkPreviewOut]),
    status: 202,
    async run(context) {
      const { db, by, body, now } = context
      const { action, params, target, dry_run: isDry, confirm_count: confirmCount } = body
      const input = { action, target, ...(confirmCount === undefined ? {} : { confirmCount }) }
      if (isDry) return presentPreview(await previewBulkRun(db, { ...input, params }, by, now))
      const told = { ...input, params: params ?? {}, ...tokenOf(context) }
      return requireProofOf(await startBulkRun(db, told, by, now), context)
    },
  }),
  route({
    method: 'get',
    path: '/bulk-runs',
    summary: 'Bulk runs, newest first: your own, and with `audit.read` those of the whole organisation',
    tag,
    access,
    query: z.strictObject({
      ...pageQuery,
      state: words(bulkStates).optional(),
      action: z.string().max(50).optional(),
      own: flag.optional(),
    }),
    answer: pageOf(bulkRunOut),
    async run({ db, by, query: { cursor, limit, ...filter } }) {
      const runs = await listRuns(db, { ...filter, before: readCursor(cursor, idKey), limit }, by)
      return { items: runs.map(presentBulkRun), next_cursor: nextCursor(runs, limit, ({ id }) => [String(id)]) }
    },
  }),
  route({
    method: 'get',
    path: '/bulk-runs/:id',
    summary: 'One bulk run and its progress',
    tag,
    access,
    params: byId,
    answer: bulkRunOut,
    run: async ({ db, by, params }) => presentBulkRun(await findRun(db, params.id, by)),
  }),
  route({
    method: 'get',
    path: '/bulk-runs/:id/items',
    summary: 'What became of each subscriber',
    tag,
    access,
    params: byId,
    query: z.strictObject({ ...pageQuery, outcome: words(itemOutcomes).optional() }),
    answer: pageOf(bulkItemOut),
    async run({ db, by, params, query: { cursor, limit, outcome } }) {
      const page = { outcomes: outcome, after: readCursor(cursor, positionKey) ?? 0, limit }
      const items = await listItems(db, params.id, page, by)
      return { items: items.map(presentBulkItem), next_cursor: nextCursor(items, limit, ({ position }) => [position]) }
    },
  }),
  route({
    method: 'get',
    path: '/bulk-runs/:id/result',
    summary: 'The results as a CSV file',
    tag,
    access,
    params: byId,
    answer: nothing,
    transaction: 'own',
    produces: [contentTypes.csv],
    async run({ services, response, by, params, now }) {
      const table = await resultTable(services.longDb, params.id, by)
      await sendCsv(response, table, fileName('bulk-run', 'csv', now))
    },
  }),
  route({
    method: 'post',
    path: '/bulk-runs/:id/reveal',
    summary:
      'What the run made up, such as new passwords, as a CSV file: once, to its author, within a day; then it is gone',
    tag,
    access: 'subscriber.credential',
    params: byId,
    answer: nothing,
    grave: true,
    reveals: true,
    transaction: 'own',
    produces: [contentTypes.csv],
    async run({ services, response, by, params, now }) {
      const { names, rows } = await takeRevealed(services.db, params.id, by, now)
      const columns = ['subscriber_id', 'username', ...names].map((name) => ({
        name,
        kind: 'text' as const,
        width: 24,
      }))
      const batches = (async function* () {
        yield rows
      })()
      await sendCsv(response, { columns, batches }, fileName('bulk-run-secrets', 'csv', now))
    },
  }),
  route({
    method: 'post',
    path: '/bulk-runs/:id/stop',
    summary: 'Stop a bulk run; what it has done stays done',
    tag,
    access,
    params: byId,
    answer: bulkRunOut,
    status: 202,
    run: async ({ db, by, params, now }) => presentBulkRun(await stopRun(db, params.id, by, now)),
  }),
  route({
    method: 'post',
    path: '/bulk-runs/:id/retry',
    summary: 'The same once more, as a new run, upon those with whom it did not go well',
    tag,
    access,
    params: byId,
    body: z
      .strictObject({
        outcomes: z
          .array(z.enum(retryOutcomes))
          .min(1)
          .default(['failed', 'refused'])
          .meta({ description: '`left`: those to whom a stopped run never came' }),
      })
      .prefault({}),
    answer: bulkRunOut,
    status: 202,
    async run(context) {
      const { db, by, params, body, now } = context
      const input = { runId: params.id, outcomes: body.outcomes, ...tokenOf(context) }
      return requireProofOf(await retryBulkRun(db, input, by, now), context)
    },
  }),
  route({
    method: 'post',
    path: '/bulk-runs/:id/undo',
    summary: 'Bring back what was, as a new run, for everybody upon whom something was done that has an inverse',
    tag,
    access,
    params: byId,
    answer: bulkRunOut,
    status: 202,
    async run(context) {
      const { db, by, params, now } = context
      return requireProofOf(await undoBulkRun(db, { runId: params.id, ...tokenOf(context) }, by, now), context)
    },
  }),
]

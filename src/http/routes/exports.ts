// Exports to files: at once as a stream, or in the background for what takes longer than anybody waits.

import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { auditExport, exportOrder, permitExport, withExport } from '../../domain/export/export.ts'
import type { ExportOrder } from '../../domain/export/export.ts'
import { exportNouns } from '../../domain/export/nouns.ts'
import type { ExportNoun } from '../../domain/export/nouns.ts'
import { beginExport, findExport, listExports, stopExport, takeExportFile } from '../../domain/export/run.ts'
import { contentTypes, fileFormats } from '../../domain/export/table.ts'
import { NotFoundError } from '../../domain/field.ts'
import { runInScope } from '../../domain/scope.ts'
import { subscriberFilter } from '../../domain/subscriber-list/filter.ts'
import { requireProof } from '../auth.ts'
import type { Context, Services } from '../context.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { Problem } from '../errors.ts'
import { announceFile, sendFile } from '../file-answer.ts'
import { exportOut, presentExport } from '../present/file-run.ts'
import { route } from '../route.ts'
import { byId, flag, nothing, pageOf, pageQuery } from '../schemas.ts'
import { filterQuery, readFilter } from '../subscriber-query.ts'

const tag = 'Export'
const access = 'export.run'
const produces = Object.values(contentTypes)

const formQuery = {
  format: z.enum(fileFormats).default('csv'),
  bom: flag.default(false).meta({ description: 'Begins CSV with a byte order mark, for Excel' }),
}
const columnsQuery = z
  .string()
  .max(4_000)
  .transform((list) => list.split(','))
  .optional()
  .meta({ description: 'Names apart by commas; without it all that an import takes and that is not secret' })

/** Each holds a connection for as long as its taker takes. */
const mostAtOnce = 3
/** An export whose last octet was taken a moment ago may still hold its place: whoever comes next waits so long for one. */
const patienceMs = 2_000
type Places = { free: number; waiting: (() => void)[] }
const placesOf = new WeakMap<Services, Places>()

async function oneOfFew(services: Services, work: () => Promise<void>): Promise<void> {
  const places = placesOf.get(services) ?? { free: mostAtOnce, waiting: [] }
  placesOf.set(services, places)
  if (places.free > 0) places.free -= 1
  else await nextPlace(places)
  try {
    await work()
  } finally {
    const next = places.waiting.shift()
    if (next === undefined) places.free += 1
    else next()
  }
}

/** Resolves when a place is handed over. Throws Problem where none is in time. */
async function nextPlace({ waiting }: Places): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  waiting.push(resolve)
  const timer = setTimeout(() => {
    waiting.splice(waiting.indexOf(resolve), 1)
    const headers = { 'Retry-After': '10' }
    reject(
      new Problem('too-many-requests', 'other exports are under way: try later, or in the background', { headers }),
    )
  }, patienceMs)
  await promise.finally(() => clearTimeout(timer))
}

async function stream(context: Context, order: ExportOrder): Promise<void> {
  const { services, by, caller, request, response, now } = context
  const permitted = permitExport(order, by)
  if (permitted.grave) requireProof(caller, now)
  await oneOfFew(services, async () => {
    await auditExport(services.db, permitted, by, now)
    announceFile(response, order.noun, order.format, now)
    await withExport(services.longPool, permitted, by, now, (file) => sendFile(request, response, file))
  })
}

/** Absent where it was not said. */
function given<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]: Value })
}

/** Opened when its first octet is asked for: HEAD never does. */
async function* octetsOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>
}

const nounTitles: Readonly<Record<ExportNoun, string>> = {
  sessions: 'Sessions',
  ledger: 'Movements of money',
  'access-log': 'Access decisions',
  audit: 'Audit entries, without personal values',
  operators: 'Operators',
}

const nounRoutes = exportNouns.map((noun) =>
  route({
    method: 'get',
    path: `/exports/${noun}`,
    summary: `${nounTitles[noun]} as a file`,
    tag,
    access,
    query: z.strictObject({
      ...formQuery,
      from: z.iso.datetime({ offset: true }).optional(),
      to: z.iso.datetime({ offset: true }).optional(),
    }),
    answer: nothing,
    transaction: 'own',
    produces,
    run: (context) => {
      const { format, bom, from, to } = context.query
      return stream(context, { noun, format, bom, ...given('from', from), ...given('to', to) })
    },
  }),
)

/** Where a path says `export` in place of an id: to stand before the routes of one subscriber. */
export const subscriberExportRoutes = [
  route({
    method: 'get',
    path: '/subscribers/export',
    summary: 'Subscribers as a file, filtered as the list; passwords and everybody ask for a fresh proof of who one is',
    tag,
    access,
    query: z.strictObject({ ...formQuery, columns: columnsQuery, ...filterQuery }),
    answer: nothing,
    transaction: 'own',
    produces,
    run: (context) => {
      const { format, bom, columns, ...filter } = context.query
      return stream(context, {
        noun: 'subscribers',
        format,
        bom,
        ...given('columns', columns),
        filter: readFilter(filter),
      })
    },
  }),
  route({
    method: 'post',
    path: '/subscribers/export',
    summary: 'The same, with the filter as a body',
    tag,
    access,
    body: z.strictObject({
      format: z.enum(fileFormats).default('csv'),
      bom: z.boolean().default(false),
      columns: z.array(z.string().min(1).max(50)).min(1).max(120).optional(),
      filter: subscriberFilter.default({}),
    }),
    answer: nothing,
    transaction: 'own',
    produces,
    run: (context) => {
      const { columns, ...order } = context.body
      return stream(context, { noun: 'subscribers', ...order, ...given('columns', columns) })
    },
  }),
]

export const exportRoutes = [
  ...nounRoutes,
  route({
    method: 'post',
    path: '/exports',
    summary: 'Have a file made in the background',
    tag,
    access,
    body: exportOrder,
    answer: exportOut,
    status: 202,
    async run({ db, by, caller, body, now }) {
      const permitted = permitExport(body, by)
      if (permitted.grave) requireProof(caller, now)
      const tokenId = caller?.kind === 'token' ? caller.id : null
      return presentExport(await beginExport(db, { permitted, tokenId }, by, now))
    },
  }),
  route({
    method: 'get',
    path: '/exports',
    summary: 'Your exports in the background, newest first',
    tag,
    access,
    query: z.strictObject(pageQuery),
    answer: pageOf(exportOut),
    async run({ db, by, query: { cursor, limit } }) {
      const runs = await listExports(db, { before: readCursor(cursor, idKey), limit }, by)
      return { items: runs.map(presentExport), next_cursor: nextCursor(runs, limit, ({ id }) => [String(id)]) }
    },
  }),
  route({
    method: 'get',
    path: '/exports/:id',
    summary: 'One export and its progress',
    tag,
    access,
    params: byId,
    answer: exportOut,
    run: async ({ db, by, params }) => presentExport(await findExport(db, params.id, by)),
  }),
  route({
    method: 'get',
    path: '/exports/:id/file',
    summary: 'The file of an export that is done; kept for a week',
    tag,
    access,
    params: byId,
    answer: nothing,
    transaction: 'own',
    produces,
    async run({ services, request, response, by, params, now }) {
      const { run, name } = await runInScope(services.db, by.scope, true, (db) =>
        takeExportFile(db, params.id, by, now),
      )
      const path = join(services.fileDirectory, name)
      // Made by an instance with another folder, or removed by hand.
      if (!existsSync(path)) throw new NotFoundError('file of the export', String(run.id))
      announceFile(response, run.noun, run.format, run.created_at)
      response.set('Content-Length', run.octets.toString())
      await sendFile(request, response, octetsOf(path))
    },
  }),
  route({
    method: 'post',
    path: '/exports/:id/stop',
    summary: 'Stop an export',
    tag,
    access,
    params: byId,
    answer: exportOut,
    status: 202,
    run: async ({ db, by, params, now }) => presentExport(await stopExport(db, params.id, by, now)),
  }),
]

// Imports of subscribers: a file is sent and taken, the background does the rest; its progress and the errors of its rows.

import { z } from 'zod'
import { csvFile } from '../../domain/export/csv.ts'
import { contentTypes, fileFormats } from '../../domain/export/table.ts'
import type { Table, TableRow } from '../../domain/export/table.ts'
import { xlsxFile } from '../../domain/export/xlsx.ts'
import { changePermission, createPermission, importColumns, otherNames } from '../../domain/import/column.ts'
import type { ImportOptions } from '../../domain/import/import.ts'
import { ImportFileError } from '../../domain/import/file-error.ts'
import { receiveFile, removeFile } from '../../domain/import/receive.ts'
import type { Author } from '../../domain/author.ts'
import { FieldError } from '../../domain/field.ts'
import { beginImport, checkMapping, findImport, listErrors, listImports, stopImport } from '../../domain/import/run.ts'
import type { Db } from '../../db/schema.ts'
import { runInScope } from '../../domain/scope.ts'
import { readSettings } from '../../domain/setting.ts'
import type { Context } from '../context.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { Problem } from '../errors.ts'
import { announceFile, sendFile } from '../file-answer.ts'
import { importErrorOut, importOut, presentImport } from '../present/file-run.ts'
import { route } from '../route.ts'
import { byId, flag, nothing, pageOf, pageQuery } from '../schemas.ts'

const tag = 'Import'
const access = 'subscriber.create'
const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const longestMapping = 8_000

const mapping = z
  .string()
  .max(longestMapping)
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' })
      return z.NEVER
    }
  })
  .pipe(z.record(z.string().min(1).max(200), z.string().max(100)))

const optionsQuery = z.strictObject({
  mode: z
    .enum(['create', 'upsert'])
    .default('create')
    .meta({ description: 'Whether subscribers may be there already' }),
  dry_run: flag.default(false).meta({ description: 'Only checks' }),
  partial: flag.default(false).meta({ description: 'Good rows are written where others are bad' }),
  again: flag.default(false).meta({ description: 'Also where just this was imported before' }),
  mapping: mapping.optional().meta({
    description: "JSON: the file's own names of columns to ours; an empty one is not read",
    type: 'string',
  }),
})

/** Takes the body into the folder of files. */
async function receive({ request, services }: Context): Promise<Awaited<ReturnType<typeof receiveFile>>> {
  const settings = await readSettings(services.db)
  const maximumOctets = settings.import_maximum_mb * 1_000_000
  const tooLarge = (detail: string) => new Problem('too-large', detail, { headers: { Connection: 'close' } })
  if (Number(request.headers['content-length'] ?? 0) > maximumOctets) {
    throw tooLarge(`the file has more than ${settings.import_maximum_mb} MB`)
  }
  const format = request.is(xlsx) === false ? 'csv' : 'xlsx'
  // The connection is still needed for the answer when the file is broken off.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  try {
    return await receiveFile(body, { folder: services.fileDirectory, format, maximumOctets })
  } catch (error) {
    if (!(error instanceof ImportFileError)) throw error
    if (error.message.includes('empty')) throw new FieldError('file', error.message)
    throw tooLarge(error.message)
  }
}

type Sent = z.output<typeof optionsQuery>

function optionsOf({ mode, partial, dry_run: dryRun, mapping: names }: Sent): ImportOptions {
  return { mode, partial, dryRun, ...(names === undefined ? {} : { mapping: names }) }
}

const errorKey = z.tuple([z.int().min(0), z.string().regex(/^\d{1,19}$/)])
const rowsAtOnce = 2_000

/** All errors of a run, batch by batch. */
async function* errorRows(db: Db, runId: bigint, by: Author): AsyncGenerator<TableRow[]> {
  for (let after: readonly [number, bigint] | undefined; ;) {
    const input = { runId, after, limit: rowsAtOnce }
    const errors = await runInScope(db, by.scope, false, (trx) => listErrors(trx, input, by))
    yield errors.map(({ line, field, reason }) => [String(line), field, reason])
    const last = errors.at(-1)
    if (last === undefined || errors.length < rowsAtOnce) return
    after = [last.line, last.id]
  }
}

const errorColumns: Table['columns'] = [
  { name: 'line', kind: 'number', width: 8 },
  { name: 'field', kind: 'text', width: 20 },
  { name: 'reason', kind: 'text', width: 60 },
]

/** The columns that the author may fill. */
function templateColumns(by: Author): Table['columns'] {
  return importColumns
    .filter((column) =>
      [createPermission(column)].every((needed) => needed === undefined || by.permissions.has(needed)),
    )
    .map((name) => ({ name, kind: 'text' as const, width: 20 }))
}

async function* noRows(): AsyncGenerator<TableRow[]> {
  // A header alone.
}

export const importRoutes = [
  route({
    method: 'post',
    path: '/imports',
    summary: 'Send a file of subscribers, CSV or XLSX; the same file with the same options is the same import',
    tag,
    access,
    query: optionsQuery,
    upload: ['text/csv', xlsx],
    answer: importOut,
    status: 202,
    // The file takes as long as its sender's line.
    transaction: 'none',
    async run(context) {
      const { services, by, query, caller, now } = context
      checkMapping(query.mapping ?? {})
      const file = await receive(context)
      const tokenId = caller?.kind === 'token' ? caller.id : null
      const input = { file, options: optionsOf(query), again: query.again, tokenId }
      const drop = () => removeFile(services.fileDirectory, file.name)
      try {
        const begun = await runInScope(services.db, by.scope, true, (db) => beginImport(db, input, by, now))
        if (begun.kind === 'known') await drop()
        return presentImport(begun.run)
      } catch (error) {
        await drop()
        throw error
      }
    },
  }),
  route({
    method: 'get',
    path: '/imports',
    summary: 'Imports, newest first: your own, and with `audit.read` those of the whole organisation',
    tag,
    access,
    query: z.strictObject(pageQuery),
    answer: pageOf(importOut),
    async run({ db, by, query: { cursor, limit } }) {
      const runs = await listImports(db, { before: readCursor(cursor, idKey), limit }, by)
      return { items: runs.map(presentImport), next_cursor: nextCursor(runs, limit, ({ id }) => [String(id)]) }
    },
  }),
  route({
    method: 'get',
    path: '/imports/columns',
    summary:
      'The columns that a file may have, their names in other systems, and what you need to change each of a subscriber',
    tag,
    access,
    answer: z.strictObject({
      items: z.array(z.strictObject({ name: z.string(), aliases: z.array(z.string()), permission: z.string() })),
    }),
    run: async () => ({
      items: importColumns.map((name) => ({
        name,
        aliases: [...otherNames(name)],
        permission: changePermission(name),
      })),
    }),
  }),
  route({
    method: 'get',
    path: '/imports/template',
    summary: 'A file with the header row alone',
    tag,
    access,
    query: z.strictObject({ format: z.enum(fileFormats).default('csv') }),
    answer: nothing,
    transaction: 'own',
    produces: Object.values(contentTypes),
    async run({ request, response, by, query: { format }, now }) {
      const table = { columns: templateColumns(by), batches: noRows() }
      announceFile(response, 'import-template', format, now)
      await sendFile(request, response, format === 'csv' ? csvFile(table, { bom: true }) : xlsxFile(table))
    },
  }),
  route({
    method: 'get',
    path: '/imports/:id',
    summary: 'One import and its progress',
    tag,
    access,
    params: byId,
    answer: importOut,
    run: async ({ db, by, params }) => presentImport(await findImport(db, params.id, by)),
  }),
  route({
    method: 'get',
    path: '/imports/:id/errors',
    summary: 'What is wrong with rows of the file, by line',
    tag,
    access,
    params: byId,
    query: z.strictObject(pageQuery),
    answer: pageOf(importErrorOut),
    async run({ db, by, params, query: { cursor, limit } }) {
      const key = readCursor(cursor, errorKey)
      const after = key === undefined ? undefined : ([key[0], BigInt(key[1])] as const)
      const errors = await listErrors(db, { runId: params.id, after, limit }, by)
      return {
        items: errors.map(({ line, field, reason }) => ({ line, field, reason })),
        next_cursor: nextCursor(errors, limit, ({ line, id }) => [line, String(id)]),
      }
    },
  }),
  route({
    method: 'get',
    path: '/imports/:id/errors/file',
    summary: 'The same, all of it, as a CSV file',
    tag,
    access,
    params: byId,
    answer: nothing,
    transaction: 'own',
    produces: [contentTypes.csv],
    async run({ services, request, response, by, params, now }) {
      await runInScope(services.db, by.scope, false, (db) => findImport(db, params.id, by))
      const table = { columns: errorColumns, batches: errorRows(services.longDb, params.id, by) }
      announceFile(response, 'import-errors', 'csv', now)
      await sendFile(request, response, csvFile(table, { bom: true }))
    },
  }),
  route({
    method: 'post',
    path: '/imports/:id/stop',
    summary: 'Stop an import: all or nothing leaves nothing, a partial one what it has written',
    tag,
    access,
    params: byId,
    answer: importOut,
    status: 202,
    run: async ({ db, by, params, now }) => presentImport(await stopImport(db, params.id, by, now)),
  }),
]

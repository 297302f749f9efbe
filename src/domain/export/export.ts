// One export of anything: who may have it, what of it is grave, and its file as a stream. Every export is in the audit trail (A05)
// before its first row leaves.

import { z } from 'zod'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import { requirePermission } from '../author.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { runInScope } from '../scope.ts'
import { permitFilter, subscriberFilter } from '../subscriber-list/filter.ts'
import { csvFile } from './csv.ts'
import { exportNouns, nounPermission, withNoun } from './nouns.ts'
import { permittedColumns, revealsSecrets, withSubscribers } from './subscribers.ts'
import type { ExportColumn } from './subscriber-columns.ts'
import { fileFormats } from './table.ts'
import type { Table } from './table.ts'
import { xlsxFile } from './xlsx.ts'

const instant = z.iso.datetime({ offset: true })
const form = { format: z.enum(fileFormats).default('csv'), bom: z.boolean().default(false) }

/** What is exported, as JSON. */
export const exportOrder = z.discriminatedUnion('noun', [
  z.strictObject({
    noun: z.literal('subscribers'),
    ...form,
    columns: z.array(z.string().min(1).max(50)).min(1).max(120).optional(),
    filter: subscriberFilter.default({}),
  }),
  z.strictObject({ noun: z.enum(exportNouns), ...form, from: instant.optional(), to: instant.optional() }),
])

export type ExportOrder = z.infer<typeof exportOrder>

/** An order that its author may give; `grave`: passwords are in it, or it is everybody. */
export type PermittedExport = { order: ExportOrder; columns: readonly ExportColumn[]; grave: boolean }

/** Throws ForbiddenError or FieldError. */
export function permitExport(order: ExportOrder, by: Author): PermittedExport {
  requirePermission(by, 'export.run')
  if (order.noun !== 'subscribers') {
    requirePermission(by, nounPermission(order.noun))
    return { order, columns: [], grave: false }
  }
  requirePermission(by, 'subscriber.read')
  permitFilter(order.filter, by)
  const columns = permittedColumns(order.columns, by)
  return { order, columns, grave: revealsSecrets(columns) || Object.keys(order.filter).length === 0 }
}

/** Writes down that this leaves; call it before the first row does. */
export async function auditExport(db: Db, { order, columns }: PermittedExport, by: Author, now: Date): Promise<void> {
  const what =
    order.noun === 'subscribers'
      ? { columns: columns.map(({ name }) => name), filter_fields: Object.keys(order.filter) }
      : { from: order.from ?? null, to: order.to ?? null }
  const deed = {
    action: 'export.run',
    noun: order.noun,
    rowId: null,
    ownerId: by.scope.ownerId ?? null,
    after: { format: order.format, ...what },
  }
  await runInScope(db, by.scope, true, (trx) => writeAudit(trx, deed, by, now))
}

/** Hands the octets of the file to `use`, which must read them to their end before it resolves. */
export function withExport<T>(
  pool: Pool,
  { order, columns }: PermittedExport,
  by: Author & { keyring: Keyring },
  now: Date,
  use: (file: AsyncGenerator<Buffer>) => Promise<T>,
): Promise<T> {
  const write = (table: Table) => use(order.format === 'csv' ? csvFile(table, order) : xlsxFile(table))
  if (order.noun === 'subscribers') {
    return withSubscribers(pool, { filter: order.filter, columns, keyring: by.keyring }, by.scope, now, write)
  }
  const { noun, from, to } = order
  return withNoun(pool, { noun, from: dateOf(from), to: dateOf(to) }, by, write)
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}

// What an export of subscribers may hold: every column that a file may bring back (import/column.ts) and all that the list shows.
// Each is selected as text; what a person may not see is not to be had.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { openCredential } from '../credential.ts'
import type { CredentialKind } from '../credential.ts'
import type { Keyring } from '../data-key.ts'
import { FieldError, quote } from '../field.ts'
import { headerName, importColumns } from '../import/column.ts'
import type { ImportColumn } from '../import/column.ts'
import { showLineId } from '../line-id.ts'
import type { Permission } from '../operator/permission.ts'
import { isSubscriberColumn, joinsText, subscriberColumn } from '../subscriber-list/columns.ts'
import type { ColumnKind, JoinName, SubscriberColumnName } from '../subscriber-list/columns.ts'
import { none } from './table.ts'
import type { TableColumn, TableValue } from './table.ts'

/** A column of the file: how its text is selected, and what is made of it here. */
export type ExportColumn = TableColumn & {
  /** Beyond seeing and exporting. */
  permission?: Permission
  joins?: readonly JoinName[]
  sql(now: Date): RawBuilder<unknown>
  show?(value: string, keyring: Keyring): TableValue
}

const instantWidth = 25
const widths: Readonly<Record<ColumnKind, number>> = {
  text: 20,
  instant: instantWidth,
  octets: 18,
  money: 12,
  integer: 10,
  number: 12,
  boolean: 8,
  list: 24,
}
const numbers: readonly ColumnKind[] = ['octets', 'money', 'integer', 'number']

/** What comes back in another way than the list shows it, or is not in the list. */
const own: Partial<Record<ImportColumn, Omit<ExportColumn, 'name'>>> = {
  password: secretColumn('clear', 24),
  nt_hash: secretColumn('nt-hash', 34),
  grace_until: markedInstant(sql`subscriber.grace_until`),
  activated_at: markedInstant(sql`subscriber.activated_at`),
  // Never as `1e-05`, which nobody types.
  latitude: { kind: 'number', width: 12, sql: () => sql`subscriber.latitude::numeric` },
  longitude: { kind: 'number', width: 12, sql: () => sql`subscriber.longitude::numeric` },
  bound_macs: { ...textColumn(30, sql`macs.bound`), joins: ['macs'] },
  learnt_macs: { ...textColumn(30, sql`macs.learnt`), joins: ['macs'] },
  static_addresses: textColumn(
    30,
    listOf(
      sql`subscriber_address fixed where fixed.subscriber_id = subscriber.id`,
      sql`string_agg(case when masklen(fixed.prefix) = case family(fixed.prefix) when 4 then 32 else 128 end
        then host(fixed.prefix) else fixed.prefix::text end, ' ' order by fixed.id)`,
    ),
  ),
  routes: textColumn(
    30,
    listOf(
      sql`subscriber_route kept where kept.subscriber_id = subscriber.id`,
      sql`string_agg(kept.route, E'\n' order by kept.id)`,
    ),
  ),
  attributes: textColumn(30, sql`nullif(array_to_string(subscriber.attributes, E'\n'), '')`),
  session_limit: { kind: 'number', width: 10, sql: () => sql`subscriber.session_limit` },
  device_limit: { kind: 'number', width: 10, sql: () => sql`subscriber.device_limit` },
  circuit_id: octetsColumn('circuit_id'),
  remote_id: octetsColumn('remote_id'),
  duid: octetsColumn('duid'),
  bound_nas_group: textColumn(
    16,
    sql`case when subscriber.bound_nas_group_id is not null
      then (select bound.name from nas_group bound where bound.id = subscriber.bound_nas_group_id) end`,
  ),
  // Who has a payer of its own gets another of its own; who shares one, or has a company's, names it.
  payer: {
    ...textColumn(
      20,
      sql`case when payer.kind <> 'own' or exists (select from subscriber other where other.payer_id = subscriber.payer_id
        and other.id <> subscriber.id and other.archived_at is null) then payer.name end`,
    ),
    joins: ['payer'],
  },
}

/** Of what few have: to look whether there is any costs less than to gather nothing (0.2 µs a row, and 0.9). */
function listOf(rows: RawBuilder<unknown>, gathered: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`case when exists (select from ${rows}) then (select ${gathered} from ${rows}) end`
}

function textColumn(width: number, value: RawBuilder<unknown>): Omit<ExportColumn, 'name'> {
  return { kind: 'text', width, sql: () => value }
}

/** An instant that would be made up of others where none is named. */
function markedInstant(value: RawBuilder<unknown>): Omit<ExportColumn, 'name'> {
  const marked = sql`case when ${value} is null and subscriber.expires_at is not null then 'none' else ${value}::text end`
  return {
    kind: 'text',
    width: instantWidth,
    sql: () => marked,
    show: (text) => (text === 'none' ? none : isoOfText(text)),
  }
}

function octetsColumn(name: string): Omit<ExportColumn, 'name'> {
  return {
    kind: 'text',
    width: 24,
    sql: () => sql`encode(${sql.ref(`subscriber.${name}`)}, 'hex')`,
    show: (hex) => showLineId(Buffer.from(hex, 'hex')),
  }
}

/** The place of a credential's seal is its subscriber: its id is selected beside it. */
function secretColumn(kind: Exclude<CredentialKind, 'verifier'>, width: number): Omit<ExportColumn, 'name'> {
  return {
    kind: 'text',
    width,
    permission: 'subscriber.secret',
    sql: () => sql`(select credential.subscriber_id::text || ' ' || encode(credential.secret, 'hex') from credential
      where credential.subscriber_id = subscriber.id and credential.kind = ${sql.lit(kind)})`,
    show(text, keyring) {
      const [id, hex] = text.split(' ')
      const secret = openCredential(keyring, BigInt(id!), kind, Buffer.from(hex!, 'hex'))
      return secret.toString(kind === 'clear' ? 'utf8' : 'hex')
    },
  }
}

/** A column by its name in the list, or in a file that is imported; undefined where there is none. */
export function exportColumn(name: string): ExportColumn | undefined {
  const special = isImportColumn(name) ? own[name] : undefined
  if (special !== undefined) return { name: headerName(name), ...special }
  return isSubscriberColumn(name) ? listColumn(name) : undefined
}

function isImportColumn(name: string): name is ImportColumn {
  return importColumns.some((column) => column === name)
}

function listColumn(name: SubscriberColumnName): ExportColumn {
  const { kind, permission, joins, sql: select } = subscriberColumn(name)
  // An id says nothing to whoever gets the file, and something to whoever collects them.
  const needed = permission ?? (name === 'id' || name.endsWith('_id') ? 'subscriber.edit' : undefined)
  return {
    name: headerName(name),
    kind: numbers.includes(kind) ? 'number' : 'text',
    width: widths[kind],
    joins,
    sql: kind === 'list' ? (now) => sql`array_to_string(${select(now)}, ' ')` : select,
    ...(kind === 'instant' ? { show: isoOfText } : {}),
    ...(needed === undefined ? {} : { permission: needed }),
  }
}

/** What an export holds where no columns are named: all that can be brought back and is not secret. */
export const defaultExportColumns: readonly string[] = importColumns.filter(
  (name) => exportColumn(name)?.permission === undefined,
)

/** The columns of these names. Throws FieldError for a name there is not, or that is named twice. */
export function exportColumns(names: readonly string[]): ExportColumn[] {
  const columns = names.map((name) => {
    const column = exportColumn(name)
    if (column === undefined) throw new FieldError('columns', `there is no column ${quote(name)}`)
    return column
  })
  if (new Set(names).size < names.length) throw new FieldError('columns', 'one is named twice')
  return columns
}

/** `select` list and joins of the columns, each as text. */
export function selectTexts(
  columns: readonly ExportColumn[],
  now: Date,
): { select: RawBuilder<unknown>; joins: RawBuilder<unknown> } {
  const select = sql.join(columns.map((column, at) => sql`(${column.sql(now)})::text as ${sql.id(`c${at}`)}`))
  return { select, joins: joinsText(columns.flatMap(({ joins }) => joins ?? [])) }
}

/** `2026-11-22 12:00:00.5+00`, as Postgres says it in UTC, in ISO 8601 with milliseconds. */
export function isoOfText(text: string): string {
  const fraction = text[19] === '.' ? text.slice(20, text.indexOf('+', 20)).slice(0, 3).padEnd(3, '0') : '000'
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`
}

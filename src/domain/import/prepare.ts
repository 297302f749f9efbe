// Rows of a file made ready to be written: read, joined with what is there already, their names turned into ids, and checked
// against what the author may change. Nothing is written here.

import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { openCredential } from '../credential.ts'
import type { NewCredential } from '../credential.ts'
import type { Keyring } from '../data-key.ts'
import { FieldError, quote } from '../field.ts'
import type { Settings } from '../setting.ts'
import { requireZone } from '../subscriber/zone.ts'
import { changePermission, createPermission } from './column.ts'
import type { Header, ImportColumn } from './column.ts'
import type { Report } from './error.ts'
import { findExisting, findTaken } from './existing.ts'
import type { Existing, Known } from './existing.ts'
import type { FileRow } from './file-error.ts'
import { resolveRow } from './names.ts'
import type { Kept, Names, ResolvedRow } from './names.ts'
import { readRow, readValues } from './row.ts'
import type { ImportRow, RowOptions, Value, Values } from './row.ts'
import { columnValue } from './row-value.ts'

export type ImportMode = 'create' | 'upsert'

/** What a run imports by. */
export type ImportContext = {
  mode: ImportMode
  header: Header
  names: Names
  settings: Settings
  by: Author
  keyring: Keyring
  checkAttribute: RowOptions['checkAttribute']
}

/** `unchanged`: a subscriber that is just so already. */
export type Prepared =
  | { kind: 'create'; row: ResolvedRow }
  | { kind: 'update'; row: ResolvedRow; existing: Existing; changed: ReadonlySet<ImportColumn> }
  | { kind: 'unchanged'; line: number }
  /** Has an error that was reported; what else is wrong with it is still looked for. */
  | { kind: 'bad'; row: ImportRow }

/** Makes rows ready; what is wrong with them is reported. `onRow` sees every row. */
export async function prepareRows(
  db: Db,
  context: ImportContext,
  read: readonly ReadRow[],
  options: { report: Report; lock: boolean; onRow?: (row: ImportRow) => void },
  now: Date,
): Promise<Prepared[]> {
  const { width } = context.header
  for (const { line, cells } of read) {
    if (cells !== width) options.report(line, 'row', `has ${cells} cells, the header has ${width}`)
  }
  const known = await findKnown(db, context, read.map(usernameOf), options.lock, now)
  return read.map((one) => prepareRow(context, one, { known: known.get(usernameOf(one)), ...options }))
}

/** A row as it can be read without the database; `cells` counts them. */
export type ReadRow = {
  line: number
  cells: number
  values: Map<ImportColumn, Value>
  first: ReturnType<typeof readRow>
}

/** Reads rows of a file by themselves. */
export function readRows(context: ImportContext, rows: readonly FileRow[]): ReadRow[] {
  return rows.map(({ line, cells }) => {
    const values = readValues(context.header, cells)
    return { line, cells: cells.length, values, first: readRow(line, values, optionsOf(context)) }
  })
}

function optionsOf({ settings, checkAttribute }: ImportContext): RowOptions {
  return { settings, checkAttribute }
}

function usernameOf({ first }: ReadRow): string {
  return first.row.fields.username
}

async function findKnown(
  db: Db,
  { mode, by, keyring }: ImportContext,
  usernames: readonly string[],
  lock: boolean,
  now: Date,
): Promise<Map<string, Known>> {
  if (mode === 'create') return findTaken(db, by.scope, usernames)
  return findExisting(db, { scope: by.scope, usernames, keyring, lock }, now)
}

type RowReporting = { known: Known | undefined; report: Report; onRow?: (row: ImportRow) => void }

function prepareRow(context: ImportContext, read: ReadRow, options: RowReporting): Prepared {
  const { known, report, onRow } = options
  if (known?.kind === 'existing') return prepareUpdate(context, read, { existing: known.existing, report, onRow })
  const { row, errors } = read.first
  onRow?.(row)
  for (const { field, reason } of errors) report(row.line, field, reason)
  const resolved = resolveRow(context.names, row, report)
  if (known !== undefined) report(row.line, 'username', takenReason(row.fields.username, known, context.mode))
  const denied = [...row.values.keys()].filter((column) => !mayCreate(context, column))
  for (const column of denied) report(row.line, column, `needs the permission ${createPermission(column)}`)
  const isInReach = checkReach(context, row, report)
  const isGood = errors.length === 0 && known === undefined && denied.length === 0 && isInReach
  return resolved === undefined || !isGood ? { kind: 'bad', row } : { kind: 'create', row: resolved }
}

function takenReason(username: string, known: Known & { kind: 'taken' }, mode: ImportMode): string {
  if (mode === 'upsert' && known.isDeleted) return `${quote(username)} is deleted: restore it first`
  return `there is a subscriber ${quote(username)} already`
}

function mayCreate({ by }: ImportContext, column: ImportColumn): boolean {
  const permission = createPermission(column)
  return permission === undefined || by.permissions.has(permission)
}

/** An author who reaches some zones only puts nobody out of sight. */
function checkReach({ by }: ImportContext, row: ImportRow, report: Report): boolean {
  try {
    requireZone('zone', row.fields.zone, by.scope)
    return true
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    report(row.line, error.field, error.reason)
    return false
  }
}

function prepareUpdate(
  context: ImportContext,
  { line, values }: ReadRow,
  { existing, report, onRow }: { existing: Existing; report: Report; onRow: ((row: ImportRow) => void) | undefined },
): Prepared {
  const options = { ...optionsOf(context), credentialOptional: true }
  const { row, errors } = readRow(line, mergedValues(existing.values, values), options)
  onRow?.(row)
  for (const { field, reason } of errors) report(line, field, reason)
  const changed = changedColumns(context, { existing, values, row })
  const denied = [...changed].filter((column) => !context.by.permissions.has(changePermission(column)))
  for (const column of denied) report(line, column, `to change it needs the permission ${changePermission(column)}`)
  // Who moves to another organisation takes the plan of that name there.
  const isKept: Kept = (column) => !changed.has(column) && !(column === 'plan' && changed.has('owner'))
  const resolved = resolveRow(context.names, row, report, isKept)
  const isInReach = !changed.has('zone') || checkReach(context, row, report)
  if (errors.length > 0 || denied.length > 0 || !isInReach) return { kind: 'bad', row }
  if (changed.size === 0) return { kind: 'unchanged', line }
  return resolved === undefined ? { kind: 'bad', row } : { kind: 'update', row: resolved, existing, changed }
}

/** What is there, with what the file says of it. What would be made up anew of something that changes is not kept. */
function mergedValues(before: Values, given: Values): Map<ImportColumn, Value> {
  const merged = new Map([...before, ...given])
  const derived: [from: ImportColumn, column: ImportColumn][] = [
    ['expires_at', 'grace_until'],
    ['block_reason', 'blocked_at'],
  ]
  for (const [from, column] of derived) {
    const isCleared = from === 'expires_at' || given.get(from)?.kind === 'none'
    if (given.has(from) && !given.has(column) && isCleared && differs(before, given, from)) merged.delete(column)
  }
  return merged
}

function differs(before: Values, given: Values, column: ImportColumn): boolean {
  const [one, other] = [before.get(column), given.get(column)]
  return textOf(one) !== textOf(other)
}

function textOf(value: Value | undefined): string {
  return value?.kind === 'text' ? value.text : ''
}

type Comparison = { existing: Existing; values: Values; row: ImportRow }

/** Columns that the file names and that mean something else than what is there. */
function changedColumns(context: ImportContext, { existing, values, row }: Comparison): Set<ImportColumn> {
  const asked = [...values.keys()].filter(
    (column) => column !== 'username' && (isSecret(column) || differs(existing.values, values, column)),
  )
  if (asked.length === 0) return new Set()
  const before = readRow(row.line, withName(existing.values, row), {
    ...optionsOf(context),
    credentialOptional: true,
  }).row
  return new Set(
    asked.filter((column) =>
      isSecret(column)
        ? !isSameCredential(context.keyring, existing, row.credential)
        : columnValue(before, column) !== columnValue(row, column),
    ),
  )
}

function withName(values: Values, row: ImportRow): Values {
  return new Map([...values, ['username', { kind: 'text', text: row.fields.username }]])
}

function isSecret(column: ImportColumn): boolean {
  return column === 'password' || column === 'nt_hash'
}

function isSameCredential(keyring: Keyring, { id, credential }: Existing, given: NewCredential | undefined): boolean {
  if (given === undefined) return true
  if (credential === undefined || credential.kind !== given.kind || credential.kind === 'verifier') return false
  const known = openCredential(keyring, id, credential.kind, credential.secret)
  return known.equals('ntHash' in given ? given.ntHash : Buffer.from(given.password))
}

// The audit trail as it is read: newest first, by row, author, action, time, request or text, as far as the reader reaches.
// Personal values are opened with the key of their person; after a purge there is none, and they are shown as removed.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Keyring } from '../data-key.ts'
import { NotFoundError } from '../field.ts'
import { ownedInScope, subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { openPersonal, readPersonKeys } from './person-key.ts'

export type AuditFilter = {
  noun?: string | undefined
  rowId?: bigint | undefined
  operatorId?: bigint | undefined
  /** Whole, or its beginning up to a dot: `subscriber.` */
  action?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
  ownerId?: bigint | undefined
  requestId?: string | undefined
  /** Where the author was. */
  address?: string | undefined
  /** In the author's name or in open values; personal ones lie sealed and cannot be searched. */
  text?: string | undefined
}

export type AuditValuesShown = Record<string, unknown>

export type AuditShown = {
  id: bigint
  at: Date
  authorKind: string
  operatorId: bigint | null
  authorName: string
  viewedBy: string | null
  address: string | null
  requestId: string | null
  action: string
  noun: string
  rowId: bigint | null
  ownerId: bigint | null
  before: AuditValuesShown | null
  after: AuditValuesShown | null
  /** `removed`: there were personal values, and the person was purged. */
  personal: 'none' | 'shown' | 'removed'
}

type Row = Omit<AuditShown, 'personal'> & { personId: bigint | null; sealed: Buffer | null }

/** Without an index for them, text and addresses are sought among the entries of so many days before `until`, or before now. */
const textDays = 31

/** A page of entries, newest first, after the entry `before` (its id). */
export async function listAudit(
  db: Db,
  input: { filter: AuditFilter; before?: bigint | undefined; limit: number },
  reader: { scope: Scope; keyring: Keyring },
  now: Date,
): Promise<AuditShown[]> {
  const before = input.before === undefined ? sql`true` : sql`audit_entry.id < ${input.before}`
  const rows = await select(db, sql`${before} and ${filterCondition(input.filter, now)}`, reader.scope, input.limit)
  return openRows(db, reader.keyring, rows)
}

/** One entry. Throws NotFoundError. */
export async function showAudit(db: Db, id: bigint, reader: { scope: Scope; keyring: Keyring }): Promise<AuditShown> {
  const rows = await select(db, sql`audit_entry.id = ${id}`, reader.scope, 1)
  const [entry] = await openRows(db, reader.keyring, rows)
  if (entry === undefined) throw new NotFoundError('audit entry', String(id))
  return entry
}

/** Which entries a reader sees: those of its organisation, and for a team those of subscribers in its zones. */
export function auditInScope(scope: Scope): RawBuilder<boolean> {
  const owned = ownedInScope(scope, 'audit_entry.owner_id')
  if (scope.zones === undefined) return owned
  return sql<boolean>`(${owned} and ((audit_entry.noun <> 'subscriber' and audit_entry.person_id is null) or exists (
    select from subscriber
    where subscriber.id = coalesce(audit_entry.person_id, audit_entry.row_id) and ${subscriberInScope(scope)})))`
}

async function select(db: Db, condition: RawBuilder<unknown>, scope: Scope, limit: number): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select audit_entry.id, audit_entry.at, audit_entry.author_kind as "authorKind",
      audit_entry.operator_id as "operatorId", audit_entry.author_name as "authorName",
      audit_entry.viewed_by as "viewedBy", host(audit_entry.address) as address,
      audit_entry.request_id as "requestId", audit_entry.action, audit_entry.noun, audit_entry.row_id as "rowId",
      audit_entry.owner_id as "ownerId", audit_entry.before, audit_entry.after, audit_entry.person_id as "personId",
      audit_entry.personal as sealed
    from audit_entry
    where ${condition} and ${auditInScope(scope)}
    order by audit_entry.id desc limit ${limit}`.execute(db)
  return rows
}

function filterCondition(filter: AuditFilter, now: Date): RawBuilder<unknown> {
  const until = filter.until ?? now
  const since =
    (filter.text !== undefined || filter.address !== undefined) && filter.since === undefined
      ? new Date(until.getTime() - textDays * 86_400_000)
      : filter.since
  const conditions = [
    filter.noun === undefined ? undefined : sql`audit_entry.noun = ${filter.noun}`,
    filter.rowId === undefined ? undefined : sql`audit_entry.row_id = ${filter.rowId}`,
    filter.operatorId === undefined ? undefined : sql`audit_entry.operator_id = ${filter.operatorId}`,
    filter.ownerId === undefined ? undefined : sql`audit_entry.owner_id = ${filter.ownerId}`,
    filter.requestId === undefined ? undefined : sql`audit_entry.request_id = ${filter.requestId}`,
    filter.address === undefined ? undefined : sql`host(audit_entry.address) = host(${filter.address}::inet)`,
    since === undefined ? undefined : sql`audit_entry.at >= ${since}`,
    filter.until === undefined ? undefined : sql`audit_entry.at < ${filter.until}`,
    filter.action === undefined ? undefined : actionCondition(filter.action),
    filter.text === undefined ? undefined : textCondition(filter.text),
  ].filter((condition) => condition !== undefined)
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)
}

function actionCondition(action: string): RawBuilder<unknown> {
  return action.endsWith('.') ? sql`starts_with(audit_entry.action, ${action})` : sql`audit_entry.action = ${action}`
}

function textCondition(text: string): RawBuilder<unknown> {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  return sql`(audit_entry.author_name ilike ${pattern} or audit_entry.before::text ilike ${pattern}
    or audit_entry.after::text ilike ${pattern})`
}

async function openRows(db: Db, keyring: Keyring, rows: readonly Row[]): Promise<AuditShown[]> {
  const persons = new Set(rows.flatMap(({ personId }) => (personId === null ? [] : [personId])))
  const keys = await readPersonKeys(db, keyring, [...persons])
  return rows.map(({ personId, sealed, ...row }) => {
    if (personId === null || sealed === null) return { ...row, personal: 'none' }
    const key = keys.get(personId)
    const json = key === undefined ? undefined : openPersonal(key, personId, sealed)
    if (json === undefined) return { ...row, personal: 'removed' }
    const { before, after } = JSON.parse(json) as { before: AuditValuesShown; after: AuditValuesShown }
    return { ...row, before: merge(row.before, before), after: merge(row.after, after), personal: 'shown' }
  })
}

function merge(open: AuditValuesShown | null, personal: AuditValuesShown): AuditValuesShown | null {
  return open === null && Object.keys(personal).length === 0 ? null : { ...open, ...personal }
}

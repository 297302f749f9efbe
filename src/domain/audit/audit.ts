// The audit trail: what was done to which row, by whom and from where, written in the transaction of the deed. Secrets never
// come here. Personal values lie sealed under a key of the person (person-key.ts), which a purge destroys.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { personKeys, sealPersonal } from './person-key.ts'

/** Values by field, as the API calls them. Instants, octets (bigint) and lists become JSON. */
export type AuditValues = Readonly<Record<string, unknown>>

export type Deed = {
  /** `subscriber.block`: noun and verb. */
  action: string
  noun: string
  rowId: bigint | null
  /** The organisation of the row, by which a reseller may read the entry. */
  ownerId?: bigint | null
  /** Only what changed. Undefined: there was nothing, or there is nothing left. */
  before?: AuditValues | undefined
  after?: AuditValues | undefined
  /** The subscriber whose personal values these are; default: the row, where the noun is subscriber. */
  personId?: bigint | null
}

/** Fields that say something of a person. */
const personalFields = new Set([
  'username',
  'full_name',
  'email',
  'phone',
  'phone_extension',
  'address',
  'latitude',
  'longitude',
  'text',
  'macs',
  'mac',
  'circuit_id',
  'remote_id',
  'duid',
  // Where a person lives on the network, and what was written of it in words of one's own.
  'addresses',
  'routes',
  'attributes',
  'bound_interface',
  'bound_port',
  'bound_s_vlan',
  'bound_c_vlan',
  'block_reason',
])
/** What is never written down, whoever hands it in. */
const secretFields = /password|secret|hash|token|recovery|credential_value/i
/** Rows of one statement. */
const chunkSize = 1_000

/** Writes one entry. Call it inside the deed's transaction. */
export function writeAudit(db: Db, deed: Deed, by: Author, now: Date): Promise<void> {
  return writeAudits(db, [deed], by, now)
}

/** Writes the entries of a deed upon many rows. */
export async function writeAudits(db: Db, deeds: readonly Deed[], by: Author, now: Date): Promise<void> {
  for (let at = 0; at < deeds.length; at += chunkSize) await writeChunk(db, deeds.slice(at, at + chunkSize), by, now)
}

async function writeChunk(db: Db, deeds: readonly Deed[], by: Author, now: Date): Promise<void> {
  const rows = await sealRows(db, deeds.map(partRow), by, now)
  await sql`
    insert into audit_entry (at, author_kind, operator_id, author_name, viewed_by, address, request_id, action, noun, row_id,
      owner_id, before, after, person_id, personal)
    select ${now}, ${by.kind}, ${by.operatorId}, ${by.name}, ${by.viewedBy}, ${by.address}::inet, ${by.requestId}, deed.*
    from unnest(
      ${rows.map((row) => row.action)}::text[], ${rows.map((row) => row.noun)}::text[],
      ${rows.map((row) => row.rowId)}::bigint[], ${rows.map((row) => row.ownerId)}::bigint[],
      ${rows.map((row) => row.before)}::jsonb[], ${rows.map((row) => row.after)}::jsonb[],
      ${rows.map((row) => row.personId)}::bigint[], ${rows.map((row) => row.sealed)}::bytea[]
    ) deed`.execute(db)
}

type Row = {
  action: string
  noun: string
  rowId: bigint | null
  ownerId: bigint | null
  before: string | null
  after: string | null
  personId: bigint | null
  /** JSON of the personal values, until it is sealed. */
  personal: string | undefined
}

/** A deed with its personal values set apart. */
function partRow(deed: Deed): Row {
  const personId = deed.personId ?? (deed.noun === 'subscriber' ? deed.rowId : null)
  const [before, personalBefore] = part(deed.before, personId !== null)
  const [after, personalAfter] = part(deed.after, personId !== null)
  const personal = { before: personalBefore, after: personalAfter }
  const isPersonal = Object.keys(personalBefore).length + Object.keys(personalAfter).length > 0
  return {
    action: deed.action,
    noun: deed.noun,
    rowId: deed.rowId,
    ownerId: deed.ownerId ?? null,
    before: before && JSON.stringify(before),
    after: after && JSON.stringify(after),
    personId: isPersonal ? personId : null,
    personal: isPersonal ? JSON.stringify(personal) : undefined,
  }
}

type Plain = Record<string, unknown>

/** What may lie open, and what is of the person; secrets are masked. */
function part(values: AuditValues | undefined, hasPerson: boolean): [Plain | null, Plain] {
  if (values === undefined) return [null, {}]
  const open: Plain = {}
  const personal: Plain = {}
  for (const [name, value] of Object.entries(values)) {
    const shown = masked(name, value)
    if (hasPerson && personalFields.has(name)) personal[name] = shown
    else open[name] = shown
  }
  return [open, personal]
}

function masked(name: string, value: unknown): unknown {
  return secretFields.test(name) && typeof value !== 'boolean' && value !== null ? '***' : plain(value)
}

/** Octets and ids are bigint here and decimal text in JSON. Secrets are masked at any depth. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value ?? null
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, masked(name, member)]))
}

async function sealRows(
  db: Db,
  rows: readonly Row[],
  by: Author,
  now: Date,
): Promise<(Row & { sealed: Buffer | null })[]> {
  const found = new Set(rows.flatMap(({ personId }) => (personId === null ? [] : [personId])))
  // In one order: two runs over the same persons must not wait for each other in a circle.
  const persons = [...found].toSorted((one, other) => (one < other ? -1 : 1))
  const keys = persons.length === 0 ? undefined : await personKeys(db, by.keyring, persons, now)
  return rows.map((row) => {
    const key = row.personId === null ? undefined : keys?.get(row.personId)
    const sealed =
      key === undefined || row.personal === undefined ? null : sealPersonal(key, row.personId!, row.personal)
    return { ...row, sealed }
  })
}

/** The fields whose values differ, before and after: for an edit's entry. Undefined where nothing does. */
export function changesOf(
  before: AuditValues,
  after: AuditValues,
): { before: AuditValues; after: AuditValues } | undefined {
  const names = Object.keys(after).filter((name) => !isSame(before[name], after[name]))
  if (names.length === 0) return undefined
  const pick = (values: AuditValues) => Object.fromEntries(names.map((name) => [name, values[name] ?? null]))
  return { before: pick(before), after: pick(after) }
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(plain(one) ?? null) === JSON.stringify(plain(other) ?? null)
}

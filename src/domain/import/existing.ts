// Subscribers that a file speaks of and that are there already, as an export would show them, so that a row that says nothing of
// a column means what is there.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { CredentialKind } from '../credential.ts'
import type { Keyring } from '../data-key.ts'
import { exportColumns, selectTexts } from '../export/subscriber-columns.ts'
import { shownRow } from '../export/rows.ts'
import { none } from '../export/table.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { importColumns } from './column.ts'
import type { ImportColumn } from './column.ts'
import type { Value } from './row.ts'

export type Existing = {
  id: bigint
  ownerId: bigint
  payerId: bigint
  values: Map<ImportColumn, Value>
  credential: { kind: CredentialKind; secret: Buffer } | undefined
}

/** `taken`: it is out of reach, or deleted with its name kept. */
export type Known = { kind: 'existing'; existing: Existing } | { kind: 'taken'; isDeleted: boolean }

const secrets: readonly ImportColumn[] = ['password', 'nt_hash']
const shown = importColumns.filter((column) => !secrets.includes(column))
const columns = exportColumns(shown)

/** Who has these usernames. */
export async function findTaken(db: Db, scope: Scope, usernames: readonly string[]): Promise<Map<string, Known>> {
  const { rows } = await sql<{ username: string; is_deleted: boolean }>`
    select subscriber.username, subscriber.archived_at is not null and ${subscriberInScope(scope)} as is_deleted
    from subscriber
    where subscriber.username_reserved and subscriber.username = any(${usernames}::text[])`.execute(db)
  return new Map(rows.map(({ username, is_deleted: isDeleted }) => [username, { kind: 'taken', isDeleted }]))
}

/** The same, with all that can be changed of those in reach; locked until the transaction ends where `lock` says so. */
export async function findExisting(
  db: Db,
  input: { scope: Scope; usernames: readonly string[]; keyring: Keyring; lock: boolean },
  now: Date,
): Promise<Map<string, Known>> {
  const known = await findTaken(db, input.scope, input.usernames)
  if (known.size === 0) return known
  const { select, joins } = selectTexts(columns, now)
  const { rows } = await sql<Record<string, string | null> & Row>`
    select subscriber.id as "rowId", subscriber.owner_id as "ownerId", subscriber.payer_id as "payerId",
      subscriber.username as "rowName", proof.kind as "proofKind", proof.secret as "proofSecret", ${select}
    from subscriber ${joins} left join credential proof on proof.subscriber_id = subscriber.id
    where subscriber.username_reserved and subscriber.username = any(${[...known.keys()]}::text[])
      and subscriber.archived_at is null and ${subscriberInScope(input.scope)}
    order by subscriber.id ${input.lock ? sql`for no key update of subscriber` : sql``}`.execute(db)
  for (const row of rows) known.set(row.rowName, { kind: 'existing', existing: existingOf(row, input.keyring) })
  return known
}

type Row = {
  rowId: bigint
  ownerId: bigint
  payerId: bigint
  rowName: string
  proofKind: CredentialKind | null
  proofSecret: Buffer | null
}

function existingOf(row: Record<string, string | null> & Row, keyring: Keyring): Existing {
  const values = new Map<ImportColumn, Value>()
  const texts = columns.map((_column, at) => row[`c${at}`] ?? null)
  for (const [at, value] of shownRow(columns, texts, keyring).entries()) {
    if (value === null) continue
    values.set(shown[at]!, value === none ? { kind: 'none' } : { kind: 'text', text: value })
  }
  return {
    id: row.rowId,
    ownerId: row.ownerId,
    payerId: row.payerId,
    values,
    credential: row.proofKind === null ? undefined : { kind: row.proofKind, secret: row.proofSecret! },
  }
}

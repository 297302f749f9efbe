// The hash chain over the audit trail, built behind the writers by one sequencer at a time: they wait for nothing. An entry
// that is visible is committed, and is chained, whatever transactions still run; one that commits late, with an id smaller
// than the last, is appended after. Order is that of the sequence, never that of a clock (A07).

import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'

/** Where the chain stands: what is written down off the machine, to find out later that its end was cut off. */
export type ChainHead = { sequence: bigint; hash: Buffer }

/** The head of a chain without entries. */
export const emptyHead: ChainHead = { sequence: 0n, hash: Buffer.alloc(32) }

/** Entries of one transaction. */
const chunkSize = 2_000

/** The text form of every column, in the order in which they are hashed. Apart, so that both sides hash the same. */
export const canonicalColumns = sql`array[
  audit_entry.id::text, (extract(epoch from audit_entry.at) * 1000000)::bigint::text, audit_entry.changed_by::text,
  audit_entry.author_kind, audit_entry.operator_id::text, audit_entry.author_name, audit_entry.viewed_by,
  audit_entry.address::text, audit_entry.request_id, audit_entry.action, audit_entry.noun, audit_entry.row_id::text,
  audit_entry.owner_id::text, audit_entry.before::text, audit_entry.after::text, audit_entry.person_id::text,
  encode(audit_entry.personal, 'hex')]`

/** The hash of a link: each value with its length before it, so that no two rows make the same octets. */
export function linkHash(previous: Buffer, sequence: bigint, columns: readonly (string | null)[]): Buffer {
  const hash = createHash('sha256').update(previous).update(`${sequence}\n`)
  for (const value of columns) hash.update(value === null ? '-\n' : `${Buffer.byteLength(value)}:${value}\n`)
  return hash.digest()
}

/** The last link; that of an empty chain where there is none. */
export async function chainHead(db: Db): Promise<ChainHead> {
  const row = await db
    .selectFrom('audit_chain')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ?? emptyHead
}

/**
 * Chains what was committed since the last run, at most 2,000 entries, in the order of their ids. Gives how many, and whether
 * there are more; none while another instance is at it. Safe to call at any time.
 */
export async function extendChain(db: Db, now: Date): Promise<{ chained: number; isMore: boolean }> {
  return inTransaction(db, async (trx) => {
    const { rows: taken } = await sql<{ taken: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('gatehouse audit_chain')) as taken`.execute(trx)
    if (taken[0]?.taken !== true) return { chained: 0, isMore: false }
    const position = await readPosition(trx)
    const entries = await unchained(trx, position)
    await append(trx, entries, now)
    const isMore = entries.length === chunkSize
    if (!isMore && (entries.length > 0 || position.isRestored)) await movePosition(trx, position)
    return { chained: entries.length, isMore }
  })
}

type Position = { changedBy: string; floorId: bigint; next: string; isRestored: boolean }

/**
 * From which transaction on may there be entries that are not chained, and the oldest that still runs: the next such
 * position, read before the entries are. Transaction numbers of a database restored into another cluster may lie in the
 * future there: then all is looked through once more.
 */
async function readPosition(db: Db): Promise<Position> {
  const { rows } = await sql<Position>`
    select case when restored.is_restored then '0' else position.changed_by::text end as "changedBy",
      position.floor_id as "floorId", pg_snapshot_xmin(pg_current_snapshot())::text as next,
      restored.is_restored as "isRestored"
    from audit_chain_position position
    cross join lateral (
      select position.changed_by > pg_snapshot_xmax(pg_current_snapshot()) as is_restored
    ) restored`.execute(db)
  return rows[0]!
}

type Entry = { id: bigint; columns: (string | null)[] }

async function unchained(db: Db, position: Position): Promise<Entry[]> {
  const { rows } = await sql<Entry>`
    select audit_entry.id, ${canonicalColumns} as columns from audit_entry
    where audit_entry.changed_by >= ${position.changedBy}::xid8 and audit_entry.id > ${position.floorId}
      and not exists (select from audit_chain where audit_chain.entry_id = audit_entry.id)
    order by audit_entry.id limit ${chunkSize}`.execute(db)
  return rows
}

async function append(db: Db, entries: readonly Entry[], now: Date): Promise<void> {
  if (entries.length === 0) return
  let head = await chainHead(db)
  const links = entries.map(({ id, columns }) => {
    const sequence = head.sequence + 1n
    head = { sequence, hash: linkHash(head.hash, sequence, columns) }
    return { ...head, entryId: id }
  })
  await sql`
    insert into audit_chain (sequence, entry_id, hash, chained_at)
    select link.sequence, link.entry_id, link.hash, ${now}
    from unnest(${links.map((link) => link.sequence)}::bigint[], ${links.map((link) => link.entryId)}::bigint[],
      ${links.map((link) => link.hash)}::bytea[]) as link (sequence, entry_id, hash)`.execute(db)
}

async function movePosition(db: Db, { next, isRestored }: Position): Promise<void> {
  // After a restore the old numbers say nothing any more: that these entries are chained by now is known by their ids. Only
  // entries of the other cluster have numbers of the future; one of ours with a smaller id may still be under way.
  const floor = isRestored
    ? sql`greatest(audit_chain_position.floor_id, (select max(audit_entry.id) from audit_entry
        where audit_entry.changed_by >= pg_snapshot_xmax(pg_current_snapshot())))`
    : sql`audit_chain_position.floor_id`
  await sql`update audit_chain_position set changed_by = ${next}::xid8, floor_id = ${floor}`.execute(db)
}

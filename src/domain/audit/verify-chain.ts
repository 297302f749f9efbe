// Whether the audit trail is as it was written: every link is computed anew from its entry. An edit, a deletion, an exchange of
// entries breaks a link. That the end was cut off, or that all was computed anew, only a head tells that was kept elsewhere.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { canonicalColumns, chainHead, emptyHead, linkHash } from './chain.ts'
import type { ChainHead } from './chain.ts'

/**
 * `changed`: entry and link do not fit each other. `missing`: the entry is gone. `gap`: links are gone. `cut`: the chain ends
 * before the head that was kept. `rewritten`: at that place it has another hash.
 */
export type ChainFault = {
  sequence: bigint
  entryId: bigint | null
  what: 'changed' | 'missing' | 'gap' | 'cut' | 'rewritten'
}

export type ChainReport = {
  head: ChainHead
  /** At most 100, in the order of the sequence. */
  faults: ChainFault[]
  /** Committed entries that the sequencer has not reached yet. */
  waiting: number
}

const chunkSize = 5_000
const maximumFaults = 100

/** Reads the whole chain; `kept` is a head that was written down before. */
export async function verifyChain(db: Db, kept: ChainHead | undefined): Promise<ChainReport> {
  const faults: ChainFault[] = []
  let last = emptyHead
  for (;;) {
    const links = await readLinks(db, last.sequence)
    for (const link of links) {
      faults.push(...checkLink(last, link))
      last = link
    }
    if (links.length < chunkSize || faults.length >= maximumFaults) break
  }
  if (kept !== undefined) faults.push(...(await checkKept(db, kept)))
  return { head: await chainHead(db), faults: faults.slice(0, maximumFaults), waiting: await countWaiting(db) }
}

type Link = ChainHead & { entryId: bigint; columns: (string | null)[] | null }

async function readLinks(db: Db, after: bigint): Promise<Link[]> {
  const { rows } = await sql<Link>`
    select audit_chain.sequence, audit_chain.entry_id as "entryId", audit_chain.hash,
      case when audit_entry.id is not null then ${canonicalColumns} end as columns
    from audit_chain left join audit_entry on audit_entry.id = audit_chain.entry_id
    where audit_chain.sequence > ${after} order by audit_chain.sequence limit ${chunkSize}`.execute(db)
  return rows
}

function checkLink(last: ChainHead, link: Link): ChainFault[] {
  const { sequence, entryId, columns } = link
  // The link after a gap cannot be computed: what its hash was made of is gone.
  if (sequence !== last.sequence + 1n) return [{ sequence: last.sequence + 1n, entryId: null, what: 'gap' }]
  if (columns === null) return [{ sequence, entryId, what: 'missing' }]
  return linkHash(last.hash, sequence, columns).equals(link.hash) ? [] : [{ sequence, entryId, what: 'changed' }]
}

async function checkKept(db: Db, kept: ChainHead): Promise<ChainFault[]> {
  if (kept.sequence === 0n) return []
  const row = await db
    .selectFrom('audit_chain')
    .select(['entry_id', 'hash'])
    .where('sequence', '=', kept.sequence)
    .executeTakeFirst()
  if (row === undefined) return [{ sequence: kept.sequence, entryId: null, what: 'cut' }]
  return row.hash.equals(kept.hash) ? [] : [{ sequence: kept.sequence, entryId: row.entry_id, what: 'rewritten' }]
}

async function countWaiting(db: Db): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`
    select count(*) as count from audit_entry
    where not exists (select from audit_chain where audit_chain.entry_id = audit_entry.id)`.execute(db)
  return Number(rows[0]!.count)
}

// The end of retention: who was deleted long enough ago is purged.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { ownAuthor } from '../author.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { readSettings } from '../setting.ts'
import { purge } from '../subscriber-action/purge.ts'

/** Purges who was deleted longer ago than the setting says, a chunk at a time. Returns how many. */
export async function purgeExpired(db: Db, keyring: Keyring, now: Date): Promise<number> {
  const { deleted_retention_days: days } = await readSettings(db)
  const before = new Date(now.getTime() - days * 86_400_000)
  const by = ownAuthor('system', 'retention', keyring)
  for (let purged = 0; ;) {
    const count = await inTransaction(db, (trx) => purgeSome(trx, before, by, now))
    if (count === 0) return purged
    purged += count
  }
}

async function purgeSome(trx: Db, before: Date, by: Author, now: Date): Promise<number> {
  // Locked before it is purged: who is restored in this moment is not deleted any more. What somebody holds is for the next run.
  const { rows } = await sql<{ id: bigint }>`
    select subscriber.id from subscriber
    where subscriber.archived_at < ${before} and subscriber.purged_at is null
    order by subscriber.archived_at limit ${purge.chunk} for no key update skip locked`.execute(trx)
  if (rows.length > 0) await purge.run(trx, { subscriberIds: rows.map((row) => row.id), params: {} }, by, now)
  return rows.length
}

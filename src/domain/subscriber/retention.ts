// The end of retention: who was deleted long enough ago is purged.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { ownAuthor } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { readSettings } from '../setting.ts'
import { purge } from '../subscriber-action/purge.ts'

/** Purges who was deleted longer ago than the setting says, a chunk at a time. Returns how many. */
export async function purgeExpired(db: Db, keyring: Keyring, now: Date): Promise<number> {
  const { deleted_retention_days: days } = await readSettings(db)
  const before = new Date(now.getTime() - days * 86_400_000)
  const by = ownAuthor('system', 'retention', keyring)
  let purged = 0
  for (;;) {
    const { rows } = await sql<{ id: bigint }>`
      select subscriber.id from subscriber
      where subscriber.archived_at < ${before} and subscriber.purged_at is null
      order by subscriber.archived_at limit ${purge.chunk}`.execute(db)
    if (rows.length === 0) return purged
    await purge.run(db, { subscriberIds: rows.map((row) => row.id), params: {} }, by, now)
    purged += rows.length
  }
}

// How many subscribers a reseller may have, and how many more it may get.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { lockSubscriberCount } from '../organisation.ts'

/**
 * How many more subscribers the organisation may have; undefined: any number. The count is locked until the end of the
 * transaction, so that two who add the last one meet here. The deleted do not count.
 */
export async function roomFor(db: Db, ownerId: bigint): Promise<number | undefined> {
  const { rows } = await sql<{ subscriber_limit: number | null }>`
    select organisation.subscriber_limit from organisation where organisation.id = ${ownerId}`.execute(db)
  const limit = rows[0]?.subscriber_limit ?? null
  if (limit === null) return undefined
  await lockSubscriberCount(db, ownerId)
  const { rows: counted } = await sql<{ count: number }>`
    select count(*)::int as count from subscriber
    where subscriber.owner_id = ${ownerId} and subscriber.archived_at is null`.execute(db)
  return Math.max(0, limit - (counted[0]?.count ?? 0))
}

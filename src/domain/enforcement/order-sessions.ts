// CoA orders for single sessions, as enforcement finds them. Those of a deed upon subscribers: coa-order.ts.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { placeOrders, type Wish } from '../coa-order.ts'

export type SessionWish = {
  readonly sessionId: bigint
  readonly wish: Wish
  readonly reason: string
  /** Of a session of nobody: whom the order is about. */
  readonly subscriberId?: bigint
}

/**
 * Orders a wish for each of these sessions that is still open by placeOrders; one that came to nothing before is taken up again.
 * An order that somebody is busy with at this moment is left to it. Returns how many.
 */
export async function orderSessions(db: Db, wishes: readonly SessionWish[], now: Date): Promise<number> {
  if (wishes.length === 0) return 0
  const targets = sql`
    select session.id, coalesce(session.subscriber_id, wanted.subscriber_id) as subscriber_id, session.nas_id, wanted.wish, wanted.reason
    from unnest(${wishes.map(({ sessionId }) => sessionId)}::bigint[], ${wishes.map(({ wish }) => wish)}::text[],
      ${wishes.map(({ reason }) => reason)}::text[], ${wishes.map(({ subscriberId }) => subscriberId ?? null)}::bigint[])
        as wanted (session_id, wish, reason, subscriber_id)
      join session on session.id = wanted.session_id where session.ended_at is null`
  return (await placeOrders(db, targets, { skipLocked: true, revive: true }, now)).length
}

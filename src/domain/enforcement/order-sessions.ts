// CoA orders for single sessions, as enforcement finds them. Those of a deed upon subscribers: coa-order.ts.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { orderDeadline, type Wish } from '../coa-order.ts'

export type SessionWish = { readonly sessionId: bigint; readonly wish: Wish; readonly reason: string }

/**
 * Orders a wish for each of these sessions that is still open, in place of older wishes that wait. One that somebody is busy
 * with at this moment is left to it: enforcement waits for no deed of a person, and a deed never for it. Returns how many.
 */
export async function orderSessions(db: Db, wishes: readonly SessionWish[], now: Date): Promise<number> {
  if (wishes.length === 0) return 0
  const { rows } = await sql<{ id: bigint }>`
    with wanted as (
      select * from unnest(${wishes.map(({ sessionId }) => sessionId)}::bigint[], ${wishes.map(({ wish }) => wish)}::text[],
        ${wishes.map(({ reason }) => reason)}::text[]) as wanted (session_id, wish, reason)
    ), target as (
      select session.id, session.subscriber_id, session.nas_id, wanted.wish, wanted.reason
      from wanted join session on session.id = wanted.session_id where session.ended_at is null
    ), replaced as (
      update coa_order set state = 'replaced', finished_at = ${now}
      where coa_order.id in (
        select older.id from coa_order older join target on target.id = older.session_id
        where older.state in ('waiting', 'timeout', 'acked') for update of older skip locked
      )
    )
    insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
    select target.id, target.subscriber_id, target.nas_id, target.wish, target.reason, ${now}, ${orderDeadline(now)}, ${now}
    from target order by target.id returning id`.execute(db)
  return rows.length
}

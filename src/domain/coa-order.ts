// CoA orders: wishes about live sessions, written in the transaction of the deed that causes them and carried out by whoever
// delivers them (decision 16). Domain code cannot send a packet. An order nobody delivers ends with its deadline.

import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'

export type Wish = 'reapply' | 'disconnect'

/** Later than this the session has gone or the subscriber has redialled: the access decision is then the truth. */
const orderLifetimeMs = 10 * 60_000

/** When an order written now is no longer worth carrying out. */
export function orderDeadline(now: Date): Date {
  return new Date(now.getTime() + orderLifetimeMs)
}

/**
 * Orders a wish for this one session, in place of older wishes about it that still wait or are not proved yet. Returns the id.
 * Call it inside the deed's transaction.
 */
export async function orderForSession(
  db: Db,
  input: { sessionId: bigint; subscriberId: bigint | null; nasId: bigint; wish: Wish; reason: string },
  now: Date,
): Promise<bigint> {
  const { sessionId, subscriberId, nasId, wish, reason } = input
  // One at a time: two that do not see each other's order would leave both waiting. Not the row of the session, for which
  // accounting would wait.
  await sql`select pg_advisory_xact_lock(hashtext('gatehouse coa_order'), hashint8(${sessionId}))`.execute(db)
  const { rows } = await sql<{ id: bigint }>`
    with replaced as (
      update coa_order set state = 'replaced', finished_at = ${now}
      where coa_order.session_id = ${sessionId} and coa_order.state in ('waiting', 'timeout', 'acked')
    )
    insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
    values (${sessionId}, ${subscriberId}, ${nasId}, ${wish}, ${reason}, ${now}, ${orderDeadline(now)}, ${now})
    returning id`.execute(db)
  return rows[0]!.id
}

/**
 * Orders a wish for every open session of the subscribers, in place of older wishes that still wait or are not proved yet (the
 * newer one is the truth). Service sessions follow their parent. Returns how many sessions. Call it inside the deed's transaction.
 */
export async function orderForSubscribers(
  db: Db,
  input: { subscriberIds: readonly bigint[]; wish: Wish; reason: string },
  now: Date,
): Promise<number> {
  const deadline = orderDeadline(now)
  const { rows } = await sql<{ id: bigint }>`
    with target as (
      select session.id, session.subscriber_id, session.nas_id from session
      where session.subscriber_id = any(${input.subscriberIds}::bigint[]) and session.ended_at is null
        and session.service is null
    ), replaced as (
      update coa_order set state = 'replaced', finished_at = ${now}
      from target where coa_order.session_id = target.id and coa_order.state in ('waiting', 'timeout', 'acked')
    )
    insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
    select target.id, target.subscriber_id, target.nas_id, ${input.wish}, ${input.reason}, ${now}, ${deadline}, ${now}
    from target returning id`.execute(db)
  return rows.length
}

// Expiry is enforced: whose service ended while they were online is ordered about at that instant, a little spread and no more at
// once than the network takes. What the order comes to (Disconnect, walled garden, nothing for who has paid meanwhile) is found at
// its delivery. Nothing is kept of what was done: an open session from before the end without an order since is what is to do.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { jitterSql, longestJitterMs } from './jitter.ts'
import { orderSessions } from './order-sessions.ts'

/** Service that ended longer ago was enforced by somebody, or its session tells of itself (signs-of-life.ts). */
const longestLookBackMs = 31 * 86_400_000

/** Where the first look of a process begins, so that what ended while nobody ran is done. */
export function firstExpiryLook(now: Date): Date {
  return new Date(now.getTime() - longestLookBackMs)
}

/**
 * Orders at most `most` sessions whose service ended after `after` and whose turn has come, the earliest first. Gives how many,
 * and after which instant the next look begins.
 */
export async function enforceExpiry(
  db: Db,
  input: { after: Date; most: number },
  now: Date,
): Promise<{ orders: number; after: Date }> {
  return inTransaction(db, async (trx) => {
    const lock = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('gatehouse expiry')) as free`.execute(trx)
    if (lock.rows[0]?.free !== true) return { orders: 0, after: input.after }
    const due = await findEnded(trx, input, now)
    const wishes = due.map(({ sessionId }) => ({ sessionId, wish: 'reapply' as const, reason: 'expired' }))
    const orders = await orderSessions(trx, wishes, now)
    const last = due.length === input.most ? due.at(-1) : undefined
    // Others may have ended at the same instant as the last one.
    const seenTo = last === undefined ? now.getTime() : last.end.getTime() - 1
    const after = Math.min(seenTo, now.getTime() - longestJitterMs)
    return { orders, after: new Date(Math.max(after, input.after.getTime())) }
  })
}

type Ended = { sessionId: bigint; end: Date }

/**
 * Both ends of a service by their own index, the later one counts (serviceEnd of subscriber-label.ts), then sessions and orders of
 * each by theirs: after the first look of a process these are the subscribers of half a minute.
 */
async function findEnded(trx: Db, { after, most }: { after: Date; most: number }, now: Date): Promise<Ended[]> {
  const { rows } = await sql<Ended>`
    with ended as materialized (
      select id, plan_id, blocked_at, greatest(expires_at, grace_until) as service_end from (
        select id, plan_id, blocked_at, expires_at, grace_until from subscriber
        where expires_at > ${after} and expires_at <= ${now} and archived_at is null and enabled
        union
        select id, plan_id, blocked_at, expires_at, grace_until from subscriber
        where grace_until > ${after} and grace_until <= ${now} and expires_at is not null and archived_at is null and enabled
      ) as subscriber
    )
    select session.id as "sessionId", ended.service_end as end
    from ended
      join plan on plan.id = ended.plan_id
      join session on session.subscriber_id = ended.id and session.ended_at is null and session.service is null
    where ended.service_end > ${after} and ended.service_end + ${sql.raw(jitterSql('ended.id'))} <= ${now}
      and session.started_at < ended.service_end
      -- Who is blocked is in a garden already, or on the way out.
      and (ended.blocked_at is null or plan.on_expiry <> 'garden')
      and not exists (select from coa_order
        where coa_order.session_id = session.id and coa_order.created_at >= ended.service_end)
    order by ended.service_end, session.id limit ${most}`.execute(trx)
  return rows
}

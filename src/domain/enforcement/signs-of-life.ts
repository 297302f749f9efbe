// Who should be gone and is seen alive in accounting is ordered about again (decision 17): an order that was given up or could not
// be sent, and a refused subscriber's session that nobody ordered about. A refusal by the NAS is not repeated blindly.

import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { orderSessions, type SessionWish } from './order-sessions.ts'

/**
 * Open sessions that one look goes through; the next one goes on behind them. With 300,000 expired subscribers and 100,000 open
 * sessions it is an index scan of 10,000 entries and as many look-ups by key: some 5 µs each.
 */
const mostLooked = 10_000
/** Orders of one look. */
const mostOrders = 1_000
/** A record may come after its session's end was seen: it was on its way. */
const lateRecord = sql`interval '30 seconds'`
/** What could not be sent (no address, no secret, a setting of the NAS) is not sent a moment later either. */
const failedPause = sql`interval '10 minutes'`
/** Between an Access-Accept and the start of its session as the NAS tells it. */
const slack = sql`interval '30 seconds'`

export type SignsTurn = {
  orders: number
  /** The subscriber behind whom the next look goes on. */
  after: bigint
}

/** Looks at orders given up in the last day, and at the open sessions of the next subscribers after `after`; then from the first. */
export async function enforceSignsOfLife(
  db: Db,
  input: { after: bigint; most?: number },
  now: Date,
): Promise<SignsTurn> {
  const most = input.most ?? mostLooked
  return inTransaction(db, async (trx) => {
    const lock = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('gatehouse signs of life')) as free`.execute(trx)
    if (lock.rows[0]?.free !== true) return { orders: 0, after: input.after }
    const givenUp = await findWishes(trx, givenUpSql(now), now)
    const { rows } = await sql<{ count: bigint; last: bigint | null }>`
      select count(*) as count, max(subscriber_id) as last from (${openSql(input.after, most)}) as looked`.execute(trx)
    const { count, last } = rows[0]!
    const isAll = Number(count) < most || last === null
    const found = last === null ? [] : await findWishes(trx, refusedSql(input.after, most, now), now)
    const wishes = new Map([...givenUp, ...found].map((wish) => [wish.sessionId, wish]))
    return { orders: await orderSessions(trx, [...wishes.values()], now), after: isAll ? 0n : last }
  })
}

/** What has to be ordered about the sessions of subscribers some of whom may be refused: begun a moment after a block, say. */
export function refusedWishes(trx: Db, subscriberIds: readonly bigint[], now: Date): Promise<SessionWish[]> {
  const sessions = sql`
    select ${columns} from session
    where session.subscriber_id = any(${subscriberIds}::bigint[]) and session.ended_at is null and session.service is null`
  return findWishes(trx, sessions, now)
}

const columns = sql`session.id, session.subscriber_id, session.started_at, session.updated_at`

/**
 * By the index of orders given up: after an outage those of the NAS that is back, long before the sweep has come to them. What could
 * not be sent is tried with reports of the session, so that the last hour holds it.
 */
function givenUpSql(now: Date): RawBuilder<unknown> {
  return sql`
    select distinct ${columns} from coa_order join session on session.id = coa_order.session_id
    where coa_order.state in ('expired', 'failed') and coa_order.finished_at > ${now}::timestamptz - interval '1 day'
      and (coa_order.state = 'expired' or coa_order.finished_at > ${now}::timestamptz - interval '1 hour')
      and session.ended_at is null and session.service is null and session.updated_at > coa_order.finished_at`
}

/** The next open sessions by the index of these on their subscriber; those of nobody of ours have none. */
function openSql(after: bigint, most: number): RawBuilder<unknown> {
  return sql`
    select session.subscriber_id from session
    where session.ended_at is null and session.subscriber_id > ${after} order by session.subscriber_id limit ${most}`
}

/**
 * Of the open sessions of some subscribers those for whom something speaks against service: their rows alone are read. `lateral`
 * with a limit makes it a look-up by key for each, however many subscribers there are that are expired and offline.
 */
function refusedSql(after: bigint, most: number, now: Date): RawBuilder<unknown> {
  return sql`
    select ${columns} from session
    where session.ended_at is null and session.service is null and session.subscriber_id = any (array(
      select looked.subscriber_id from (${openSql(after, most)}) as looked
        cross join lateral (select * from subscriber where subscriber.id = looked.subscriber_id limit 1) as subscriber
      where not subscriber.enabled or subscriber.archived_at is not null or subscriber.blocked_at is not null
        or subscriber.expires_at <= ${now}))`
}

/**
 * What has to be ordered about some sessions. `since`: the latest of the facts for which service is refused; null: disabled, of
 * which nobody keeps the time. Refused is refused by one of them; in the garden is who has only facts that lead there.
 */
async function findWishes(trx: Db, sessions: RawBuilder<unknown>, now: Date): Promise<SessionWish[]> {
  const serviceEnd = sql`greatest(subscriber.expires_at, subscriber.grace_until)`
  const { rows } = await sql<SessionWish>`
    with looked as (
      select session.*, newest.id as order_id, newest.state, newest.wish, newest.reason, newest.created_at, newest.finished_at,
        subscriber.archived_at, subscriber.enabled, subscriber.blocked_at, fact.service_end,
        subscriber.archived_at is not null or not subscriber.enabled
          or (subscriber.blocked_at is not null and plan.on_block <> 'garden')
          or (fact.service_end is not null and plan.on_expiry <> 'garden') as is_refused,
        subscriber.blocked_at is not null or fact.service_end is not null as is_gardened,
        greatest(subscriber.archived_at, subscriber.blocked_at, fact.service_end) as since
      from (${sessions}) as session
        join subscriber on subscriber.id = session.subscriber_id
        join plan on plan.id = subscriber.plan_id
        cross join lateral (
          select case when subscriber.expires_at is not null and ${serviceEnd} <= ${now} then ${serviceEnd} end as service_end
        ) as fact
        left join lateral (
          select coa_order.* from coa_order where coa_order.session_id = session.id order by coa_order.id desc limit 1
        ) as newest on true
    ), judged as (
      select looked.*, order_id is null or created_at < since as is_untold,
        case when archived_at is not null then 'archived' when not enabled then 'disabled'
          when blocked_at is not null then 'blocked' else 'expired' end as fact
      from looked where order_id is null or finished_at is not null
    )
    select id as "sessionId", again.wish, again.reason from judged cross join lateral (
      select wish, reason where updated_at > finished_at
        and (state = 'expired' or (state = 'failed' and finished_at <= ${now}::timestamptz - ${failedPause}))
      union all
      select 'reapply', fact where (state in ('expired', 'failed')) is not true and (
        (is_refused and is_untold and updated_at > coalesce(since, '-infinity'))
        or (is_refused and state in ('done', 'replaced') and updated_at > finished_at + ${lateRecord})
        or (is_gardened and is_untold and started_at < since + ${slack} and updated_at > since))
      limit 1
    ) as again
    order by id limit ${mostOrders}`.execute(trx)
  return rows
}

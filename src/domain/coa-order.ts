// CoA orders: wishes about live sessions, written in the transaction of the deed that causes them and carried out by whoever
// delivers them (decision 16). Domain code cannot send a packet. The deadline ends an order that was tried and not proved; one
// that was never tried waits on.

import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/schema.ts'

export type Wish = 'reapply' | 'disconnect'

/** Later than this the session has gone or the subscriber has redialled: the access decision is then the truth. */
const orderLifetimeMs = 10 * 60_000

/** Until when an order that is written now, or finds its NAS silent now, is carried on without proof. */
export function orderDeadline(now: Date): Date {
  return new Date(now.getTime() + orderLifetimeMs)
}

/**
 * SQL: reasons to disconnect that are looked at anew when an order is carried out. Such an order gives way to `reapply`, which
 * still ends in a Disconnect unless the block was lifted, the service renewed, the subscriber enabled or restored. For other
 * reasons (another address, a password reset, by hand) nothing but that order knows that the session has to go.
 */
const lookedAtAnew = sql.raw(
  `('blocked', 'disabled', 'deleted', 'archived', 'expired', 'renewal reverted', 'imported')`,
)

export type PlaceOptions = {
  /** What somebody holds at this moment is left to them: enforcement waits for no deed of a person, and a deed never for it. */
  skipLocked?: boolean
  /** A newest order of the same wish and reason that came to nothing waits again, in place of another row. */
  revive?: boolean
}

/** SQL: the orders about a session, by their index: a plan that was made while there were few would read all of them. */
const ordersOf = (sessionId: RawBuilder<unknown>) =>
  sql`select coa_order.* from coa_order where coa_order.session_id = ${sessionId} offset 0`

/**
 * Orders what `targets` says, a query that gives (id, subscriber_id, nas_id, wish, reason) of sessions, in place of the orders
 * about them that wait, are not proved yet or came to nothing. Who is to be thrown out stays so: where an order to disconnect has
 * not come to its end, the new one is to disconnect for its reason. Gives the ids of the orders. Older ones are locked by their
 * id, so that deeds that meet wait for each other and do not stand crosswise.
 */
export async function placeOrders(
  db: Db,
  targets: RawBuilder<unknown>,
  options: PlaceOptions,
  now: Date,
): Promise<bigint[]> {
  const skipping = options.skipLocked === true ? sql`skip locked` : sql``
  const { rows } = await sql<{ id: bigint }>`
    with target as materialized (${targets}),
    kept as materialized (
      select target.id as session_id, newest.reason
      from target cross join lateral (
        select told.reason from (${ordersOf(sql`target.id`)}) as told
        where told.wish = 'disconnect' and told.state in ('waiting', 'claimed', 'timeout', 'acked', 'expired')
          and told.reason not in ${lookedAtAnew}
        order by told.id desc limit 1
      ) as newest
    ),
    older as materialized (
      select coa_order.id, coa_order.session_id, coa_order.state, coa_order.wish, coa_order.reason
      from coa_order
      where coa_order.id = any (array(select told.id from target cross join lateral (${ordersOf(sql`target.id`)}) as told))
        and coa_order.state in ('waiting', 'timeout', 'acked', 'expired', 'failed')
      order by coa_order.id for update of coa_order ${skipping}
    ),
    revived as (
      update coa_order set state = 'waiting', next_at = ${now}, deadline = ${orderDeadline(now)}, finished_at = null
      where ${options.revive === true} and coa_order.id = any (array(
        select older.id from older join target on target.id = older.session_id
        where older.state in ('expired', 'failed') and older.wish = target.wish and older.reason = target.reason
          and not exists (select from coa_order newer where newer.session_id = older.session_id and newer.id > older.id)))
      returning coa_order.id, coa_order.session_id
    ),
    replaced as (
      update coa_order set state = 'replaced', finished_at = coalesce(coa_order.finished_at, ${now})
      where coa_order.id = any (array(select older.id from older)) and coa_order.id not in (select revived.id from revived)
    ),
    made as (
      insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
      select target.id, target.subscriber_id, target.nas_id,
        case when kept.session_id is null then target.wish else 'disconnect' end, coalesce(kept.reason, target.reason),
        ${now}, ${orderDeadline(now)}, ${now}
      from target left join kept on kept.session_id = target.id
      where not exists (select from revived where revived.session_id = target.id)
      order by target.id returning id
    )
    select id from made union all select id from revived`.execute(db)
  return rows.map(({ id }) => id)
}

/**
 * Orders a wish for this one session by placeOrders. Returns the id. Call it inside the deed's transaction.
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
  const target = sql`
    select ${sessionId}::bigint as id, ${subscriberId}::bigint as subscriber_id, ${nasId}::bigint as nas_id,
      ${wish}::text as wish, ${reason}::text as reason`
  const [id] = await placeOrders(db, target, {}, now)
  return id!
}

/**
 * Orders a wish for every open session of the subscribers by placeOrders. Service sessions follow their parent. Returns how many
 * sessions. Call it inside the deed's transaction.
 */
export async function orderForSubscribers(
  db: Db,
  input: { subscriberIds: readonly bigint[]; wish: Wish; reason: string },
  now: Date,
): Promise<number> {
  const targets = sql`
    select session.id, session.subscriber_id, session.nas_id, ${input.wish}::text as wish, ${input.reason}::text as reason
    from session
    where session.subscriber_id = any(${input.subscriberIds}::bigint[]) and session.ended_at is null
      and session.service is null`
  return (await placeOrders(db, targets, {}, now)).length
}

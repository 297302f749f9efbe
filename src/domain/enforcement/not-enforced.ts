// What was decided and has not happened yet: open sessions about which something was ordered more than half a minute ago that nothing
// proves. Whoever asks why somebody is still online finds it here.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { sessionInScope } from '../activity/session-condition.ts'
import type { OrderState } from '../activity/session-order.ts'
import type { Wish } from '../coa-order.ts'
import type { Scope } from '../scope.ts'

/** So long an order may take. */
const patience = sql`interval '30 seconds'`

export type NotEnforced = {
  orderId: bigint
  sessionId: bigint
  subscriberId: bigint | null
  username: string
  nasId: bigint
  nas: string | null
  interface: string | null
  framedIp: string | null
  wish: Wish
  reason: string
  state: OrderState
  /** When something about it was ordered first and not proved. */
  since: Date
  /** Of all orders since. */
  attempts: number
  /** What the NAS said last. */
  errorCause: number | null
  detail: string | null
  /** Null: with the next sign of life of the session, or where the NAS refused, not at all. */
  nextTryAt: Date | null
}

/** SQL: the orders about the session of `newest` since the last one that was proved. */
const unproved = sql`
  from coa_order tried
  where tried.session_id = newest.session_id and tried.id > coalesce((
    select max(proved.id) from coa_order proved
    where proved.session_id = newest.session_id and proved.state = 'done'), 0)`

/**
 * By the index of what is not proved (coa_order_not_enforced): of each session the newest order only. It counts from the first of
 * its orders: neither one that was made anew at a sign of life, nor another wish that took its place, hides how long it takes.
 */
function waitingSql(now: Date, scope: Scope) {
  const since = sql`${now}::timestamptz - ${patience}`
  return sql`
    from coa_order newest join session s on s.id = newest.session_id and s.ended_at is null and s.service is null
    where newest.state in ('waiting', 'claimed', 'timeout', 'acked', 'nacked', 'failed', 'expired')
      and not exists (select from coa_order newer where newer.session_id = newest.session_id and newer.id > newest.id)
      and (newest.created_at <= ${since} or (select min(tried.created_at) ${unproved}) <= ${since})
      and ${sessionInScope(scope)}`
}

/** A page, the newest order first, behind the order `before` (its id). */
export async function listNotEnforced(
  db: Db,
  input: { before?: bigint | undefined; limit: number },
  scope: Scope,
  now: Date,
): Promise<NotEnforced[]> {
  const behind = input.before === undefined ? sql`` : sql`and newest.id < ${input.before}`
  const { rows } = await sql<NotEnforced>`
    with page as materialized (
      select newest.* ${waitingSql(now, scope)} ${behind} order by newest.id desc limit ${input.limit}
    )
    select newest.id as "orderId", s.id as "sessionId", s.subscriber_id as "subscriberId",
      coalesce((select subscriber.username from subscriber where subscriber.id = s.subscriber_id), s.username) as username,
      s.nas_id as "nasId", (select nas.name from nas where nas.id = s.nas_id) as nas, s.interface,
      host(s.framed_ip) as "framedIp", newest.wish, newest.reason, newest.state, tries.since,
      tries.attempts::integer as attempts, tries.error_cause as "errorCause", tries.detail,
      case when newest.finished_at is null then newest.next_at end as "nextTryAt"
    from page newest join session s on s.id = newest.session_id cross join lateral (
      select min(tried.created_at) as since, sum(tried.attempts) as attempts,
        (array_agg(tried.error_cause order by tried.id desc) filter (where tried.attempts > 0))[1] as error_cause,
        (array_agg(tried.detail order by tried.id desc) filter (where tried.detail is not null))[1] as detail
      ${unproved}
    ) as tries
    order by newest.id desc`.execute(db)
  return rows
}

/** How many there are. */
export async function countNotEnforced(db: Db, scope: Scope, now: Date): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`select count(*) as count ${waitingSql(now, scope)}`.execute(db)
  return Number(rows[0]!.count)
}

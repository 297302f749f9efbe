// CoA orders on their way: which are due, who carries them out, and what came of it. An order is claimed for a while: one whose
// carrier died is due again.

import type { Pool } from '../db/pool.ts'
import { attemptColumns, attemptsJson } from './coa-attempt.ts'
import type { Attempt } from './coa-attempt.ts'
import type { Granted } from './coa-evidence.ts'
import type { Wish } from './coa-order.ts'

export type ClaimedOrder = {
  readonly id: bigint
  readonly sessionId: bigint
  readonly subscriberId: bigint | null
  readonly nasId: bigint
  readonly wish: Wish
  readonly reason: string
  /** This one counted. */
  readonly attempts: number
  readonly deadline: Date
  /** A newer wish about its session is there. */
  readonly isOvertaken: boolean
  /** How often the NAS has acknowledged to disconnect for this order, and when first; null: never. */
  readonly acknowledged: number
  readonly acknowledgedAt: Date | null
  /** Something was sent for it before. */
  readonly isTried: boolean
  /** The router was told to remove the session. */
  readonly isRemoved: boolean
}

const open = `('waiting', 'claimed', 'timeout', 'acked')`
/** SQL: a newer wish about the session of a coa_order is there. */
const hasNewer = `exists (select from coa_order newer
  where newer.session_id = coa_order.session_id and newer.id > coa_order.id)`

/** So long without a packet of a NAS, and the instance that it speaks to may be gone. */
const silentMs = 5 * 60_000

/**
 * The NASes with orders that are due, of those that speak to one of our addresses, to none that we know, or have not been heard
 * by anybody for five minutes: better from another address than never.
 */
export async function dueNases(pool: Pool, ownAddresses: readonly string[], now: Date): Promise<bigint[]> {
  const { rows } = await pool.query<{ id: bigint }>({
    name: 'due-nases',
    text: `select nas.id from nas left join nas_contact contact on contact.nas_id = nas.id
      where (contact.heard_on is null or contact.heard_on = any($2::inet[]) or contact.heard_at < $3)
        and exists (select from coa_order where coa_order.nas_id = nas.id and coa_order.state in ${open}
          and coa_order.next_at <= $1)
      order by nas.id`,
    values: [now, ownAddresses, new Date(now.getTime() - silentMs)],
  })
  return rows.map(({ id }) => id)
}

/** SQL: an older order about the session is on its way. Two changes at once could come to the NAS in either order. */
const isBusy = `(due.wish = 'reapply' and exists (select from coa_order busy
  where busy.session_id = due.session_id and busy.id <> due.id and busy.state = 'claimed' and busy.next_at > $5))`

/** SQL: what was tried for an order before; a new one has no attempts to be counted. */
const triedBefore = (select: string, none: string) => `case when coa_order.attempts = 1 then ${none} else (
  select ${select} from coa_attempt tried where tried.order_id = coa_order.id) end`
const isAcked = `filter (where tried.kind = 'disconnect' and tried.outcome = 'ack')`

/**
 * Takes up to `most` due orders of a NAS until `until`, oldest first; what somebody else takes at this moment is left. The
 * sub-select is an array, so that it runs once: with `in` the planner may run it for each row, and each run would lock others.
 */
export async function claimOrders(
  pool: Pool,
  input: { nasId: bigint; most: number; instance: string; until: Date },
  now: Date,
): Promise<ClaimedOrder[]> {
  const { rows } = await pool.query<ClaimedOrder>({
    name: 'claim-orders',
    text: `update coa_order set state = 'claimed', claimed_by = $3, attempts = attempts + 1, next_at = $4
      where id = any (array(
        select due.id from coa_order due where due.nas_id = $1 and due.state in ${open} and due.next_at <= $5
          and not ${isBusy}
        order by due.next_at, due.id limit $2 for update skip locked
      ))
      returning id, session_id as "sessionId", subscriber_id as "subscriberId", nas_id as "nasId", wish, reason, attempts,
        deadline, ${hasNewer} as "isOvertaken",
        ${triedBefore(`count(*) ${isAcked}`, '0')}::integer as acknowledged,
        ${triedBefore(`min(tried.at) ${isAcked}`, 'null')} as "acknowledgedAt",
        ${triedBefore('count(*) > 0', 'false')} as "isTried",
        ${triedBefore(`coalesce(bool_or(tried.outcome = 'removed'), false)`, 'false')} as "isRemoved"`,
    values: [input.nasId, input.most, input.instance, input.until, now],
  })
  return rows
}

/** What an order is after an attempt. With `nextAt` it is not over: it is looked at again then. */
export type OrderResult = {
  readonly state: 'acked' | 'timeout' | 'done' | 'nacked' | 'failed' | 'expired' | 'replaced'
  readonly evidence?: 'acked' | 'observed'
  readonly errorCause?: number
  readonly roundTripMs?: number
  readonly detail?: string
  readonly nextAt?: Date
  /** Its deadline is moved on to this one. */
  readonly deadline?: Date
  /** What an acknowledged change brought the session to. */
  readonly granted?: Granted
}

/** SQL: it would be tried again ($8), and a newer wish about its session is there. */
const isReplaced = `($8::timestamptz is not null and ${hasNewer})`

/**
 * Writes the result, if the order is still this carrier's and no newer wish has taken its place, and in any case what was sent
 * for it. One statement: delivery waits for no more than one trip to the database per order.
 */
export async function settleOrder(
  pool: Pool,
  order: Pick<ClaimedOrder, 'id' | 'attempts' | 'subscriberId'>,
  { result, sent }: { result: OrderResult; sent: readonly Attempt[] },
  now: Date,
): Promise<void> {
  await pool.query({
    name: 'settle-order',
    text: `with sent as (
        insert into coa_attempt (order_id, subscriber_id, at, kind, sent_to, port, sent_from, outcome, error_cause,
          round_trip_ms, garden, detail)
        select $1, $11::bigint, tried.* from jsonb_to_recordset($10::jsonb) as tried (${attemptColumns})
      )
      update coa_order set
        state = case when ${isReplaced} then 'replaced' else $3 end,
        evidence = coalesce($4, evidence), error_cause = $5, round_trip_ms = coalesce($6, round_trip_ms), detail = $7,
        next_at = coalesce($8, next_at), deadline = greatest(deadline, $13::timestamptz), claimed_by = null, granted = coalesce($12::jsonb, granted),
        finished_at = case when $8::timestamptz is null or ${isReplaced} then $9::timestamptz end
      where id = $1 and state = 'claimed' and attempts = $2`,
    values: [
      order.id,
      order.attempts,
      result.state,
      result.evidence ?? null,
      result.errorCause ?? null,
      result.roundTripMs === undefined ? null : Math.round(result.roundTripMs),
      result.detail ?? null,
      result.nextAt ?? null,
      now,
      attemptsJson(sent),
      order.subscriberId,
      result.granted === undefined ? null : JSON.stringify(result.granted),
      result.deadline ?? null,
    ],
  })
}

/** Ends a session of which its NAS knows nothing; a record that still comes opens it again. False: it had ended. */
export async function endUnknownSession(pool: Pool, sessionId: bigint, now: Date): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'end-unknown-session',
    text: `update session set ended_at = greatest(started_at, $2), ended_by = 'operator' where id = $1 and ended_at is null`,
    values: [sessionId, now],
  })
  return rowCount === 1
}

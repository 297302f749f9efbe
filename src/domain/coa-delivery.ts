// CoA orders on their way: which are due, who carries them out, and what came of it. An order is claimed for a while: one whose
// carrier died is due again.

import type { Pool } from '../db/pool.ts'
import type { Wish } from './coa-order.ts'

export type ClaimedOrder = {
  readonly id: bigint
  readonly sessionId: bigint
  readonly nasId: bigint
  readonly wish: Wish
  readonly reason: string
  /** This one counted. */
  readonly attempts: number
  readonly deadline: Date
}

const open = `('waiting', 'claimed', 'timeout', 'acked')`

/** The NASes with orders that are due, of those that speak to one of our addresses, or to none that we know. */
export async function dueNases(pool: Pool, ownAddresses: readonly string[], now: Date): Promise<bigint[]> {
  const { rows } = await pool.query<{ id: bigint }>({
    name: 'due-nases',
    text: `select nas.id from nas left join nas_contact contact on contact.nas_id = nas.id
      where (contact.heard_on is null or contact.heard_on = any($2::inet[]))
        and exists (select from coa_order where coa_order.nas_id = nas.id and coa_order.state in ${open}
          and coa_order.next_at <= $1)
      order by nas.id`,
    values: [now, ownAddresses],
  })
  return rows.map(({ id }) => id)
}

/** Takes up to `most` due orders of a NAS until `until`, oldest first; what somebody else takes at this moment is left. */
export async function claimOrders(
  pool: Pool,
  input: { nasId: bigint; most: number; instance: string; until: Date },
  now: Date,
): Promise<ClaimedOrder[]> {
  const { rows } = await pool.query<ClaimedOrder>({
    name: 'claim-orders',
    text: `update coa_order set state = 'claimed', claimed_by = $3, attempts = attempts + 1, next_at = $4
      where id in (
        select id from coa_order where nas_id = $1 and state in ${open} and next_at <= $5
        order by next_at, id limit $2 for update skip locked
      )
      returning id, session_id as "sessionId", nas_id as "nasId", wish, reason, attempts, deadline`,
    values: [input.nasId, input.most, input.instance, input.until, now],
  })
  return rows
}

/** What an order is after an attempt. With `nextAt` it is not over: it is looked at again then. */
export type OrderResult = {
  readonly state: 'acked' | 'timeout' | 'done' | 'nacked' | 'failed' | 'expired'
  readonly evidence?: 'acked' | 'observed'
  readonly errorCause?: number
  readonly roundTripMs?: number
  readonly detail?: string
  readonly nextAt?: Date
}

/** SQL: it would be tried again ($8), and a newer wish about its session is there. */
const isReplaced = `($8::timestamptz is not null and exists (
  select from coa_order newer where newer.session_id = coa_order.session_id and newer.id > coa_order.id))`

/** Writes the result, if the order is still this carrier's and no newer wish has taken its place. */
export async function settleOrder(
  pool: Pool,
  order: Pick<ClaimedOrder, 'id' | 'attempts'>,
  result: OrderResult,
  now: Date,
): Promise<void> {
  await pool.query({
    name: 'settle-order',
    text: `update coa_order set
        state = case when ${isReplaced} then 'replaced' else $3 end,
        evidence = coalesce($4, evidence), error_cause = $5, round_trip_ms = coalesce($6, round_trip_ms), detail = $7,
        next_at = coalesce($8, next_at), claimed_by = null,
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

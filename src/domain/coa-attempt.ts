// Attempts: each sending for a CoA order, what came back, and how long it took. Written with the result of the order
// (coa-delivery.ts); kept as long as it.

import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { Pool } from '../db/pool.ts'

export const attemptKinds = ['change', 'disconnect', 'router'] as const
export const attemptOutcomes = [
  'ack',
  'nak',
  'timeout',
  'bad-authenticator',
  'error',
  'removed',
  'not-there',
  'still-there',
] as const

/** `router`: a removal by way of its management side. */
export type Attempt = {
  readonly at: Date
  readonly kind: (typeof attemptKinds)[number]
  readonly outcome: (typeof attemptOutcomes)[number]
  readonly sentTo?: string | undefined
  readonly port?: number | undefined
  /** Ours; undefined: whichever the system chose. */
  readonly sentFrom?: string | undefined
  readonly errorCause?: number | undefined
  readonly roundTripMs?: number | undefined
  /** Of a change: whether it leads into the walled garden. */
  readonly garden?: boolean | undefined
  readonly detail?: string | undefined
}

/** As JSON for `jsonb_to_recordset` with `attemptColumns`. */
export function attemptsJson(attempts: readonly Attempt[]): string {
  return JSON.stringify(
    attempts.map((attempt) => ({
      at: attempt.at,
      kind: attempt.kind,
      sent_to: attempt.sentTo,
      port: attempt.port,
      sent_from: attempt.sentFrom,
      outcome: attempt.outcome,
      error_cause: attempt.errorCause,
      round_trip_ms: attempt.roundTripMs === undefined ? undefined : Math.round(attempt.roundTripMs),
      garden: attempt.garden,
      detail: attempt.detail,
    })),
  )
}

export const attemptColumns = `at timestamptz, kind text, sent_to inet, port integer, sent_from inet, outcome text,
  error_cause integer, round_trip_ms integer, garden boolean, detail text`

export type AttemptShown = {
  id: bigint
  at: Date
  kind: Attempt['kind']
  sentTo: string | null
  port: number | null
  sentFrom: string | null
  outcome: Attempt['outcome']
  errorCause: number | null
  roundTripMs: number | null
  detail: string | null
}

/** The attempts of an order that the caller may see, first to last. */
export async function listAttempts(db: Db, orderId: bigint): Promise<AttemptShown[]> {
  const { rows } = await sql<AttemptShown>`
    select coa_attempt.id, coa_attempt.at, coa_attempt.kind, host(coa_attempt.sent_to) as "sentTo", coa_attempt.port,
      host(coa_attempt.sent_from) as "sentFrom", coa_attempt.outcome, coa_attempt.error_cause as "errorCause",
      coa_attempt.round_trip_ms as "roundTripMs", coa_attempt.detail
    from coa_attempt where coa_attempt.order_id = ${orderId} order by coa_attempt.id`.execute(db)
  return rows
}

const keptMs = 90 * 24 * 60 * 60_000

const chunk = 1_000

/** Removes the orders that are older than 90 days, with their attempts, a chunk at a time; how many. */
export async function trimOrders(pool: Pool, now: Date): Promise<number> {
  for (let removed = 0; ;) {
    const some = await trimSome(pool, now)
    removed += some
    if (some < chunk) return removed
  }
}

async function trimSome(pool: Pool, now: Date): Promise<number> {
  // From the lowest ids on: orders are made in the order of their ids, so that no index by time is needed.
  const { rowCount } = await pool.query({
    name: 'trim-coa-orders',
    text: `with old as materialized (
        select oldest.id from (select id, created_at from coa_order order by id limit $2) as oldest
        where oldest.created_at < $1
      ), attempts as (
        delete from coa_attempt where coa_attempt.order_id in (select old.id from old)
      )
      delete from coa_order where coa_order.id in (select old.id from old)`,
    values: [new Date(now.getTime() - keptMs), chunk],
  })
  return rowCount ?? 0
}

// What tests of enforcement stand on: subscribers that are online, as rows, and what was ordered about them.
import type { Pool } from '../../src/db/pool.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, noon } from './access.ts'

let made = 0

export type Online = { id: bigint; sessionId: bigint; planId: bigint }

/** Somebody who is online since an hour before `noon`; plan, subscriber and session as told. */
export async function makeOnline(
  pool: Pool,
  rows: {
    plan?: Record<string, unknown>
    subscriber?: Record<string, unknown>
    session?: Record<string, unknown>
  } = {},
): Promise<Online> {
  made += 1
  const planId = (rows.subscriber?.['plan_id'] as bigint | undefined) ?? (await insertPlan(pool, rows.plan))
  const id = await insertSubscriber(pool, { username: `online${made}`, plan_id: planId, ...rows.subscriber })
  return { id, planId, sessionId: await insertSession(pool, { subscriber_id: id, ...rows.session }) }
}

/** An order as a row, about a session of somebody. */
export function makeOrder(pool: Pool, about: Online, row: Record<string, unknown> = {}): Promise<bigint> {
  const order = { wish: 'reapply', reason: 'test', next_at: noon, deadline: after(600), created_at: noon, ...row }
  return insertRow(pool, 'coa_order', { session_id: about.sessionId, subscriber_id: about.id, nas_id: 1, ...order })
}

export type Ordered = { sessionId: bigint; wish: string; reason: string; state: string; at: Date }

/** What was ordered about somebody, oldest first. */
export async function orderedOf(pool: Pool, subscriberId: bigint): Promise<Ordered[]> {
  const { rows } = await pool.query<Ordered>(
    `select session_id as "sessionId", wish, reason, state, created_at as at from coa_order
     where subscriber_id = $1 order by id`,
    [subscriberId],
  )
  return rows
}

/** The reasons of it alone. */
export async function reasonsOf(pool: Pool, subscriberId: bigint): Promise<string[]> {
  return (await orderedOf(pool, subscriberId)).map(({ reason }) => reason)
}

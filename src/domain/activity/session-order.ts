// CoA orders as people see them, which prove that what was decided happened, and the order to disconnect one session.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { listAttempts } from '../coa-attempt.ts'
import type { AttemptShown } from '../coa-attempt.ts'
import { orderForSession } from '../coa-order.ts'
import { ConflictError, NotFoundError } from '../field.ts'
import type { Scope } from '../scope.ts'
import { sessionInScope } from './session-condition.ts'

export const orderStates = [
  'waiting',
  'claimed',
  'acked',
  'nacked',
  'timeout',
  'done',
  'failed',
  'replaced',
  'expired',
] as const
export type OrderState = (typeof orderStates)[number]

export type OrderFilter = {
  subscriberId?: bigint | undefined
  sessionId?: bigint | undefined
  nasId?: bigint | undefined
  states?: readonly OrderState[] | undefined
  wish?: 'reapply' | 'disconnect' | undefined
  since?: Date | undefined
  until?: Date | undefined
}

export type OrderShown = {
  id: bigint
  sessionId: bigint
  subscriberId: bigint | null
  username: string | null
  nasId: bigint
  nas: string | null
  wish: 'reapply' | 'disconnect'
  reason: string
  state: OrderState
  evidence: 'acked' | 'observed' | 'inferred' | null
  attempts: number
  errorCause: number | null
  roundTripMs: number | null
  /** Why it is as it is, in words. */
  detail: string | null
  createdAt: Date
  deadline: Date
  finishedAt: Date | null
}

/** An order with each sending for it. */
export type OrderWithAttempts = OrderShown & { sent: AttemptShown[] }

/** One order. Throws NotFoundError, also where it is out of reach. */
export async function showOrder(db: Db, id: bigint, scope: Scope): Promise<OrderWithAttempts> {
  const [order] = await selectOrders(db, [sessionInScope(scope, 'o'), sql`o.id = ${id}`], 1)
  if (order === undefined) throw new NotFoundError('CoA order', String(id))
  return { ...order, sent: await listAttempts(db, id) }
}

/** A page of orders, newest first, after the order `before` (its id). */
export async function listOrders(
  db: Db,
  input: { filter: OrderFilter; before?: bigint | undefined; limit: number },
  scope: Scope,
): Promise<OrderShown[]> {
  const { filter } = input
  const conditions = [
    // Orders keep no NAS group of their own: that of the NAS is what a team sees.
    sessionInScope(scope, 'o'),
    input.before === undefined ? undefined : sql`o.id < ${input.before}`,
    filter.subscriberId === undefined ? undefined : sql`o.subscriber_id = ${filter.subscriberId}`,
    filter.sessionId === undefined ? undefined : sql`o.session_id = ${filter.sessionId}`,
    filter.nasId === undefined ? undefined : sql`o.nas_id = ${filter.nasId}`,
    filter.states === undefined ? undefined : sql`o.state = any(${filter.states}::text[])`,
    filter.wish === undefined ? undefined : sql`o.wish = ${filter.wish}`,
    filter.since === undefined ? undefined : sql`o.created_at >= ${filter.since}`,
    filter.until === undefined ? undefined : sql`o.created_at < ${filter.until}`,
  ].filter((condition) => condition !== undefined)
  return selectOrders(db, conditions, input.limit)
}

async function selectOrders(db: Db, conditions: RawBuilder<unknown>[], limit: number): Promise<OrderShown[]> {
  const { rows } = await sql<OrderShown>`
    select o.id, o.session_id as "sessionId", o.subscriber_id as "subscriberId", o.username, o.nas_id as "nasId", o.nas,
      o.wish, o.reason, o.state, o.evidence, o.attempts, o.error_cause as "errorCause", o.round_trip_ms as "roundTripMs",
      o.detail, o.created_at as "createdAt", o.deadline, o.finished_at as "finishedAt"
    from (
      select coa_order.*, subscriber.username, nas.name as nas, nas.nas_group_id
      from coa_order left join subscriber on subscriber.id = coa_order.subscriber_id
        left join nas on nas.id = coa_order.nas_id
    ) as o
    where ${sql.join(conditions, sql` and `)}
    order by o.id desc limit ${limit}`.execute(db)
  return rows
}

/**
 * Orders that exactly this session be disconnected, in place of wishes about it that still wait. Throws NotFoundError, or
 * ConflictError where it has ended or is a service on another session.
 */
export async function disconnectSession(
  db: Db,
  input: { sessionId: bigint; reason?: string | undefined },
  by: Author,
  now: Date,
): Promise<{ orderId: bigint }> {
  return inTransaction(db, async (trx) => {
    const session = await readTarget(trx, input.sessionId, by.scope)
    const { subscriberId, nasId } = session
    const wish = { sessionId: input.sessionId, subscriberId, nasId, wish: 'disconnect', reason: 'operator' } as const
    const orderId = await orderForSession(trx, wish, now)
    const after = { coa_order_id: orderId, acct_session_id: session.acctSessionId, ...told(input.reason) }
    await writeAudit(
      trx,
      {
        action: 'session.disconnect',
        noun: 'session',
        rowId: input.sessionId,
        ownerId: session.ownerId,
        personId: session.subscriberId,
        after,
      },
      by,
      now,
    )
    return { orderId }
  })
}

function told(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason }
}

type Target = {
  subscriberId: bigint | null
  ownerId: bigint | null
  nasId: bigint
  acctSessionId: string
  endedAt: Date | null
  service: string | null
}

async function readTarget(db: Db, sessionId: bigint, scope: Scope): Promise<Target> {
  const { rows } = await sql<Target>`
    select s.subscriber_id as "subscriberId", subscriber.owner_id as "ownerId", s.nas_id as "nasId",
      s.acct_session_id as "acctSessionId", s.ended_at as "endedAt", s.service
    from session s left join subscriber on subscriber.id = s.subscriber_id
    where s.id = ${sessionId} and ${sessionInScope(scope)}`.execute(db)
  const session = rows[0]
  if (session === undefined) throw new NotFoundError('session', String(sessionId))
  if (session.endedAt !== null) throw new ConflictError('session', 'has ended already')
  if (session.service !== null) throw new ConflictError('session', 'is a service: disconnect the session that it is on')
  return session
}

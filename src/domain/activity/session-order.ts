// CoA orders as people see them, which prove that what was decided happened, and the order to disconnect one session.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { orderDeadline } from '../coa-order.ts'
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
  createdAt: Date
  deadline: Date
  finishedAt: Date | null
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
  const { rows } = await sql<OrderShown>`
    select o.id, o.session_id as "sessionId", o.subscriber_id as "subscriberId", o.username, o.nas_id as "nasId", o.nas,
      o.wish, o.reason, o.state, o.evidence, o.attempts, o.error_cause as "errorCause", o.round_trip_ms as "roundTripMs",
      o.created_at as "createdAt", o.deadline, o.finished_at as "finishedAt"
    from (
      select coa_order.*, subscriber.username, nas.name as nas, nas.nas_group_id
      from coa_order left join subscriber on subscriber.id = coa_order.subscriber_id
        left join nas on nas.id = coa_order.nas_id
    ) as o
    where ${sql.join(conditions, sql` and `)}
    order by o.id desc limit ${input.limit}`.execute(db)
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
    // One at a time: two that do not see each other's order would leave both waiting. Not the row of the session, for which
    // accounting would wait.
    await sql`select pg_advisory_xact_lock(hashtext('gatehouse coa_order'), hashint8(${input.sessionId}))`.execute(trx)
    const { rows } = await sql<{ id: bigint }>`
      with replaced as (
        update coa_order set state = 'replaced', finished_at = ${now}
        where coa_order.session_id = ${input.sessionId} and coa_order.state in ('waiting', 'timeout', 'acked')
      )
      insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
      values (${input.sessionId}, ${session.subscriberId}, ${session.nasId}, 'disconnect', 'operator', ${now},
        ${orderDeadline(now)}, ${now})
      returning id`.execute(trx)
    const orderId = rows[0]!.id
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

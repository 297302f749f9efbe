// CoA orders: what live sessions were told, and the evidence that it happened.

import { z } from 'zod'
import { listOrders, orderStates, showOrder } from '../../domain/activity/session-order.ts'
import type { OrderShown } from '../../domain/activity/session-order.ts'
import { attemptKinds, attemptOutcomes } from '../../domain/coa-attempt.ts'
import type { AttemptShown } from '../../domain/coa-attempt.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, idOut, idText, instant, instantOut, isoOrNull, pageOf, pageQuery, words } from '../schemas.ts'

const order = z
  .strictObject({
    id: idOut,
    session_id: idOut,
    subscriber_id: idOut.nullable(),
    username: z.string().nullable(),
    nas_id: idOut,
    nas: z.string().nullable(),
    wish: z.enum(['reapply', 'disconnect']),
    reason: z.string(),
    state: z.enum(orderStates),
    evidence: z.enum(['acked', 'observed', 'inferred']).nullable(),
    attempts: z.int(),
    error_cause: z.int().nullable().meta({ description: 'Error-Cause of a NAK (RFC 5176)' }),
    round_trip_ms: z.int().nullable(),
    detail: z.string().nullable().meta({ description: 'Why it is as it is, in words' }),
    created_at: instantOut,
    deadline: instantOut,
    finished_at: instantOut.nullable(),
  })
  .meta({ id: 'CoaOrder' })

const attempt = z
  .strictObject({
    at: instantOut,
    kind: z.enum(attemptKinds),
    sent_to: z.string().nullable(),
    port: z.int().nullable(),
    sent_from: z.string().nullable().meta({ description: 'Null: whichever address the system chose' }),
    outcome: z.enum(attemptOutcomes),
    error_cause: z.int().nullable(),
    round_trip_ms: z.int().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'CoaAttempt' })
const orderWithAttempts = order.extend({ sent: z.array(attempt) }).meta({ id: 'CoaOrderWithAttempts' })

const query = z.strictObject({
  ...pageQuery,
  subscriber_id: idText.optional(),
  session_id: idText.optional(),
  nas_id: idText.optional(),
  state: words(orderStates).optional().meta({ description: 'Several by commas' }),
  wish: z.enum(['reapply', 'disconnect']).optional(),
  since: instant.optional(),
  until: instant.optional(),
})

function present(shown: OrderShown) {
  return {
    id: Number(shown.id),
    session_id: Number(shown.sessionId),
    subscriber_id: shown.subscriberId === null ? null : Number(shown.subscriberId),
    username: shown.username,
    nas_id: Number(shown.nasId),
    nas: shown.nas,
    wish: shown.wish,
    reason: shown.reason,
    state: shown.state,
    evidence: shown.evidence,
    attempts: shown.attempts,
    error_cause: shown.errorCause,
    round_trip_ms: shown.roundTripMs,
    detail: shown.detail,
    created_at: shown.createdAt.toISOString(),
    deadline: shown.deadline.toISOString(),
    finished_at: isoOrNull(shown.finishedAt),
  }
}

function presentAttempt(shown: AttemptShown) {
  return {
    at: shown.at.toISOString(),
    kind: shown.kind,
    sent_to: shown.sentTo,
    port: shown.port,
    sent_from: shown.sentFrom,
    outcome: shown.outcome,
    error_cause: shown.errorCause,
    round_trip_ms: shown.roundTripMs,
    detail: shown.detail,
  }
}

export const coaOrderRoutes = [
  route({
    method: 'get',
    path: '/coa-orders',
    summary: 'What live sessions were told, newest first',
    tag: 'Sessions',
    access: 'subscriber.read',
    query,
    answer: pageOf(order),
    async run({ db, by, query: { cursor, limit, ...asked } }) {
      const filter = {
        subscriberId: asked.subscriber_id,
        sessionId: asked.session_id,
        nasId: asked.nas_id,
        states: asked.state,
        wish: asked.wish,
        since: asked.since,
        until: asked.until,
      }
      const rows = await listOrders(db, { filter, before: readCursor(cursor, idKey), limit }, by.scope)
      return { items: rows.map(present), next_cursor: nextCursor(rows, limit, (row) => [String(row.id)]) }
    },
  }),
  route({
    method: 'get',
    path: '/coa-orders/:id',
    summary: 'One order with each sending for it',
    tag: 'Sessions',
    access: 'subscriber.read',
    params: byId,
    answer: orderWithAttempts,
    async run({ db, by, params }) {
      const shown = await showOrder(db, params.id, by.scope)
      return { ...present(shown), sent: shown.sent.map(presentAttempt) }
    },
  }),
]

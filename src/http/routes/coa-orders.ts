// CoA orders: what live sessions were told, and the evidence that it happened.

import { z } from 'zod'
import { listOrders, orderStates } from '../../domain/activity/session-order.ts'
import type { OrderShown } from '../../domain/activity/session-order.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { idOut, idText, instant, instantOut, isoOrNull, pageOf, pageQuery, words } from '../schemas.ts'

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
    created_at: instantOut,
    deadline: instantOut,
    finished_at: instantOut.nullable(),
  })
  .meta({ id: 'CoaOrder' })

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
    created_at: shown.createdAt.toISOString(),
    deadline: shown.deadline.toISOString(),
    finished_at: isoOrNull(shown.finishedAt),
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
]

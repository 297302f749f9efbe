// What was decided about live sessions and has not happened yet.

import { z } from 'zod'
import { orderStates } from '../../domain/activity/session-order.ts'
import { countNotEnforced, listNotEnforced, type NotEnforced } from '../../domain/enforcement/not-enforced.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { idOut, instantOut, isoOrNull, pageOf, pageQuery } from '../schemas.ts'

const item = z
  .strictObject({
    session_id: idOut,
    subscriber_id: idOut.nullable(),
    username: z.string(),
    nas_id: idOut,
    nas: z.string().nullable(),
    interface: z.string().nullable(),
    framed_ip: z.string().nullable(),
    coa_order_id: idOut,
    wish: z.enum(['reapply', 'disconnect']),
    reason: z.string(),
    state: z.enum(orderStates),
    since: instantOut.meta({ description: 'When it was ordered first' }),
    attempts: z.int(),
    error_cause: z.int().nullable().meta({ description: 'Error-Cause of the last NAK (RFC 5176)' }),
    detail: z.string().nullable().meta({ description: 'What came of the last attempt, in words' }),
    next_try_at: instantOut.nullable().meta({
      description: 'Null: at the next sign of life of the session, or not at all where the NAS refused it',
    }),
  })
  .meta({ id: 'NotEnforced' })

function present(shown: NotEnforced) {
  return {
    session_id: Number(shown.sessionId),
    subscriber_id: shown.subscriberId === null ? null : Number(shown.subscriberId),
    username: shown.username,
    nas_id: Number(shown.nasId),
    nas: shown.nas,
    interface: shown.interface,
    framed_ip: shown.framedIp,
    coa_order_id: Number(shown.orderId),
    wish: shown.wish,
    reason: shown.reason,
    state: shown.state,
    since: shown.since.toISOString(),
    attempts: shown.attempts,
    error_cause: shown.errorCause,
    detail: shown.detail,
    next_try_at: isoOrNull(shown.nextTryAt),
  }
}

export const enforcementRoutes = [
  route({
    method: 'get',
    path: '/not-enforced',
    summary: 'Live sessions that have not become what was decided, after half a minute',
    tag: 'Sessions',
    access: 'subscriber.read',
    query: z.strictObject(pageQuery),
    answer: pageOf(item).extend({ total: z.int().meta({ description: 'On all pages' }) }),
    async run({ db, by, now, query: { cursor, limit } }) {
      const rows = await listNotEnforced(db, { before: readCursor(cursor, idKey), limit }, by.scope, now)
      const total = await countNotEnforced(db, by.scope, now)
      const next = nextCursor(rows, limit, (row) => [String(row.orderId)])
      return { items: rows.map(present), next_cursor: next, total }
    },
  }),
]

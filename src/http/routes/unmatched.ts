// The inbox of requests that matched nobody, and attaching them to a subscriber. The ISP's own: a reseller sees none of it.

import { z } from 'zod'
import { attachTo, dismissUnmatched } from '../../domain/activity/unmatched-deed.ts'
import { attachableFacts } from '../../domain/unmatched-attach.ts'
import { listUnmatched } from '../../domain/unmatched.ts'
import type { UnmatchedListed } from '../../domain/unmatched.ts'
import { nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, id, idOut, idText, instantOut, nothing, pageOf, pageQuery } from '../schemas.ts'

const request = z
  .strictObject({
    id: idOut,
    nas: z.string().nullable(),
    nas_group: z.string().nullable(),
    username: z.string(),
    known: z.boolean().meta({ description: 'A subscriber has this username: it was refused for its line' }),
    mac: z.string().nullable(),
    interface: z.string().nullable(),
    port: z.string().nullable(),
    s_vlan: z.int().nullable(),
    c_vlan: z.int().nullable(),
    circuit_id: z.string().nullable(),
    remote_id: z.string().nullable(),
    duid: z.string().nullable(),
    reason: z.string(),
    sent: z.unknown().meta({ description: 'Attributes by name; no secrets' }),
    count: z.int().min(1),
    first_at: instantOut,
    last_at: instantOut,
  })
  .meta({ id: 'UnmatchedRequest' })

const lastKey = z
  .tuple([z.iso.datetime(), z.string().regex(/^[1-9]\d{0,15}$/)])
  .transform(([lastAt, key]) => ({ lastAt: new Date(lastAt), id: BigInt(key) }))

function present(listed: UnmatchedListed) {
  return {
    id: Number(listed.id),
    nas: listed.nas,
    nas_group: listed.nasGroup,
    username: listed.username,
    known: listed.known,
    mac: listed.mac,
    interface: listed.interface,
    port: listed.port,
    s_vlan: listed.sVlan,
    c_vlan: listed.cVlan,
    circuit_id: listed.circuitId,
    remote_id: listed.remoteId,
    duid: listed.duid,
    reason: listed.reason,
    sent: listed.sent,
    count: Number(listed.count),
    first_at: listed.firstAt.toISOString(),
    last_at: listed.lastAt.toISOString(),
  }
}

export const unmatchedRoutes = [
  route({
    method: 'get',
    path: '/unmatched',
    summary: 'Requests of the last 7 days that matched nobody, the last first',
    tag: 'Unmatched requests',
    access: 'nas.read',
    query: z.strictObject({ ...pageQuery, nas_id: idText.optional(), reason: z.string().max(50).optional() }),
    answer: pageOf(request),
    async run({ db, by, query: { cursor, limit, ...asked } }) {
      const filter = { nasId: asked.nas_id, reason: asked.reason, limit, before: readCursor(cursor, lastKey) }
      const rows = await listUnmatched(db, filter, by.scope)
      return {
        items: rows.map(present),
        next_cursor: nextCursor(rows, limit, (row) => [row.lastAt.toISOString(), String(row.id)]),
      }
    },
  }),
  route({
    method: 'post',
    path: '/unmatched/:id/attach',
    summary: 'Make the line of a request that of a subscriber',
    tag: 'Unmatched requests',
    access: 'unmatched.attach',
    params: byId,
    body: z.strictObject({
      subscriber_id: id,
      facts: z
        .array(z.enum(attachableFacts))
        .min(1)
        .max(attachableFacts.length)
        .optional()
        .meta({ description: 'Default: what was refused, else that by which the NAS group tells its lines' }),
    }),
    answer: z.strictObject({
      subscriber_id: idOut,
      username: z.string(),
      facts: z.array(z.strictObject({ fact: z.enum(attachableFacts), value: z.string() })),
    }),
    async run({ db, by, params, body, now }) {
      const input = { id: params.id, subscriberId: body.subscriber_id, facts: body.facts }
      const attached = await attachTo(db, input, by, now)
      return { subscriber_id: Number(body.subscriber_id), ...attached }
    },
  }),
  route({
    method: 'delete',
    path: '/unmatched/:id',
    summary: 'Put a request away until it is sent again',
    tag: 'Unmatched requests',
    access: 'unmatched.attach',
    params: byId,
    answer: nothing,
    status: 204,
    run: ({ db, by, params, now }) => dismissUnmatched(db, params.id, by, now),
  }),
]

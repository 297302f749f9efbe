// What happened to a subscriber, of every kind in one list.

import { z } from 'zod'
import { readTimeline } from '../../domain/activity/timeline.ts'
import type { TimelineItem } from '../../domain/activity/timeline.ts'
import { timelineKinds } from '../../domain/activity/timeline-sources.ts'
import type { TimelineKind } from '../../domain/activity/timeline-sources.ts'
import { requirePermission } from '../../domain/author.ts'
import type { Author } from '../../domain/author.ts'
import type { Permission } from '../../domain/operator/permission.ts'
import { instantKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, instant, instantOut, pageOf, pageQuery, words } from '../schemas.ts'

const item = z
  .strictObject({
    kind: z.enum(timelineKinds),
    key: z.string(),
    at: instantOut,
    data: z.record(z.string(), z.unknown()).meta({ description: 'By kind; ids lead to the whole of it' }),
  })
  .meta({ id: 'TimelineItem' })

const timelineKey = z
  .tuple([instantKey, z.enum(timelineKinds), z.string().regex(/^[\d:(),]{1,60}$/)])
  .transform(([atKey, kind, key]) => ({ atKey, kind, key }))

/** What a kind needs beside seeing the subscriber. */
const needs: Partial<Record<TimelineKind, Permission>> = { decision: 'log.read', ledger: 'money.read' }

/** The kinds asked for, each with its permission; else all that the caller may see. */
function kindsOf(by: Author, asked: readonly TimelineKind[] | undefined): TimelineKind[] {
  for (const kind of asked ?? []) {
    const permission = needs[kind]
    if (permission !== undefined) requirePermission(by, permission)
  }
  if (asked !== undefined) return [...new Set(asked)]
  return timelineKinds.filter((kind) => {
    const permission = needs[kind]
    return permission === undefined || by.permissions.has(permission)
  })
}

function present({ kind, key, at, data }: TimelineItem) {
  return { kind, key, at: at.toISOString(), data }
}

export const timelineRoutes = [
  route({
    method: 'get',
    path: '/subscribers/:id/timeline',
    summary: 'What happened to a subscriber, newest first',
    tag: 'Activity',
    access: 'subscriber.read',
    params: byId,
    query: z.strictObject({
      ...pageQuery,
      kinds: words(timelineKinds).optional().meta({ description: 'Several by commas; default: all that may be seen' }),
      since: instant.optional(),
      until: instant.optional(),
    }),
    answer: pageOf(item),
    async run({ db, by, params, query: { cursor, limit, kinds, since, until } }) {
      const before = readCursor(cursor, timelineKey)
      const asked = { subscriberId: params.id, kinds: kindsOf(by, kinds), since, until, before, limit }
      const rows = await readTimeline(db, asked, by.scope)
      return {
        items: rows.map(present),
        next_cursor: nextCursor(rows, limit, (row) => [row.atKey, row.kind, row.key]),
      }
    },
  }),
]

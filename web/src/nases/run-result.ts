// What runs on a router answer, checked here: the API gives a result as it is.
import { z } from 'zod/mini'

const nullableText = z.nullable(z.string())

const session = z.object({
  id: z.number(),
  subscriber_id: z.nullable(z.number()),
  username: z.string(),
  mac: nullableText,
  address: nullableText,
  started_at: z.string(),
  updated_at: z.string(),
})
const line = z.object({
  kind: z.string(),
  name: z.string(),
  mac: nullableText,
  address: nullableText,
  uptime_s: z.nullable(z.number()),
})
const counts = z.record(z.string(), z.number())

const sessionsResult = z.object({
  on_router: counts,
  items: z.array(z.object({ ...line.def.shape, session: z.nullable(session) })),
  missing_count: z.number(),
  missing: z.array(session),
})
const reconcileResult = z.object({
  mode: z.enum(['show', 'mend']),
  doubt: nullableText,
  on_router: counts,
  gone_count: z.number(),
  ended_count: z.number(),
  gone: z.array(z.object({ ...session.def.shape, ended: z.boolean() })),
  zombie_count: z.number(),
  removed_count: z.number(),
  zombies: z.array(
    z.object({ ...line.def.shape, subscriber_id: z.nullable(z.number()), refused: nullableText, outcome: z.string() }),
  ),
})

export type BookedSession = z.infer<typeof session>
export type RouterLine = z.infer<typeof line>
export type SessionsResult = z.infer<typeof sessionsResult>
export type ReconcileResult = z.infer<typeof reconcileResult>

export function readSessionsResult(result: unknown): SessionsResult | undefined {
  return sessionsResult.safeParse(result).data
}

export function readReconcileResult(result: unknown): ReconcileResult | undefined {
  return reconcileResult.safeParse(result).data
}

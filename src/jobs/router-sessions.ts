// Who is online on a router, with our view of each beside it: the run `sessions`.

import { loadRealms } from '../domain/realm.ts'
import { readBooks } from '../domain/reconcile-books.ts'
import { compareWithRouter } from '../domain/reconcile.ts'
import type { BookedSession, RouterLine } from '../domain/reconcile.ts'
import { readRouterLists } from './router-lists.ts'
import { nasOf, onRouter } from './router-run.ts'
import type { CarryOutRun } from './router-run.ts'

/** Rows in the result; the counts are of all. */
const mostShown = 5_000

/** Carries out the run `sessions`: changes nothing, there or here. */
export const readRouterSessions: CarryOutRun = async (context, { nasId }) => {
  const nas = await nasOf(context, nasId)
  const realms = await loadRealms(context.pool)
  const lists = await onRouter(context, nasId, (control) => readRouterLists(control, { nas, realms }))
  const { lines, gone } = compareWithRouter(lists, await readBooks(context.pool, nasId, context.now), context.now)
  const shown = lines.slice(0, mostShown)
  const missing = gone.slice(0, mostShown)
  const persons = [...shown.map(({ session }) => session), ...missing]
  return {
    personIds: persons.flatMap((session) => session?.subscriberId ?? []),
    result: {
      read_at: context.now.toISOString(),
      on_router: countsOf(lines.map(({ line }) => line)),
      items: shown.map(({ line, session }) => ({ ...lineJson(line), session: session ? sessionJson(session) : null })),
      missing_count: gone.length,
      missing: missing.map(sessionJson),
    },
  }
}

/** How many of each kind. */
export function countsOf(lines: readonly RouterLine[]): Record<string, number> {
  const count = (kind: string) => lines.filter((line) => line.kind === kind).length
  return { ppp: count('ppp'), lease: count('lease'), hotspot: count('hotspot') }
}

/** A row of the router as a result shows it. */
export function lineJson(line: RouterLine) {
  return {
    kind: line.kind,
    name: line.name,
    acct_session_id: line.sessionId ?? null,
    mac: line.mac ?? null,
    address: line.address ?? null,
    uptime_s: line.uptimeS ?? null,
    from_radius: line.fromRadius ?? null,
  }
}

/** A session of ours as a result shows it. */
export function sessionJson(session: BookedSession) {
  return {
    id: Number(session.id),
    subscriber_id: session.subscriberId === undefined ? null : Number(session.subscriberId),
    username: session.username,
    acct_session_id: session.acctSessionId,
    mac: session.mac ?? null,
    address: session.address ?? null,
    started_at: session.startedAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
    ended_at: session.endedAt?.toISOString() ?? null,
  }
}

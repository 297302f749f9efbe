// The kinds of runs on routers, and what carries each out.

import { disconnectOnRouter } from './disconnect-on-router.ts'
import { carryOutDoctor } from './doctor.ts'
import { readCounters } from './read-counters.ts'
import { reconcileRouter } from './reconcile-router.ts'
import { readRouterSessions } from './router-sessions.ts'
import type { CarryOutRun } from './router-run.ts'

export const routerRunKinds: ReadonlyMap<string, CarryOutRun> = new Map<string, CarryOutRun>([
  ['doctor', carryOutDoctor],
  ['sessions', readRouterSessions],
  ['reconcile', reconcileRouter],
  ['disconnect', disconnectOnRouter],
  ['counters', readCounters],
])

// Whether this process serves while Postgres does not answer, and says so: to NASes by Status-Server, to whoever watches by metrics.

import * as path from 'node:path'
import type { Clock } from '../clock.ts'
import type { Breaker } from '../db/breaker.ts'
import { mayServe } from '../domain/last-known.ts'
import type { Settings } from '../domain/setting.ts'
import type { Metrics } from '../metrics.ts'
import type { Fallback } from './access-last-known.ts'
import type { DegradedAccepts } from './snapshot/degraded-accepts.ts'
import type { Snapshot } from './snapshot/snapshot.ts'
import type { Spare } from './status-server.ts'

export type SpareOptions = {
  readonly breaker: Pick<Breaker, 'isOpen'>
  readonly snapshot: Pick<Snapshot, 'seenAt'>
  settings(): Settings
  readonly clock: Pick<Clock, 'now'>
  /** Whether accounting is acknowledged without Postgres: there is a journal, with room. */
  canRecord(): boolean
}

/** Makes it. */
export function createSpare({ breaker, snapshot, settings, clock, canRecord }: SpareOptions): Spare {
  return {
    isAway: breaker.isOpen,
    canServe(kind) {
      // F73: a NAS that has another server may be sent there; one that has none is served whatever this says.
      if (settings().outage_status_server === 'silent') return false
      return kind === 'accounting' ? canRecord() : mayServe(snapshot.seenAt(), settings(), clock.now())
    },
  }
}

/** Where the degraded accepts of a worker lie until Postgres has them. */
export function degradedAcceptsFile(directory: string, worker: number): string {
  return path.join(directory, `degraded-accepts-${worker}`)
}

type Observed = {
  readonly fallback: Pick<Fallback, 'snapshot'> & { readonly accepts: DegradedAccepts }
  settings(): Settings
  readonly clock: Pick<Clock, 'now'>
}

/** Brings the metrics up to date. */
export function observeSpare({ fallback, settings, clock }: Observed, metrics: Metrics): void {
  const serves = mayServe(fallback.snapshot.seenAt(), settings(), clock.now())
  metrics.servesLastKnown.set(serves ? 1 : 0)
  metrics.degradedWaiting.set(fallback.accepts.waiting())
  metrics.degradedLost.set(fallback.accepts.dropped())
}

// Whether logins can be served at this moment, for /readyz: by Postgres, or without it by RADIUS processes that know their
// subscribers still (decision 0032).

import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from './db/pool.ts'
import type { Readiness } from './http/app.ts'
import type { MetricsSnapshot } from './metrics.ts'

/** Who asks wants an answer before its own patience ends. */
const deadlineMs = 1_000

/** Asks Postgres, and where that does not answer in time the RADIUS processes by their metrics. Never throws. */
export async function findReadiness(
  pool: Pick<Pool, 'query'>,
  metricsOfOthers: () => Promise<MetricsSnapshot[]>,
): Promise<Readiness> {
  const answered = pool.query('select 1').then(
    () => true,
    () => false,
  )
  const timer = new AbortController()
  const late = sleep(deadlineMs, false, { signal: timer.signal }).catch(() => false)
  const isThere = await Promise.race([answered, late])
  timer.abort()
  if (isThere) return 'ready'
  return (await metricsOfOthers()).some(servesLastKnown) ? 'degraded' : 'not ready'
}

function servesLastKnown(snapshot: MetricsSnapshot): boolean {
  const gauge = snapshot.find(({ name }) => name === 'gatehouse_radius_serves_last_known')
  return gauge !== undefined && 'values' in gauge && gauge.values.some(({ value }) => value > 0)
}

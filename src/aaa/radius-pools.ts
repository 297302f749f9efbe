// The database connections of a RADIUS process: a pool for each purpose, so that none waits for another's, with the deadlines
// that docs/operations.md lists; and the one breaker that knows whether Postgres is worth asking.
import type { Clock } from '../clock.ts'
import { createBreaker } from '../db/breaker.ts'
import type { Breaker } from '../db/breaker.ts'
import { createPool } from '../db/pool.ts'
import type { Pool, PoolOptions } from '../db/pool.ts'
import { probeHotTables } from '../domain/hot-probe.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'

/** Beyond this no NAS waits any more; the statement's answer would be thrown away (F15). */
const queryTimeoutMs = 5_000
/** A little earlier Postgres ends the statement itself: what we gave up must not go on there, and hold a connection. */
const statementTimeoutMs = 4_500
/** No statement of the hot path waits so long for another one; who does waits for somebody who changes tables (F21). */
const lockTimeoutMs = 1_000

/**
 * Statements in flight at once, at most; see batch.ts for when another one starts. Accounting: while one batch waits for the
 * disk the next is worked on.
 */
export const lanes = { access: 3, accounting: 3 }

type PoolName = 'access' | 'claim' | 'rescue' | 'accounting' | 'registry' | 'snapshot' | 'probe'
export type Pools = Record<PoolName, Pool>

/** Makes them; no connection is opened yet. */
export function openPools({ databaseUrl, log }: { databaseUrl: string; log: Logger }): Pools {
  const onError = (error: Error): void => log.warn({ error }, 'a database connection broke')
  const pool = (name: PoolName, options: Omit<PoolOptions, 'name'>): Pool =>
    createPool(databaseUrl, {
      name: `gatehouse-${name}`,
      role: 'gatehouse_service',
      queryTimeoutMs,
      statementTimeoutMs,
      onError,
      ...options,
    })
  const hot = { hotPath: true, lockTimeoutMs }
  return {
    access: pool('access', { max: lanes.access + 1, ...hot }),
    // What a claim writes can be claimed again after a crash of Postgres: its commit need not wait for the disk.
    claim: pool('claim', { max: lanes.access, synchronousCommit: 'off', ...hot }),
    // One look at a time, whatever pools have run out.
    rescue: pool('rescue', { max: 1, synchronousCommit: 'off' }),
    accounting: pool('accounting', { max: lanes.accounting + 3, ...hot }),
    registry: pool('registry', { max: 2 }),
    // Apart: a million subscribers are loaded through it.
    snapshot: pool('snapshot', { max: 1, hotPath: true }),
    // A probe that Postgres does not answer must not wait for those before it: each is given up, its connection too.
    probe: pool('probe', {
      max: 2,
      queryTimeoutMs: 500,
      connectTimeoutMs: 500,
      statementTimeoutMs: 500,
      lockTimeoutMs: 200,
    }),
  }
}

/** The breaker of the process. */
export function watchDatabase(probe: Pool, about: { clock: Clock; log: Logger; metrics: Metrics }): Breaker {
  const { clock, log, metrics } = about
  const breaker = createBreaker({ probe: () => probeHotTables(probe), clock, log })
  breaker.onChange((open) => metrics.databaseAway.set(open ? 1 : 0))
  return breaker
}

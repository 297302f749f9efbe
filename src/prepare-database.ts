// What has to be done with the database before anybody works with it: migrations, keys, partitions, the token of the first
// start. At once where Postgres is there, else as soon as it is (F10).
import { setTimeout as sleep } from 'node:timers/promises'
import { ChildStartError } from './child.ts'
import { isUnavailable } from './db/errors.ts'
import { migrate } from './db/migrate.ts'
import { createKysely, createPool } from './db/pool.ts'
import type { Database } from './db/schema.ts'
import { openKeyring } from './domain/data-key.ts'
import { makeSetupToken } from './domain/operator/setup.ts'
import { ensurePartitions } from './domain/usage.ts'
import { createLimiter } from './log.ts'
import type { Logger } from './log.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'

export type Prepared = {
  /** With it the first operator is made; undefined where there is one. */
  setupToken: string | undefined
}

/** A Postgres that does not answer a connection by then is away: RADIUS begins without it. */
const connectTimeoutMs = 3_000
const pauseMs = 1_000
const oncePerMs = 60_000

/** Does it. Throws where it cannot be done: what no other process should wait for, or fail at, later. */
export async function prepareDatabase(databaseUrl: string, config: Config, clock: Clock): Promise<Prepared> {
  await migrate(databaseUrl, { connectTimeoutMs })
  const pool = createPool(databaseUrl, { name: 'gatehouse-start', max: 1, connectTimeoutMs })
  try {
    await openKeyring(pool, config.keyFile, clock.now())
    await ensurePartitions(pool, clock.now())
    return { setupToken: await makeSetupToken(createKysely<Database>(pool), clock.now()) }
  } finally {
    await pool.end()
  }
}

/** What the deed answers; undefined where Postgres is away. Throws what no waiting mends (a wrong key file, a taken port). */
export async function unlessAway<T>(deed: () => Promise<T>): Promise<T | undefined> {
  try {
    return await deed()
  } catch (error) {
    if (isAway(error)) return undefined
    throw error
  }
}

/**
 * Tries every second until it is done, whatever stands against it: RADIUS serves meanwhile, and to end would take that away
 * too. One line a minute says why. Rejects only when `signal` ends it.
 */
export async function untilDone<T>(
  deed: () => Promise<T>,
  { clock, log, signal }: { clock: Clock; log: Logger; signal: AbortSignal },
): Promise<T> {
  const limited = createLimiter({ perMs: oncePerMs, clock })
  for (;;) {
    try {
      return await deed()
    } catch (error) {
      signal.throwIfAborted()
      const message = isAway(error)
        ? 'Postgres is away: RADIUS works without it, HTTP and jobs wait for it'
        : 'the database cannot be used as it is: RADIUS works without it, HTTP and jobs wait'
      if (limited(message) !== undefined) log.error({ error }, message)
    }
    await sleep(pauseMs, undefined, { signal })
  }
}

function isAway(error: unknown): boolean {
  return isUnavailable(error) || (error instanceof ChildStartError && error.away)
}

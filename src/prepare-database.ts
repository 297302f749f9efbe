// What has to be done with the database before anybody works with it: migrations, keys, partitions, the token of the first
// start. At once where Postgres is there, else as soon as it is (F10).
import { setTimeout as sleep } from 'node:timers/promises'
import { ChildStartError } from './child.ts'
import { isHeldUp, isUnavailable } from './db/errors.ts'
import { migrate, MigrationError } from './db/migrate.ts'
import { createKysely, createPool } from './db/pool.ts'
import type { Database } from './db/schema.ts'
import { watchOver } from './db/watch.ts'
import type { Watched } from './db/watch.ts'
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
/** Whoever waits for the lock of a table holds up all who come later: after this it steps back, lets them pass and tries again. */
const lockTimeoutMs = 4_000
const pauseMs = 1_000
const oncePerMs = 60_000
/** So long RADIUS waits for it: a large migration, or a lock that somebody holds, must not keep subscribers offline. */
const patienceMs = 30_000

/** It is under way and takes long; RADIUS begins without it. */
class PreparingLongError extends Error {
  override name = 'PreparingLongError'
}

/**
 * The preparation, once at a time. `soon` rejects, as where Postgres is away, when it takes longer than half a minute, and with
 * the reason of the signal; `done` waits for as long as it takes.
 */
export function createPreparation(
  prepare: () => Promise<Prepared>,
  { signal, patience = patienceMs }: { signal: AbortSignal; patience?: number },
): { soon(): Promise<Prepared>; done(): Promise<Prepared> } {
  let preparing: Promise<Prepared> | undefined
  const done = (): Promise<Prepared> => (preparing ??= prepare().finally(() => (preparing = undefined)))
  return {
    done,
    async soon() {
      const enough = new AbortController()
      const ended = sleep(patience, undefined, { signal: AbortSignal.any([signal, enough.signal]) }).then(
        () => {
          throw new PreparingLongError(`the database is not prepared after ${patience} ms`)
        },
        (error: unknown) => {
          throw signal.aborted ? signal.reason : error
        },
      )
      try {
        return await Promise.race([done(), ended])
      } finally {
        enough.abort()
        ended.catch(() => undefined)
      }
    },
  }
}

/** `signal`: the service is to end. */
export type StartTools = { clock: Clock; log: Logger; signal: AbortSignal }

/**
 * Does it, and says each few seconds what it waits for. Throws where it cannot be done: what no other process should wait for, or
 * fail at, later. Rejects at once with what the signal was aborted with.
 */
export function prepareDatabase(databaseUrl: string, config: Config, tools: StartTools): Promise<Prepared> {
  const { clock } = tools
  const prepare = async ({ onConnect }: Watched): Promise<Prepared> => {
    const limits = { connectTimeoutMs, lockTimeoutMs, onConnect }
    await migrate(databaseUrl, limits)
    const pool = createPool(databaseUrl, { name: 'gatehouse-start', max: 1, ...limits })
    try {
      await openKeyring(pool, config.keyFile, clock.now())
      await ensurePartitions(pool, clock.now())
      return { setupToken: await makeSetupToken(createKysely<Database>(pool), clock.now()) }
    } finally {
      await pool.end()
    }
  }
  return watchOver(databaseUrl, prepare, tools)
}

/**
 * What the deed answers; undefined where Postgres is away, or others hold up what we want of it. Throws what no waiting mends (a
 * wrong key file, a taken port).
 */
export async function unlessAway<T>(deed: () => Promise<T>): Promise<T | undefined> {
  try {
    return await deed()
  } catch (error) {
    if (isAway(error) || isLocked(error)) return undefined
    throw error
  }
}

/**
 * Tries every second until it is done, whatever stands against it: RADIUS serves meanwhile, and to end would take that away
 * too. One line a minute says why. Rejects only when `signal` ends it.
 */
export async function untilDone<T>(deed: () => Promise<T>, { clock, log, signal }: StartTools): Promise<T> {
  const limited = createLimiter({ perMs: oncePerMs, clock })
  for (;;) {
    try {
      return await deed()
    } catch (error) {
      signal.throwIfAborted()
      const message = reasonOf(error)
      if (limited(message) !== undefined) log.error({ error }, message)
    }
    await sleep(pauseMs, undefined, { signal })
  }
}

function isAway(error: unknown): boolean {
  return isUnavailable(error) || error instanceof PreparingLongError || (error instanceof ChildStartError && error.away)
}

function isLocked(error: unknown): boolean {
  return isHeldUp(error instanceof MigrationError ? error.cause : error)
}

function reasonOf(error: unknown): string {
  if (isAway(error)) return 'Postgres is away: RADIUS works without it, HTTP and jobs wait for it'
  if (isLocked(error)) return 'others hold locks that the start needs: RADIUS works, HTTP and jobs wait'
  return 'the database cannot be used as it is: RADIUS works without it, HTTP and jobs wait'
}

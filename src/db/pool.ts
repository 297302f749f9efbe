// Connections to Postgres: one pool per purpose (access, accounting, admin), each with its own deadlines, and the one place
// where column types become JavaScript values: int8 is a BigInt, numeric and date stay text, timestamptz is a Date.

import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import { Pool, TypeOverrides } from 'pg'
import type { PoolClient } from 'pg'
import { beNice, isBackendOf } from '../scheduling.ts'
import { isTransient, PoolBusyError } from './errors.ts'
import { connectionOf } from './hosts.ts'

export type { Pool, PoolClient } from 'pg'

export type PoolOptions = {
  /** Connections at most. Default 10. */
  max?: number
  /** Seen as application_name in pg_stat_activity. */
  name: string
  /** What the connections are, whoever logs in: see migrations/0016. Default: who logs in. */
  role?: 'gatehouse_service'
  /** `off` only for what can be made again after a crash of Postgres. Default `on`. */
  synchronousCommit?: 'on' | 'off'
  /** Postgres ends a longer statement itself. Default 30 000 ms; 0 = no limit. */
  statementTimeoutMs?: number
  /** We stop waiting, even if Postgres hangs with TCP alive (the statement may still commit). Default: none. */
  queryTimeoutMs?: number
  /** How long a wait for a lock may last. Default: only bounded by the statement. */
  lockTimeoutMs?: number | undefined
  /** How long to wait for a free or new connection. Default 5 000 ms. */
  connectTimeoutMs?: number | undefined
  /** So many may wait for a connection; more are refused with PoolBusyError. Default: as many as come. */
  maximumWaiting?: number
  /**
   * For prepared statements on tables that grow while their plans are kept: look-ups by index and one generic plan, always.
   * A plan made while a table was empty would read all of it, and be kept when it has a million rows.
   */
  hotPath?: boolean
  /**
   * For work that can wait: a statement takes one core, where the planner would take all of them from logins, and on the machine of
   * Postgres itself its backends let others go first. Eight of them at the nightly jobs held logins up for two seconds.
   */
  background?: boolean
  /** Told of every idle connection that broke; the pool replaces it by itself. */
  onError?: (error: Error) => void
  /** Told of every new connection, before its first statement. */
  onConnect?: ((client: PoolClient) => void) | undefined
}

const oid = { int8: 20, int8Array: 1016, date: 1082, dateArray: 1182, interval: 1186 } as const

/**
 * Makes a pool. No connection is opened before the first query. Close it with `pool.end()`. Where the URL names several hosts it
 * connects to the one that takes writes (hosts.ts).
 */
export function createPool(url: string, options: PoolOptions): Pool {
  const pool = new Pool({
    ...connectionOf(url),
    max: options.max ?? 10,
    application_name: options.name,
    ...(options.queryTimeoutMs === undefined ? {} : { query_timeout: options.queryTimeoutMs }),
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    // A peer that vanished without a reset is noticed after 15 s (libuv asks ten times, each second): F16.
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    options: sessionSettings(options),
    types: createTypes(),
  })
  // Without a listener one broken idle connection would end the process.
  pool.on('error', (error) => options.onError?.(error))
  // So would one that breaks between two statements of a transaction: whoever holds it learns that from its next statement.
  pool.on('connect', (client) => client.on('error', () => undefined))
  if (options.background === true) pool.on('connect', (client) => void letOthersGoFirst(client))
  if (options.onConnect !== undefined) pool.on('connect', options.onConnect)
  if (options.maximumWaiting !== undefined) refuseBeyond(pool, options.maximumWaiting)
  return pool
}

/** The last of all: a process that was not asked to wait has the core some 65 times as long. */
const backgroundNice = 19

async function letOthersGoFirst(client: PoolClient): Promise<void> {
  const { processID: pid, connection } = client as PoolClient & { processID?: number; connection: { stream: Socket } }
  if (typeof pid === 'number' && (await isBackendOf(pid, connection.stream.localPort)))
    await beNice(pid, backgroundNice)
}

type Connected = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void

/** Every way to a connection leads by `connect`, with a callback (as `query` calls it) or for a promise. */
function refuseBeyond(pool: Pool, maximumWaiting: number): void {
  const isFull = (): boolean => pool.waitingCount >= maximumWaiting
  const connect = pool.connect.bind(pool)
  const refuse = (): PoolBusyError => new PoolBusyError(`${maximumWaiting} wait for a connection already`)
  const bounded = (callback?: Connected): unknown => {
    if (callback === undefined) return isFull() ? Promise.reject(refuse()) : connect()
    if (isFull()) return process.nextTick(callback, refuse(), undefined, () => undefined)
    return connect(callback)
  }
  pool.connect = bounded as typeof pool.connect
}

/** As start-up options: pg's own fields leave out a 0, and a limit of the role or database would then hold. */
function sessionSettings(options: PoolOptions): string {
  const settings = {
    synchronous_commit: options.synchronousCommit ?? 'on',
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: 60_000,
    TimeZone: 'UTC',
    ...(options.role === undefined ? {} : { role: options.role }),
    ...(options.lockTimeoutMs === undefined ? {} : { lock_timeout: options.lockTimeoutMs }),
    ...(options.hotPath === true ? { enable_seqscan: 'off', plan_cache_mode: 'force_generic_plan', jit: 'off' } : {}),
    ...(options.background === true ? { max_parallel_workers_per_gather: 0 } : {}),
  }
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
}

function createTypes(): TypeOverrides {
  const types = new TypeOverrides()
  types.setTypeParser(oid.int8, BigInt)
  types.setTypeParser(oid.int8Array, parseInt8Array)
  // A day has no instant: a Date would shift it by the zone of this machine.
  types.setTypeParser(oid.date, asText)
  types.setTypeParser(oid.dateArray, (value: string) => splitArray(value))
  types.setTypeParser(oid.interval, asText)
  return types
}

function parseInt8Array(value: string): (bigint | null)[] {
  return splitArray(value).map((element) => (element === 'NULL' ? null : BigInt(element)))
}

/** The elements of a one-dimensional array whose elements are never quoted. */
function splitArray(value: string): string[] {
  return value === '{}' ? [] : value.slice(1, -1).split(',')
}

function asText(value: string): string {
  return value
}

/** The query builder over a pool, for admin queries. Do not call `destroy()` on it: it would end the pool. */
export function createKysely<Schema>(pool: Pool): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}

/**
 * Runs `work` inside one transaction: commits what it returns, rolls back what it throws. A connection whose rollback fails
 * is thrown away. If the commit itself fails by a broken connection the outcome is unknown: the error is passed on.
 */
export async function withTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  const onError = (error: Error): void => {
    broken = error
  }
  client.on('error', onError)
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => (broken ??= failure))
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

/**
 * Runs `work` again after a deadlock or a serialization failure, at most five times in all, with a growing random pause
 * (about 10, 20, 40, 80 ms). Any other error, and the last one, is passed on. `work` must begin its own transaction.
 */
export async function retryTransient<T>(work: () => Promise<T>, attempts = 5): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= attempts || !isTransient(error)) throw error
      await sleep(2 ** attempt * 5 * (0.5 + Math.random()))
    }
  }
}

// Watches over work in Postgres that may take long or wait for what others have locked: says what it waits for, and breaks it
// off where Postgres says nothing any more, or nobody wants it any longer.

import { setTimeout as sleep } from 'node:timers/promises'
import { sqlStateOf } from './errors.ts'
import { backendOf, streamOf } from './hosts.ts'
import { createPool } from './pool.ts'
import type { Pool, PoolClient, PoolOptions } from './pool.ts'

const lookMs = 1_000
/** A look that is not answered by then has found Postgres silent; after two of them in a row the work is given up. */
const answerMs = 2_000
const silentLooks = 2
/** It is told at the second look, and then at each fifth one: what takes less than two seconds is nobody's concern. */
const firstTold = 2
const toldEach = 5
const cancelMs = 500

/** The part of a logger that is needed here. */
type WatchLog = Record<'info' | 'warn', (fields: object, message: string) => void>

/** For the pools of the work: so its connections are known here. */
export type Watched = { onConnect: NonNullable<PoolOptions['onConnect']> }

/**
 * Does the work and says each 5 s what it waits for. Rejects as the work does; with what `signal` was aborted with, after
 * statements in flight were cancelled; or with the error of the look where Postgres has not answered twice. Nothing that it
 * began goes on here then.
 */
export async function watchOver<T>(
  url: string,
  work: (watched: Watched) => Promise<T>,
  { log, signal }: { log: WatchLog; signal: AbortSignal },
): Promise<T> {
  signal.throwIfAborted()
  const own = createConnections()
  const over = new AbortController()
  const { onConnect } = own
  const limits = { connectTimeoutMs: answerMs, queryTimeoutMs: answerMs, statementTimeoutMs: answerMs }
  const pool = createPool(url, { name: 'gatehouse-watch', max: 1, ...limits })
  const working = work({ onConnect })
  const looking = look(pool, own, log, AbortSignal.any([signal, over.signal]))
  // Only one of the two is heard.
  for (const one of [working, looking]) one.catch(() => undefined)
  try {
    return await Promise.race([working, looking])
  } catch (error) {
    if (!signal.aborted) throw error
    await cancel(pool, own)
    throw signal.reason
  } finally {
    over.abort()
    own.breakOff()
    // One look may still be under way, which has its own end.
    void pool.end()
  }
}

type Connections = Watched & { backends(): number[]; breakOff(): void }

/** What is connected for the work; after `breakOff` nothing is any more, nor will be. */
function createConnections(): Connections {
  const clients = new Set<PoolClient>()
  let isBroken = false
  return {
    onConnect(client) {
      clients.add(client)
      client.once('end', () => clients.delete(client))
      if (isBroken) streamOf(client).destroy()
    },
    backends: () => [...clients].map(backendOf),
    breakOff() {
      isBroken = true
      for (const client of clients) streamOf(client).destroy()
    },
  }
}

async function look(pool: Pool, own: Connections, log: WatchLog, until: AbortSignal): Promise<never> {
  let silent = 0
  for (let looks = 1; ; looks += 1) {
    await sleep(lookMs, undefined, { signal: until })
    try {
      const doings = await readDoings(pool, own.backends())
      silent = 0
      if (looks % toldEach === firstTold) tell(doings, log)
    } catch (error) {
      // An error that Postgres sent is an answer, as where it has no connection left for us.
      if (sqlStateOf(error) !== undefined) continue
      silent += 1
      if (silent === silentLooks) throw error
    }
  }
}

function tell(doings: readonly Doing[], log: WatchLog): void {
  for (const { waits_for, held_by, for_ms } of doings) {
    if (waits_for === null) log.info({ for_ms }, 'the database is still being prepared')
    else log.warn({ waits_for, held_by, for_ms }, 'the database cannot be prepared yet: others hold a lock')
  }
}

/** A statement of ours that runs; `waits_for` is the lock that it has not got. */
type Doing = {
  for_ms: number
  waits_for: string | null
  /** Null where Postgres does not say, as of a prepared transaction. */
  held_by: { pid: number; application: string | null; state: string | null; since: string | null }[] | null
}

/** Statements of others are left out: there may be anything in them. */
async function readDoings(pool: Pool, backends: readonly number[]): Promise<Doing[]> {
  const { rows } = await pool.query<Doing>(
    `select (extract(epoch from clock_timestamp() - own.query_start) * 1000)::int as for_ms,
       (select concat_ws(' ', lock.mode, 'on', lock.locktype, lock.relation::regclass)
        from pg_locks lock where lock.pid = own.pid and not lock.granted limit 1) as waits_for,
       (select json_agg(json_build_object('pid', other.pid, 'application', other.application_name, 'state', other.state,
          'since', other.xact_start))
        from pg_stat_activity other where other.pid = any (pg_blocking_pids(own.pid))) as held_by
     from pg_stat_activity own where own.pid = any ($1) and own.state = 'active'`,
    [backends],
  )
  return rows
}

/** So that Postgres does not go on with what nobody waits for; where it cannot be told in time, it goes on. */
async function cancel(pool: Pool, own: Connections): Promise<void> {
  const told = pool.query('select pg_cancel_backend(pid) from unnest($1::int[]) pid', [own.backends()])
  await Promise.race([told.catch(() => undefined), sleep(cancelMs)])
}

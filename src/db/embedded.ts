// Our own Postgres for demonstration, development and tests: started beside us when DATABASE_URL is unset.
// The server is not our child in spirit: it has its own process session, survives a kill -9 of ours, is then adopted by the
// next start, and is stopped by whoever uses it last (embedded/holders.ts).

// As root the server runs as another user, but in place: started inside its folder it needs no right to the folders above
// (embedded/cluster.ts). Two other ways were weighed. A server with the capability dac_read_search would let anybody with
// its superuser's password read every file of the machine. A cluster under /var/lib would outlive `rm -rf .data` without
// its key file, and be missing from a container that keeps only the data directory.

import { setTimeout as sleep } from 'node:timers/promises'
import { bundledBinaries } from './embedded/binaries.ts'
import { clusterRoot, openCluster, readConnection, writeConnection } from './embedded/cluster.ts'
import type { Cluster } from './embedded/cluster.ts'
import { countHolders, holdServer } from './embedded/holders.ts'
import {
  clearStalePidFile,
  connectionUrl,
  findRunning,
  freePort,
  isServer,
  PostgresStartError,
  spawnServer,
  stopServer,
  waitUntilReady,
} from './embedded/process.ts'
import type { Running } from './embedded/process.ts'

/** The part of a logger that is needed here. */
export type EmbeddedLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>

export type EmbeddedPostgresOptions = {
  /** Made if missing (0700). The cluster lies in its folder `postgres`. */
  dataDirectory: string
  /** False only for tests: what was written may be lost with the machine. */
  durable: boolean
  log: EmbeddedLog
  /** Folder of initdb and postgres; default: those of the npm package. */
  binaries?: string
  /** Start the server again when it dies under us. Default true. */
  watch?: boolean
}

export type EmbeddedPostgres = {
  /** As superuser, to the database `gatehouse`. Stays the same when the server has to be started again. */
  url: string
  /** Of the server as it runs now. */
  readonly pid: number
  /** True if the server ran already. */
  adopted: boolean
  /** Lets go of the server, and stops it if nobody else uses it. Call it last, after all pools are closed. */
  stop(): Promise<void>
}

const retryMs = 5_000
/** Between attempts to start a server that cannot: its disk may be full for hours (F19b). */
const longestPauseMs = 5_000

/**
 * Uses the server of a data directory: adopts the running one, or mends and starts it (a new one takes about a second).
 * Safe against two at once. Throws BinariesMissingError, ClusterError or PostgresStartError.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = openCluster({ ...options, bin: options.binaries ?? bundledBinaries() })
  const release = holdServer(cluster.root)
  try {
    const { running, adopted } = await findOrStart(cluster, options)
    options.log.info({ pid: running.pid, port: running.port, adopted }, 'embedded Postgres is ready')
    return handle(cluster, options, running, adopted, release)
  } catch (error) {
    release()
    throw error
  }
}

/** The same for one short command: durable, quiet about a death of the server, stopped afterwards unless others use it. */
export function usePostgres(dataDirectory: string, log: EmbeddedLog): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDirectory, durable: true, log, watch: false })
}

/** The URL of the server that runs for a data directory, or undefined. Starts nothing and holds nothing. */
export function findRunningPostgres(dataDirectory: string): string | undefined {
  const root = clusterRoot(dataDirectory)
  const running = root === undefined ? undefined : findRunning(root)
  return root === undefined || running === undefined ? undefined : connectionUrl(readConnection(root), running.port)
}

type Started = { running: Running; adopted: boolean }

async function findOrStart(cluster: Cluster, options: EmbeddedPostgresOptions, fixedPort?: number): Promise<Started> {
  const deadline = performance.now() + retryMs
  let pauseMs = 100
  for (;;) {
    const connection = readConnection(cluster.root)
    const running = findRunning(cluster.root)
    if (running !== undefined) {
      if (await waitUntilReady(connection, running, () => isServer(running.pid, cluster.name))) {
        return { running, adopted: true }
      }
      continue
    }
    await clearStalePidFile(cluster)
    const port = fixedPort ?? (await freePort(connection.port))
    if (port !== connection.port) writeConnection(cluster.root, { ...connection, port })
    const server = spawnServer(cluster, { port, durable: options.durable })
    let ended = false
    void server.ended.then(() => (ended = true))
    const started = { pid: server.pid, port }
    const answered = await waitUntilReady(connection, started, () => !ended)
    // What answers on the port may be another starter's server, and ours about to end.
    if (answered && findRunning(cluster.root)?.pid === started.pid) return { running: started, adopted: false }
    if (answered) continue
    // It ended: another starter was first, a dying predecessor still holds the files, or the port was taken meanwhile.
    if (performance.now() > deadline)
      throw new PostgresStartError(`Postgres does not start: ${server.lastLines().trim()}`)
    await sleep(pauseMs)
    pauseMs = Math.min(pauseMs * 2, 1_000)
  }
}

function handle(
  cluster: Cluster,
  options: EmbeddedPostgresOptions,
  first: Running,
  adopted: boolean,
  release: () => void,
): EmbeddedPostgres {
  let running = first
  let stopped = false
  let mending: Promise<void> | undefined
  let failures = 0
  let notBefore = 0
  const mend = async (): Promise<void> => {
    options.log.error({ pid: running.pid }, 'embedded Postgres has died; starting it again')
    try {
      running = (await findOrStart(cluster, options, running.port)).running
      options.log.info({ pid: running.pid }, 'embedded Postgres is back')
      failures = 0
    } catch (error) {
      failures += 1
      const pauseMs = Math.min(1_000 * 2 ** failures, longestPauseMs)
      notBefore = performance.now() + pauseMs
      options.log.error({ err: error, pause_ms: pauseMs }, 'embedded Postgres cannot be started; trying again')
    }
    mending = undefined
  }
  const watch = setInterval(() => {
    if (stopped || mending !== undefined || isServer(running.pid, cluster.name)) return
    if (performance.now() >= notBefore) mending = mend()
  }, 250)
  watch.unref()
  if (options.watch === false) clearInterval(watch)

  return {
    url: connectionUrl(readConnection(cluster.root), first.port),
    get pid() {
      return running.pid
    },
    adopted,
    async stop() {
      if (stopped) return
      stopped = true
      clearInterval(watch)
      await mending
      release()
      const others = countHolders(cluster.root)
      if (others > 0) return options.log.info({ others }, 'embedded Postgres is left running: others use it')
      await stopServer(running.pid, cluster.name)
    },
  }
}

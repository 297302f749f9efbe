// Starts everything in order and ends it in the reverse one: Postgres (when it is ours), migrations, keys, then the RADIUS
// processes and the process of HTTP and jobs; a child that dies is started again.
import { startChild, type Child } from './child.ts'
import type { FromChild } from './child-side.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { startEmbeddedPostgres } from './db/embedded.ts'
import { migrate } from './db/migrate.ts'
import { createKysely, createPool } from './db/pool.ts'
import type { Database } from './db/schema.ts'
import { openKeyring } from './domain/data-key.ts'
import { makeSetupToken } from './domain/operator/setup.ts'
import { ensurePartitions } from './domain/usage.ts'
import type { Logger } from './log.ts'
import type { MetricsSnapshot } from './metrics.ts'

/** A RADIUS process finishes what it has taken within this time (F04: exit within 10 s). */
const drainMs = 8_000
/**
 * A RADIUS process lives on short-lived objects. V8's defaults for a large machine let garbage grow to 500 MB before it looks;
 * with these it stays near 200 at the same speed, and what is left is far above what 20,000 waiting requests need.
 */
const radiusNodeOptions = ['--max-semi-space-size=16', '--max-old-space-size=192']

/**
 * An export is rows that live for a moment. A spreadsheet of 1,000,000 took 23.4 s of CPU and 382 MiB with 4 MB for young objects
 * and no limit, 17.4 s and 346 MiB with these, 21.2 s and 213 MiB with a limit of 512.
 */
const adminNodeOptions = ['--max-semi-space-size=16', '--max-old-space-size=2048']

export type Service = {
  authPort: number
  acctPort: number
  /** Where HTTP listens. */
  httpUrl: string
  databaseUrl: string
  /** With it the first operator is made; undefined where there is one. */
  setupToken: string | undefined
  /** Process ids of the RADIUS processes that run now. */
  radiusPids(): number[]
  close(): Promise<void>
}

/** Brings the whole service up; resolves when it serves. Throws with one clear sentence when a part cannot start. */
export async function startService(config: Config, log: Logger, clock: Clock): Promise<Service> {
  const postgres =
    config.databaseUrl === undefined
      ? await startEmbeddedPostgres({ dataDirectory: config.dataDirectory, durable: true, log })
      : undefined
  const databaseUrl = config.databaseUrl ?? postgres!.url
  const children: Child[] = []
  const close = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop(drainMs)))
    await postgres?.stop()
  }
  try {
    const setupToken = await prepareDatabase(databaseUrl, config, clock)
    const start = { kind: 'start' as const, config, databaseUrl }
    const radius = Array.from({ length: config.radiusWorkers }, (_, at) =>
      startChild({
        name: `radius ${at + 1}`,
        file: new URL('./radius-process.ts', import.meta.url),
        nodeOptions: radiusNodeOptions,
        start,
        log,
      }),
    )
    children.push(...(await settleAll(radius)))
    const radiusChildren = [...children]
    const admin = await startChild({
      name: 'admin',
      file: new URL('./admin-process.ts', import.meta.url),
      nodeOptions: adminNodeOptions,
      start,
      log,
      onMessage: (message, child) => void answerMetrics(message, child, radiusChildren),
    })
    children.push(admin)
    return {
      authPort: config.authPort,
      acctPort: config.acctPort,
      httpUrl: admin.url ?? '',
      databaseUrl,
      setupToken,
      radiusPids: () => radiusChildren.flatMap((child) => child.pid ?? []),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Migrations, keys, partitions and the token of the first start: what no other process should wait for, or fail at, later. */
async function prepareDatabase(databaseUrl: string, config: Config, clock: Clock): Promise<string | undefined> {
  await migrate(databaseUrl)
  const pool = createPool(databaseUrl, { name: 'gatehouse-start', max: 1 })
  try {
    await openKeyring(pool, config.keyFile, clock.now())
    await ensurePartitions(pool, clock.now())
    return await makeSetupToken(createKysely<Database>(pool), clock.now())
  } finally {
    await pool.end()
  }
}

/** All children, or none: when one cannot start the others are stopped before its error is passed on. */
async function settleAll(starting: Promise<Child>[]): Promise<Child[]> {
  const results = await Promise.allSettled(starting)
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return started
  await Promise.all(started.map((child) => child.stop(drainMs)))
  throw failed.reason
}

async function answerMetrics(message: FromChild, asker: Child, radius: readonly Child[]): Promise<void> {
  if (message.kind !== 'want-metrics-of-others') return
  const answers = await Promise.all(radius.map((child) => child.metrics()))
  const snapshots = answers.filter((answer): answer is MetricsSnapshot => answer !== undefined)
  asker.send({ kind: 'metrics-of-others', id: message.id, snapshots })
}

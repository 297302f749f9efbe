// A RADIUS service in the test's own process: real UDP sockets on free ports of 127.0.0.1, the test file's database.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RadsecConfig } from '../../src/aaa/radsec.ts'
import { startRadiusService, type RadiusService } from '../../src/aaa/radius-service.ts'
import { systemClock, type Clock } from '../../src/clock.ts'
import { createKysely, type Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { openKeyring, type Keyring } from '../../src/domain/data-key.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { createLogger, type Logger, type LogLevel } from '../../src/log.ts'
import { createMetrics, type Metrics } from '../../src/metrics.ts'
import { openTestKeyring } from './keyring.ts'

export type TestService = Omit<RadiusService, 'close'> & {
  keyring: Keyring
  keyFile: string
  metrics: Metrics
  close(): Promise<void>
}

/** Starts the service on a test database. Call `close` before the database is dropped. */
export async function startTestService(
  database: { url: string; pool: Pool },
  options: {
    settings?: Record<string, unknown>
    clock?: Clock
    keyFile?: string
    logLevel?: LogLevel
    /** Instead of one of that level. */
    log?: Logger
    address?: string
    radsec?: RadsecConfig
    /** So long a login waits for Postgres; by default longer than a busy machine of tests ever takes. */
    loginDeadlineMs?: number
    /** Kept at the end; by default one of its own, which is not. */
    stateDirectory?: string
    /** How many RADIUS processes the instance is said to have. */
    workers?: number
    lastKnown?: 'subscribers' | 'nothing'
    commitWithinMs?: number
    journalSize?: { capOctets: number; segmentOctets: number }
  } = {},
): Promise<TestService> {
  const keys = options.keyFile === undefined ? await openTestKeyring(database.pool) : undefined
  const keyFile = options.keyFile ?? keys!.keyFile
  const db = createKysely<Database>(database.pool)
  for (const [name, value] of Object.entries(options.settings ?? {}))
    await writeSetting(db, { name, value }, new Date())
  const stateDirectory = options.stateDirectory ?? mkdtempSync(join(tmpdir(), 'gatehouse-state-'))
  const metrics = createMetrics()
  const service = await startRadiusService({
    addresses: [options.address ?? '127.0.0.1'],
    authPort: 0,
    acctPort: 0,
    radsec: options.radsec,
    reusePort: false,
    databaseUrl: database.url,
    keyFile,
    stateDirectory,
    worker: 1,
    workers: options.workers,
    lastKnown: options.lastKnown ?? 'subscribers',
    // What is acknowledged is in the books, also on a machine that is slow for a moment; stories of outages wait less.
    commitWithinMs: options.commitWithinMs ?? 5_000,
    journalSize: options.journalSize ?? { capOctets: 8 << 20, segmentOctets: 256 << 10 },
    loginDeadlineMs: options.loginDeadlineMs ?? 5_000,
    clock: options.clock ?? systemClock,
    log: options.log ?? createLogger({ level: options.logLevel ?? 'silent' }),
    metrics,
  })
  return {
    ...service,
    keyFile,
    metrics,
    keyring: keys?.keyring ?? (await openKeyring(database.pool, keyFile, new Date())),
    async close() {
      await service.close({ drainMs: 1_000 })
      if (options.stateDirectory === undefined) rmSync(stateDirectory, { recursive: true, force: true })
      keys?.remove()
    },
  }
}

// A RADIUS service in the test's own process: real UDP sockets on free ports of 127.0.0.1, the test file's database.
import { startRadiusService, type RadiusService } from '../../src/aaa/radius-service.ts'
import { systemClock, type Clock } from '../../src/clock.ts'
import { createKysely, type Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { openKeyring, type Keyring } from '../../src/domain/data-key.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { createLogger, type LogLevel } from '../../src/log.ts'
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
    address?: string
  } = {},
): Promise<TestService> {
  const keys = options.keyFile === undefined ? await openTestKeyring(database.pool) : undefined
  const keyFile = options.keyFile ?? keys!.keyFile
  const db = createKysely<Database>(database.pool)
  for (const [name, value] of Object.entries(options.settings ?? {}))
    await writeSetting(db, { name, value }, new Date())
  const metrics = createMetrics()
  const service = await startRadiusService({
    addresses: [options.address ?? '127.0.0.1'],
    authPort: 0,
    acctPort: 0,
    reusePort: false,
    databaseUrl: database.url,
    keyFile,
    clock: options.clock ?? systemClock,
    log: createLogger({ level: options.logLevel ?? 'silent' }),
    metrics,
  })
  return {
    ...service,
    keyFile,
    metrics,
    keyring: keys?.keyring ?? (await openKeyring(database.pool, keyFile, new Date())),
    async close() {
      await service.close({ drainMs: 1_000 })
      keys?.remove()
    },
  }
}

// The database of a command: that of DATABASE_URL, else the embedded one of the data directory, started for the moment where
// no `serve` runs it already. The schema is brought up to date first.

import type { Kysely } from 'kysely'
import { systemClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { usePostgres } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import { createKysely, createPool } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import { openKeyring } from '../domain/data-key.ts'
import type { Keyring } from '../domain/data-key.ts'

/** What a command works with. */
export type Workplace = {
  config: Config
  url: string
  pool: Pool
  db: Kysely<Database>
  /** Only what seals or opens secrets needs the key file. */
  keyring(): Promise<Keyring>
  now: Date
}

/** Standard output belongs to the answer: what the embedded server has to tell goes to standard error, if it matters. */
const log = {
  info: (): void => undefined,
  warn: (_fields: object, message: string): boolean => process.stderr.write(`warning: ${message}\n`),
  error: (_fields: object, message: string): boolean => process.stderr.write(`${message}\n`),
}

/** Runs `work` with the database of the configuration. Throws ConfigError and whatever `work` throws. */
export function withConfiguredDatabase<T>(work: (place: Workplace) => Promise<T>): Promise<T> {
  return withDatabase(readConfig(), work)
}

/** Opens the database of `config`, migrated, runs `work`, and leaves nothing behind that was not there before. */
export async function withDatabase<T>(config: Config, work: (place: Workplace) => Promise<T>): Promise<T> {
  return withServer(config, async (url) => {
    await migrate(url)
    const pool = createPool(url, { name: 'gatehouse cli', max: 4, statementTimeoutMs: 120_000 })
    const now = systemClock.now()
    try {
      const keyring = () => openKeyring(pool, config.keyFile, now)
      return await work({ config, url, pool, db: createKysely<Database>(pool), keyring, now })
    } finally {
      await pool.end()
    }
  })
}

/** The same without touching the schema: for `migrate` itself. */
export async function withServer<T>(config: Config, work: (url: string) => Promise<T>): Promise<T> {
  if (config.databaseUrl !== undefined) return work(config.databaseUrl)
  const server = await usePostgres(config.dataDirectory, log)
  try {
    return await work(server.url)
  } finally {
    await server.stop()
  }
}

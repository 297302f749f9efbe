// Brings the schema up to date from the numbered files of migrations/, with their records in one transaction, under an
// advisory lock, so that two instances may start at once and a kill in the middle leaves the schema as it was.
// Every file begins with the oldest release that may still run on it. A later release may therefore have migrated already:
// we run on as long as its files admit us (expand first, contract a release later), and refuse with a clear line otherwise.

import { readdir, readFile } from 'node:fs/promises'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Migration, MigrationProvider } from 'kysely/migration'
import packageFile from '../../package.json' with { type: 'json' }
import { isUnavailable } from './errors.ts'
import { createPool } from './pool.ts'
import type { Pool, PoolOptions } from './pool.ts'

/** The release of this program. */
export const release: string = packageFile.version

/** The migrations of this release. */
export const migrationsDirectory: string = fileURLToPath(new URL('../../migrations', import.meta.url))

/** A later release has changed the schema so that this one may not run on it. */
export class SchemaTooNewError extends Error {
  override name = 'SchemaTooNewError'
}

/** A migration file is wrong, or Postgres refused it; the schema is as it was before. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

export type MigrateOptions = {
  /** Folder of the files `0001_name.sql`. Default: those of this release. */
  directory?: string
  /** The release that asks, `major.minor.patch`. Default: this one. */
  release?: string
  /** These as of a pool. Without a lock timeout it waits for a lock for as long as others hold it. */
  connectTimeoutMs?: number
  lockTimeoutMs?: number
  onConnect?: PoolOptions['onConnect']
}

type MigrationFile = { name: string; oldestRelease: string; text: string }

/**
 * Applies what is missing, in order and in one transaction. Returns the names applied now (none: the schema was up to date,
 * or a later release that admits us has it in hand). Throws SchemaTooNewError, MigrationError, or what the connection says.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const files = await readMigrations(options.directory ?? migrationsDirectory)
  // Of its own: a migration, or the wait for that of another instance, may outlast any sensible statement timeout.
  const { connectTimeoutMs, lockTimeoutMs, onConnect } = options
  const limits = { statementTimeoutMs: 0, connectTimeoutMs, lockTimeoutMs }
  const pool = createPool(url, { name: 'gatehouse migrate', max: 2, ...limits, onConnect })
  try {
    await createRecord(pool)
    return await applyMissing(pool, files, options.release ?? release)
  } finally {
    await pool.end()
  }
}

async function applyMissing(pool: Pool, files: MigrationFile[], ours: string): Promise<string[]> {
  if (await isInLaterHands(pool, files, ours)) return []
  const { error, results = [] } = await new Migrator({
    db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }),
    provider: provide(files),
    migrationTableName: 'kysely_migration',
    migrationLockTableName: 'kysely_migration_lock',
  }).migrateToLatest()
  if (error === undefined) return results.map((result) => result.migrationName)
  // A later release may have been faster, between our look and the lock.
  if (await isInLaterHands(pool, files, ours)) return []
  throw explain(error, results.find((result) => result.status === 'Error')?.migrationName)
}

/** Whether a later release that admits us has migrated: kysely would call the files it does not know corruption. */
async function isInLaterHands(pool: Pool, files: MigrationFile[], ours: string): Promise<boolean> {
  const record = await readRecord(pool)
  assertAdmitted(record, ours)
  const known = new Set(files.map((file) => file.name))
  return record.some((row) => !known.has(row.name))
}

/** Throws SchemaTooNewError if a later release has closed this schema to us. For processes that do not migrate. */
export async function assertSchemaAdmits(pool: Pool, ours: string = release): Promise<void> {
  assertAdmitted(await readRecord(pool), ours)
}

async function createRecord(pool: Pool): Promise<void> {
  // `if not exists` alone is not safe against a second instance at the same moment: the catalogue's unique index breaks.
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtext('gatehouse schema_migration'))`)
    await client.query(`create table if not exists schema_migration (
      name text primary key,
      oldest_release text not null,
      release text not null,
      applied_at timestamptz not null default now()
    )`)
    await client.query('commit')
  } finally {
    client.release()
  }
}

type Record = { name: string; oldest_release: string }

async function readRecord(pool: Pool): Promise<Record[]> {
  const { rows } = await pool.query<Record>('select name, oldest_release from schema_migration order by name')
  return rows
}

function assertAdmitted(record: Record[], ours: string): void {
  const needed = record.map((row) => row.oldest_release).reduce((a, b) => (compareReleases(a, b) >= 0 ? a : b), '0.0.0')
  if (compareReleases(ours, needed) >= 0) return
  throw new SchemaTooNewError(
    `this is Gatehouse ${ours}, but the database needs at least ${needed}: upgrade this instance`,
  )
}

function compareReleases(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).toSorted()
  return Promise.all(
    names.map(async (file) => {
      const text = await readFile(path.join(directory, file), 'utf8')
      const oldestRelease = /^-- oldest release that may run on it: (\d+\.\d+\.\d+)\s*$/m.exec(
        text.split('\n', 1)[0] ?? '',
      )?.[1]
      if (!/^\d{4}_[a-z0-9_]+\.sql$/.test(file)) throw new MigrationError(`${file}: a migration is named 0001_name.sql`)
      if (oldestRelease === undefined) {
        throw new MigrationError(`${file}: the first line must be "-- oldest release that may run on it: 1.2.3"`)
      }
      return { name: file.slice(0, -'.sql'.length), oldestRelease, text }
    }),
  )
}

function provide(files: MigrationFile[]): MigrationProvider {
  const migrations: { [name: string]: Migration } = {}
  for (const file of files) {
    migrations[file.name] = {
      async up(database) {
        await sql.raw(file.text).execute(database)
        await sql`insert into schema_migration (name, oldest_release, release)
          values (${file.name}, ${file.oldestRelease}, ${release})`.execute(database)
      },
    }
  }
  return { getMigrations: () => Promise.resolve(migrations) }
}

function explain(error: unknown, name: string | undefined): unknown {
  if (isUnavailable(error) || name === undefined) return error
  return new MigrationError(`migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  })
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  assertSchemaAdmits,
  migrate,
  MigrationError,
  migrationsDirectory,
  release,
  SchemaTooNewError,
} from '../../src/db/migrate.ts'
import { createPool } from '../../src/db/pool.ts'
import { createTestDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-migrate-'))
let database: TestDatabase
let folder = 0

/** A folder of migrations: file name to [oldest release, SQL]. */
function migrations(files: Record<string, [oldest: string, text: string]>): string {
  folder += 1
  const directory = path.join(home, String(folder))
  fs.mkdirSync(directory)
  for (const [name, [oldest, text]] of Object.entries(files)) {
    fs.writeFileSync(path.join(directory, name), `-- oldest release that may run on it: ${oldest}\n${text}\n`)
  }
  return directory
}

async function tables(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables
     where table_schema = 'public' and table_name not like '%migration%' order by table_name`,
  )
  return rows.map((row) => row.name)
}

const first = { '0001_first.sql': ['0.1.0', 'create table one (id int); create table two (id int);'] } as const
const files = (more: Record<string, [string, string]> = {}): string =>
  migrations({ '0001_first.sql': [...first['0001_first.sql']], ...more })

beforeEach(async () => {
  database = await createTestDatabase({ empty: true })
})
afterEach(() => database.drop())
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

describe('migrate', () => {
  it('applies what is missing in order, records it, and does nothing the second time', async () => {
    expect(await migrate(database.url, { directory: files() })).toEqual(['0001_first'])
    const more = files({
      '0002_second.sql': ['0.1.0', 'alter table one add column name text'],
      'readme.txt': ['0.1.0', ''],
    })
    expect(await migrate(database.url, { directory: more })).toEqual(['0002_second'])
    expect(await migrate(database.url, { directory: more })).toEqual([])
    expect(await tables()).toEqual(['one', 'two'])
    const { rows } = await database.pool.query(
      'select name, oldest_release, release from schema_migration order by name',
    )
    expect(rows).toEqual([
      { name: '0001_first', oldest_release: '0.1.0', release },
      { name: '0002_second', oldest_release: '0.1.0', release },
    ])
  })

  it('brings up the schema of this release', async () => {
    const names = fs.readdirSync(migrationsDirectory).filter((name) => name.endsWith('.sql'))
    expect(await migrate(database.url)).toHaveLength(names.length)
    await assertSchemaAdmits(database.pool)
  })

  it('lets four instances start at once: one applies, the others find it done', async () => {
    const directory = files({ '0002_slow.sql': ['0.1.0', 'select pg_sleep(0.2); create table three (id int);'] })
    const results = await Promise.all([1, 2, 3, 4].map(() => migrate(database.url, { directory })))
    expect(results.flat().toSorted()).toEqual(['0001_first', '0002_slow'])
    expect(await tables()).toEqual(['one', 'three', 'two'])
  })

  it('leaves the schema as it was when a file fails, and says which', async () => {
    const directory = files({ '0002_wrong.sql': ['0.1.0', 'create table three (id int); select 1 / 0;'] })
    const failure: unknown = await migrate(database.url, { directory }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(MigrationError)
    expect(String(failure)).toContain('migration 0002_wrong failed: division by zero')
    expect(await tables()).toEqual([])
    expect(await migrate(database.url, { directory: files() })).toEqual(['0001_first'])
  })

  it('leaves a valid schema after a kill -9 in the middle, and goes on afterwards', async () => {
    const directory = files({ '0002_slow.sql': ['0.1.0', 'create table three (id int); select pg_sleep(0.5);'] })
    const code = `import { migrate } from ${JSON.stringify(path.resolve('src/db/migrate.ts'))}
      await migrate(${JSON.stringify(database.url)}, { directory: ${JSON.stringify(directory)} })`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' })
    const ended = once(child, 'exit')
    const asleep = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`
    while ((await database.pool.query<{ n: number }>(asleep)).rows[0]?.n !== 1);
    child.kill('SIGKILL')
    await ended
    expect(await tables()).toEqual([])
    expect(await migrate(database.url, { directory })).toEqual(['0001_first', '0002_slow'])
    expect(await tables()).toEqual(['one', 'three', 'two'])
  })

  it('outlasts the statement timeout of its role', async () => {
    const directory = files({ '0002_slow.sql': ['0.1.0', 'select pg_sleep(0.2)'] })
    const name = new URL(database.url).pathname.slice(1)
    await database.pool.query(`alter database ${name} set statement_timeout = 100`)
    expect(await migrate(database.url, { directory })).toHaveLength(2)
  })
})

describe('a release older than the schema', () => {
  it('runs on while the newer migrations admit it, and changes nothing', async () => {
    await migrate(database.url, {
      directory: files({ '0002_expand.sql': ['0.1.0', 'alter table one add column name text'] }),
      release: '0.2.0',
    })
    expect(await migrate(database.url, { directory: files(), release: '0.1.0' })).toEqual([])
    await assertSchemaAdmits(database.pool, '0.1.0')
  })

  it('is refused with a clear line by a migration that has left it behind', async () => {
    const later = files({
      '0002_contract.sql': ['0.3.0', 'drop table two'],
      '0003_more.sql': ['0.2.0', 'create table four ()'],
    })
    await migrate(database.url, { directory: later, release: '0.10.0' })
    const refused = migrate(database.url, { directory: files(), release: '0.2.9' })
    await expect(refused).rejects.toThrow(SchemaTooNewError)
    await expect(refused).rejects.toThrow(
      'this is Gatehouse 0.2.9, but the database needs at least 0.3.0: upgrade this instance',
    )
    await expect(assertSchemaAdmits(database.pool, '0.2.9')).rejects.toThrow(SchemaTooNewError)
    await assertSchemaAdmits(database.pool, '0.10.0')
  })
})

describe('a migration file', () => {
  it('is refused without the oldest release in its first line, or with a name out of order', async () => {
    const nameless = files()
    fs.writeFileSync(path.join(nameless, '0002_nothing.sql'), 'select 1')
    await expect(migrate(database.url, { directory: nameless })).rejects.toThrow(
      '0002_nothing.sql: the first line must be',
    )
    const misnamed = files({ '2_second.sql': ['0.1.0', 'select 1'] })
    await expect(migrate(database.url, { directory: misnamed })).rejects.toThrow('2_second.sql: a migration is named')
    expect(await tables()).toEqual([])
  })

  it('is not blamed when the database is away', async () => {
    const failure: unknown = await migrate('postgres://nobody@127.0.0.1:1/none', { directory: files() }).catch(
      (error: unknown) => error,
    )
    expect(failure).not.toBeInstanceOf(MigrationError)
    expect(failure).toMatchObject({ code: 'ECONNREFUSED' })
    const pool = createPool(database.url, { name: 'gatehouse test' })
    await expect(assertSchemaAdmits(pool)).rejects.toThrow('schema_migration')
    await pool.end()
  })
})

// A real database of its own for every test file: a copy of the migrated template, dropped afterwards.

import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, inject } from 'vitest'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'

export type TestDatabase = {
  url: string
  pool: Pool
  /** Ends the pool and drops the database, whoever else is connected. */
  drop(): Promise<void>
}

/** For what wants a log and is not asked about it. */
export const silentLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Makes a database: migrated, or empty. A tenth of a second in memory, several tenths on a disk. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const server = inject('testServer')
  if ('failure' in server) throw new Error(`there is no Postgres to test with: ${server.failure}`)
  const name = `gatehouse_test_${process.pid}_${randomBytes(4).toString('hex')}`
  const template = options.empty === true ? 'template0' : server.template
  await runAsAdministrator(server.url, `create database ${name} template ${template}`)
  const url = new URL(`/${name}`, server.url).href
  const pool = createPool(url, { name: 'gatehouse test', max: 5 })
  return {
    url,
    pool,
    async drop() {
      await pool.end()
      await runAsAdministrator(server.url, `drop database if exists ${name} with (force)`)
    },
  }
}

/** One database for the test file (or `describe`) that calls this: made before its tests, dropped after them. */
export function useDatabase(options: { empty?: boolean } = {}): Pick<TestDatabase, 'url' | 'pool'> {
  let database: TestDatabase | undefined
  beforeAll(async () => {
    database = await createTestDatabase(options)
  })
  afterAll(() => database?.drop())
  const made = (): TestDatabase => {
    if (database === undefined) throw new Error('the database exists only while tests and hooks run')
    return database
  }
  return {
    get url() {
      return made().url
    },
    get pool() {
      return made().pool
    },
  }
}

/** One statement on a connection of its own: `create database` wants to be alone. */
export async function runAsAdministrator(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

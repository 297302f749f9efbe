// A command and the embedded Postgres of a data directory: started for the moment, or shared with whoever runs it.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withDatabase } from '../../src/cli/database.ts'
import { readConfig } from '../../src/config.ts'
import { findRunningPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { addClient, listClients } from '../../src/domain/client.ts'
import { silentLog, useDatabase } from '../support/database.ts'

const database = useDatabase({ empty: true })
let directory = ''

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-database-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const names = (config: ReturnType<typeof readConfig>): Promise<string[]> =>
  withDatabase(config, async ({ db, now }) => (await listClients(db, now)).map((client) => client.name))

describe('the database of a command', () => {
  it('is made, migrated and stopped again in a data directory where nothing is', async () => {
    const config = readConfig({ GATEHOUSE_DATA_DIR: directory })
    await withDatabase(config, async ({ db, keyring, now }) => {
      expect(findRunningPostgres(directory)).toBeDefined()
      await addClient(db, await keyring(), { name: 'first', address: '192.0.2.1' }, now)
    })
    expect(existsSync(config.keyFile)).toBe(true)
    expect(findRunningPostgres(directory)).toBeUndefined()
  })

  it('is shared with who runs it already, and left running', async () => {
    const server = await startEmbeddedPostgres({ dataDirectory: directory, durable: false, log: silentLog })
    try {
      const config = readConfig({ GATEHOUSE_DATA_DIR: directory })
      expect(await Promise.all([names(config), names(config)])).toEqual([['first'], ['first']])
      expect(findRunningPostgres(directory)).toBe(server.url)
    } finally {
      await server.stop()
    }
    expect(findRunningPostgres(directory)).toBeUndefined()
  })

  it('is left clean by a command that fails', async () => {
    const failing = withDatabase(readConfig({ GATEHOUSE_DATA_DIR: directory }), () => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    expect(findRunningPostgres(directory)).toBeUndefined()
  })

  it('is that of DATABASE_URL where it is set, brought up to date, without a key until one is needed', async () => {
    const keyFile = join(directory, 'another.key')
    const config = readConfig({
      GATEHOUSE_DATA_DIR: directory,
      DATABASE_URL: database.url,
      GATEHOUSE_KEY_FILE: keyFile,
    })
    expect(await names(config)).toEqual([])
    expect(existsSync(keyFile)).toBe(false)
    await withDatabase(config, ({ keyring }) => keyring())
    expect(existsSync(keyFile)).toBe(true)
  })
})

import * as fs from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { followKeys } from '../../src/aaa/key-follower.ts'
import { systemClock } from '../../src/clock.ts'
import { readKeyFile } from '../../src/crypto/key-file.ts'
import { withTransaction } from '../../src/db/pool.ts'
import { insertDataKey, openKeyring } from '../../src/domain/data-key.ts'
import { nextKeyFile } from '../../src/domain/data-key-row.ts'
import { poll } from '../support/cluster.ts'
import { silentLog, useDatabase } from '../support/database.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()
let keys: Awaited<ReturnType<typeof openTestKeyring>>
beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
})
afterAll(() => keys.remove())

const addKey = (file: string) =>
  withTransaction(database.pool, (client) => insertDataKey(client, readKeyFile(file)!, systemClock.now()))

describe('a process that follows the keys', () => {
  it('seals with a new data key by itself, in the keyring that others hold', async () => {
    const { pool } = database
    const keyring = await openKeyring(pool, keys.keyFile, systemClock.now())
    const held = { keyring }
    const follower = followKeys({ pool, keyring, keyFile: keys.keyFile, clock: systemClock, log: silentLog })
    const { id } = await addKey(keys.keyFile)
    await poll(async () => held.keyring.currentId === id, 10_000, 'the new key is not found')
    await follower.close()
    const next = await addKey(keys.keyFile)
    expect(held.keyring.currentId).toBe(id)
    await follower.refresh()
    expect(held.keyring.currentId).toBe(next.id)
  })

  it('goes on with what it has where the new key file is not here, says so once, and takes it when it comes', async () => {
    const { pool } = database
    const keyring = await openKeyring(pool, keys.keyFile, systemClock.now())
    const before = keyring.currentId
    const foreign = `${keys.keyFile}.elsewhere`
    fs.copyFileSync(keys.keyFile, foreign)
    fs.writeFileSync(foreign, `gatehouse-key-1 ${Buffer.alloc(32, 7).toString('base64')}\n`)
    const said: string[] = []
    const log = { error: (_fields: object, message: string) => void said.push(message) }
    const follower = followKeys({ pool, keyring, keyFile: keys.keyFile, clock: systemClock, log: log as never })
    const { id } = await addKey(foreign)
    await poll(async () => said.length > 0, 10_000, 'nothing is said')
    expect(keyring.currentId).toBe(before)
    fs.renameSync(foreign, nextKeyFile(keys.keyFile))
    await poll(async () => keyring.currentId === id, 10_000, 'the new key is not found')
    await follower.close()
    expect(said).toEqual([
      'the data keys changed and the key file here does not open them: put the new one in its place',
    ])
  })
})

// Keys are replaced while everything that was sealed, issued and proven before goes on being right.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKysely, createPool, withTransaction } from '../../src/db/pool.ts'
import { armFailPoint } from '../../src/fail-points.ts'
import { addClient } from '../../src/domain/client.ts'
import { chargeableIdentity } from '../../src/domain/chargeable-identity.ts'
import { openCredential } from '../../src/domain/credential.ts'
import { nextKeyFile, oldKeyFile } from '../../src/domain/data-key-row.ts'
import { matchesVerifier, openKeptKeyring, openKeyring, refreshKeyring, SealError } from '../../src/domain/data-key.ts'
import { openHouse, readHouse } from '../../src/domain/house.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import {
  addDataKey,
  listDataKeys,
  prepareKeyFile,
  reportReseal,
  resealSecrets,
  rotateKeyFile,
} from '../../src/domain/key-rotation.ts'
import { issueProxyState, isOurProxyState } from '../../src/domain/proxy-state.ts'
import { issueClass, readClass } from '../../src/domain/session-class.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { jobs } from '../../src/jobs/list.ts'
import { keyFingerprint, readKeyFile } from '../../src/crypto/key-file.ts'
import { createTestDatabase, silentLog } from '../support/database.ts'
import { openTestKeyring } from '../support/keyring.ts'
import type { Database, Db } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { makePlan } from '../support/operator.ts'

const noon = new Date('2026-11-22T12:00:00Z')
const later = (seconds: number): Date => new Date(noon.getTime() + seconds * 1000)
const credentialPlace = (row: bigint) => ({ table: 'credential', row, column: 'secret' })

let database: Awaited<ReturnType<typeof createTestDatabase>>
let keys: Awaited<ReturnType<typeof openTestKeyring>>
let db: Db
let ring: Keyring

beforeEach(async () => {
  database = await createTestDatabase()
  keys = await openTestKeyring(database.pool)
  db = createKysely<Database>(database.pool)
  ring = keys.keyring
})
afterEach(async () => {
  await database.drop()
  keys.remove()
})

const by = () => ownAuthor('command-line', 'root', ring)
const places = () => ({ pool: database.pool, db, keyring: ring, keyFile: keys.keyFile })
const audited = async (): Promise<string[]> =>
  (await database.pool.query<{ action: string }>('select action from audit_entry order by id')).rows.map(
    ({ action }) => action,
  )

async function ids(): Promise<{ clear: bigint; oneWay: bigint }> {
  const { rows } = await database.pool.query<{ clear: bigint; one_way: bigint }>(
    `select max(id) filter (where username = 'clear') as clear, max(id) filter (where username = 'one-way') as one_way
     from subscriber`,
  )
  return { clear: rows[0]!.clear, oneWay: rows[0]!.one_way }
}

async function makeSecrets(): Promise<void> {
  await makePlan({ db }, { name: 'Home' })
  await addSubscriber(db, { username: 'clear', plan: 'Home', password: 'Password-1' }, by(), noon)
  const oneWay = { username: 'one-way', plan: 'Home', password: 'Password-2', credential: 'verifier' } as const
  await addSubscriber(db, oneWay, by(), noon)
  await addClient(db, ring, { name: 'bras', address: '192.0.2.1', secret: 'OfTheBras-4711-x9' }, noon)
}

async function stored(id: bigint): Promise<Buffer> {
  const { rows } = await database.pool.query<{ secret: Buffer }>(
    'select secret from credential where subscriber_id = $1',
    [id],
  )
  return rows[0]!.secret
}

describe('a new data key', () => {
  it('is known to every process before the first seals with it (S05)', async () => {
    const other = await openKeyring(database.pool, keys.keyFile, noon)
    const first = ring.currentId
    const { id, sealsFrom } = await addDataKey(places(), { noticeS: 60 }, by(), noon)
    expect([id, sealsFrom]).toEqual([first + 1, later(60)])
    await refreshKeyring(other, database.pool, keys.keyFile, later(59))
    expect([ring.currentId, other.currentId, other.firstId]).toEqual([first, first, first])
    expect([...other.keys.keys()]).toEqual([first, id])
    // One is ahead by its clock and issues with the new key: the other reads it.
    await refreshKeyring(ring, database.pool, keys.keyFile, later(60))
    expect(ring.currentId).toBe(id)
    const issued = issueClass(ring, { classId: 77n, subscriberId: 5n })
    expect(readClass(other, issued)).toEqual({ classId: 77n, subscriberId: 5n })
    await refreshKeyring(other, database.pool, keys.keyFile, later(61))
    expect(other.currentId).toBe(id)
    // Whoever starts in the meantime is told the same.
    expect((await openKeyring(database.pool, keys.keyFile, later(30))).currentId).toBe(first)
    expect((await openKeyring(database.pool, keys.keyFile, later(60))).currentId).toBe(id)
    expect(await audited()).toEqual(['data-key.add'])
  })

  it('needs a notice', async () => {
    await expect(addDataKey(places(), { noticeS: 4 }, by(), noon)).rejects.toThrow(RangeError)
    await expect(addDataKey(places(), { noticeS: Number.NaN }, by(), noon)).rejects.toThrow(RangeError)
    expect(ring.keys.size).toBe(1)
  })

  it('leaves what was issued before as it is: Class, Proxy-State and the identity that is charged (S05)', async () => {
    const before = {
      class: issueClass(ring, { classId: 9n, subscriberId: 3n, intervalS: 300 }),
      proxy: issueProxyState(ring),
      identity: chargeableIdentity(ring, 3n),
    }
    await addDataKey(places(), { noticeS: 5 }, by(), noon)
    await refreshKeyring(ring, database.pool, keys.keyFile, later(5))
    expect(readClass(ring, before.class)).toEqual({ classId: 9n, subscriberId: 3n, intervalS: 300 })
    expect(isOurProxyState(ring, before.proxy)).toBe(true)
    expect(chargeableIdentity(ring, 3n)).toBe(before.identity)
    expect(issueClass(ring, { classId: 9n, subscriberId: 3n, intervalS: 300 })).not.toEqual(before.class)
  })
})

describe('sealing anew', () => {
  it('moves what can be moved to the new key, keeps the key of verifiers, and says so (S05)', async () => {
    await makeSecrets()
    const first = ring.currentId
    const { id } = await addDataKey(places(), { noticeS: 5 }, by(), noon)
    expect(await resealSecrets(places(), by(), noon)).toEqual({ kind: 'coming', id, sealsFrom: later(5) })
    await refreshKeyring(ring, database.pool, keys.keyFile, later(5))
    const result = await resealSecrets(places(), by(), later(5))
    // One password, one shared secret, and the keys of the two persons.
    expect(result).toEqual({
      kind: 'done',
      resealed: 4,
      unopened: [],
      retired: [],
      kept: [{ id: first, verifiers: 1 }],
    })
    expect(reportReseal(result)).toMatchObject({ resealed: 4, unopened: 0, places: [] })
    const { clear, oneWay } = await ids()
    expect((await stored(clear)).readUInt16BE(1)).toBe(id)
    expect(openCredential(ring, clear, 'clear', await stored(clear)).toString()).toBe('Password-1')
    const verifier = await stored(oneWay)
    expect(matchesVerifier(ring, credentialPlace(oneWay), verifier, Buffer.from('Password-2'))).toBe(true)
    expect(
      (await listDataKeys(database.pool, ring, later(6))).map(({ state, sealed, verifiers }) => [
        state,
        sealed,
        verifiers,
      ]),
    ).toEqual([
      ['older', 0, 1],
      ['sealing', 4, 0],
    ])

    // The last one-way password is gone: the key is retired, and still opens what an old backup holds.
    await database.pool.query('delete from credential where subscriber_id = $1', [oneWay])
    expect(await resealSecrets(places(), by(), later(7))).toMatchObject({ resealed: 0, retired: [first], kept: [] })
    await refreshKeyring(ring, database.pool, keys.keyFile, later(8))
    expect(matchesVerifier(ring, credentialPlace(oneWay), verifier, Buffer.from('Password-2'))).toBe(true)
    expect((await listDataKeys(database.pool, ring, later(8))).map(({ state }) => state)).toEqual([
      'retired',
      'sealing',
    ])
    expect((await audited()).filter((action) => action.startsWith('data-key'))).toEqual([
      'data-key.add',
      'data-key.reseal',
      'data-key.reseal',
    ])
  })

  it('looks at nothing where there is one data key', async () => {
    await makeSecrets()
    const result = await resealSecrets(places(), by(), noon)
    expect(result).toEqual({ kind: 'done', resealed: 0, unopened: [], retired: [], kept: [] })
    expect((await audited()).filter((action) => action.startsWith('data-key'))).toEqual([])
  })

  it('does not retire a key under which something is that does not open', async () => {
    await makeSecrets()
    const { clear } = await ids()
    await database.pool.query('update credential set secret = substring(secret for 20) where subscriber_id = $1', [
      clear,
    ])
    await addDataKey(places(), { noticeS: 5 }, by(), noon)
    await refreshKeyring(ring, database.pool, keys.keyFile, later(5))
    const result = await resealSecrets(places(), by(), later(5))
    expect(result).toMatchObject({ resealed: 3, retired: [], unopened: [{ table: 'credential', row: String(clear) }] })
    expect(reportReseal(result)).toMatchObject({ unopened: 1, places: [`credential.secret of row ${clear}`] })
  })

  it('is a job of every night', async () => {
    await makeSecrets()
    await addDataKey(places(), { noticeS: 5 }, by(), noon)
    const job = jobs.find(({ name }) => name === 'reseal-secrets')!
    const context = { pool: database.pool, db, keyring: ring, now: noon, zone: 'UTC', log: silentLog as never }
    expect(await job.run(context)).toEqual({ resealed: 0, coming: 2, seals_from: later(5) })
    await refreshKeyring(ring, database.pool, keys.keyFile, later(5))
    expect(await job.run({ ...context, now: later(5) })).toMatchObject({ resealed: 4, unopened: 0 })
  })
})

describe('a new key file', () => {
  it('takes over at once: everything opens by it alone, and the old one opens older backups (S04)', async () => {
    await makeSecrets()
    const backup = (await database.pool.query<{ wrapped: Buffer }>('select wrapped from data_key')).rows[0]!.wrapped
    const before = fs.readFileSync(keys.keyFile)
    const running = await openKeyring(database.pool, keys.keyFile, noon)
    const rotated = await rotateKeyFile(places(), by(), noon)
    expect(rotated.wrapped).toBe(1)
    expect(fs.readFileSync(keys.keyFile)).not.toEqual(before)
    expect(fs.existsSync(nextKeyFile(keys.keyFile))).toBe(false)
    expect(fs.readFileSync(rotated.old!)).toEqual(before)
    for (const file of [keys.keyFile, rotated.old!]) expect(fs.statSync(file).mode & 0o777).toBe(0o600)

    // A process that runs learns of it, and what it keeps on its disk is opened by the new key file alone.
    await refreshKeyring(running, database.pool, keys.keyFile, noon)
    expect(running.rows[0]!.wrapped).not.toEqual(backup)
    fs.rmSync(rotated.old!)
    const { clear } = await ids()
    for (const opened of [
      running,
      await openKeyring(database.pool, keys.keyFile, noon),
      openKeptKeyring([...running.rows], keys.keyFile, noon),
    ]) {
      expect(openCredential(opened, clear, 'clear', await stored(clear)).toString()).toBe('Password-1')
    }
    // A restored backup from before, without the old key: refused, in words.
    await database.pool.query('update data_key set wrapped = $1, key_fingerprint = $2', [
      backup,
      ring.rows[0]!.key_fingerprint,
    ])
    await expect(openKeyring(database.pool, keys.keyFile, noon)).rejects.toThrow('is not the one')
    fs.writeFileSync(oldKeyFile(keys.keyFile, ring.rows[0]!.key_fingerprint), before, { mode: 0o600 })
    const restored = await openKeyring(database.pool, keys.keyFile, noon)
    expect(openCredential(restored, clear, 'clear', await stored(clear)).toString()).toBe('Password-1')
    expect((await audited()).at(-1)).toBe('key-file.rotate')
  })

  it.each(['key_written', 'key_wrapped', 'key_kept'] as const)(
    'is whole at every moment: killed at %s everybody still starts, and the next call goes on (S04)',
    async (moment) => {
      await makeSecrets()
      const disarm = armFailPoint(moment, 'throw')
      await expect(rotateKeyFile(places(), by(), noon)).rejects.toThrow(moment)
      disarm()
      const { clear } = await ids()
      const opens = async (): Promise<string> =>
        openCredential(
          await openKeyring(database.pool, keys.keyFile, noon),
          clear,
          'clear',
          await stored(clear),
        ).toString()
      expect(await opens()).toBe('Password-1')
      const next = keyFingerprint(readKeyFile(nextKeyFile(keys.keyFile))!)
      const rotated = await rotateKeyFile(places(), by(), noon)
      expect(rotated.wrapped).toBe(moment === 'key_written' ? 1 : 0)
      expect(keyFingerprint(readKeyFile(keys.keyFile)!)).toEqual(next)
      expect(fs.existsSync(nextKeyFile(keys.keyFile))).toBe(false)
      expect(await opens()).toBe('Password-1')
    },
  )

  it.each(['', 'gatehouse-key-1 cut'])(
    'begins anew where the one that waits was cut by a crash: %j (S04)',
    async (left) => {
      await makeSecrets()
      fs.writeFileSync(nextKeyFile(keys.keyFile), left, { mode: 0o600 })
      const { clear } = await ids()
      expect((await openKeyring(database.pool, keys.keyFile, noon)).currentId).toBe(ring.currentId)
      expect((await rotateKeyFile(places(), by(), noon)).wrapped).toBe(1)
      const opened = await openKeyring(database.pool, keys.keyFile, noon)
      expect(openCredential(opened, clear, 'clear', await stored(clear)).toString()).toBe('Password-1')
      expect(fs.existsSync(nextKeyFile(keys.keyFile))).toBe(false)
    },
  )

  it('is not made where one waits that others may read: it stays as it is, and the mend is told (S04)', async () => {
    await makeSecrets()
    const { file } = await prepareKeyFile(database.pool, keys.keyFile)
    const waiting = fs.readFileSync(file)
    fs.chmodSync(file, 0o640)
    await expect(prepareKeyFile(database.pool, keys.keyFile)).rejects.toThrow(`${file}: chmod 600 it`)
    await expect(rotateKeyFile(places(), by(), noon)).rejects.toThrow(`${file}: chmod 600 it`)
    expect(fs.readFileSync(file)).toEqual(waiting)
    fs.chmodSync(file, 0o600)
    expect((await rotateKeyFile(places(), by(), noon)).wrapped).toBe(1)
    expect(fs.readFileSync(keys.keyFile)).toEqual(waiting)
  })

  it('reaches a second machine: copied there first, exchanged there by the same command', async () => {
    await makeSecrets()
    const second = path.join(path.dirname(keys.keyFile), 'second', 'gatehouse.key')
    fs.mkdirSync(path.dirname(second))
    fs.copyFileSync(keys.keyFile, second)
    const there = await openKeyring(database.pool, second, noon)
    const prepared = await prepareKeyFile(database.pool, keys.keyFile)
    expect(prepared).toMatchObject({ file: nextKeyFile(keys.keyFile), isNew: true })
    expect(await prepareKeyFile(database.pool, keys.keyFile)).toEqual({ ...prepared, isNew: false })
    fs.copyFileSync(prepared.file, nextKeyFile(second))
    expect((await rotateKeyFile(places(), by(), noon)).fingerprint).toBe(prepared.fingerprint)
    // Between the two calls the second machine serves, learns a new data key, and may be started.
    await addDataKey(places(), { noticeS: 5 }, by(), noon)
    await refreshKeyring(there, database.pool, second, later(5))
    expect(there.currentId).toBe(2)
    expect((await openKeyring(database.pool, second, noon)).keys.size).toBe(2)
    const rotated = await rotateKeyFile({ ...places(), keyFile: second }, by(), noon)
    expect([rotated.wrapped, rotated.fingerprint]).toEqual([0, prepared.fingerprint])
    expect(fs.readFileSync(second)).toEqual(fs.readFileSync(keys.keyFile))
  })

  it('is not made where the machine has not got the key of now', async () => {
    const second = path.join(path.dirname(keys.keyFile), 'stale.key')
    fs.copyFileSync(keys.keyFile, second)
    const stale = await openKeyring(database.pool, second, noon)
    await rotateKeyFile(places(), by(), noon)
    await expect(rotateKeyFile({ ...places(), keyFile: second }, by(), noon)).rejects.toThrow('is not the one')
    expect(fs.existsSync(nextKeyFile(second))).toBe(false)
    // What runs there goes on with what it has.
    await expect(refreshKeyring(stale, database.pool, second, noon)).rejects.toThrow('is not the one')
    expect(stale.currentId).toBe(ring.currentId)
  })

  it('leaves a machine that was forgotten with what older data keys sealed, until it gets the file', async () => {
    await makeSecrets()
    const { clear } = await ids()
    const second = path.join(path.dirname(keys.keyFile), 'forgotten.key')
    fs.copyFileSync(keys.keyFile, second)
    const forgotten = await openKeyring(database.pool, second, noon)
    const opens = async (): Promise<string> => openCredential(forgotten, clear, 'clear', await stored(clear)).toString()
    await rotateKeyFile(places(), by(), noon)
    await addDataKey(places(), { noticeS: 5 }, by(), noon)
    await refreshKeyring(ring, database.pool, keys.keyFile, later(5))
    await expect(refreshKeyring(forgotten, database.pool, second, later(5))).rejects.toThrow('is not the one')
    expect(await opens()).toBe('Password-1')
    // What is sealed anew it cannot open, whatever it is: passwords, and the shared secrets of its own NASes.
    await resealSecrets(places(), by(), later(6))
    await expect(opens()).rejects.toThrow(SealError)
    const unopened: string[] = []
    const house = await readHouse(database.pool, later(6))
    openHouse(house, forgotten, { ofClient: (_, name) => unopened.push(name), ofHomeServer: () => undefined })
    expect(unopened).toEqual(['bras'])
    // No restart is needed: the file alone mends it.
    fs.copyFileSync(keys.keyFile, second)
    await refreshKeyring(forgotten, database.pool, second, later(7))
    expect(await opens()).toBe('Password-1')
  })

  it('and a data key at the same time wait for each other', async () => {
    await makeSecrets()
    const pool = createPool(database.url, { name: 'test', max: 4 })
    const [rotated, added] = await Promise.all([
      rotateKeyFile({ ...places(), pool }, by(), noon),
      addDataKey(places(), { noticeS: 5 }, by(), noon),
    ])
    await pool.end()
    expect([rotated.wrapped, added.id]).toEqual([expect.any(Number), 2])
    const opened = await openKeyring(database.pool, keys.keyFile, later(5))
    expect([...opened.keys.keys()]).toEqual([1, 2])
  })
})

describe('a keyring that is kept true', () => {
  it('takes the keys of an old backup that was put in place, under ids that it knew otherwise', async () => {
    await addDataKey(places(), { noticeS: 5 }, by(), noon)
    await refreshKeyring(ring, database.pool, keys.keyFile, later(5))
    const lost = issueClass(ring, { classId: 1n, subscriberId: 1n })
    await withTransaction(database.pool, async (client) => {
      await client.query('delete from data_key where id = 2')
      await client.query(`select setval(pg_get_serial_sequence('data_key', 'id'), 1)`)
    })
    await addDataKey(places(), { noticeS: 5 }, by(), later(10))
    await refreshKeyring(ring, database.pool, keys.keyFile, later(15))
    expect(ring.currentId).toBe(2)
    expect(readClass(ring, lost)).toBeUndefined()
    const fresh = await openKeyring(database.pool, keys.keyFile, later(15))
    expect(readClass(fresh, issueClass(ring, { classId: 1n, subscriberId: 1n }))).toBeDefined()
  })

  it('stays as it is where the database has no keys or cannot be asked', async () => {
    const before = { ...ring }
    await database.pool.query('delete from data_key')
    await refreshKeyring(ring, database.pool, keys.keyFile, noon)
    expect(ring).toEqual(before)
    const away = createPool('postgres://nobody@127.0.0.1:1/none', { name: 'gatehouse test' })
    await expect(refreshKeyring(ring, away, keys.keyFile, noon)).rejects.toThrow('ECONNREFUSED')
    await away.end()
    expect(ring).toEqual(before)
  })
})

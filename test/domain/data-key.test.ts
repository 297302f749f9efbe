import { createHmac, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createKeyFile, KeyFileError, readKeyFile } from '../../src/crypto/key-file.ts'
import { createPool } from '../../src/db/pool.ts'
import {
  makeVerifier,
  matchesVerifier,
  openField,
  openFieldOr,
  openKeptKeyring,
  openKeyring,
  openLocal,
  readDataKeys,
  SealError,
  sealField,
  sealLocal,
  subkey,
} from '../../src/domain/data-key.ts'
import type { Place } from '../../src/domain/data-key.ts'
import { createTestDatabase, useDatabase } from '../support/database.ts'

const now = new Date('2026-11-22T08:00:00Z')
const place: Place = { table: 'credential', row: 1n, column: 'secret' }
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-data-key-'))
const database = useDatabase()
let keyFile: string

beforeEach(async () => {
  await database.pool.query('truncate data_key restart identity')
  keyFile = path.join(home, randomBytes(4).toString('hex'))
})
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

describe('the keyring', () => {
  it('makes key file and data key at the first start, and finds both at the next', async () => {
    const first = await openKeyring(database.pool, keyFile, now)
    const sealed = sealField(first, place, Buffer.from('secret'))
    const second = await openKeyring(database.pool, keyFile, now)
    expect(openField(second, place, sealed).toString()).toBe('secret')
    const { rows } = await database.pool.query<{ id: number; created_at: Date }>('select id, created_at from data_key')
    expect(rows).toEqual([{ id: first.currentId, created_at: now }])
  })

  it('is one for all instances that start at once', async () => {
    const rings = await Promise.all([1, 2, 3, 4].map(() => openKeyring(database.pool, keyFile, now)))
    const sealed = sealField(rings[0]!, place, Buffer.from('secret'))
    for (const ring of rings) expect(openField(ring, place, sealed).toString()).toBe('secret')
    expect((await database.pool.query('select id from data_key')).rowCount).toBe(1)
  })

  it('takes a key file that was put there before the first start', async () => {
    const key = createKeyFile(keyFile)
    await openKeyring(database.pool, keyFile, now)
    expect(readKeyFile(keyFile)?.equals(key)).toBe(true)
  })

  it('is refused when the key file is missing, which is then not made anew (S06)', async () => {
    await openKeyring(database.pool, keyFile, now)
    fs.rmSync(keyFile)
    const refused = openKeyring(database.pool, keyFile, now)
    await expect(refused).rejects.toThrow(KeyFileError)
    await expect(refused).rejects.toThrow(`the key file ${keyFile} is missing, but the database holds secrets`)
    expect(fs.existsSync(keyFile)).toBe(false)
  })

  it('is refused when the key file is another one, or others may read it (S06)', async () => {
    await openKeyring(database.pool, keyFile, now)
    fs.rmSync(keyFile)
    createKeyFile(keyFile)
    await expect(openKeyring(database.pool, keyFile, now)).rejects.toThrow(
      'is not the one that this database was sealed with',
    )
    fs.chmodSync(keyFile, 0o644)
    await expect(openKeyring(database.pool, keyFile, now)).rejects.toThrow('other users may read the key file')
  })

  it('is not made when the database is away', async () => {
    const away = createPool('postgres://nobody@127.0.0.1:1/none', { name: 'gatehouse test' })
    await expect(openKeyring(away, keyFile, now)).rejects.toThrow('ECONNREFUSED')
    await away.end()
    expect(fs.existsSync(keyFile)).toBe(false)
  })

  it('opens with a retired data key and seals with the newest', async () => {
    const old = await openKeyring(database.pool, keyFile, now)
    const sealed = sealField(old, place, Buffer.from('secret'))
    await database.pool.query('update data_key set retired_at = $1', [now])
    await expect(openKeyring(database.pool, keyFile, now)).rejects.toThrow('every data key is retired')
    // A second one, as rotation will make it: the row of a new database under the same key file.
    const other = await createTestDatabase()
    await other.pool.query(`select nextval(pg_get_serial_sequence('data_key', 'id'))`)
    await openKeyring(other.pool, keyFile, now)
    const { rows } = await other.pool.query<Record<string, unknown>>('select * from data_key')
    await other.drop()
    await database.pool.query(
      'insert into data_key (id, wrapped, key_fingerprint, created_at) overriding system value values ($1, $2, $3, $4)',
      [rows[0]!.id, rows[0]!.wrapped, rows[0]!.key_fingerprint, now],
    )
    const ring = await openKeyring(database.pool, keyFile, now)
    expect([ring.firstId, ring.currentId]).toEqual([old.currentId, rows[0]!.id])
    expect(openField(ring, place, sealed).toString()).toBe('secret')
    expect(sealField(ring, place, Buffer.from('x')).readUInt16BE(1)).toBe(ring.currentId)
  })
})

describe('data keys that were kept elsewhere', () => {
  it('open what was sealed, by the right key file alone', async () => {
    const ring = await openKeyring(database.pool, keyFile, now)
    const local = { table: 'snapshot', row: 'of this file/1', column: 'records' }
    const sealed = [
      sealLocal(ring, local, Buffer.from('known')),
      sealField(ring, place, Buffer.from('secret')),
    ] as const
    const rows = await readDataKeys(database.pool)
    const kept = openKeptKeyring(rows, keyFile, now)
    expect(kept).toMatchObject({ currentId: ring.currentId, firstId: ring.firstId })
    expect(openLocal(kept, local, sealed[0]).toString()).toBe('known')
    expect(openField(kept, place, sealed[1]).toString()).toBe('secret')
    // Another purpose is another key, another place another value.
    expect(() => openField(kept, local, sealed[0])).toThrow(SealError)
    expect(() => openLocal(kept, { ...local, row: 'of this file/2' }, sealed[0])).toThrow(SealError)
    expect(() => openKeptKeyring(rows, `${keyFile}.none`, now)).toThrow('is missing')
  })
})

describe('a dump of the database', () => {
  it('shows no secret and no key, in any coding (S01)', async () => {
    const ring = await openKeyring(database.pool, keyFile, now)
    const canary = Buffer.from('canary-4711-password')
    await database.pool.query('create table kept (sealed bytea, verifier bytea)')
    await database.pool.query('insert into kept values ($1, $2)', [
      sealField(ring, place, canary),
      makeVerifier(ring, place, canary),
    ])
    const { rows } = await database.pool.query<{
      sealed: Buffer
      verifier: Buffer
      wrapped: Buffer
      key_fingerprint: Buffer
    }>('select * from kept, data_key')
    const key = Buffer.from(fs.readFileSync(keyFile, 'utf8').split(' ')[1]!, 'base64')
    const dump = Buffer.concat(Object.values(rows[0]!).filter((value) => Buffer.isBuffer(value)))
    for (const secret of [canary, key, subkey(ring, 'field').export()]) {
      expect(dump.includes(secret)).toBe(false)
      expect(dump.toString('latin1')).not.toContain(secret.toString('base64'))
      expect(dump.toString('latin1')).not.toContain(secret.toString('hex'))
    }
  })
})

describe('keys for a purpose', () => {
  it('differ from each other and are the same after a restart', async () => {
    const ring = await openKeyring(database.pool, keyFile, now)
    const again = await openKeyring(database.pool, keyFile, now)
    const purposes = ['field', 'class', 'cui', 'verifier', 'proxy', 'local'] as const
    const exported = purposes.map((purpose) => subkey(ring, purpose).export().toString('hex'))
    expect(new Set(exported).size).toBe(6)
    expect(purposes.map((purpose) => subkey(again, purpose).export().toString('hex'))).toEqual(exported)
    expect(() => subkey(ring, 'class', 999)).toThrow(RangeError)
  })

  it('sign and derive as they are', async () => {
    const ring = await openKeyring(database.pool, keyFile, now)
    const tag = createHmac('sha256', subkey(ring, 'class')).update('x').digest('hex')
    expect(
      createHmac('sha256', subkey(ring, 'class', ring.currentId))
        .update('x')
        .digest('hex'),
    ).toBe(tag)
  })
})

describe('a field that does not open', () => {
  it('fails alone, and is told', async () => {
    const ring = await openKeyring(database.pool, keyFile, now)
    const sealed = sealField(ring, place, Buffer.from('secret'))
    const moved = { ...place, row: 2n }
    expect(() => openField(ring, moved, sealed)).toThrow(SealError)
    const told: string[] = []
    expect(openFieldOr(ring, moved, sealed, (error) => told.push(error.failure))).toBeUndefined()
    expect(openFieldOr(ring, place, sealed, (error) => told.push(error.failure))?.toString()).toBe('secret')
    expect(told).toEqual(['not-authentic'])
  })
})

describe('a one-way verifier', () => {
  it('knows its password and no other, in its own place only', async () => {
    const ring = await openKeyring(database.pool, keyFile, now)
    const stored = makeVerifier(ring, place, Buffer.from('right'))
    expect(matchesVerifier(ring, place, stored, Buffer.from('right'))).toBe(true)
    expect(matchesVerifier(ring, place, stored, Buffer.from('wrong'))).toBe(false)
    expect(matchesVerifier(ring, place, stored, Buffer.from(''))).toBe(false)
    expect(matchesVerifier(ring, { ...place, row: 2n }, stored, Buffer.from('right'))).toBe(false)
    expect(matchesVerifier(ring, place, stored.subarray(1), Buffer.from('right'))).toBe(false)
    const foreign = Buffer.from(stored)
    foreign.writeUInt16BE(999)
    expect(matchesVerifier(ring, place, foreign, Buffer.from('right'))).toBe(false)
  })
})

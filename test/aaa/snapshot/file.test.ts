import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSnapshotFile, SnapshotFileError, writeSnapshotFile } from '../../../src/aaa/snapshot/file.ts'
import type { SnapshotEnd } from '../../../src/aaa/snapshot/file.ts'
import { openKeptKeyring, readDataKeys } from '../../../src/domain/data-key.ts'
import type { DataKeyRow, Keyring } from '../../../src/domain/data-key.ts'
import { noon } from '../../support/access.ts'
import { createTestDatabase, useDatabase } from '../../support/database.ts'
import { openTestKeyring } from '../../support/keyring.ts'

const database = useDatabase()
let keys: { keyring: Keyring; keyFile: string; remove(): void }
let dataKeys: DataKeyRow[]
let directory: string
let file: string

const end: SnapshotEnd = {
  house: undefined,
  plans: new Map(),
  mark: { database: '7/00000001', server: '00000001/1', visible: '10:20:', at: '2026-03-10 12:00:00+00' },
  seenAt: noon,
  subscribers: 0,
}
const canary = 'canary-subscriber'
const records = [Buffer.from(canary), Buffer.alloc(0), Buffer.from([0, 255])]

beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
  dataKeys = await readDataKeys(database.pool)
  directory = fs.mkdtempSync(join(tmpdir(), 'gatehouse-snapshot-'))
  file = join(directory, 'snapshot-1')
  await write(records)
})
afterAll(() => {
  fs.rmSync(directory, { recursive: true, force: true })
  keys.remove()
})

const write = (kept: Iterable<Buffer>): Promise<void> =>
  writeSnapshotFile(file, { keyring: keys.keyring, dataKeys, records: kept, end })

const openKeys = (rows: DataKeyRow[]): Keyring => openKeptKeyring(rows, keys.keyFile, new Date())

async function read(name = file): Promise<{ records: string[]; end: SnapshotEnd }> {
  const kept: string[] = []
  const { end: found } = await readSnapshotFile(name, openKeys, (record) => kept.push(record.toString('hex')))
  return { records: kept, end: found }
}

/** What reading these octets gives: what was thrown, or undefined. */
async function failureOf(octets: Buffer): Promise<unknown> {
  const other = join(directory, 'other')
  fs.writeFileSync(other, octets)
  return read(other).then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('the file of a snapshot', () => {
  it('gives back what was written, by the key file alone', async () => {
    expect(await read()).toEqual({
      records: records.map((record) => record.toString('hex')),
      end: { ...end, subscribers: 3 },
    })
  })

  it('holds more than one part', async () => {
    const many = Array.from({ length: 3_000 }, (_, at) => Buffer.alloc(500, at))
    const before = fs.readFileSync(file)
    await write(many)
    expect((await read()).records).toEqual(many.map((record) => record.toString('hex')))
    expect(fs.readdirSync(directory)).not.toContain('snapshot-1.tmp')
    fs.writeFileSync(file, before)
  })

  it('S09: shows nothing of a subscriber, and may be read by its owner only', () => {
    expect(fs.readFileSync(file).includes(canary)).toBe(false)
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
  })

  it('is refused wherever it is cut', async () => {
    const whole = fs.readFileSync(file)
    const kept: number[] = []
    for (let length = 0; length < whole.length; length++) {
      if (!((await failureOf(whole.subarray(0, length))) instanceof SnapshotFileError)) kept.push(length)
    }
    expect(kept).toEqual([])
    expect(await failureOf(Buffer.concat([whole, Buffer.of(0)]))).toMatchObject({
      message: 'something stands behind its end',
    })
  })

  it('is refused whatever octet of it is changed', async () => {
    const whole = fs.readFileSync(file)
    for (let at = 0; at < whole.length; at++) {
      for (const flipped of [1, 2, 0x80, 0xff]) {
        const changed = Buffer.from(whole)
        changed[at]! ^= flipped
        // In the head it may be a key that no longer opens: that is no snapshot of ours either.
        expect(await failureOf(changed), `octet ${at} by ${flipped}`).toBeInstanceOf(Error)
      }
    }
  })

  it('is refused where parts of two files were mixed', async () => {
    const one = fs.readFileSync(file)
    await write([Buffer.from('another')])
    const other = fs.readFileSync(file)
    const headLength = 12 + one.readUInt32LE(8)
    const mixed = Buffer.concat([one.subarray(0, headLength), other.subarray(12 + other.readUInt32LE(8))])
    expect(await failureOf(mixed)).toMatchObject({ message: 'a part of it cannot be opened' })
    fs.writeFileSync(file, one)
  })

  it('is refused when another release wrote it, or another installation', async () => {
    const head = fs.readFileSync(file)
    const layout = /"layout":"([0-9a-f]{16})"/.exec(head.toString('latin1'))![1]!
    const newer = Buffer.from(head.toString('latin1').replace(layout, '0'.repeat(16)), 'latin1')
    expect(await failureOf(newer)).toMatchObject({ message: 'it was written by another release' })
    expect(await failureOf(Buffer.from('GHSNAP\0\x02 and so on'))).toMatchObject({
      message: 'it is no snapshot of this release',
    })
    const elsewhere = await createTestDatabase()
    const others = await openTestKeyring(elsewhere.pool)
    const open = (rows: DataKeyRow[]): Keyring => openKeptKeyring(rows, others.keyFile, new Date())
    await expect(readSnapshotFile(file, open, () => undefined)).rejects.toThrow('is not the one that this database')
    others.remove()
    await elsewhere.drop()
  })

  it('stays as it was when a new one cannot be written', async () => {
    const before = fs.readFileSync(file)
    const broken = (function* () {
      yield Buffer.from('one')
      throw new Error('the disk is gone')
    })()
    await expect(write(broken)).rejects.toThrow('the disk is gone')
    expect(fs.readFileSync(file).equals(before)).toBe(true)
    fs.mkdirSync(join(directory, 'snapshot-9.tmp'))
    const elsewhere = { keyring: keys.keyring, dataKeys, records, end }
    await expect(writeSnapshotFile(join(directory, 'snapshot-9'), elsewhere)).rejects.toThrow('EISDIR')
  })
})

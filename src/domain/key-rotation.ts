// Replacing keys while everybody goes on working. The key file: a new one is written beside it, the data keys are wrapped anew in
// one transaction, then the files change places; wherever that was interrupted every row is still opened by one of the two files,
// and the next call goes on. The data key: a new one is announced, seals from a later instant on, and what older ones sealed is
// sealed anew bit by bit.

import { chownSync, closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import * as path from 'node:path'
import { createKeyFile, keyFingerprint, KeyFileError, NoKeyError, readKeyFile } from '../crypto/key-file.ts'
import { withTransaction } from '../db/pool.ts'
import type { Pool, PoolClient } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { failPoint } from '../fail-points.ts'
import { writeAudit } from './audit/audit.ts'
import type { Author } from './author.ts'
import { dataKeyLock, nextKeyFile, oldKeyFile, readDataKeys, sealingKeys, unwrapDataKey } from './data-key-row.ts'
import { wrapDataKey } from './data-key-row.ts'
import type { DataKeyRow } from './data-key-row.ts'
import { insertDataKey, refreshKeyring } from './data-key.ts'
import type { Keyring, Place } from './data-key.ts'
import { countKeyUses, resealColumn, sealedColumns } from './sealed-columns.ts'

/** Every process has read a new data key by then, also one that was without Postgres for a moment. */
export const shortestNoticeS = 5

/** A data key and what is under it. */
export type DataKeyState = {
  id: number
  createdAt: Date
  sealsFrom: Date
  /** coming: known, does not seal yet; sealing: the one that seals; older: opens only; retired: opens only, nothing left under it. */
  state: 'coming' | 'sealing' | 'older' | 'retired'
  /** Says which key file wraps it. */
  keyFile: string
  sealed: number
  verifiers: number
}

/** The data keys, oldest first, with what is under each. Reads all rows that hold sealed values. */
export async function listDataKeys(pool: Pool, keyring: Keyring, now: Date): Promise<DataKeyState[]> {
  const uses = await countKeyUses(pool)
  const { rows } = await pool.query<DataKeyRow & { created_at: Date }>(
    `select data_key.id, data_key.wrapped, data_key.key_fingerprint, data_key.retired_at, data_key.seals_from, data_key.created_at
     from data_key order by data_key.id`,
  )
  return rows.map((row) => {
    const sealsFrom = row.seals_from ?? row.created_at
    return {
      id: row.id,
      createdAt: row.created_at,
      sealsFrom,
      state: stateOf(row, keyring.currentId, now),
      keyFile: row.key_fingerprint.toString('hex').slice(0, 16),
      ...(uses.get(row.id) ?? { sealed: 0, verifiers: 0 }),
    }
  })
}

function stateOf(row: DataKeyRow, currentId: number, now: Date): DataKeyState['state'] {
  if (row.retired_at !== null) return 'retired'
  if (row.seals_from != null && row.seals_from > now) return 'coming'
  return row.id === currentId ? 'sealing' : 'older'
}

/**
 * Announces a new data key that seals from `noticeS` seconds (5 or more) after `now` on; `keyring` knows it afterwards. Throws
 * RangeError for a shorter notice, KeyFileError.
 */
export async function addDataKey(
  places: { pool: Pool; db: Db; keyring: Keyring; keyFile: string },
  { noticeS }: { noticeS: number },
  by: Author,
  now: Date,
): Promise<{ id: number; sealsFrom: Date }> {
  const { pool, db, keyring, keyFile } = places
  if (!(noticeS >= shortestNoticeS)) throw new RangeError(`a data key needs a notice of at least ${shortestNoticeS} s`)
  const sealsFrom = new Date(now.getTime() + noticeS * 1000)
  const { id } = await withTransaction(pool, async (client) => {
    await client.query(dataKeyLock)
    const rows = await readDataKeys(client)
    const newest = rows.at(-1)!
    const key = sealingKeys([newest], keyFile).get(newest.key_fingerprint.toString('hex'))!
    return insertDataKey(client, key, now, sealsFrom)
  })
  await refreshKeyring(keyring, pool, keyFile, now)
  await writeAudit(
    db,
    { action: 'data-key.add', noun: 'data-key', rowId: BigInt(id), after: { seals_from: sealsFrom } },
    by,
    now,
  )
  return { id, sealsFrom }
}

export type ResealResult =
  | { kind: 'coming'; id: number; sealsFrom: Date }
  | { kind: 'done'; resealed: number; unopened: Place[]; retired: number[]; kept: { id: number; verifiers: number }[] }

/**
 * Seals everything that older data keys sealed with the current one, and retires those under which nothing is left. What cannot be
 * made anew (verifiers) keeps its data key. Harmless when it runs twice; interrupted, the next call goes on. `coming`: a newer
 * data key does not seal yet, and nothing was done.
 */
export async function resealSecrets(
  places: { pool: Pool; db: Db; keyring: Keyring },
  by: Author,
  now: Date,
  signal?: AbortSignal,
): Promise<ResealResult> {
  const { pool, db, keyring } = places
  const coming = keyring.rows.find((row) => row.id > keyring.currentId && row.retired_at === null)
  if (coming !== undefined) return { kind: 'coming', id: coming.id, sealsFrom: coming.seals_from ?? now }
  const older = keyring.rows.filter((row) => row.retired_at === null && row.id !== keyring.currentId)
  const done: ResealResult & { kind: 'done' } = { kind: 'done', resealed: 0, unopened: [], retired: [], kept: [] }
  if (keyring.rows.length === 1) return done
  for (const column of sealedColumns) {
    const { resealed, unopened } = await resealColumn(pool, keyring, column, signal)
    done.resealed += resealed
    done.unopened.push(...unopened)
  }
  const uses = await countKeyUses(pool)
  for (const { id } of older) {
    const left = uses.get(id)
    if (left !== undefined && left.verifiers > 0) done.kept.push({ id, verifiers: left.verifiers })
    else if (left === undefined || left.sealed === 0) done.retired.push(id)
  }
  await db.transaction().execute(async (trx) => {
    if (done.retired.length > 0) {
      await trx.updateTable('data_key').set({ retired_at: now }).where('id', 'in', done.retired).execute()
    }
    if (done.retired.length === 0 && done.resealed === 0) return
    const after = { resealed: done.resealed, retired: done.retired }
    const rowId = BigInt(keyring.currentId)
    await writeAudit(trx, { action: 'data-key.reseal', noun: 'data-key', rowId, after }, by, now)
  })
  return done
}

/** What a run of it says: counts, and by place what could not be opened (the first hundred). */
export function reportReseal(result: ResealResult): Record<string, unknown> {
  if (result.kind === 'coming') return { resealed: 0, coming: result.id, seals_from: result.sealsFrom }
  const { resealed, unopened, retired, kept } = result
  const places = unopened.slice(0, 100).map(({ table, row, column }) => `${table}.${column} of row ${String(row)}`)
  return { resealed, retired, kept, unopened: unopened.length, places }
}

/**
 * Writes the key that will take over beside the key file (`.next`), where none waits there already: to be copied to every other
 * machine of the installation before the data keys are wrapped with it. Returns its place. Throws KeyFileError where the key file
 * here is not that of the database.
 */
export async function prepareKeyFile(
  pool: Pool,
  keyFile: string,
): Promise<{ file: string; fingerprint: string; isNew: boolean }> {
  // Who does not have the key of now must get that one first, not make another.
  sealingKeys(await readDataKeys(pool), keyFile)
  const file = nextKeyFile(keyFile)
  const waiting = readWaiting(file)
  const key = waiting ?? createKeyFile(file)
  giveToOwnerOf(keyFile, file)
  return { file, fingerprint: keyFingerprint(key).toString('hex').slice(0, 16), isNew: waiting === undefined }
}

/** One that was cut by a crash has sealed nothing: the rows are opened without it, which was looked at before. It is made anew. */
function readWaiting(file: string): ReturnType<typeof readKeyFile> {
  try {
    return readKeyFile(file)
  } catch (error) {
    // One that others may read, or we may not, is somebody's to put right.
    if (!(error instanceof NoKeyError)) throw error
    rmSync(file)
    return undefined
  }
}

/** What root makes must be readable by whom the service runs as. */
function giveToOwnerOf(keyFile: string, file: string): void {
  const owner = statSync(keyFile, { throwIfNoEntry: false })
  if (process.getuid?.() === 0 && owner !== undefined) chownSync(file, owner.uid, owner.gid)
}

export type RotatedKeyFile = {
  /** Data keys that were wrapped anew by this call: none where another machine did so before. */
  wrapped: number
  /** Where the old key is kept; undefined where this machine had none. */
  old: string | undefined
  fingerprint: string
}

/**
 * Puts a new key file in the place of the old one. Interrupted anywhere, the next call goes on with the key that waits; on a second
 * machine, with `.next` copied there, it only exchanges the files. The old key stays beside it under its fingerprint: backups from
 * before need it. Throws KeyFileError.
 */
export async function rotateKeyFile(
  places: { pool: Pool; db: Db; keyFile: string },
  by: Author,
  now: Date,
): Promise<RotatedKeyFile> {
  const { pool, db, keyFile } = places
  const { file, fingerprint } = await prepareKeyFile(pool, keyFile)
  await failPoint('key_written')
  const next = readKeyFile(file)
  if (next === undefined) throw new KeyFileError(`the key file ${file} vanished while it was to take over`)
  const wrapped = await withTransaction(pool, async (client) => {
    await client.query(dataKeyLock)
    return wrapAnew(client, await readDataKeys(client), keyFile, next)
  })
  await failPoint('key_wrapped')
  const old = await exchangeFiles(keyFile, file)
  const after = { wrapped, fingerprint }
  await writeAudit(db, { action: 'key-file.rotate', noun: 'key-file', rowId: null, after }, by, now)
  return { wrapped, old, fingerprint }
}

async function wrapAnew(
  client: PoolClient,
  rows: readonly DataKeyRow[],
  keyFile: string,
  next: NonNullable<ReturnType<typeof readKeyFile>>,
): Promise<number> {
  const fingerprint = keyFingerprint(next)
  const others = rows.filter((row) => !row.key_fingerprint.equals(fingerprint))
  const keys = sealingKeys(others, keyFile)
  for (const row of others) {
    const octets = unwrapDataKey(row, keys)
    const wrapped = wrapDataKey(row.id, octets, next)
    octets.fill(0)
    await client.query('update data_key set wrapped = $2, key_fingerprint = $3 where id = $1', [
      row.id,
      wrapped,
      fingerprint,
    ])
  }
  return others.length
}

/** The old key gets a second name first, then the new one takes its place at once: a key file is there at every moment. */
async function exchangeFiles(keyFile: string, next: string): Promise<string | undefined> {
  const before = readKeyFile(keyFile)
  const old = before && oldKeyFile(keyFile, keyFingerprint(before))
  if (old !== undefined) {
    rmSync(old, { force: true })
    linkSync(keyFile, old)
    await failPoint('key_kept')
  }
  renameSync(next, keyFile)
  const folder = openSync(path.dirname(keyFile), 'r')
  fsyncSync(folder)
  closeSync(folder)
  return old
}

// Data keys as they lie in the database, wrapped, and the key files that open them. While the key file is being changed two
// files count: every row says by its fingerprint which one opens it.

import type { KeyObject } from 'node:crypto'
import { open, seal } from '../crypto/box.ts'
import type { Place } from '../crypto/box.ts'
import { keyFingerprint, KeyFileError, readKeyFile } from '../crypto/key-file.ts'
import type { Pool, PoolClient } from '../db/pool.ts'

/** A data key as it lies in the database: the key file with that fingerprint opens it. */
export type DataKeyRow = {
  id: number
  wrapped: Buffer
  key_fingerprint: Buffer
  retired_at: Date | null
  /** Nothing is sealed with it before; null or absent: since it was made. */
  seals_from?: Date | null
}

/** Who reads and then writes data keys holds this lock until the commit. */
export const dataKeyLock = `select pg_advisory_xact_lock(hashtext('gatehouse data_key'))`

/** The data keys as they lie in the database, to be kept where Postgres is not needed to open them. */
export async function readDataKeys(client: Pool | PoolClient): Promise<DataKeyRow[]> {
  const { rows } = await client.query<DataKeyRow>(
    `select data_key.id, data_key.wrapped, data_key.key_fingerprint, data_key.retired_at, data_key.seals_from
     from data_key order by data_key.id`,
  )
  return rows
}

/** Where the key that will take over lies until it has. */
export function nextKeyFile(keyFile: string): string {
  return `${keyFile}.next`
}

/** Where a key that was replaced is kept: backups from before need it. */
export function oldKeyFile(keyFile: string, fingerprint: Buffer): string {
  return `${keyFile}.old-${fingerprint.toString('hex').slice(0, 16)}`
}

/**
 * The key-encryption key of each row, by its fingerprint in hex: the key file, the next one beside it, or one that was replaced.
 * Throws KeyFileError: missing, another one, or readable by others. None is ever made here.
 */
export function sealingKeys(rows: readonly DataKeyRow[], keyFile: string): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>()
  for (const { key_fingerprint: fingerprint } of rows) {
    const name = fingerprint.toString('hex')
    if (!keys.has(name)) keys.set(name, findKey(fingerprint, keyFile))
  }
  return keys
}

function findKey(fingerprint: Buffer, keyFile: string): KeyObject {
  let found = 0
  for (const file of [keyFile, nextKeyFile(keyFile), oldKeyFile(keyFile, fingerprint)]) {
    const key = readKeyFile(file)
    if (key === undefined) continue
    found += 1
    if (keyFingerprint(key).equals(fingerprint)) return key
  }
  if (found === 0) {
    const mend = 'restore it from where it is kept apart, or name its place in GATEHOUSE_KEY_FILE'
    throw new KeyFileError(`the key file ${keyFile} is missing, but the database holds secrets sealed with it: ${mend}`)
  }
  throw new KeyFileError(`the key file ${keyFile} is not the one that this database was sealed with: restore that one`)
}

/** The octets of a data key. The caller overwrites them after use. Throws SealError. */
export function unwrapDataKey(row: DataKeyRow, keys: ReadonlyMap<string, KeyObject>): Buffer {
  return open(() => keys.get(row.key_fingerprint.toString('hex')), wrapPlace(row.id), row.wrapped)
}

/** A data key wrapped for its row. */
export function wrapDataKey(id: number, octets: Uint8Array, key: KeyObject): Buffer {
  return seal(key, 0, wrapPlace(id), octets)
}

/** The data key that seals at `now`: the newest one whose time has come and that is not retired. Throws RangeError. */
export function sealingId(rows: readonly DataKeyRow[], now: Date): number {
  const isSealing = ({ retired_at: retiredAt, seals_from: from }: DataKeyRow): boolean =>
    retiredAt === null && (from ?? now) <= now
  // A clock that is behind (no battery, a machine restored) is before every key's time: the oldest then serves.
  const current = rows.findLast(isSealing) ?? rows.find((row) => row.retired_at === null)
  if (current === undefined) throw new RangeError('every data key is retired: there is none to seal with')
  return current.id
}

function wrapPlace(id: number): Place {
  return { table: 'data_key', row: id, column: 'wrapped' }
}

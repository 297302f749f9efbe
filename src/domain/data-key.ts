// The keys that seal secrets in the database. Data keys lie in the table data_key, wrapped by the key file; from each,
// separate keys are derived for each purpose (HKDF, RFC 5869), so that none is used in two ways.
// A retired data key still opens what it sealed; sealing uses the newest that is not retired and whose time has come.

import { createHmac, createSecretKey, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { open, seal, SealError } from '../crypto/box.ts'
import type { Place } from '../crypto/box.ts'
import { createKeyFile, keyFingerprint, readKeyFile } from '../crypto/key-file.ts'
import { withTransaction } from '../db/pool.ts'
import type { Pool, PoolClient } from '../db/pool.ts'
import { dataKeyLock, readDataKeys, sealingId, sealingKeys, unwrapDataKey, wrapDataKey } from './data-key-row.ts'
import type { DataKeyRow } from './data-key-row.ts'

export { readDataKeys } from './data-key-row.ts'
export type { DataKeyRow } from './data-key-row.ts'
export type { Place } from '../crypto/box.ts'
export { SealError } from '../crypto/box.ts'
export { KeyFileError } from '../crypto/key-file.ts'

/**
 * field: sealed columns; class: the tag of the Class attribute; cui: Chargeable-User-Identity; verifier: one-way PAP; proxy:
 * the tag of our Proxy-State; local: what an instance keeps on its own disk.
 */
export type KeyPurpose = 'field' | 'class' | 'cui' | 'verifier' | 'proxy' | 'local'

/** Derived keys by the id of their data key. Holds no raw key material. `refreshKeyring` keeps it true, in place. */
export type Keyring = {
  /** The data key that seals now. */
  currentId: number
  /** The oldest data key: what must stay the same for ever (the CUI of a subscriber) derives from it. */
  firstId: number
  keys: ReadonlyMap<number, Readonly<Record<KeyPurpose, KeyObject>>>
  /** What it was opened from, to be kept where Postgres is not needed: wrapped, the key file opens them. */
  rows: readonly DataKeyRow[]
}

/**
 * Loads the data keys, and makes the first one (and the key file, if it is not there) where the database has none. Safe when
 * several instances start at once. Throws KeyFileError: missing or different although the database holds sealed data, or
 * readable by others.
 */
export async function openKeyring(pool: Pool, keyFile: string, now: Date): Promise<Keyring> {
  return withTransaction(pool, async (client) => {
    // The lock is held until the commit: of two instances the second sees the row of the first and makes nothing.
    await client.query(dataKeyLock)
    const rows = await readDataKeys(client)
    if (rows.length > 0) return openKeptKeyring(rows, keyFile, now)
    const key = readKeyFile(keyFile) ?? createKeyFile(keyFile)
    return openKeptKeyring([await insertDataKey(client, key, now)], keyFile, now)
  })
}

/** The keyring of data keys that were kept elsewhere. Throws KeyFileError as openKeyring does, and makes no key. */
export function openKeptKeyring(rows: DataKeyRow[], keyFile: string, now: Date): Keyring {
  return { currentId: sealingId(rows, now), firstId: rows[0]!.id, keys: derived(rows, keyFile), rows }
}

/**
 * Looks whether there are other data keys by now, or another one's time to seal has come, and makes it so in this keyring: whoever
 * holds it seals and opens with them from then on. Changes nothing where it throws: KeyFileError where a new one is not to be
 * opened by the key file of this machine, or the error of Postgres.
 */
export async function refreshKeyring(keyring: Keyring, pool: Pool, keyFile: string, now: Date): Promise<void> {
  const rows = await readDataKeys(pool)
  if (rows.length === 0) return
  // By what is wrapped, not by the id: an old backup that was put in place may have another key under the same one.
  const known = new Map(keyring.rows.map((row) => [row.id, row.wrapped]))
  const fresh = rows.filter((row) => known.get(row.id)?.equals(row.wrapped) !== true)
  const opened = fresh.length === 0 ? keyring.keys : new Map([...keyring.keys, ...derived(fresh, keyFile)])
  const currentId = sealingId(rows, now)
  Object.assign(keyring, { currentId, firstId: rows[0]!.id, keys: opened, rows } satisfies Keyring)
}

/** Seals a secret for its column with the current data key. The row's id must be taken before the insert. */
export function sealField(keyring: Keyring, place: Place, octets: Uint8Array): Buffer {
  return seal(subkey(keyring, 'field'), keyring.currentId, place, octets)
}

/** Seals what this instance keeps in a file of its own. `place` names the file and the part of it. */
export function sealLocal(keyring: Keyring, place: Place, octets: Uint8Array): Buffer {
  return seal(subkey(keyring, 'local'), keyring.currentId, place, octets)
}

/** Opens what `sealLocal` made for the same place. Throws SealError. */
export function openLocal(keyring: Keyring, place: Place, sealed: Uint8Array): Buffer {
  return open((id) => keyring.keys.get(id)?.local, place, sealed)
}

/** Opens a sealed column. Throws SealError, which concerns this one value only. */
export function openField(keyring: Keyring, place: Place, sealed: Uint8Array): Buffer {
  return open((id) => keyring.keys.get(id)?.field, place, sealed)
}

/** The same for many rows at once: undefined where one does not open, told to `onFailure`. */
export function openFieldOr(
  keyring: Keyring,
  place: Place,
  sealed: Uint8Array,
  onFailure: (error: SealError) => void,
): Buffer | undefined {
  try {
    return openField(keyring, place, sealed)
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    onFailure(error)
    return undefined
  }
}

/** The key for one purpose, of the current data key or of a named one. Throws RangeError for an id we do not have. */
export function subkey(keyring: Keyring, purpose: KeyPurpose, keyId: number = keyring.currentId): KeyObject {
  const keys = keyring.keys.get(keyId)
  if (keys === undefined) throw new RangeError(`there is no data key ${keyId}`)
  return keys[purpose]
}

const verifierLength = 2 + 32

/** What is stored for a password that only PAP will ever check: key id and HMAC-SHA-256 of place and password. */
export function makeVerifier(keyring: Keyring, place: Place, password: Uint8Array): Buffer {
  const id = Buffer.alloc(2)
  id.writeUInt16BE(keyring.currentId)
  return Buffer.concat([id, verifierDigest(subkey(keyring, 'verifier'), place, password)])
}

/** Whether the password is that of the stored verifier; constant time. False for a cut, moved or foreign one. */
export function matchesVerifier(keyring: Keyring, place: Place, stored: Uint8Array, password: Uint8Array): boolean {
  if (stored.length !== verifierLength) return false
  const key = keyring.keys.get((stored[0]! << 8) | stored[1]!)?.verifier
  return key !== undefined && timingSafeEqual(stored.subarray(2), verifierDigest(key, place, password))
}

function verifierDigest(key: KeyObject, place: Place, password: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${place.table}\0${place.row}\0${place.column}\0`).update(password).digest()
}

/** Adds a data key that seals from an instant on. Call it under `dataKeyLock`. */
export async function insertDataKey(
  client: PoolClient,
  key: KeyObject,
  now: Date,
  sealsFrom?: Date,
): Promise<DataKeyRow> {
  const { rows } = await client.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('data_key', 'id'))::int as id`,
  )
  const id = rows[0]!.id
  const octets = randomBytes(32)
  const row = {
    id,
    wrapped: wrapDataKey(id, octets, key),
    key_fingerprint: keyFingerprint(key),
    retired_at: null,
    seals_from: sealsFrom ?? null,
  }
  octets.fill(0)
  await client.query(
    `insert into data_key (id, wrapped, key_fingerprint, created_at, seals_from) overriding system value
     values ($1, $2, $3, $4, $5)`,
    [id, row.wrapped, row.key_fingerprint, now, row.seals_from],
  )
  return row
}

function derived(rows: readonly DataKeyRow[], keyFile: string): Keyring['keys'] {
  const keys = sealingKeys(rows, keyFile)
  return new Map(rows.map((row) => [row.id, derive(unwrapDataKey(row, keys))]))
}

function derive(dataKey: Buffer): Record<KeyPurpose, KeyObject> {
  const make = (purpose: KeyPurpose): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', dataKey, '', `gatehouse ${purpose} 1`, 32)))
  const keys = {
    field: make('field'),
    class: make('class'),
    cui: make('cui'),
    verifier: make('verifier'),
    proxy: make('proxy'),
    local: make('local'),
  }
  dataKey.fill(0)
  return keys
}

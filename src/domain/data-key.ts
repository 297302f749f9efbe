// The keys that seal secrets in the database. Data keys lie in the table data_key, wrapped by the key file; from each,
// separate keys are derived for each purpose (HKDF, RFC 5869), so that none is used in two ways.
// A retired data key still opens what it sealed; sealing uses the newest that is not retired.

import { createHmac, createSecretKey, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { open, seal, SealError } from '../crypto/box.ts'
import type { Place } from '../crypto/box.ts'
import { createKeyFile, keyFingerprint, KeyFileError, readKeyFile } from '../crypto/key-file.ts'
import { withTransaction } from '../db/pool.ts'
import type { Pool, PoolClient } from '../db/pool.ts'

export type { Place } from '../crypto/box.ts'
export { SealError } from '../crypto/box.ts'

/**
 * field: sealed columns; class: the tag of the Class attribute; cui: Chargeable-User-Identity; verifier: one-way PAP; proxy:
 * the tag of our Proxy-State.
 */
export type KeyPurpose = 'field' | 'class' | 'cui' | 'verifier' | 'proxy'

/** Derived keys by the id of their data key. Holds no raw key material. */
export type Keyring = {
  /** The data key that seals now. */
  currentId: number
  /** The oldest data key: what must stay the same for ever (the CUI of a subscriber) derives from it. */
  firstId: number
  keys: ReadonlyMap<number, Readonly<Record<KeyPurpose, KeyObject>>>
}

/**
 * Loads the data keys, and makes the first one (and the key file, if it is not there) where the database has none. Safe when
 * several instances start at once. Throws KeyFileError: missing or different although the database holds sealed data, or
 * readable by others.
 */
export async function openKeyring(pool: Pool, keyFile: string, now: Date): Promise<Keyring> {
  return withTransaction(pool, async (client) => {
    // The lock is held until the commit: of two instances the second sees the row of the first and makes nothing.
    await client.query(`select pg_advisory_xact_lock(hashtext('gatehouse data_key'))`)
    const rows = await readRows(client)
    if (rows.length > 0) return unwrap(rows, sealingKey(rows, keyFile))
    const key = readKeyFile(keyFile) ?? createKeyFile(keyFile)
    return unwrap([await insertDataKey(client, key, now)], key)
  })
}

/** Seals a secret for its column with the current data key. The row's id must be taken before the insert. */
export function sealField(keyring: Keyring, place: Place, octets: Uint8Array): Buffer {
  return seal(subkey(keyring, 'field'), keyring.currentId, place, octets)
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

type DataKeyRow = { id: number; wrapped: Buffer; key_fingerprint: Buffer; retired_at: Date | null }

async function readRows(client: PoolClient): Promise<DataKeyRow[]> {
  const { rows } = await client.query<DataKeyRow>(
    'select data_key.id, data_key.wrapped, data_key.key_fingerprint, data_key.retired_at from data_key order by data_key.id',
  )
  return rows
}

/** The key file of a database that has sealed data: it must be there and be the same one, and is never made anew. */
function sealingKey(rows: DataKeyRow[], keyFile: string): KeyObject {
  const key = readKeyFile(keyFile)
  if (key === undefined) {
    const mend = 'restore it from where it is kept apart, or name its place in GATEHOUSE_KEY_FILE'
    throw new KeyFileError(`the key file ${keyFile} is missing, but the database holds secrets sealed with it: ${mend}`)
  }
  const fingerprint = keyFingerprint(key)
  if (!rows.every((row) => row.key_fingerprint.equals(fingerprint))) {
    throw new KeyFileError(
      `the key file ${keyFile} is not the one that this database was sealed with: restore that one`,
    )
  }
  return key
}

async function insertDataKey(client: PoolClient, key: KeyObject, now: Date): Promise<DataKeyRow> {
  const { rows } = await client.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('data_key', 'id'))::int as id`,
  )
  const id = rows[0]!.id
  const row = { id, wrapped: seal(key, 0, wrapPlace(id), randomBytes(32)), key_fingerprint: keyFingerprint(key) }
  await client.query(
    `insert into data_key (id, wrapped, key_fingerprint, created_at) overriding system value values ($1, $2, $3, $4)`,
    [id, row.wrapped, row.key_fingerprint, now],
  )
  return { ...row, retired_at: null }
}

function unwrap(rows: DataKeyRow[], key: KeyObject): Keyring {
  const keys = new Map(rows.map((row) => [row.id, derive(open(() => key, wrapPlace(row.id), row.wrapped))]))
  const current = rows.findLast((row) => row.retired_at === null)
  if (current === undefined) throw new RangeError('every data key is retired: there is none to seal with')
  return { currentId: current.id, firstId: rows[0]!.id, keys }
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
  }
  dataKey.fill(0)
  return keys
}

function wrapPlace(id: number): Place {
  return { table: 'data_key', row: id, column: 'wrapped' }
}

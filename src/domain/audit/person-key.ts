// A key of its own for every person, under which the personal values of its audit entries lie. Destroying it makes them
// unreadable, here and in every backup that does not hold it, while the entries and their hash chain stay whole.

import { createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { open, seal, SealError } from '../../crypto/box.ts'
import type { Place } from '../../crypto/box.ts'
import type { Db } from '../../db/schema.ts'
import { openField, sealField } from '../data-key.ts'
import type { Keyring } from '../data-key.ts'

/** The keys of these persons, made where there is none yet. */
export async function personKeys(
  db: Db,
  keyring: Keyring,
  subscriberIds: readonly bigint[],
  now: Date,
): Promise<Map<bigint, KeyObject>> {
  const known = await readPersonKeys(db, keyring, subscriberIds)
  const missing = subscriberIds.filter((id) => !known.has(id))
  if (missing.length === 0) return known
  await db
    .insertInto('person_key')
    .values(
      missing.map((id) => ({
        subscriber_id: id,
        key: sealField(keyring, placeOf(id), randomBytes(32)),
        created_at: now,
      })),
    )
    .onConflict((conflict) => conflict.column('subscriber_id').doNothing())
    .execute()
  return readPersonKeys(db, keyring, subscriberIds)
}

/** The keys that are there; a person that was purged has none. */
export async function readPersonKeys(
  db: Db,
  keyring: Keyring,
  subscriberIds: readonly bigint[],
): Promise<Map<bigint, KeyObject>> {
  if (subscriberIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('person_key')
    .select(['subscriber_id', 'key'])
    .where('subscriber_id', 'in', subscriberIds)
    .execute()
  return new Map(
    rows.map((row) => [row.subscriber_id, createSecretKey(openField(keyring, placeOf(row.subscriber_id), row.key))]),
  )
}

/** Destroys the keys of persons: their audit values can never be read again. */
export async function destroyPersonKeys(db: Db, subscriberIds: readonly bigint[]): Promise<void> {
  if (subscriberIds.length === 0) return
  await db.deleteFrom('person_key').where('subscriber_id', 'in', subscriberIds).execute()
}

/** Seals personal values, JSON, for an audit entry. */
export function sealPersonal(key: KeyObject, personId: bigint, json: string): Buffer {
  return seal(key, 0, personalPlace(personId), Buffer.from(json))
}

/** Opens them again; undefined where they were changed. */
export function openPersonal(key: KeyObject, personId: bigint, sealed: Buffer): string | undefined {
  try {
    return open(() => key, personalPlace(personId), sealed).toString()
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

function placeOf(subscriberId: bigint): Place {
  return { table: 'person_key', row: subscriberId, column: 'key' }
}

function personalPlace(personId: bigint): Place {
  return { table: 'audit_entry', row: personId, column: 'personal' }
}

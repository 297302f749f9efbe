// Recovery codes: ten, each stands in for the second factor once. Only keyed digests are kept, so that who has the database
// without the key file can guess none.

import { randomInt } from 'node:crypto'
import type { Db } from '../../db/schema.ts'
import type { Keyring, Place } from '../data-key.ts'
import { makeVerifier, matchesVerifier } from '../data-key.ts'

/** So many are made at a time. */
export const recoveryCodes = 10
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
const length = 16

/** Makes new codes in place of those there were, and returns them: to be shown once. Call it inside the deed's transaction. */
export async function makeRecoveryCodes(db: Db, keyring: Keyring, operatorId: bigint, now: Date): Promise<string[]> {
  await removeRecoveryCodes(db, operatorId)
  const codes = Array.from({ length: recoveryCodes }, makeCode)
  const rows = codes.map((code) => ({
    operator_id: operatorId,
    code_hash: makeVerifier(keyring, placeOf(operatorId), Buffer.from(canonical(code))),
    created_at: now,
  }))
  await db.insertInto('recovery_code').values(rows).execute()
  return codes
}

/** Uses a code up. False where it is none, or was used. */
export async function useRecoveryCode(
  db: Db,
  keyring: Keyring,
  input: { operatorId: bigint; code: string },
  now: Date,
): Promise<boolean> {
  const typed = Buffer.from(canonical(input.code))
  const rows = await db
    .selectFrom('recovery_code')
    .select(['id', 'code_hash'])
    .where('operator_id', '=', input.operatorId)
    .where('used_at', 'is', null)
    .execute()
  const found = rows.find((row) => matchesVerifier(keyring, placeOf(input.operatorId), row.code_hash, typed))
  if (found === undefined) return false
  // Two requests with the same code: one of them updates the row.
  const used = await db
    .updateTable('recovery_code')
    .set({ used_at: now })
    .where('id', '=', found.id)
    .where('used_at', 'is', null)
    .executeTakeFirst()
  return used.numUpdatedRows === 1n
}

/** How many are left. */
export async function countRecoveryCodes(db: Db, operatorId: bigint): Promise<number> {
  const rows = await db
    .selectFrom('recovery_code')
    .select('id')
    .where('operator_id', '=', operatorId)
    .where('used_at', 'is', null)
    .execute()
  return rows.length
}

/** Removes all: with the second factor itself. */
export async function removeRecoveryCodes(db: Db, operatorId: bigint): Promise<void> {
  await db.deleteFrom('recovery_code').where('operator_id', '=', operatorId).execute()
}

/** Four by four, for who copies it from paper. */
function makeCode(): string {
  const letters = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]!).join('')
  return letters.match(/.{4}/g)!.join('-')
}

function canonical(code: string): string {
  return code.toLowerCase().replaceAll(/[\s-]/g, '')
}

function placeOf(operatorId: bigint): Place {
  return { table: 'recovery_code', row: operatorId, column: 'code_hash' }
}

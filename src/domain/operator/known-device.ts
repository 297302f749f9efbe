// Browsers from which an operator has signed in before: their guesses are counted apart from those of strangers.

import type { Db } from '../../db/schema.ts'
import { bearerHash, makeBearer } from './caller.ts'

/** A browser that has not been used for so long is a stranger again. */
const keptDays = 180

/** The value of a new device's cookie. */
export async function rememberDevice(db: Db, operatorId: bigint, now: Date): Promise<string> {
  const bearer = makeBearer()
  const row = { token_hash: bearerHash(bearer), operator_id: operatorId, created_at: now, last_used_at: now }
  await db.insertInto('known_device').values(row).execute()
  return bearer
}

/** Whether the operator of this e-mail address has signed in from the device of this cookie. */
export async function isKnownDevice(
  db: Db,
  input: { bearer: string | undefined; email: string },
  now: Date,
): Promise<boolean> {
  if (input.bearer === undefined || input.bearer === '') return false
  const row = await db
    .updateTable('known_device')
    .from('operator')
    .set({ last_used_at: now })
    .where('known_device.token_hash', '=', bearerHash(input.bearer))
    .whereRef('operator.id', '=', 'known_device.operator_id')
    .where('operator.email', '=', input.email)
    .where('operator.archived_at', 'is', null)
    .where('known_device.last_used_at', '>', new Date(now.getTime() - keptDays * 86_400_000))
    .returning('known_device.operator_id')
    .executeTakeFirst()
  return row !== undefined
}

/** Forgets the devices of operators: their passwords were set by somebody else. */
export async function forgetDevices(db: Db, operatorIds: readonly bigint[]): Promise<void> {
  if (operatorIds.length === 0) return
  await db
    .deleteFrom('known_device')
    .where('operator_id', 'in', [...operatorIds])
    .execute()
}

/** Removes devices that have become strangers. Returns how many. */
export async function trimDevices(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - keptDays * 86_400_000)
  const result = await db.deleteFrom('known_device').where('last_used_at', '<', before).executeTakeFirst()
  return Number(result.numDeletedRows)
}

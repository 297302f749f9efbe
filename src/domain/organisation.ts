// Organisations: the ISP itself, always there, and resellers. They own subscribers, payers, plans and groups (decision 14).

import type { Db } from '../db/schema.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { checkName, ConflictError, NotFoundError } from './field.ts'

/** The id of the ISP: exactly one, made by the first migration. */
export async function ispId(db: Db): Promise<bigint> {
  const row = await db.selectFrom('organisation').select('id').where('kind', '=', 'isp').executeTakeFirstOrThrow()
  return row.id
}

/** Adds a reseller below the ISP. Throws FieldError or ConflictError. */
export async function addReseller(db: Db, input: { name: string }, now: Date): Promise<{ id: bigint }> {
  const name = checkName('name', input.name)
  try {
    return await db
      .insertInto('organisation')
      .values({ kind: 'reseller', name, parent_id: await ispId(db), created_at: now })
      .returning('id')
      .executeTakeFirstOrThrow()
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('name', `there is an organisation ${name} already`)
    throw error
  }
}

/** The organisation of a name, or the ISP where none is named. Throws NotFoundError. */
export async function findOwner(db: Db, name: string | undefined): Promise<bigint> {
  if (name === undefined) return ispId(db)
  const row = await db.selectFrom('organisation').select('id').where('name', '=', name).executeTakeFirst()
  if (row === undefined) throw new NotFoundError('organisation', name)
  return row.id
}

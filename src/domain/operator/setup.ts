// The first start: while there is no operator, a token is printed on the console of whoever runs the service, and with it the
// first super-administrator is made, once. There is no default password.

import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Author } from '../author.ts'
import { ispId } from '../organisation.ts'
import { bearerHash, makeBearer } from './caller.ts'
import { addOperator } from './operator.ts'
import { hashPassword } from './password-hash.ts'
import { checkNewPassword, passwordContext } from './password-rule.ts'
import { permissionNames } from './permission.ts'
import { lockOperators } from './rank.ts'

/** Whether the first operator has still to be made. */
export async function isSetupOpen(db: Db): Promise<boolean> {
  return (await db.selectFrom('operator').select('id').limit(1).executeTakeFirst()) === undefined
}

/**
 * A new token, in place of an older one; undefined where there are operators. Made at every start: only its hash is kept, so
 * that it cannot be shown a second time. Of several instances that start, the last one's counts.
 */
export async function makeSetupToken(db: Db, now: Date): Promise<string | undefined> {
  return inTransaction(db, async (trx) => {
    await lockOperators(trx)
    await trx.deleteFrom('setup_token').execute()
    if (!(await isSetupOpen(trx))) return undefined
    const token = makeBearer()
    await trx
      .insertInto('setup_token')
      .values({ token_hash: bearerHash(token), created_at: now })
      .execute()
    return token
  })
}

export type SetupInput = { token: string; email: string; name: string; password: string }

/**
 * Makes the first super-administrator. `closed`: there are operators, or the token is not the one that was printed. Throws
 * FieldError. Call it outside of any transaction.
 */
export async function setUp(
  db: Db,
  input: SetupInput,
  by: Author,
  now: Date,
): Promise<{ kind: 'made'; id: bigint } | { kind: 'closed' }> {
  const open = await isSetupToken(db, input.token)
  if (!open) return { kind: 'closed' }
  checkNewPassword('password', input.password, passwordContext(input))
  const passwordHash = await hashPassword(input.password)
  return inTransaction(db, async (trx) => {
    await lockOperators(trx)
    if (!(await isSetupToken(trx, input.token))) return { kind: 'closed' }
    await trx.deleteFrom('setup_token').execute()
    return { kind: 'made', ...(await addFirst(trx, { ...input, passwordHash }, by, now)) }
  })
}

async function isSetupToken(db: Db, token: string): Promise<boolean> {
  const row = await db
    .selectFrom('setup_token')
    .select('one')
    .where('token_hash', '=', bearerHash(token))
    .executeTakeFirst()
  return row !== undefined && (await isSetupOpen(db))
}

/** A super-administrator of the ISP with a password of its own choice: by the token, or by who has the server's command line. */
export async function addFirst(
  db: Db,
  input: { email: string; name: string; passwordHash: string; mustChange?: boolean },
  by: Author,
  now: Date,
): Promise<{ id: bigint }> {
  const { id: roleId } = await db
    .selectFrom('role')
    .select('id')
    .where('name', '=', 'super-administrator')
    .where('built_in', '=', true)
    .executeTakeFirstOrThrow()
  const operator = { ...input, roleId, organisationId: await ispId(db), mustChange: input.mustChange ?? false }
  // Nobody has rights yet that could be given: this one deed has them all.
  return addOperator(db, operator, { ...by, permissions: new Set(permissionNames) }, now)
}

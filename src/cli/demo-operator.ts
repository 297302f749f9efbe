// The demonstration's super-administrator: with a password that is made up at every start, and printed.

import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { ownAuthor } from '../domain/author.ts'
import type { Keyring } from '../domain/data-key.ts'
import { NotFoundError } from '../domain/field.ts'
import { findOperatorId } from '../domain/operator/operator-list.ts'
import { setPasswordHash } from '../domain/operator/own-password.ts'
import { hashPassword } from '../domain/operator/password-hash.ts'
import { addFirst } from '../domain/operator/setup.ts'
import { makePassword } from '../domain/secret.ts'

const email = 'demo@gatehouse.example'

export type DemoLogin = { email: string; password: string }

/** Makes the operator, or gives the one of an earlier run a new password. */
export async function makeDemoOperator(db: Db, keyring: Keyring, now: Date): Promise<DemoLogin> {
  const password = makePassword()
  const passwordHash = await hashPassword(password)
  const by = ownAuthor('system', 'demo', keyring)
  await inTransaction(db, async (trx) => {
    const operatorId = await findOperatorId(trx, email).catch((error: unknown) => {
      if (error instanceof NotFoundError) return undefined
      throw error
    })
    if (operatorId === undefined) await addFirst(trx, { email, name: 'Demo Operator', passwordHash }, by, now)
    else await setPasswordHash(trx, { operatorId, newHash: passwordHash }, now)
  })
  return { email, password }
}

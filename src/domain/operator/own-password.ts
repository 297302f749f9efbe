// An operator changes the password it has: the old one is asked for, every other session ends, this one gets a new id.

import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { FieldError } from '../field.ts'
import type { Caller } from './caller.ts'
import { endPanelSessions, renewPanelSession } from './panel-session.ts'
import { hashPassword } from './password-hash.ts'
import { checkNewPassword, passwordContext } from './password-rule.ts'
import { rightPassword, wrongTry } from './second-step.ts'
import type { Proved } from './second-step.ts'

/** Changes it. Throws FieldError for a password that cannot be. Call it outside of any transaction. */
export async function changeOwnPassword(
  db: Db,
  input: { caller: Caller; oldPassword: string; newPassword: string },
  by: Author,
  now: Date,
): Promise<Proved> {
  const { caller, oldPassword, newPassword } = input
  checkNewPassword('new_password', newPassword, passwordContext(caller))
  const oldHash = await rightPassword(db, caller.operatorId, oldPassword)
  if (oldHash === undefined) return inTransaction(db, (trx) => wrongTry(trx, caller, 'wrong old password', by, now))
  if (oldPassword === newPassword) throw new FieldError('new_password', 'is the old one')
  const newHash = await hashPassword(newPassword)
  return inTransaction(db, async (trx) => {
    const changed = await setPasswordHash(trx, { operatorId: caller.operatorId, newHash, oldHash }, now)
    if (!changed) return wrongTry(trx, caller, 'wrong old password', by, now)
    await endPanelSessions(trx, { operatorIds: [caller.operatorId], exceptId: caller.id }, now)
    const session = await renewPanelSession(trx, { id: caller.id, state: 'full' }, now)
    if (session === undefined) return { kind: 'ended' }
    const deed = { action: 'operator.change-password', noun: 'operator', rowId: caller.operatorId }
    await writeAudit(trx, { ...deed, ownerId: caller.organisationId }, by, now)
    return { kind: 'proved', session, recoveryCode: false }
  })
}

/** Voids the links by which an operator could still choose a password. */
export async function voidLinks(db: Db, operatorId: bigint, now: Date): Promise<void> {
  await db
    .updateTable('password_reset')
    .set({ used_at: now })
    .where('operator_id', '=', operatorId)
    .where('used_at', 'is', null)
    .execute()
}

/** Sets a password that its owner chose, where the old one is still the one that was proved; links to choose one are void. */
export async function setPasswordHash(
  db: Db,
  input: { operatorId: bigint; newHash: string; oldHash?: string },
  now: Date,
): Promise<boolean> {
  const update = db
    .updateTable('operator')
    .set({
      password_hash: input.newHash,
      password_changed_at: now,
      password_valid_until: null,
      must_change_password: false,
      updated_at: now,
    })
    .where('id', '=', input.operatorId)
    .where('archived_at', 'is', null)
  const { oldHash } = input
  const narrowed = oldHash === undefined ? update : update.where('password_hash', '=', oldHash)
  if ((await narrowed.executeTakeFirst()).numUpdatedRows !== 1n) return false
  await voidLinks(db, input.operatorId, now)
  return true
}

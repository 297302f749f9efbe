// An operator's second factor: enrolled (a secret to put into an app), confirmed by a first code, which also makes the recovery
// codes, and given up again. Each asks for a fresh proof, and each ends every other session (ASVS 7.4.3, 7.5.1).

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { openField, sealField } from '../data-key.ts'
import type { Place } from '../data-key.ts'
import { ConflictError, FieldError } from '../field.ts'
import type { Caller } from './caller.ts'
import { endPanelSessions, renewPanelSession } from './panel-session.ts'
import type { OpenedSession } from './panel-session.ts'
import { countRecoveryCodes, makeRecoveryCodes, removeRecoveryCodes } from './recovery-code.ts'
import { makeTotpSecret, totpStep, totpUri } from './totp.ts'

/** So long after enrolling a first code may come. */
const confirmMs = 10 * 60_000

export type SecondFactor = { enabledAt: Date | null; recoveryCodesLeft: number; passwordChangedAt: Date | null }

/** What an operator has of it. */
export async function readSecondFactor(db: Db, operatorId: bigint): Promise<SecondFactor> {
  const row = await db
    .selectFrom('operator')
    .select(['totp_enabled_at', 'password_changed_at'])
    .where('id', '=', operatorId)
    .executeTakeFirstOrThrow()
  return {
    enabledAt: row.totp_enabled_at,
    recoveryCodesLeft: await countRecoveryCodes(db, operatorId),
    passwordChangedAt: row.password_changed_at,
  }
}

/** Makes a secret that waits to be confirmed; the one in force, if any, stays so until then. */
export async function enrolSecondFactor(
  db: Db,
  caller: Caller,
  by: Author,
  now: Date,
): Promise<{ uri: string; secret: string }> {
  const secret = makeTotpSecret()
  const sealed = sealField(by.keyring, pendingPlace(caller.operatorId), secret)
  const pending = { totp_pending: sealed, totp_pending_at: now }
  await db.updateTable('operator').set(pending).where('id', '=', caller.operatorId).execute()
  await writeAudit(db, deedOf(caller, 'operator.enrol-second-factor'), by, now)
  return totpUri(secret, caller.email)
}

/** Puts the enrolled secret in force by its first code. Throws FieldError for a wrong one, ConflictError where none waits. */
export async function confirmSecondFactor(
  db: Db,
  input: { caller: Caller; code: string },
  by: Author,
  now: Date,
): Promise<{ session: OpenedSession | undefined; recoveryCodes: string[] }> {
  const { caller, code } = input
  const row = await db
    .selectFrom('operator')
    .select(['totp_pending', 'totp_pending_at'])
    .where('id', '=', caller.operatorId)
    .forUpdate()
    .executeTakeFirstOrThrow()
  if (row.totp_pending === null || now.getTime() - row.totp_pending_at!.getTime() > confirmMs) {
    throw new ConflictError('code', 'nothing waits to be confirmed: enrol again')
  }
  const secret = openField(by.keyring, pendingPlace(caller.operatorId), row.totp_pending)
  const step = totpStep(secret, code, now, null)
  if (step === undefined) throw new FieldError('code', 'is not the code of this moment')
  const sealed = sealField(by.keyring, { ...pendingPlace(caller.operatorId), column: 'totp_secret' }, secret)
  await sql`
    update operator set totp_secret = ${sealed}, totp_enabled_at = ${now}, totp_last_step = ${step}, totp_pending = null,
      totp_pending_at = null, updated_at = ${now} where operator.id = ${caller.operatorId}`.execute(db)
  const recoveryCodes = await makeRecoveryCodes(db, by.keyring, caller.operatorId, now)
  await writeAudit(db, deedOf(caller, 'operator.confirm-second-factor'), by, now)
  return { session: await keepOnly(db, caller, now), recoveryCodes }
}

/** Gives the second factor up. Throws ConflictError where there is none. */
export async function dropSecondFactor(
  db: Db,
  caller: Caller,
  by: Author,
  now: Date,
): Promise<OpenedSession | undefined> {
  if (!(await clearSecondFactor(db, caller.operatorId, now))) {
    throw new ConflictError('second_factor', 'there is none')
  }
  await writeAudit(db, deedOf(caller, 'operator.drop-second-factor'), by, now)
  return keepOnly(db, caller, now)
}

/** New recovery codes in place of the old ones. Throws ConflictError where there is no second factor. */
export async function renewRecoveryCodes(db: Db, caller: Caller, by: Author, now: Date): Promise<string[]> {
  const { enabledAt } = await readSecondFactor(db, caller.operatorId)
  if (enabledAt === null) throw new ConflictError('second_factor', 'there is none')
  const codes = await makeRecoveryCodes(db, by.keyring, caller.operatorId, now)
  await writeAudit(db, deedOf(caller, 'operator.renew-recovery-codes'), by, now)
  return codes
}

/** Removes secret and recovery codes; false where there was no second factor. Call it inside the deed's transaction. */
export async function clearSecondFactor(db: Db, operatorId: bigint, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update operator set totp_secret = null, totp_enabled_at = null, totp_last_step = null, totp_pending = null,
      totp_pending_at = null, updated_at = ${now}
    where operator.id = ${operatorId} and operator.totp_enabled_at is not null returning 1`.execute(db)
  await removeRecoveryCodes(db, operatorId)
  return rows.length === 1
}

/** Ends the operator's other sessions and gives this one a new id. */
async function keepOnly(db: Db, caller: Caller, now: Date): Promise<OpenedSession | undefined> {
  await endPanelSessions(db, { operatorIds: [caller.operatorId], exceptId: caller.id }, now)
  return renewPanelSession(db, { id: caller.id, state: 'full' }, now)
}

function deedOf(caller: Caller, action: string) {
  return { action, noun: 'operator', rowId: caller.operatorId, ownerId: caller.organisationId }
}

function pendingPlace(operatorId: bigint): Place {
  return { table: 'operator', row: operatorId, column: 'totp_pending' }
}

// What comes after the password: the code that a half-opened session owes, and the proof that a grave deed asks for anew. Both
// give the session a new id. Five wrong ones in a row end it (RFC 6238 §5.2, ASVS 6.5.5).

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { openField } from '../data-key.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Caller } from './caller.ts'
import { forgiveGuess, takeGuess } from './guess.ts'
import { countWrongTry, renewPanelSession } from './panel-session.ts'
import type { OpenedSession, Peer } from './panel-session.ts'
import { isPassword } from './password-hash.ts'
import { useRecoveryCode } from './recovery-code.ts'
import { auditSignIn, guessKeys } from './sign-in.ts'
import { totpStep } from './totp.ts'

export type Proved =
  | { kind: 'proved'; session: OpenedSession; recoveryCode: boolean }
  | { kind: 'wrong' }
  /** It was one too many: the session is over. */
  | { kind: 'ended' }
  | { kind: 'wait'; seconds: number }

type StepInput = { caller: Caller; peer: Peer; device: string | undefined }

/** Takes the code that the session owes: of the app, or a recovery code. Call it outside of any transaction. */
export async function giveCode(db: Db, input: StepInput & { code: string }, by: Author, now: Date): Promise<Proved> {
  const { caller } = input
  const keys = await guessKeys(db, { ...input, email: caller.email }, now)
  const guess = await takeGuess(db, keys.all, now)
  if (guess.kind === 'wait') return guess
  return inTransaction(db, async (trx) => {
    const operator = await lockOperator(trx, caller.operatorId)
    const taken = await takeCode(trx, { operatorId: caller.operatorId, code: input.code }, by, now)
    if (taken === undefined) return wrongTry(trx, caller, 'wrong code', by, now)
    const state = operator.must_change_password ? 'change' : 'full'
    const session = await renewPanelSession(trx, { id: caller.id, state }, now)
    if (session === undefined) return { kind: 'ended' }
    await trx.updateTable('operator').set({ last_login_at: now }).where('id', '=', caller.operatorId).execute()
    await forgiveGuess(trx, keys)
    const row = { id: caller.operatorId, email: caller.email, organisation_id: caller.organisationId }
    const recoveryCode = taken === 'recovery'
    await auditSignIn(trx, row, { action: 'operator.second-factor', state, by_recovery: recoveryCode }, by, now)
    return { kind: 'proved', session, recoveryCode }
  })
}

/** Takes a proof of who is signed in: their password or a code. Call it outside of any transaction. */
export async function prove(
  db: Db,
  input: { caller: Caller; proof: { password: string } | { code: string } },
  by: Author,
  now: Date,
): Promise<Proved> {
  const { caller, proof } = input
  const rightHash = 'password' in proof ? await rightPassword(db, caller.operatorId, proof.password) : undefined
  return inTransaction(db, async (trx) => {
    const operator = await lockOperator(trx, caller.operatorId)
    const taken =
      'password' in proof
        ? rightHash !== undefined && rightHash === operator.password_hash
        : (await takeCode(trx, { operatorId: caller.operatorId, code: proof.code }, by, now)) !== undefined
    if (!taken) return wrongTry(trx, caller, 'wrong proof', by, now)
    const session = await renewPanelSession(trx, { id: caller.id, state: caller.state }, now)
    if (session === undefined) return { kind: 'ended' }
    await writeAudit(trx, deedOf(caller, 'operator.proof', {}), by, now)
    return { kind: 'proved', session, recoveryCode: false }
  })
}

/** The hash of the operator's password, where this is the password. Call it outside of any transaction. */
export async function rightPassword(db: Db, operatorId: bigint, password: string): Promise<string | undefined> {
  const row = await db.selectFrom('operator').select('password_hash').where('id', '=', operatorId).executeTakeFirst()
  return (await isPassword(row?.password_hash, password)) ? row!.password_hash! : undefined
}

/** Counts a wrong try of a signed-in session, which may end it, and writes it down. */
export async function wrongTry(
  db: Db,
  caller: Caller,
  reason: string,
  by: Author,
  now: Date,
): Promise<{ kind: 'wrong' } | { kind: 'ended' }> {
  const ended = await countWrongTry(db, caller.id, now)
  await writeAudit(db, deedOf(caller, 'operator.proof-failed', { reason, session_ended: ended }), by, now)
  return { kind: ended ? 'ended' : 'wrong' }
}

function deedOf(caller: Caller, action: string, after: Record<string, unknown>) {
  return { action, noun: 'operator', rowId: caller.operatorId, ownerId: caller.organisationId, after }
}

/** Locked, so that two requests with the same code are one after the other and the second finds it used. */
async function lockOperator(
  db: Db,
  id: bigint,
): Promise<{ password_hash: string | null; must_change_password: boolean }> {
  return db
    .selectFrom('operator')
    .select(['password_hash', 'must_change_password'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirstOrThrow()
}

/** Uses up a code of the app or a recovery code; which of them it was. The operator's row is locked. */
async function takeCode(
  db: Db,
  input: { operatorId: bigint; code: string },
  by: Author,
  now: Date,
): Promise<'app' | 'recovery' | undefined> {
  const { operatorId, code } = input
  const row = await db
    .selectFrom('operator')
    .select(['totp_secret', 'totp_last_step'])
    .where('id', '=', operatorId)
    .where('totp_enabled_at', 'is not', null)
    .executeTakeFirst()
  if (row?.totp_secret === undefined || row.totp_secret === null) return undefined
  const secret = openField(by.keyring, { table: 'operator', row: operatorId, column: 'totp_secret' }, row.totp_secret)
  const step = totpStep(secret, code, now, row.totp_last_step)
  if (step !== undefined) {
    await sql`update operator set totp_last_step = ${step} where operator.id = ${operatorId}`.execute(db)
    return 'app'
  }
  return (await useRecoveryCode(db, by.keyring, input, now)) ? 'recovery' : undefined
}

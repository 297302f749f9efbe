// A password forgotten, or never set: a link by e-mail with which a new one is chosen. Good once and for an hour (an invitation:
// a week). It never stands in for the second factor (ASVS 6.4.3), and asking for it tells nobody whether there is such an operator.

import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { queueMail } from '../message/outbox.ts'
import { readSettings } from '../setting.ts'
import { bearerHash, makeBearer } from './caller.ts'
import { countedAddress, guessKey, mailRule, reopenAccount, takeGuess } from './guess.ts'
import { forgetDevices } from './known-device.ts'
import { setPasswordHash } from './own-password.ts'
import { endPanelSessions } from './panel-session.ts'
import { hashPassword } from './password-hash.ts'
import { checkNewPassword, passwordContext } from './password-rule.ts'

const resetMs = 3_600_000
const invitationMs = 7 * 86_400_000

/** What is sent to an operator; the token belongs into the link and nowhere else. */
export type ResetMessage = {
  kind: 'password-reset' | 'invitation'
  operatorId: bigint
  to: string
  name: string
  language: string | null
  token: string
  expiresAt: Date
}

export type Forgotten =
  /** Answered the same in any case; `message` is to be sent after the answer, where there is somebody to send it to. */
  { kind: 'asked'; message: ResetMessage | undefined } | { kind: 'wait'; seconds: number }

/** Somebody has forgotten the password of this e-mail address. The same work is done for an address that nobody has. */
export async function forgetPassword(
  db: Db,
  input: { email: string; address: string | null },
  by: Author,
  now: Date,
): Promise<Forgotten> {
  const email = input.email.trim().toLowerCase()
  const keys = [
    { key: guessKey('forgotten from', countedAddress(input.address)), rule: mailRule },
    { key: guessKey('forgotten', email), rule: mailRule },
  ]
  const guess = await takeGuess(db, keys, now)
  if (guess.kind === 'wait') return guess
  return inTransaction(db, async (trx) => {
    const operator = await trx
      .selectFrom('operator')
      .select(['id', 'email', 'name', 'language', 'organisation_id'])
      .where('email', '=', email)
      .where('enabled', '=', true)
      .where('archived_at', 'is', null)
      .executeTakeFirst()
    const link = await makeLink(trx, { operatorId: operator?.id ?? null, purpose: 'reset' }, now)
    const rowId = operator?.id ?? null
    const deed = { action: 'operator.forget-password', noun: 'operator', rowId }
    await writeAudit(trx, { ...deed, ownerId: operator?.organisation_id ?? null }, by, now)
    if (operator === undefined) return { kind: 'asked', message: undefined }
    const { id: operatorId, email: to, name, language } = operator
    return { kind: 'asked', message: { kind: 'password-reset', operatorId, to, name, language, ...link } }
  })
}

/** The message that lets a new operator choose a password. Call it inside the transaction that adds them. */
export async function inviteOperator(db: Db, operatorId: bigint, now: Date): Promise<ResetMessage> {
  const { email: to, ...operator } = await db
    .selectFrom('operator')
    .select(['email', 'name', 'language'])
    .where('id', '=', operatorId)
    .executeTakeFirstOrThrow()
  const link = await makeLink(db, { operatorId, purpose: 'invitation' }, now)
  return { kind: 'invitation', operatorId, to, ...operator, ...link }
}

async function makeLink(
  db: Db,
  input: { operatorId: bigint | null; purpose: 'reset' | 'invitation' },
  now: Date,
): Promise<{ token: string; expiresAt: Date }> {
  const token = makeBearer()
  const expiresAt = new Date(now.getTime() + (input.purpose === 'reset' ? resetMs : invitationMs))
  await db
    .insertInto('password_reset')
    .values({
      token_hash: bearerHash(token),
      operator_id: input.operatorId,
      purpose: input.purpose,
      created_at: now,
      expires_at: expiresAt,
    })
    .execute()
  return { token, expiresAt }
}

/**
 * Queues the mail with the link, which opens on the panel's page. False where the settings do not say where the panel is: a link
 * to a place that a request named could lead anywhere.
 */
export async function sendResetMessage(db: Db, keyring: Keyring, message: ResetMessage, now: Date): Promise<boolean> {
  const { panel_url: panel } = await readSettings(db)
  if (panel === '') return false
  const page = message.kind === 'invitation' ? 'invitation' : 'reset-password'
  // Behind the #, where no server's log ever sees it.
  const link = `${panel}/${page}#token=${message.token}`
  const mail = {
    kind: message.kind === 'invitation' ? ('operator-invitation' as const) : message.kind,
    recipient: message.to,
    language: message.language,
    operatorId: message.operatorId,
    values: { name: message.name, email: message.to, link },
  }
  return inTransaction(db, (trx) => queueMail(trx, keyring, mail, now))
}

/**
 * Sets the password that was chosen with a link: every session ends, every other link is void, and signing in comes next, with
 * the second factor where there is one. Throws FieldError. Call it outside of any transaction.
 */
export async function resetForgotten(
  db: Db,
  input: { token: string; password: string },
  by: Author,
  now: Date,
): Promise<{ kind: 'set' } | { kind: 'void' }> {
  const owner = await ownerOf(db, input.token, now)
  if (owner === undefined) return { kind: 'void' }
  checkNewPassword('password', input.password, passwordContext(owner))
  const newHash = await hashPassword(input.password)
  return inTransaction(db, async (trx) => {
    const used = await trx
      .updateTable('password_reset')
      .set({ used_at: now })
      .where('token_hash', '=', bearerHash(input.token))
      .where('used_at', 'is', null)
      .executeTakeFirst()
    if (used.numUpdatedRows === 0n) return { kind: 'void' }
    if (!(await setPasswordHash(trx, { operatorId: owner.id, newHash }, now))) return { kind: 'void' }
    await endPanelSessions(trx, { operatorIds: [owner.id] }, now)
    await forgetDevices(trx, [owner.id])
    // Who can read the mail is not a stranger who guesses: the account's count begins anew.
    await reopenAccount(trx, owner.email)
    const author: Author = { ...by, kind: 'operator', operatorId: owner.id, name: owner.email }
    const deed = { action: 'operator.reset-forgotten-password', noun: 'operator', rowId: owner.id }
    await writeAudit(trx, { ...deed, ownerId: owner.organisation_id }, author, now)
    return { kind: 'set' }
  })
}

/** Whose link it is, where it is good. */
async function ownerOf(
  db: Db,
  token: string,
  now: Date,
): Promise<{ id: bigint; name: string; email: string; organisation_id: bigint } | undefined> {
  return db
    .selectFrom('password_reset')
    .innerJoin('operator', 'operator.id', 'password_reset.operator_id')
    .select(['operator.id', 'operator.name', 'operator.email', 'operator.organisation_id'])
    .where('password_reset.token_hash', '=', bearerHash(token))
    .where('password_reset.used_at', 'is', null)
    .where('password_reset.expires_at', '>', now)
    .where('operator.enabled', '=', true)
    .where('operator.archived_at', 'is', null)
    .executeTakeFirst()
}

/** Removes links that are long over. Returns how many. */
export async function trimResets(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - 30 * 86_400_000)
  const result = await db.deleteFrom('password_reset').where('expires_at', '<', before).executeTakeFirst()
  return Number(result.numDeletedRows)
}

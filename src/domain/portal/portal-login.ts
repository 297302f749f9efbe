// How a subscriber signs in to its portal: by username and a password of the portal's own (the credential of the line goes over
// the wire to every NAS and is never taken here), and a code where the subscriber has enrolled an app.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { openField } from '../data-key.ts'
import type { Place } from '../data-key.ts'
import { ConflictError, FieldError, NotFoundError } from '../field.ts'
import { addressRule, countedAddress, forgiveGuess, giveGuessBack, guessKey, takeGuess } from '../operator/guess.ts'
import type { GuessRule } from '../operator/guess.ts'
import type { Peer } from '../operator/panel-session.ts'
import { hashPassword, isPassword } from '../operator/password-hash.ts'
import { checkNewPassword } from '../operator/password-rule.ts'
import { totpStep } from '../operator/totp.ts'
import { reachableSubscribers } from '../scope.ts'
import { canonicalUsername } from '../username.ts'
import { endPortalSessions, openPortalSession, renewPortalSession } from './portal-session.ts'
import type { OpenedPortal, PortalCaller } from './portal-session.ts'

const hereRule: GuessRule = { free: 5, ceiling: 100 }
/** From everywhere together: strangers may slow a subscriber down, not shut it out. */
const anywhereRule: GuessRule = { free: 50, forgetMs: 86_400_000 }

export type PortalSignedIn =
  | { kind: 'opened'; session: OpenedPortal; subscriberId: bigint }
  | { kind: 'wrong' }
  /** The password is right; a code is owed: send all three. */
  | { kind: 'code-needed' }
  | { kind: 'wait'; seconds: number }

type Login = {
  subscriber_id: bigint
  owner_id: bigint
  password_hash: string
  must_change_password: boolean
  totp_secret: Buffer | null
  totp_enabled_at: Date | null
  totp_last_step: bigint | null
}

/** Opens a portal session for the right username, password and code. Call it outside of any transaction. */
export async function signInToPortal(
  db: Db,
  input: { username: string; password: string; code: string | undefined; peer: Peer },
  by: Author,
  now: Date,
): Promise<PortalSignedIn> {
  const username = canonicalUsername(input.username)
  const from = countedAddress(input.peer.address)
  const here = guessKey('portal', username, from)
  const address = guessKey('portal address', from)
  const anywhere = guessKey('portal anywhere', username)
  const keys = [
    { key: address, rule: addressRule },
    { key: here, rule: hereRule },
    { key: anywhere, rule: anywhereRule },
  ]
  const guess = await takeGuess(db, keys, now)
  if (guess.kind === 'wait') return guess
  const login = await findLogin(db, username)
  const isRight = await isPassword(login?.password_hash, input.password)
  return inTransaction(db, async (trx) => {
    const current = login === undefined || !isRight ? undefined : await lockLogin(trx, login)
    if (current === undefined) {
      await auditFailure(trx, login, 'wrong password', by, now)
      return { kind: 'wrong' }
    }
    if (current.totp_enabled_at !== null) {
      if (input.code === undefined) {
        for (const key of [address, anywhere]) await giveGuessBack(trx, key)
        return { kind: 'code-needed' }
      }
      if (!(await takeCode(trx, current, input.code, by, now))) {
        await auditFailure(trx, current, 'wrong code', by, now)
        return { kind: 'wrong' }
      }
    }
    await forgiveGuess(trx, { account: here, address })
    // Only this one: else a subscriber who signs in every day would be slowed down by its own right passwords.
    await giveGuessBack(trx, anywhere)
    const state = current.must_change_password ? 'change' : 'full'
    const subscriberId = current.subscriber_id
    const session = await openPortalSession(trx, { subscriberId, state, peer: input.peer }, now)
    const deed = { action: 'portal.sign-in', noun: 'subscriber', rowId: subscriberId, ownerId: current.owner_id }
    await writeAudit(trx, { ...deed, after: { state } }, authorOf(by, subscriberId), now)
    return { kind: 'opened', session, subscriberId }
  })
}

async function findLogin(db: Db, username: string): Promise<Login | undefined> {
  const { rows } = await sql<Login>`
    select portal_login.subscriber_id, subscriber.owner_id, portal_login.password_hash,
      portal_login.must_change_password, portal_login.totp_secret, portal_login.totp_enabled_at,
      portal_login.totp_last_step
    from subscriber join portal_login on portal_login.subscriber_id = subscriber.id
    where subscriber.username = ${username} and subscriber.archived_at is null`.execute(db)
  return rows[0]
}

/** The row as it is now, locked, where the password that was proved is still the one. */
async function lockLogin(db: Db, login: Login): Promise<Login | undefined> {
  const row = await db
    .selectFrom('portal_login')
    .selectAll()
    .where('subscriber_id', '=', login.subscriber_id)
    .where('password_hash', '=', login.password_hash)
    .forUpdate()
    .executeTakeFirst()
  return row && { ...row, owner_id: login.owner_id }
}

async function takeCode(db: Db, login: Login, code: string, by: Author, now: Date): Promise<boolean> {
  if (login.totp_secret === null) return false
  const secret = openField(by.keyring, totpPlace(login.subscriber_id), login.totp_secret)
  const step = totpStep(secret, code, now, login.totp_last_step)
  if (step === undefined) return false
  await sql`update portal_login set totp_last_step = ${step}
    where portal_login.subscriber_id = ${login.subscriber_id}`.execute(db)
  return true
}

/** Where the secret of a subscriber's app is sealed to. */
export function totpPlace(subscriberId: bigint): Place {
  return { table: 'portal_login', row: subscriberId, column: 'totp_secret' }
}

function authorOf(by: Author, subscriberId: bigint): Author {
  return { ...by, kind: 'subscriber', name: `subscriber ${subscriberId}` }
}

async function auditFailure(db: Db, login: Login | undefined, reason: string, by: Author, now: Date): Promise<void> {
  const deed = { action: 'portal.sign-in-failed', noun: 'subscriber', rowId: login?.subscriber_id ?? null }
  const after = { reason: login === undefined ? 'unknown' : reason }
  await writeAudit(db, { ...deed, ownerId: login?.owner_id ?? null, after }, by, now)
}

/**
 * Sets the portal's password of a subscriber to one that was made up, to be changed at the next sign-in; whoever is signed in is
 * out. Throws NotFoundError.
 */
export async function setPortalPassword(
  db: Db,
  input: { subscriberId: bigint; passwordHash: string },
  by: Author,
  now: Date,
): Promise<void> {
  const { subscriberId, passwordHash } = input
  const ownerId = await requireSubscriber(db, subscriberId, by)
  const values = { password_hash: passwordHash, password_changed_at: now, must_change_password: true }
  await db
    .insertInto('portal_login')
    .values({ subscriber_id: subscriberId, ...values })
    .onConflict((conflict) => conflict.column('subscriber_id').doUpdateSet(values))
    .execute()
  await endPortalSessions(db, { subscriberIds: [subscriberId] }, now)
  const deed = { action: 'portal.reset-password', noun: 'subscriber', rowId: subscriberId, ownerId }
  await writeAudit(db, { ...deed, after: { must_change: true } }, by, now)
}

/** Frees a subscriber of a lost second factor of its portal. Throws NotFoundError, ConflictError where there is none. */
export async function resetPortalSecondFactor(db: Db, subscriberId: bigint, by: Author, now: Date): Promise<void> {
  const ownerId = await requireSubscriber(db, subscriberId, by)
  const { rows } = await sql`
    update portal_login set totp_secret = null, totp_enabled_at = null, totp_last_step = null
    where portal_login.subscriber_id = ${subscriberId} and portal_login.totp_enabled_at is not null
    returning 1`.execute(db)
  if (rows.length === 0) throw new ConflictError('second_factor', 'there is none')
  await endPortalSessions(db, { subscriberIds: [subscriberId] }, now)
  const deed = { action: 'portal.reset-second-factor', noun: 'subscriber', rowId: subscriberId, ownerId }
  await writeAudit(db, deed, by, now)
}

async function requireSubscriber(db: Db, id: bigint, by: Author): Promise<bigint> {
  const [reached] = await reachableSubscribers(db, by.scope, [id])
  const row = await db
    .selectFrom('subscriber')
    .select('owner_id')
    .where('id', '=', id)
    .where('archived_at', 'is', null)
    .executeTakeFirst()
  if (reached === undefined || row === undefined) throw new NotFoundError('subscriber', String(id))
  return row.owner_id
}

/** A subscriber changes its own password. Throws FieldError. Call it outside of any transaction. */
export async function changePortalPassword(
  db: Db,
  input: { caller: PortalCaller; oldPassword: string; newPassword: string },
  by: Author,
  now: Date,
): Promise<{ kind: 'changed'; session: OpenedPortal } | { kind: 'wrong' } | { kind: 'wait'; seconds: number }> {
  const { caller, oldPassword, newPassword } = input
  const keys = [{ key: guessKey('portal session', String(caller.id)), rule: hereRule }]
  const guess = await takeGuess(db, keys, now)
  if (guess.kind === 'wait') return guess
  checkNewPassword('new_password', newPassword, [caller.username, caller.fullName ?? ''])
  const login = await findLogin(db, caller.username)
  if (login === undefined || !(await isPassword(login.password_hash, oldPassword))) return { kind: 'wrong' }
  if (oldPassword === newPassword) throw new FieldError('new_password', 'is the old one')
  const passwordHash = await hashPassword(newPassword)
  return inTransaction(db, async (trx) => {
    if ((await lockLogin(trx, login)) === undefined) return { kind: 'wrong' }
    const { subscriberId } = caller
    const values = { password_hash: passwordHash, password_changed_at: now, must_change_password: false }
    await trx.updateTable('portal_login').set(values).where('subscriber_id', '=', subscriberId).execute()
    await endPortalSessions(trx, { subscriberIds: [subscriberId], exceptId: caller.id }, now)
    const session = await renewPortalSession(trx, { id: caller.id, state: 'full' }, now)
    const deed = { action: 'portal.change-password', noun: 'subscriber', rowId: subscriberId, ownerId: caller.ownerId }
    await writeAudit(trx, deed, by, now)
    return session === undefined ? { kind: 'wrong' } : { kind: 'changed', session }
  })
}

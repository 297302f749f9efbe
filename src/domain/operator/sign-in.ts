// Signing in with e-mail and password, then, where it is owed, a code; and proving once more who one is. Every wrong guess costs
// the same time and gives the same answer, whatever was wrong; each is in the audit trail with what it really was.
// No function here may be called inside a transaction: hashing waits.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { readSettings } from '../setting.ts'
import { accountRule, addressRule, countedAddress, forgiveGuess, guessKey, takeGuess } from './guess.ts'
import { isKnownDevice } from './known-device.ts'
import { openPanelSession } from './panel-session.ts'
import type { OpenedSession, Peer, SessionState } from './panel-session.ts'
import { hashPassword, isOutdated, isPassword } from './password-hash.ts'

export type SignInInput = {
  email: string
  password: string
  peer: Peer
  /** The cookie of a device that was signed in before. */
  device: string | undefined
}

export type SignedIn =
  | { kind: 'opened'; session: OpenedSession; operatorId: bigint }
  /** Unknown, disabled, wrong or no longer valid: nobody is told which. */
  | { kind: 'wrong' }
  /** Too many guesses: not looked at. */
  | { kind: 'wait'; seconds: number }

/** The part of an operator's row that decides. */
type Candidate = {
  id: bigint
  email: string
  organisation_id: bigint
  password_hash: string | null
  password_valid_until: Date | null
  must_change_password: boolean
  totp_enabled_at: Date | null
  enabled: boolean
}

/** Opens a panel session for the right e-mail address and password. */
export async function signIn(db: Db, input: SignInInput, by: Author, now: Date): Promise<SignedIn> {
  const email = input.email.trim().toLowerCase()
  const keys = await guessKeys(db, { ...input, email }, now)
  const guess = await takeGuess(db, keys.all, now)
  if (guess.kind === 'wait') return guess
  const candidate = await findCandidate(db, email)
  const isRight = await isPassword(candidate?.password_hash, input.password)
  const wrong = wrongReason(candidate, isRight, now)
  if (candidate === undefined || wrong !== undefined) {
    await inTransaction(db, (trx) => auditFailure(trx, candidate, wrong ?? 'unknown', by, now))
    return { kind: 'wrong' }
  }
  const newHash = isOutdated(candidate.password_hash!) ? await hashPassword(input.password) : undefined
  return inTransaction(db, async (trx) => {
    // What was proved must still be so: a password that was reset meanwhile opens nothing.
    const state = stateOf(candidate)
    const { rows } = await sql`
      update operator set password_hash = coalesce(${newHash ?? null}, operator.password_hash),
        last_login_at = case when ${state !== 'password'} then ${now} else operator.last_login_at end
      where operator.id = ${candidate.id} and operator.password_hash = ${candidate.password_hash}
        and operator.enabled and operator.archived_at is null returning 1`.execute(trx)
    if (rows.length === 0) return { kind: 'wrong' }
    const session = await openPanelSession(trx, { operatorId: candidate.id, state, peer: input.peer }, now)
    // Who owes a code has not shown yet that it is them: the account's count goes on.
    if (state !== 'password') await forgiveGuess(trx, keys)
    await auditSignIn(trx, candidate, { action: 'operator.sign-in', state }, by, now)
    return { kind: 'opened', session, operatorId: candidate.id }
  })
}

/** What is still owed after the right password. */
function stateOf(candidate: Candidate): SessionState {
  if (candidate.totp_enabled_at !== null) return 'password'
  return candidate.must_change_password ? 'change' : 'full'
}

function wrongReason(candidate: Candidate | undefined, isRight: boolean, now: Date): string | undefined {
  if (candidate === undefined) return 'unknown'
  if (!isRight) return 'wrong password'
  if (!candidate.enabled) return 'disabled'
  const until = candidate.password_valid_until
  return until !== null && until <= now ? 'the made-up password is no longer valid' : undefined
}

async function findCandidate(db: Db, email: string): Promise<Candidate | undefined> {
  return db
    .selectFrom('operator')
    .select([
      'id',
      'email',
      'organisation_id',
      'password_hash',
      'password_valid_until',
      'must_change_password',
      'totp_enabled_at',
      'enabled',
    ])
    .where('email', '=', email)
    .where('archived_at', 'is', null)
    .executeTakeFirst()
}

/** The counters that a guess at this account from there is taken under. */
export async function guessKeys(
  db: Db,
  input: { email: string; peer: Peer; device: string | undefined },
  now: Date,
): Promise<{ account: Buffer; address: Buffer | undefined; all: { key: Buffer; rule: typeof accountRule }[] }> {
  const { address } = input.peer
  const own = await ownCounter(db, input, now)
  const account = guessKey('account', input.email, own)
  const strangers = own === '' ? guessKey('address', countedAddress(address)) : undefined
  const all = [{ key: account, rule: accountRule }]
  if (strangers !== undefined) all.unshift({ key: strangers, rule: addressRule })
  return { account, address: strangers, all }
}

/** The name of a counter that strangers do not share; empty for a stranger. */
async function ownCounter(
  db: Db,
  input: { email: string; peer: Peer; device: string | undefined },
  now: Date,
): Promise<string> {
  if (await isKnownDevice(db, { bearer: input.device, email: input.email }, now)) return `device ${input.device}`
  const { address } = input.peer
  const networks = (await readSettings(db)).sign_in_networks
  if (address === null || networks.length === 0) return ''
  const { rows } = await sql<{ inside: boolean }>`
    select ${address}::inet <<= any(${networks}::cidr[]) as inside`.execute(db)
  return rows[0]?.inside === true ? `office ${countedAddress(address)}` : ''
}

/** Writes down a sign-in or a step of it, as the operator's own deed. Call it inside the deed's transaction. */
export async function auditSignIn(
  db: Db,
  operator: { id: bigint; email: string; organisation_id: bigint },
  deed: { action: string; state?: SessionState; by_recovery?: boolean },
  by: Author,
  now: Date,
): Promise<void> {
  const { action, ...after } = deed
  const author: Author = { ...by, kind: 'operator', operatorId: operator.id, name: operator.email }
  const entry = { action, noun: 'operator', rowId: operator.id, ownerId: operator.organisation_id, after }
  await writeAudit(db, entry, author, now)
}

/** A wrong guess, with what it was (A05). What was typed as a name is not kept: it may have been the password. */
async function auditFailure(
  db: Db,
  candidate: Candidate | undefined,
  reason: string,
  by: Author,
  now: Date,
): Promise<void> {
  const after = { email: candidate?.email ?? null, reason }
  const ownerId = candidate?.organisation_id ?? null
  const entry = { action: 'operator.sign-in-failed', noun: 'operator', rowId: candidate?.id ?? null, ownerId, after }
  await writeAudit(db, entry, by, now)
}

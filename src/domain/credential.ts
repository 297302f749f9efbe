// What proves a subscriber: the clear text (sealed), its NT hash (sealed), or a one-way verifier that only PAP can check.
// Kind and method must fit: CHAP needs the clear text (RFC 1994 §2.1), MS-CHAP the clear text or the NT hash (RFC 2759 §8.3).
// What can never work is refused when it is written, not with a reject that nobody understands.

import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { sealOverhead } from '../crypto/box.ts'
import { md4 } from '../crypto/md4.ts'
import { writeAudit } from './audit/audit.ts'
import type { Author } from './author.ts'
import { makeVerifier, openField, sealField } from './data-key.ts'
import type { Keyring, Place } from './data-key.ts'
import { FieldError, NotFoundError } from './field.ts'
import { makePassword } from './secret.ts'
import { readSettings } from './setting.ts'
import type { AuthMethod } from './setting.ts'
import { canonicalUsername } from './username.ts'

export const credentialKinds = ['clear', 'nt-hash', 'verifier'] as const
export type CredentialKind = (typeof credentialKinds)[number]

const provable: Record<CredentialKind, readonly AuthMethod[]> = {
  clear: ['pap', 'chap', 'mschapv1', 'mschapv2'],
  'nt-hash': ['pap', 'mschapv1', 'mschapv2'],
  verifier: ['pap'],
}

/** A password in clear text to be kept as `kind`, or an NT hash that is all we were given (16 octets). */
export type NewCredential = { kind: CredentialKind; password: string } | { kind: 'nt-hash'; ntHash: Buffer }

/** Where the credential of a subscriber lives: what its seal and its verifier are bound to. */
export function credentialPlace(subscriberId: bigint): Place {
  return { table: 'credential', row: subscriberId, column: 'secret' }
}

/** Methods among `methods` that a credential of this kind can never prove. */
export function unprovableMethods(kind: CredentialKind, methods: readonly AuthMethod[]): AuthMethod[] {
  return methods.filter((method) => !provable[kind].includes(method))
}

/**
 * Whether a kind fits the methods that the ISP's NASes use (setting auth_methods). Throws FieldError where it can prove none
 * of them; returns a warning naming those it cannot prove.
 */
export function checkCredentialKind(kind: CredentialKind, methods: readonly AuthMethod[]): string | undefined {
  const missing = unprovableMethods(kind, methods)
  if (missing.length === 0) return undefined
  if (missing.length === methods.length) {
    throw new FieldError('credential', `${kind} can prove none of ${methods.join(', ')} (setting auth_methods)`)
  }
  return `a credential of kind ${kind} cannot answer ${missing.join(', ')}: such a login will be rejected`
}

/** A password: 1 to 128 octets (RFC 2865 §5.2), no control characters. Throws FieldError. */
export function checkPassword(field: string, password: string): string {
  const octets = Buffer.byteLength(password)
  if (octets < 1 || octets > 128) throw new FieldError(field, 'must have 1 to 128 octets')
  if (/\p{Cc}/u.test(password)) throw new FieldError(field, 'has a control character or more than one line')
  return password
}

/** An NT hash as 32 hex digits. Throws FieldError; the value itself is never repeated. */
export function parseNtHash(field: string, text: string): Buffer {
  if (!/^[0-9a-f]{32}$/i.test(text)) throw new FieldError(field, 'must have 32 hex digits')
  return Buffer.from(text, 'hex')
}

/** The NT hash of a password: MD4 of its UTF-16LE octets (RFC 2759 §8.3). */
export function ntHashOf(password: string): Buffer {
  return md4(Buffer.from(password, 'utf16le'))
}

/** What is stored in credential.secret. */
export function storedSecret(keyring: Keyring, subscriberId: bigint, credential: NewCredential): Buffer {
  const place = credentialPlace(subscriberId)
  if ('ntHash' in credential) return sealField(keyring, place, credential.ntHash)
  if (credential.kind === 'nt-hash') return sealField(keyring, place, ntHashOf(credential.password))
  const octets = Buffer.from(credential.password)
  return credential.kind === 'verifier' ? makeVerifier(keyring, place, octets) : sealField(keyring, place, octets)
}

/** The clear text or NT hash again. Throws SealError, or RangeError for a verifier, which nobody can open. */
export function openCredential(keyring: Keyring, subscriberId: bigint, kind: CredentialKind, secret: Buffer): Buffer {
  if (kind === 'verifier') throw new RangeError('a verifier cannot be opened')
  return openField(keyring, credentialPlace(subscriberId), secret)
}

/** The clear text or NT hash of a sealed credential. Throws as `openCredential`. */
export type CredentialOpener = (
  subscriberId: bigint,
  kind: Exclude<CredentialKind, 'verifier'>,
  secret: Buffer,
) => Buffer

/**
 * `openCredential` that remembers what it has opened by the sealed octets and their row, so that a changed credential is
 * another one: when all of a BNG dial in again it saves most of the 3.5 µs, and an object of OpenSSL's for the collector. What
 * it gives holds until it is asked again. At most `places` are remembered, in one block of octets that the collector never
 * looks into (as strings in a map 100,000 of them cost it a tenth of its work).
 */
export function createCredentialOpener(keyring: Keyring, places = 131_072): CredentialOpener {
  // A place: length of the sealed octets, id of the subscriber, sealed octets, opened octets. Length 0: nothing is there.
  const remembered = Buffer.alloc(places * placeLength)
  const isKnown = (at: number, subscriberId: bigint, secret: Buffer): boolean =>
    remembered[at] === secret.length &&
    remembered.readBigInt64LE(at + 1) === subscriberId &&
    secret.compare(remembered, at + sealedAt, at + sealedAt + secret.length) === 0
  return (subscriberId, kind, secret) => {
    const length = sealedAt + secret.length + (secret.length - sealOverhead)
    if (length > placeLength || secret.length <= sealOverhead)
      return openCredential(keyring, subscriberId, kind, secret)
    // The end of a seal is as good as random. Two pairs of places for each: of 100,000 few push out another that is wanted again.
    const first = (secret.readUInt32LE(secret.length - 4) % (places / 2)) * pairLength
    const second = (secret.readUInt32LE(secret.length - 8) % (places / 2)) * pairLength
    let at = second
    for (let i = 3; i >= 0; i--) {
      const place = (i < 2 ? first : second) + (i % 2) * placeLength
      if (isKnown(place, subscriberId, secret))
        return remembered.subarray(place + sealedAt + secret.length, place + length)
      if (remembered[place] === 0) at = place
    }
    const opened = openCredential(keyring, subscriberId, kind, secret)
    remembered[at] = secret.length
    remembered.writeBigInt64LE(subscriberId, at + 1)
    secret.copy(remembered, at + sealedAt)
    opened.copy(remembered, at + sealedAt + secret.length)
    return opened
  }
}

/** Octets of one remembered credential: enough for passwords of up to 44. */
const placeLength = 128
const pairLength = 2 * placeLength
const sealedAt = 1 + 8

/** Writes the credential of a subscriber, in place of the one it had. */
export async function writeCredential(
  db: Db,
  keyring: Keyring,
  input: { subscriberId: bigint; credential: NewCredential },
  now: Date,
): Promise<void> {
  const { kind } = input.credential
  const values = { kind, secret: storedSecret(keyring, input.subscriberId, input.credential), updated_at: now }
  await db
    .insertInto('credential')
    .values({ subscriber_id: input.subscriberId, ...values })
    .onConflict((conflict) => conflict.column('subscriber_id').doUpdateSet(values))
    .execute()
}

export type PasswordResult = { password: string; made: boolean; warning: string | undefined }

/** What a subscriber gets: the password that was brought, or one made up, checked against the kind. Throws FieldError. */
export function choosePassword(
  input: { password?: string; kind: CredentialKind },
  methods: readonly AuthMethod[],
): PasswordResult {
  const warning = checkCredentialKind(input.kind, methods)
  const made = input.password === undefined
  return {
    password: input.password === undefined ? makePassword() : checkPassword('password', input.password),
    made,
    warning,
  }
}

/**
 * Sets a subscriber's password, made up where none is brought. The kind stays as it is unless one is named. Sessions that run
 * go on. Throws FieldError or NotFoundError.
 */
export async function setPassword(
  db: Db,
  input: { username: string; password?: string; kind?: CredentialKind | undefined },
  by: Author,
  now: Date,
): Promise<PasswordResult> {
  const subscriber = await db
    .selectFrom('subscriber')
    .leftJoin('credential', 'credential.subscriber_id', 'subscriber.id')
    .select(['subscriber.id', 'subscriber.owner_id', 'credential.kind'])
    .where('subscriber.username', '=', canonicalUsername(input.username))
    .where('subscriber.archived_at', 'is', null)
    .executeTakeFirst()
  if (subscriber === undefined) throw new NotFoundError('subscriber', input.username)
  const kind = input.kind ?? subscriber.kind ?? 'clear'
  const { auth_methods: methods } = await readSettings(db)
  const { password } = input
  const chosen = choosePassword({ kind, ...(password === undefined ? {} : { password }) }, methods)
  const credential: NewCredential = { kind, password: chosen.password }
  const { id, owner_id: ownerId } = subscriber
  const after = { password: true, credential: kind }
  await inTransaction(db, async (trx) => {
    await writeCredential(trx, by.keyring, { subscriberId: id, credential }, now)
    await trx.updateTable('subscriber').set({ updated_at: now }).where('id', '=', id).execute()
    const deed = { action: 'subscriber.set-password', noun: 'subscriber', rowId: id, ownerId, after }
    await writeAudit(trx, deed, by, now)
  })
  return chosen
}

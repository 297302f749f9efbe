// MS-CHAP version 1 (RFC 2433) and 2 (RFC 2759) as RADIUS carries them (RFC 2548 §2.1, §2.3), from values already decoded.
// Both prove knowledge of the NT hash, so a subscriber needs clear text or that hash; the LM half is never looked at.

import { hash } from 'node:crypto'
import { desEncrypt } from '../crypto/des.ts'
import { md4 } from '../crypto/md4.ts'
import { equalOctets } from './authenticator.ts'

/** RFC 2548 §2.1.3, §2.3.2: ident, flags, 24 octets of LM response or peer challenge and reserved, 24 of NT response. */
export const msChapResponseLength = 50
const ntResponseLength = 24
const ntResponseAt = 26

/** RFC 2759 §6: why the peer is refused. */
export const msChapErrors = {
  restrictedHours: 646,
  accountDisabled: 647,
  passwordExpired: 648,
  noDialIn: 649,
  badCredentials: 691,
} as const

export type MsChapErrorCode = (typeof msChapErrors)[keyof typeof msChapErrors]

export type MsChap1Attempt = {
  /** MS-CHAP-Response, 50 octets. */
  response: Uint8Array
  /** MS-CHAP-Challenge, 8 octets. */
  challenge: Uint8Array
  ntHash: Uint8Array
}

export type MsChap2Attempt = {
  /** MS-CHAP2-Response, 50 octets. */
  response: Uint8Array
  /** MS-CHAP-Challenge, 16 octets. */
  challenge: Uint8Array
  /** The User-Name as the peer sent it, with its `DOMAIN\` if it has one. */
  userName: Uint8Array
  ntHash: Uint8Array
}

export type MsChap1Proof = { kind: 'match'; ntHashHash: Buffer } | { kind: 'mismatch' | 'malformed' }

/** `success` is the whole value of MS-CHAP2-Success; `ntHashHash` and `ntResponse` are what the MPPE keys are made of. */
export type MsChap2Proof =
  | { kind: 'match'; success: Buffer; ntHashHash: Buffer; ntResponse: Buffer }
  | { kind: 'mismatch' | 'malformed' }

/** The NT hash of a password: MD4 of its UTF-16LE octets, 16 octets. RFC 2759 §8.3. */
export function ntPasswordHash(password: string): Buffer {
  return md4(Buffer.from(password, 'utf16le'))
}

/** Checks an MS-CHAP-Response. A response with an LM half only (flags not 1) never matches. RFC 2548 §2.1.3. */
export function verifyMsChap1(attempt: MsChap1Attempt): MsChap1Proof {
  const { response, challenge, ntHash } = attempt
  if (response.length !== msChapResponseLength || challenge.length !== 8) return malformed
  if (response[1] !== 1) return mismatch
  const expected = challengeResponse(challenge, ntHash)
  if (!equalOctets(expected, 0, response, ntResponseAt, ntResponseLength)) return mismatch
  return { kind: 'match', ntHashHash: md4(ntHash) }
}

/** Checks an MS-CHAP2-Response and makes the answer that proves us to the peer. RFC 2759 §8.1 to §8.7, RFC 2548 §2.3. */
export function verifyMsChap2(attempt: MsChap2Attempt): MsChap2Proof {
  const { response, challenge, userName, ntHash } = attempt
  if (response.length !== msChapResponseLength || challenge.length !== 16) return malformed
  // RFC 2548 §2.3.2: flags are reserved and must be zero; with 1 it would be a version 1 response under the wrong number.
  if (response[1] !== 0) return malformed
  const hashed = challengeHash(response.subarray(2, 18), challenge, userName)
  const ntResponse = challengeResponse(hashed, ntHash)
  if (!equalOctets(ntResponse, 0, response, ntResponseAt, ntResponseLength)) return mismatch
  const ntHashHash = md4(ntHash)
  const success = Buffer.allocUnsafe(43)
  success[0] = response[0]!
  success.write(authenticatorResponse(ntHashHash, ntResponse, hashed), 1, 'latin1')
  return { kind: 'match', success, ntHashHash, ntResponse }
}

/** What the peer's challenge and ours become before DES: 8 octets. The name goes in without its domain. RFC 2759 §8.2. */
export function challengeHash(peerChallenge: Uint8Array, challenge: Uint8Array, userName: Uint8Array): Buffer {
  return sha1(peerChallenge, challenge, withoutDomain(userName)).subarray(0, 8)
}

/** Three DES blocks of the challenge under the NT hash padded to 21 octets: 24 octets. RFC 2759 §8.5. */
export function challengeResponse(challenge: Uint8Array, ntHash: Uint8Array): Buffer {
  const key = Buffer.alloc(21)
  key.set(ntHash.subarray(0, 16))
  const response = Buffer.allocUnsafe(ntResponseLength)
  for (let i = 0; i < 3; i++) desEncrypt(challenge, key.subarray(7 * i, 7 * i + 7)).copy(response, 8 * i)
  return response
}

/** `S=` and 40 upper-case hexadecimal digits. RFC 2759 §8.7. */
export function authenticatorResponse(ntHashHash: Uint8Array, ntResponse: Uint8Array, hashed: Uint8Array): string {
  const digest = sha1(ntHashHash, ntResponse, magicServerToClient)
  return `S=${sha1(digest, hashed, magicMoreThanOneIteration).toString('hex').toUpperCase()}`
}

/**
 * The value of MS-CHAP-Error: ident, then the text of RFC 2759 §6 (`challenge` of 16 octets, V=3) or RFC 2433 §9
 * (8 octets, V=2). Retry is never offered: a new try is a new request. A message too long for the attribute is cut.
 */
export function msChapError(ident: number, code: MsChapErrorCode, challenge: Buffer, message: string): Buffer {
  const version = challenge.length === 16 ? 3 : 2
  const text = `E=${code} R=0 C=${challenge.toString('hex').toUpperCase()} V=${version} M=${message}`
  // RFC 2865 §5.26: a value inside Vendor-Specific has at most 247 octets.
  const value = Buffer.alloc(Math.min(1 + Buffer.byteLength(text), 247))
  value[0] = ident
  return value.subarray(0, 1 + value.write(text, 1))
}

/** The user name that enters ChallengeHash: what follows the first backslash. RFC 2759 §4, §8.2. */
export function withoutDomain(userName: Uint8Array): Uint8Array {
  const backslash = userName.indexOf(0x5c)
  return backslash === -1 ? userName : userName.subarray(backslash + 1)
}

const malformed = { kind: 'malformed' } as const
const mismatch = { kind: 'mismatch' } as const
const magicServerToClient = Buffer.from('Magic server to client signing constant')
const magicMoreThanOneIteration = Buffer.from('Pad to make it do more than one iteration')

function sha1(...parts: Uint8Array[]): Buffer {
  return hash('sha1', Buffer.concat(parts), 'buffer')
}

// Proving a password by PAP and CHAP (RFC 2865 §2.2, §5.2, §5.3) from values already decoded; MS-CHAP stands in ms-chap.ts.
// Passwords are octets here: what a subscriber typed is never passed through a text encoding and back.

import { md5Add, md5Begin, md5Finish } from '../crypto/md5.ts'
import { equalOctets } from './authenticator.ts'

/** RFC 2865 §5.3: the ident and the 16 octets of MD5. */
export const chapPasswordLength = 17

/** 'malformed': the attribute cannot be a response at all; 'mismatch': it is one, to another password. */
export type Proof = 'match' | 'mismatch' | 'malformed'

const digest = Buffer.alloc(16)

/**
 * Whether the password sent is the one expected. The time depends on the length of `candidate` alone, which its sender
 * knows, and never on where the two differ or how long the right one is.
 */
export function verifyPap(candidate: Uint8Array, expected: Uint8Array): boolean {
  // Against an expected password of another length the candidate is compared with itself: the same work, then refused.
  const sameLength = candidate.length === expected.length
  const other = sameLength ? expected : candidate
  return equalOctets(candidate, 0, other, 0, candidate.length) && sameLength
}

/**
 * Checks a CHAP-Password value: ident, then MD5(ident, password, challenge). `challenge` is the CHAP-Challenge attribute
 * where the request has one, else its Request Authenticator. RFC 2865 §5.3, §5.40, RFC 1994 §4.1.
 */
export function verifyChap(sent: Uint8Array, challenge: Uint8Array, password: Uint8Array): Proof {
  if (sent.length !== chapPasswordLength || challenge.length === 0) return 'malformed'
  md5Begin()
  md5Add(sent, 0, 1)
  md5Add(password)
  md5Add(challenge)
  md5Finish(digest, 0)
  return equalOctets(digest, 0, sent, 1, digest.length) ? 'match' : 'mismatch'
}

/** Makes a CHAP-Password value, for a client or a simulated NAS. `ident` is 0 to 255. RFC 2865 §5.3. */
export function makeChapPassword(ident: number, challenge: Uint8Array, password: Uint8Array): Buffer {
  const value = Buffer.alloc(chapPasswordLength)
  value[0] = ident
  md5Begin()
  md5Add(value, 0, 1)
  md5Add(password)
  md5Add(challenge)
  md5Finish(value, 1)
  return value
}

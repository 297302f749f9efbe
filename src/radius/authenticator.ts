// Who really sent a packet: the Request and Response Authenticators and Message-Authenticator, checked and made by the rule
// of each code (RFC 2865 §3, RFC 2866 §3, RFC 3579 §3.2, RFC 5176 §2.3 and §3.4, RFC 5997 §3). Packets are built in
// encode-packet.ts. Digests are made over the octets in place and compared as octets, never as text: text compares collapse
// different digests into one.

import { randomFillSync } from 'node:crypto'
import { hmacMd5Begin, hmacMd5Finish, hmacMd5Key } from '../crypto/hmac-md5.ts'
import type { HmacMd5Key } from '../crypto/hmac-md5.ts'
import { md5Add, md5Begin, md5Finish } from '../crypto/md5.ts'
import { codes } from './codes.ts'
import { headerLength } from './packet.ts'
import type { Packet } from './packet.ts'

const authenticatorLength = 16
export const messageAuthenticator = 80
/** RFC 3579 §3.2: type, length and 16 octets, no more and no less. */
export const messageAuthenticatorLength = 18
/** What stands in the Authenticator field while an accounting, CoA or Disconnect request is being hashed. */
export const zeroAuthenticator: Buffer = Buffer.alloc(authenticatorLength)

/** A shared secret with its HMAC-MD5 key states kept, so that they are computed once and not per packet. */
export type Secret = { readonly octets: Buffer; readonly hmac: HmacMd5Key }

/** `messageAuthenticator` tells whether one was there (and right); without it an Access-Request proves nothing by itself. */
export type Verdict =
  | { readonly kind: 'ok'; readonly messageAuthenticator: boolean }
  | { readonly kind: 'bad-authenticator' | 'bad-message-authenticator' | 'missing-message-authenticator' }

/** Thrown by `createSecret`: an empty secret signs nothing. */
export class EmptySecretError extends Error {
  override readonly name = 'EmptySecretError'
}

const signed: Verdict = { kind: 'ok', messageAuthenticator: true }
const unsigned: Verdict = { kind: 'ok', messageAuthenticator: false }
const badAuthenticator: Verdict = { kind: 'bad-authenticator' }
const badMessageAuthenticator: Verdict = { kind: 'bad-message-authenticator' }
const missingMessageAuthenticator: Verdict = { kind: 'missing-message-authenticator' }

const computed = Buffer.alloc(authenticatorLength)
const absent = 0
const invalid = -1

/** Makes a secret of its text (as UTF-8) or octets. Throws `EmptySecretError`. */
export function createSecret(secret: string | Uint8Array): Secret {
  const octets = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret)
  if (octets.length === 0) throw new EmptySecretError('a shared secret must have at least one octet')
  return { octets, hmac: hmacMd5Key(octets) }
}

/** A fresh Request Authenticator for an Access-Request or Status-Server: 16 unpredictable octets. RFC 2865 §3. */
export function randomAuthenticator(): Buffer {
  return randomFillSync(Buffer.allocUnsafe(authenticatorLength))
}

/** Whether the packet carries a Message-Authenticator at all, right or wrong. */
export function hasMessageAuthenticator(packet: Packet): boolean {
  return findMessageAuthenticator(packet) !== absent
}

/**
 * Checks a request by the rule of its code. Access-Request: Message-Authenticator if present. Status-Server:
 * Message-Authenticator required. Accounting-, CoA- and Disconnect-Request: the Request Authenticator, then
 * Message-Authenticator if present. Any other code is 'bad-authenticator'.
 */
export function verifyRequest(packet: Packet, secret: Secret): Verdict {
  switch (packet.code) {
    case codes.accessRequest:
      return verifyMessageAuthenticator(packet, packet.authenticator, secret, false)
    case codes.statusServer:
      // RFC 5997 §3: Status-Server without Message-Authenticator is silently discarded.
      return verifyMessageAuthenticator(packet, packet.authenticator, secret, true)
    case codes.accountingRequest:
    case codes.coaRequest:
    case codes.disconnectRequest:
      hashPacket(packet.octets, zeroAuthenticator, secret, computed, 0)
      if (!equalOctets(computed, 0, packet.octets, 4, authenticatorLength)) return badAuthenticator
      // RFC 5176 §3.4 (and RFC 2869 §5.14 for accounting): the HMAC sees 16 zero octets in the Authenticator field.
      return verifyMessageAuthenticator(packet, zeroAuthenticator, secret, false)
    default:
      return badAuthenticator
  }
}

/**
 * Checks a reply against the authenticator of the request that it answers. 'require': a reply without
 * Message-Authenticator is refused (RADIUS servers); 'if-present': it may be absent (CoA and Disconnect replies of many
 * NASes, Accounting-Response), but a wrong one is refused all the same. RFC 2865 §3, RFC 3579 §3.2.
 */
export function verifyReply(
  reply: Packet,
  requestAuthenticator: Uint8Array,
  secret: Secret,
  policy: 'require' | 'if-present',
): Verdict {
  hashPacket(reply.octets, requestAuthenticator, secret, computed, 0)
  if (!equalOctets(computed, 0, reply.octets, 4, authenticatorLength)) return badAuthenticator
  return verifyMessageAuthenticator(reply, requestAuthenticator, secret, policy === 'require')
}

/**
 * MD5(code, identifier, length, `authenticator`, attributes, secret) into `target`: the Response Authenticator where
 * `authenticator` is the request's (RFC 2865 §3), the Request Authenticator of accounting and CoA where it is zeros
 * (RFC 2866 §3, RFC 5176 §2.3). `octets` must end where Length says: padding never enters a digest.
 */
export function hashPacket(
  octets: Uint8Array,
  authenticator: Uint8Array,
  secret: Secret,
  target: Uint8Array,
  at: number,
): void {
  md5Begin()
  md5Add(octets, 0, 4)
  md5Add(authenticator)
  md5Add(octets, headerLength)
  md5Add(secret.octets)
  md5Finish(target, at)
}

/**
 * HMAC-MD5 over the packet with `authenticator` in its field and the value of the Message-Authenticator whose attribute
 * begins at `attributeAt` taken as zeros, into `target`. RFC 3579 §3.2.
 */
export function signPacket(
  octets: Uint8Array,
  attributeAt: number,
  authenticator: Uint8Array,
  secret: Secret,
  target: Uint8Array,
  at: number,
): void {
  hmacMd5Begin(secret.hmac)
  md5Add(octets, 0, 4)
  md5Add(authenticator)
  md5Add(octets, headerLength, attributeAt + 2)
  md5Add(zeroAuthenticator)
  md5Add(octets, attributeAt + messageAuthenticatorLength)
  hmacMd5Finish(secret.hmac, target, at)
}

/** Compares two runs of `length` octets in a time that does not depend on where they differ. */
export function equalOctets(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  let difference = 0
  for (let i = 0; i < length; i++) difference |= a[aAt + i]! ^ b[bAt + i]!
  return difference === 0
}

function verifyMessageAuthenticator(
  packet: Packet,
  authenticator: Uint8Array,
  secret: Secret,
  required: boolean,
): Verdict {
  const at = findMessageAuthenticator(packet)
  if (at === absent) return required ? missingMessageAuthenticator : unsigned
  if (at === invalid) return badMessageAuthenticator
  signPacket(packet.octets, at, authenticator, secret, computed, 0)
  return equalOctets(computed, 0, packet.octets, at + 2, authenticatorLength) ? signed : badMessageAuthenticator
}

// Where the attribute begins; `invalid` where it has another length than 18 or stands there twice (RFC 3579 §3.2: 0-1).
function findMessageAuthenticator(packet: Packet): number {
  const { octets, offsets } = packet
  let found = absent
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i]!
    if (octets[at] !== messageAuthenticator) continue
    if (found !== absent || octets[at + 1] !== messageAuthenticatorLength) return invalid
    found = at
  }
  return found
}

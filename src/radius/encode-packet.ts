// Whole packets as they leave: header, Message-Authenticator first, the attributes given, Proxy-State, then the authenticator
// over all of it (RFC 2865 §3, RFC 2866 §3, RFC 3579 §3.2, RFC 5176 §2.3, RFC 5997 §3).

import {
  hashPacket,
  hasMessageAuthenticator,
  messageAuthenticator,
  messageAuthenticatorLength,
  randomAuthenticator,
  signPacket,
  zeroAuthenticator,
} from './authenticator.ts'
import type { Secret } from './authenticator.ts'
import { codeName, codes } from './codes.ts'
import type { Code } from './codes.ts'
import { headerLength, maximumLength } from './packet.ts'
import type { Packet } from './packet.ts'

export const proxyState = 33

export type Reply = { code: Code; request: Packet; attributes: Uint8Array; secret: Secret }

export type Request = {
  code: Code
  /** 0 to 255. */
  identifier: number
  attributes: Uint8Array
  secret: Secret
  /** Access-Request and Status-Server only: the one that attributes were hidden with; otherwise a fresh random one. */
  authenticator?: Uint8Array
  /** Whether to sign. Status-Server is always signed (RFC 5997 §3). */
  messageAuthenticator: boolean
}

/** The attributes do not fit into 4096 octets (RFC 2865 §3): nothing is sent rather than a packet cut off. */
export class PacketTooLongError extends Error {
  override readonly name = 'PacketTooLongError'
  readonly code: number
  readonly length: number
  constructor(code: number, length: number) {
    super(`${codeName(code)} would take ${length} octets, ${maximumLength} are allowed`)
    this.code = code
    this.length = length
  }
}

/**
 * A reply to `request`: Message-Authenticator first whether the request was signed or not (CVE-2024-3596), but to an
 * Accounting-Request only if it was signed; then `attributes`, then each Proxy-State of the request in its order and unmodified (RFC 2865 §5.33);
 * the Response Authenticator last. Throws `PacketTooLongError`.
 */
export function encodeReply(reply: Reply): Buffer {
  const { request, attributes, secret } = reply
  // RFC 2866 §5.13 knows none in accounting, and FreeRADIUS's library (radclient, its proxy) up to 3.2.1 checks one over 16
  // zeros there and drops the reply: who does not sign its Accounting-Request is not made to check ours.
  const sign = request.code !== codes.accountingRequest || hasMessageAuthenticator(request)
  const attributesAt = headerLength + (sign ? messageAuthenticatorLength : 0)
  const length = attributesAt + attributes.length + proxyStatesLength(request)
  const octets = packetWithHeader(reply.code, request.identifier, length)
  if (sign) reserveMessageAuthenticator(octets)
  octets.set(attributes, attributesAt)
  copyProxyStates(request, octets, attributesAt + attributes.length)
  if (sign) signPacket(octets, headerLength, request.authenticator, secret, octets, headerLength + 2)
  hashPacket(octets, request.authenticator, secret, octets, 4)
  return octets
}

/**
 * A request. Access-Request and Status-Server carry a random authenticator; the one of accounting, CoA and Disconnect is
 * computed, after Message-Authenticator, which there is made over 16 zero octets (RFC 5176 §3.4). Throws
 * `PacketTooLongError`.
 */
export function encodeRequest(request: Request): Buffer {
  const { code, attributes, secret } = request
  const sign = request.messageAuthenticator || code === codes.statusServer
  const attributesAt = headerLength + (sign ? messageAuthenticatorLength : 0)
  const octets = packetWithHeader(code, request.identifier, attributesAt + attributes.length)
  if (sign) reserveMessageAuthenticator(octets)
  octets.set(attributes, attributesAt)

  const random = code === codes.accessRequest || code === codes.statusServer
  const authenticator = random ? (request.authenticator ?? randomAuthenticator()) : zeroAuthenticator
  octets.set(authenticator, 4)
  if (sign) signPacket(octets, headerLength, authenticator, secret, octets, headerLength + 2)
  if (!random) hashPacket(octets, zeroAuthenticator, secret, octets, 4)
  return octets
}

function packetWithHeader(code: number, identifier: number, length: number): Buffer {
  if (length > maximumLength) throw new PacketTooLongError(code, length)
  const octets = Buffer.allocUnsafe(length)
  octets[0] = code
  octets[1] = identifier
  octets[2] = length >>> 8
  octets[3] = length
  return octets
}

function reserveMessageAuthenticator(octets: Buffer): void {
  octets[headerLength] = messageAuthenticator
  octets[headerLength + 1] = messageAuthenticatorLength
}

function proxyStatesLength(request: Packet): number {
  const { octets, offsets } = request
  let length = 0
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i]!
    if (octets[at] === proxyState) length += octets[at + 1]!
  }
  return length
}

function copyProxyStates(request: Packet, target: Buffer, from: number): void {
  const { octets, offsets } = request
  let to = from
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i]!
    if (octets[at] !== proxyState) continue
    to += octets.copy(target, to, at, at + octets[at + 1]!)
  }
}

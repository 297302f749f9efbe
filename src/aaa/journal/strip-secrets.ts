// A packet as the journal keeps it: without what proves a password, carries a key, or would let who reads the disk guess the
// secret of the client. Accounting-Requests rarely hold any of it, but what a NAS sends is not ours to choose.

import { headerLength, vendorSpecific } from '../../radius/packet.ts'
import type { Packet } from '../../radius/packet.ts'

/** RFC 2865 §5, RFC 2868 §3.5, RFC 2869 §5, RFC 5090 §3. */
const secretTypes: ReadonlySet<number> = new Set([
  2, // User-Password
  3, // CHAP-Password
  24, // State: opaque, may be a token of the login
  60, // CHAP-Challenge
  69, // Tunnel-Password
  70, // ARAP-Password
  71, // ARAP-Features
  73, // ARAP-Security-Data
  79, // EAP-Message
  80, // Message-Authenticator: a keyed hash under the client's secret
  84, // ARAP-Challenge-Response
  103, // Digest-Response
])

const microsoft = 311
/** RFC 2548: passwords, their changes and what proves them (2.1 and 2.2), keys (2.4). */
const secretOfMicrosoft: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 11, 12, 16, 17, 25, 26, 27])

/**
 * A copy of the packet's octets without secrets: those attributes left out, Length corrected, Authenticator zero (with the rest
 * of the packet it is a hash by which a weak client secret could be guessed). It parses as before and verifies no more.
 */
export function stripSecrets(packet: Pick<Packet, 'octets' | 'offsets'>): Buffer {
  const { octets, offsets } = packet
  const kept = offsets.filter((at) => !isSecret(octets, at))
  const length = kept.reduce((sum, at) => sum + octets[at + 1]!, headerLength)
  const stripped = Buffer.alloc(length)
  octets.copy(stripped, 0, 0, 4)
  stripped.writeUInt16BE(length, 2)
  let to = headerLength
  for (const at of kept) to += octets.copy(stripped, to, at, at + octets[at + 1]!)
  return stripped
}

/** A Vendor-Specific of Microsoft goes as a whole when anything in it is secret (RFC 2865 §5.26). */
function isSecret(octets: Buffer, at: number): boolean {
  const type = octets[at]!
  if (type !== vendorSpecific) return secretTypes.has(type)
  const end = at + octets[at + 1]!
  if (end < at + 8 || octets.readUInt32BE(at + 2) !== microsoft) return false
  for (let inner = at + 6; inner + 2 <= end; inner += Math.max(2, octets[inner + 1]!)) {
    if (secretOfMicrosoft.has(octets[inner]!)) return true
  }
  return false
}

// One RADIUS datagram as plain data: header fields, the octets bounded by Length, and where each attribute begins.
// Parsing checks structure only and never throws; who sent it and whether it is authentic is decided elsewhere.
// RFC 2865 §3 and §5.

export const headerLength = 20
export const maximumLength = 4096
/** More attributes than this are an attack, not a request (an attribute bomb is 2,038 of two octets each). */
export const maximumAttributes = 255
export const vendorSpecific = 26

export type Packet = {
  code: number
  identifier: number
  /** The 16 octets of the Authenticator field: a view, not a copy. */
  authenticator: Buffer
  /** The whole packet, cut at Length: padding never enters a digest (RFC 2865 §3). */
  octets: Buffer
  /** Where each attribute begins in `octets`, in wire order. */
  offsets: number[]
}

export type MalformedReason =
  | 'short'
  | 'length-field'
  | 'too-long'
  | 'attribute-length'
  | 'attribute-overrun'
  | 'attribute-type'
  | 'too-many'

export type ParseResult = { ok: true; packet: Packet } | { ok: false; drop: 'malformed'; reason: MalformedReason }

/** Reads the structure of a datagram. Never throws; O(n) with at most 255 attributes. RFC 2865 §3, §5. */
export function parsePacket(datagram: Buffer): ParseResult {
  if (datagram.length < headerLength) return malformed('short')
  const length = datagram.readUInt16BE(2)
  if (length > maximumLength) return malformed('too-long')
  // RFC 2865 §3: shorter than its Length: silently discard; octets past Length are padding and ignored.
  if (length < headerLength || length > datagram.length) return malformed('length-field')
  const octets = datagram.length === length ? datagram : datagram.subarray(0, length)

  const offsets: number[] = []
  for (let at = headerLength; at < length;) {
    if (at + 2 > length) return malformed('attribute-overrun')
    const size = octets[at + 1]!
    if (octets[at] === 0) return malformed('attribute-type')
    if (size < 2) return malformed('attribute-length')
    if (at + size > length) return malformed('attribute-overrun')
    if (offsets.length === maximumAttributes) return malformed('too-many')
    offsets.push(at)
    at += size
  }
  const packet = { code: octets[0]!, identifier: octets[1]!, authenticator: octets.subarray(4, 20), octets, offsets }
  return { ok: true, packet }
}

function malformed(reason: MalformedReason): ParseResult {
  return { ok: false, drop: 'malformed', reason }
}

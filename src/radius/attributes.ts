// One attribute of a packet, read by its definition: a plain loop over the offsets, nothing is built for the others.
// Reading never throws and never copies. Whole lists: decode-attributes.ts and encode-attributes.ts. RFC 2865 §5.
import type { AttributeDefinition } from './dictionary.ts'
import { nestedOctets } from './extended.ts'
import { storableText } from './octet-text.ts'
import { vendorSpecific } from './packet.ts'
import type { Packet } from './packet.ts'
import { decodeValue } from './values.ts'
import { findVendorAttribute, hasStandardLayout } from './vendor-attributes.ts'

export { decodeAttributes } from './decode-attributes.ts'
export { AttributesTooLongError, encodeAttributes, UnknownAttributeError } from './encode-attributes.ts'
export { AttributeValueError } from './values.ts'
export type { HidingContext, NamedAttribute } from './wire-values.ts'

/** RFC 2868 §3.1: an octet up to 0x1f before a tagged value is its tag. */
const largestTag = 0x1f

/**
 * The octets of the first attribute of this kind, as they are on the wire (tag and hiding included): a view.
 * Undefined when there is none; an attribute inside a malformed one does not count (RFC 6929 §2.8).
 */
export function firstOctets(packet: Packet, definition: AttributeDefinition): Buffer | undefined {
  if (isNested(definition)) return nestedOctets(packet, definition)[0]
  const at = locate(packet, definition, 0)
  return at === -1 ? undefined : packet.octets.subarray(at + 2, at + packet.octets[at + 1]!)
}

/** The octets of all attributes of this kind, in the order of the packet: views. */
export function allOctets(packet: Packet, definition: AttributeDefinition): Buffer[] {
  if (isNested(definition)) return nestedOctets(packet, definition)
  const found: Buffer[] = []
  for (let at = locate(packet, definition, 0); at !== -1;) {
    const end = at + packet.octets[at + 1]!
    found.push(packet.octets.subarray(at + 2, end))
    at = locate(packet, definition, end)
  }
  return found
}

/** The values of all attributes of this kind as one: EAP-Message is split over several (RFC 3579 §3.1). */
export function joinedOctets(packet: Packet, definition: AttributeDefinition): Buffer | undefined {
  const parts = allOctets(packet, definition)
  return parts.length < 2 ? parts[0] : Buffer.concat(parts)
}

/** Whether there is one, whatever its value. */
export function hasAttribute(packet: Packet, definition: AttributeDefinition): boolean {
  if (isNested(definition)) return nestedOctets(packet, definition).length > 0
  return locate(packet, definition, 0) !== -1
}

/**
 * The first attribute of this kind as text that can be stored: trailing NULs gone, octets that are not UTF-8 escaped as
 * `\xNN` (`firstOctets` has them as they came), a tag left out. Undefined when there is none; may be empty.
 */
export function firstText(packet: Packet, definition: AttributeDefinition): string | undefined {
  const octets = firstOctets(packet, definition)
  if (octets === undefined) return undefined
  return storableText(definition.tagged && octets.length > 0 && octets[0]! <= largestTag ? octets.subarray(1) : octets)
}

/**
 * The first attribute of this kind as a number (integer, byte, short, signed; a date in seconds since 1970; without the
 * tag). Undefined when there is none or when it has the wrong size: it is then kept raw and not looked into.
 */
export function firstInteger(packet: Packet, definition: AttributeDefinition): number | undefined {
  const { format, tagged } = definition
  if (!tagged && (format === 'integer' || format === 'date') && !isNested(definition)) {
    const at = locate(packet, definition, 0)
    return at !== -1 && packet.octets[at + 1] === 6 ? packet.octets.readUInt32BE(at + 2) : undefined
  }
  const octets = firstOctets(packet, definition)
  if (octets === undefined) return undefined
  if (tagged) return octets.length === 4 && octets[0]! <= largestTag ? octets.readUIntBE(1, 3) : undefined
  const value = decodeValue(definition, octets)
  return typeof value === 'number' ? value : undefined
}

/** The first integer64 of this kind; undefined when there is none or when it is not eight octets. */
export function firstInteger64(packet: Packet, definition: AttributeDefinition): bigint | undefined {
  const octets = firstOctets(packet, definition)
  return octets?.length === 8 ? octets.readBigUInt64BE(0) : undefined
}

/**
 * The text of the first address, prefix (`2001:db8::/56`), interface id or MAC address of this kind.
 * Undefined when there is none or when its octets are no such value.
 */
export function firstAddress(packet: Packet, definition: AttributeDefinition): string | undefined {
  const octets = firstOctets(packet, definition)
  const value = octets === undefined ? undefined : decodeValue(definition, octets)
  return typeof value === 'string' ? value : undefined
}

/** True for what cannot be found by one octet of type and one of length. */
function isNested(definition: AttributeDefinition): boolean {
  return definition.parent !== undefined || !hasStandardLayout(definition)
}

/**
 * Where the first attribute of this kind at or after `from` has its type octet, -1 when there is none. Its length follows,
 * then its value: standard attributes and those of a vendor in the common layout look alike.
 */
function locate(packet: Packet, definition: AttributeDefinition, from: number): number {
  const { octets, offsets } = packet
  const { vendor, type } = definition
  const outer = vendor === 0 ? type : vendorSpecific
  const first = placesOf(packet)[outer]!
  if (first === 0) return -1
  if (vendor === 0 && first >= from) return first
  for (let i = 0; i < offsets.length; i++) {
    const at = offsets[i]!
    if (octets[at] !== outer || at + octets[at + 1]! <= from) continue
    if (vendor === 0) return at
    const inner = findVendorAttribute(octets, at, definition, from)
    if (inner !== -1) return inner
  }
  return -1
}

// Where the first attribute of each type begins, 0 for none, in the packet that was read last: a reader asks one packet for
// two dozen attributes in a row, many of which it lacks (1.1 µs by a loop for each, so 0.45).
const places = new Uint16Array(256)
let placed: Packet | undefined

function placesOf(packet: Packet): Uint16Array {
  if (packet === placed) return places
  const { octets, offsets } = packet
  places.fill(0)
  for (let i = offsets.length - 1; i >= 0; i--) places[octets[offsets[i]!]!] = offsets[i]!
  placed = packet
  return places
}

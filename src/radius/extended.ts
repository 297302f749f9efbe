// Attributes inside attributes: TLVs, the extended and long extended types with their fragments, and vendor attributes in
// them. RFC 6929 §2.1 to §2.4; what does not fit is kept raw (§2.8).
import type { AttributeDefinition } from './dictionary.ts'
import type { Packet } from './packet.ts'
import { AttributeValueError } from './values.ts'
import { isVendorNumber, vendorParts, vendorValueCapacity } from './vendor-attributes.ts'
import type { Part } from './vendor-attributes.ts'

/** RFC 6929 §2.2: the More bit; the other bits of that octet are reserved. */
const moreFlag = 0x80
const longFragment = 251
/** What 16 fragments carry inside the 4,076 octets of attributes of a packet. */
const longCapacity = 4012

/** The TLVs of a value; undefined when there is none or one is shorter than three octets (§2.3). Never throws. */
export function tlvParts(octets: Buffer): Part[] | undefined {
  const parts: Part[] = []
  for (let at = 0; at < octets.length;) {
    const length = octets[at + 1] ?? 0
    if (length < 3 || at + length > octets.length || octets[at] === 0) return undefined
    parts.push({ type: octets[at]!, octets: octets.subarray(at + 2, at + length) })
    at += length
  }
  return parts.length === 0 ? undefined : parts
}

/** Vendor, number and value of an Extended-Vendor-Specific (§2.4); undefined when it is too short or nobody's. */
export function extendedVendorPart(octets: Buffer): (Part & { vendor: number }) | undefined {
  if (octets.length < 6) return undefined
  const vendor = octets.readUInt32BE(0)
  return isVendorNumber(vendor) ? { vendor, type: octets[4]!, octets: octets.subarray(5) } : undefined
}

/** Extended type and value of the attribute at `index` (§2.1); undefined when there is no value. */
export function extendedPart(packet: Packet, index: number): Part | undefined {
  const at = packet.offsets[index]!
  const end = at + packet.octets[at + 1]!
  const type = packet.octets[at + 2]!
  return end - at < 4 || type === 0 ? undefined : { type, octets: packet.octets.subarray(at + 3, end) }
}

/**
 * Extended type and value of a long extended attribute that begins at `index`, its fragments joined, with the index after
 * the last one (§2.2). Undefined when a value is missing or the fragments break off.
 */
export function longExtendedPart(packet: Packet, index: number): (Part & { next: number }) | undefined {
  const { octets, offsets } = packet
  const first = offsets[index]!
  const fragments: Buffer[] = []
  for (let next = index; next < offsets.length; next++) {
    const at = offsets[next]!
    const end = at + octets[at + 1]!
    if (octets[at] !== octets[first] || end - at < 5 || octets[at + 2] !== octets[first + 2]) return undefined
    fragments.push(octets.subarray(at + 4, end))
    if ((octets[at + 3]! & moreFlag) !== 0) continue
    const type = octets[first + 2]!
    return type === 0 ? undefined : { type, octets: joined(fragments), next: next + 1 }
  }
  return undefined
}

function joined(fragments: readonly Buffer[]): Buffer {
  return fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments)
}

/** All values of a definition that is not in the packet itself in the common layout, in order. Never throws. */
export function nestedOctets(packet: Packet, definition: AttributeDefinition): Buffer[] {
  const { parent, type } = definition
  const found: Buffer[] = []
  const take = (parts: Part[] | undefined): void => {
    for (const part of parts ?? []) if (part.type === type) found.push(part.octets)
  }
  if (parent === undefined) {
    for (const value of topLevel(packet, definition.vendor === 0 ? type : 26)) {
      if (definition.vendor === 0) found.push(value)
      else if (value.length > 4 && value.readUInt32BE(0) === definition.vendor) {
        take(vendorParts(value.subarray(4), definition.vendorFormat))
      }
    }
    return found
  }
  if (parent.format === 'extended' || parent.format === 'long-extended') {
    take(extendedParts(packet, parent))
    return found
  }
  for (const value of nestedOctets(packet, parent)) {
    if (parent.format === 'tlv') take(tlvParts(value))
    else {
      const part = extendedVendorPart(value)
      if (part?.vendor === definition.vendor) take([part])
    }
  }
  return found
}

function topLevel(packet: Packet, type: number): Buffer[] {
  const { octets, offsets } = packet
  return offsets.filter((at) => octets[at] === type).map((at) => octets.subarray(at + 2, at + octets[at + 1]!))
}

function extendedParts(packet: Packet, outer: AttributeDefinition): Part[] {
  const parts: Part[] = []
  for (let index = 0; index < packet.offsets.length; index++) {
    if (packet.octets[packet.offsets[index]!] !== outer.type) continue
    if (outer.format === 'extended') {
      const part = extendedPart(packet, index)
      if (part !== undefined) parts.push(part)
      continue
    }
    const part = longExtendedPart(packet, index)
    if (part === undefined) continue
    parts.push(part)
    index = part.next - 1
  }
  return parts
}

/** How many octets the value of an attribute may have, where it stands. */
export function valueCapacity(definition: AttributeDefinition): number {
  const { parent, vendor, vendorFormat } = definition
  if (parent === undefined) return vendor === 0 ? 253 : vendorValueCapacity(vendorFormat)
  if (parent.format === 'extended') return 252
  if (parent.format === 'long-extended') return longCapacity
  if (parent.format === 'evs') return valueCapacity(parent) - 5
  return Math.min(253, valueCapacity(parent) - 2)
}

/** Refuses a value that is too long for its place. Throws `AttributeValueError` (a value is never cut, RFC 2865 §5). */
export function checkCapacity(definition: AttributeDefinition, length: number): void {
  const capacity = valueCapacity(definition)
  if (length <= capacity) return
  throw new AttributeValueError(definition.name, `is ${length} octets long, at most ${capacity} fit`)
}

/** Type, length and value as a TLV. */
export function wrapTlv(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type, value.length + 2), value])
}

/** The whole attribute around the value of a nested one; `wrapOuter` makes the one that stands in the packet itself. */
export function wrapNested(
  definition: AttributeDefinition,
  value: Buffer,
  wrapOuter: (definition: AttributeDefinition, value: Buffer) => Buffer,
): Buffer {
  const { parent, type } = definition
  if (parent === undefined) return wrapOuter(definition, value)
  if (parent.format === 'extended') return Buffer.concat([Buffer.of(parent.type, value.length + 3, type), value])
  if (parent.format === 'long-extended') return wrapLong(parent.type, type, value)
  if (parent.format === 'tlv') return wrapNested(parent, wrapTlv(type, value), wrapOuter)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(definition.vendor, 0)
  head[4] = type
  return wrapNested(parent, Buffer.concat([head, value]), wrapOuter)
}

function wrapLong(outer: number, type: number, value: Buffer): Buffer {
  const fragments: Buffer[] = []
  for (let at = 0; at < value.length; at += longFragment) {
    const piece = value.subarray(at, at + longFragment)
    // RFC 6929 §2.2: More is set on all fragments but the last.
    const flags = at + longFragment < value.length ? moreFlag : 0
    fragments.push(Buffer.of(outer, piece.length + 4, type, flags), piece)
  }
  return Buffer.concat(fragments)
}

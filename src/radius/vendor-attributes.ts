// Vendor-Specific: several attributes of one vendor inside attribute 26, in the layout of that vendor.
// RFC 2865 §5.26, RFC 6929 §2.8 (what does not fit is kept whole), and the formats of USR, Lucent, WiMAX and others.
import type { AttributeDefinition } from './dictionary.ts'
import type { VendorFormat } from './dictionary-parser.ts'
import { vendorSpecific } from './packet.ts'

/** One attribute inside another one: its number there and a view of its value. */
export type Part = { type: number; octets: Buffer }

/** What stands before the first inner attribute: type, length, Vendor-Id. */
const outerHeader = 6

/** RFC 2865 §5.26: the high-order octet of a Vendor-Id is 0; number 0 is nobody. */
export function isVendorNumber(vendor: number): boolean {
  return vendor > 0 && vendor <= 0xffffff
}

/**
 * The attributes after the Vendor-Id. Undefined when there is none, when a length is wrong or when a value is continued
 * in another attribute: then the whole Vendor-Specific is kept as it is. Never throws.
 */
export function vendorParts(octets: Buffer, format: VendorFormat): Part[] | undefined {
  const { typeOctets, lengthOctets, continuation } = format
  const header = vendorHeaderLength(format)
  const parts: Part[] = []
  for (let at = 0; at < octets.length;) {
    if (at + header > octets.length) return undefined
    const length = lengthOctets === 0 ? octets.length - at : octets.readUIntBE(at + typeOctets, lengthOctets)
    if (length < header || at + length > octets.length) return undefined
    if (continuation && octets[at + header - 1] !== 0) return undefined
    parts.push({ type: octets.readUIntBE(at, typeOctets), octets: octets.subarray(at + header, at + length) })
    at += length
  }
  return parts.length === 0 ? undefined : parts
}

/** Octets before the value of an inner attribute. */
export function vendorHeaderLength(format: VendorFormat): number {
  return format.typeOctets + format.lengthOctets + (format.continuation ? 1 : 0)
}

/** How many octets an inner value may have: the outer attribute has at most 255 (RFC 2865 §5). */
export function vendorValueCapacity(format: VendorFormat): number {
  return 255 - outerHeader - vendorHeaderLength(format)
}

/** Writes everything before the value and returns where the value goes; `finishVendorAttribute` sets the lengths. */
export function beginVendorAttribute(target: Buffer, at: number, definition: AttributeDefinition): number {
  const { typeOctets } = definition.vendorFormat
  target[at] = vendorSpecific
  target.writeUInt32BE(definition.vendor, at + 2)
  target.writeUIntBE(definition.type, at + outerHeader, typeOctets)
  return at + outerHeader + vendorHeaderLength(definition.vendorFormat)
}

/** Sets the outer and the inner length once the value ends at `end`. */
export function finishVendorAttribute(target: Buffer, at: number, end: number, definition: AttributeDefinition): void {
  const { typeOctets, lengthOctets, continuation } = definition.vendorFormat
  target[at + 1] = end - at
  const lengthAt = at + outerHeader + typeOctets
  if (lengthOctets > 0) target.writeUIntBE(end - at - outerHeader, lengthAt, lengthOctets)
  if (continuation) target[lengthAt + lengthOctets] = 0
}

/** Whether the first place to look is the common layout, one octet of type and one of length. */
export function hasStandardLayout(definition: AttributeDefinition): boolean {
  const { typeOctets, lengthOctets, continuation } = definition.vendorFormat
  return typeOctets === 1 && lengthOctets === 1 && !continuation
}

/**
 * Where an attribute in the common layout begins inside the Vendor-Specific at `at`, from `from` on (0: the first one);
 * -1 when it is not there, when the vendor is another one or when the inner lengths do not end where the outer does.
 */
export function findVendorAttribute(octets: Buffer, at: number, definition: AttributeDefinition, from: number): number {
  const end = at + octets[at + 1]!
  if (end - at < outerHeader + 2 || octets.readUInt32BE(at + 2) !== definition.vendor) return -1
  let found = -1
  let inner = at + outerHeader
  while (inner + 2 <= end) {
    const length = octets[inner + 1]!
    if (length < 2) return -1
    if (found === -1 && inner >= from && octets[inner] === definition.type) found = inner
    inner += length
  }
  // RFC 6929 §2.8: an overrun makes the whole of it opaque, so what came before does not count either.
  return inner === end ? found : -1
}

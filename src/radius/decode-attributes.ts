// A packet's attributes as a list of names and values, in the order of the wire: for logs, tests and the simulator.
// Whatever does not fit is kept as octets under its number, `Attr-…`, and nothing is lost. RFC 6929 §2.8.
import { childKey } from './attribute-definition.ts'
import type { AttributeDefinition, Dictionary } from './dictionary.ts'
import { standardVendorFormat } from './dictionary-parser.ts'
import type { ValueFormat } from './dictionary-parser.ts'
import { extendedPart, extendedVendorPart, longExtendedPart, tlvParts } from './extended.ts'
import { vendorSpecific } from './packet.ts'
import type { Packet } from './packet.ts'
import { isVendorNumber, vendorParts } from './vendor-attributes.ts'
import { decodeWireValue } from './wire-values.ts'
import type { HidingContext, NamedAttribute } from './wire-values.ts'

/**
 * All attributes of a packet. Octets are views. Without a context hidden values come as `Attr-2` and the like, hidden as
 * they are. Several attributes of a vendor in one Vendor-Specific, TLVs and fragments become entries of their own; a
 * value that is split (EAP-Message) becomes one. Never throws.
 */
export function decodeAttributes(dictionary: Dictionary, packet: Packet, context?: HidingContext): NamedAttribute[] {
  const { octets, offsets } = packet
  const list: NamedAttribute[] = []
  for (let index = 0; index < offsets.length;) {
    const at = offsets[index]!
    const type = octets[at]!
    const value = octets.subarray(at + 2, at + octets[at + 1]!)
    const definition = dictionary.find(0, type)
    if (definition?.concat) index = decodeSplit(list, packet, index, definition, context)
    else if (definition?.format === 'long-extended') index = decodeLong(list, packet, index, definition, context)
    else {
      if (type === vendorSpecific) decodeVendorSpecific(list, dictionary, value, context)
      else if (definition?.format === 'extended') decodeExtended(list, packet, index, definition, context)
      else decodeInto(list, definition, String(type), value, context)
      index++
    }
  }
  return list
}

function raw(path: string, value: Buffer): NamedAttribute {
  return { name: `Attr-${path}`, value }
}

function decodeVendorSpecific(
  list: NamedAttribute[],
  dictionary: Dictionary,
  value: Buffer,
  context: HidingContext | undefined,
): void {
  const vendor = value.length < 4 ? 0 : value.readUInt32BE(0)
  const format = dictionary.vendor(vendor)?.format ?? standardVendorFormat
  const parts = isVendorNumber(vendor) ? vendorParts(value.subarray(4), format) : undefined
  if (parts === undefined) list.push(raw('26', value))
  else {
    for (const { type, octets } of parts) {
      decodeInto(list, dictionary.find(vendor, type), `26.${vendor}.${type}`, octets, context)
    }
  }
}

/** RFC 3579 §3.1: the parts stand next to each other. */
function decodeSplit(
  list: NamedAttribute[],
  packet: Packet,
  index: number,
  definition: AttributeDefinition,
  context: HidingContext | undefined,
): number {
  const { octets, offsets } = packet
  const parts: Buffer[] = []
  let next = index
  for (; next < offsets.length && octets[offsets[next]!] === definition.type; next++) {
    const at = offsets[next]!
    parts.push(octets.subarray(at + 2, at + octets[at + 1]!))
  }
  decodeInto(list, definition, definition.path, parts.length === 1 ? parts[0]! : Buffer.concat(parts), context)
  return next
}

function decodeExtended(
  list: NamedAttribute[],
  packet: Packet,
  index: number,
  outer: AttributeDefinition,
  context: HidingContext | undefined,
): void {
  const part = extendedPart(packet, index)
  if (part === undefined) list.push(raw(outer.path, whole(packet, index)))
  else decodeInto(list, outer.children.get(part.type), `${outer.path}.${part.type}`, part.octets, context)
}

function decodeLong(
  list: NamedAttribute[],
  packet: Packet,
  index: number,
  outer: AttributeDefinition,
  context: HidingContext | undefined,
): number {
  const part = longExtendedPart(packet, index)
  if (part === undefined) {
    list.push(raw(outer.path, whole(packet, index)))
    return index + 1
  }
  decodeInto(list, outer.children.get(part.type), `${outer.path}.${part.type}`, part.octets, context)
  return part.next
}

function whole(packet: Packet, index: number): Buffer {
  const at = packet.offsets[index]!
  return packet.octets.subarray(at + 2, at + packet.octets[at + 1]!)
}

/** Opens containers down to the values; a container that is malformed anywhere is kept whole. */
function decodeInto(
  list: NamedAttribute[],
  definition: AttributeDefinition | undefined,
  path: string,
  octets: Buffer,
  context: HidingContext | undefined,
): void {
  if (definition?.format === 'tlv') return decodeTlv(list, definition, path, octets, context)
  if (definition?.format === 'evs') return decodeExtendedVendor(list, definition, path, octets, context)
  const elements = definition?.array ? arrayElements(definition, octets) : undefined
  if (definition !== undefined && elements !== undefined) {
    for (const element of elements) decodeInto(list, { ...definition, array: false }, path, element, context)
    return
  }
  const named = definition === undefined ? undefined : decodeWireValue(definition, octets, context)
  list.push(named ?? raw(path, octets))
}

function decodeTlv(
  list: NamedAttribute[],
  definition: AttributeDefinition,
  path: string,
  octets: Buffer,
  context: HidingContext | undefined,
): void {
  const parts = tlvParts(octets)
  if (parts === undefined) list.push(raw(path, octets))
  for (const part of parts ?? []) {
    decodeInto(list, definition.children.get(part.type), `${path}.${part.type}`, part.octets, context)
  }
}

function decodeExtendedVendor(
  list: NamedAttribute[],
  definition: AttributeDefinition,
  path: string,
  octets: Buffer,
  context: HidingContext | undefined,
): void {
  const part = extendedVendorPart(octets)
  if (part === undefined) {
    list.push(raw(path, octets))
    return
  }
  const child = definition.children.get(childKey(definition, part.vendor, part.type))
  decodeInto(list, child, `${path}.${part.vendor}.${part.type}`, part.octets, context)
}

const elementSizes = new Map<ValueFormat, number>([
  ['byte', 1],
  ['short', 2],
  ['integer', 4],
  ['signed', 4],
  ['date', 4],
  ['ipaddr', 4],
  ['integer64', 8],
  ['ifid', 8],
  ['ether', 6],
  ['ipv6addr', 16],
])

/** The values of an array; undefined when the octets are no whole number of them. */
function arrayElements(definition: AttributeDefinition, octets: Buffer): Buffer[] | undefined {
  const size = elementSizes.get(definition.format)
  if (size === undefined || octets.length === 0 || octets.length % size !== 0) return undefined
  const elements: Buffer[] = []
  for (let at = 0; at < octets.length; at += size) elements.push(octets.subarray(at, at + size))
  return elements
}

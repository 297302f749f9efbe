// A list of names and values as the octets of attributes, in the order of the list. RFC 2865 §5, RFC 6929.
import type { AttributeDefinition, Dictionary } from './dictionary.ts'
import { checkCapacity, valueCapacity, wrapNested, wrapTlv } from './extended.ts'
import { headerLength, maximumLength } from './packet.ts'
import { longestValue } from './values.ts'
import { beginVendorAttribute, finishVendorAttribute } from './vendor-attributes.ts'
import { writeWireValue } from './wire-values.ts'
import type { HidingContext, NamedAttribute } from './wire-values.ts'

/** A name that is neither in the dictionary nor an `Attr-` number. */
export class UnknownAttributeError extends Error {
  override name = 'UnknownAttributeError'
  readonly attribute: string
  constructor(attribute: string) {
    super(`there is no attribute ${attribute}`)
    this.attribute = attribute
  }
}

/** The attributes do not fit into a packet of 4,096 octets (RFC 2865 §3). */
export class AttributesTooLongError extends Error {
  override name = 'AttributesTooLongError'
}

/** RFC 2865 §5: type, length and value are at most 255 octets. */
const longestStandardValue = 253
const longestList = maximumLength - headerLength

/** One list is written at a time, synchronously, so buffers are kept; the margin holds any value before it is measured. */
const scratch = Buffer.alloc(longestList + 2 * longestValue)
const valueScratch = Buffer.alloc(2 * longestValue)

/**
 * The octets of a list of attributes, in its order, as a new buffer. A value that is too long is refused, except where
 * the dictionary lets it be split (EAP-Message); neighbours inside the same TLV share it. Hidden values need the
 * context. Throws `UnknownAttributeError`, `AttributeValueError` (both name the attribute) and `AttributesTooLongError`.
 */
export function encodeAttributes(
  dictionary: Dictionary,
  attributes: readonly NamedAttribute[],
  context?: HidingContext,
): Buffer {
  let at = 0
  for (let index = 0; index < attributes.length; index++) {
    const attribute = attributes[index]!
    const definition = definitionOf(dictionary, attribute)
    if (definition.parent === undefined) at = writeAttribute(at, definition, attribute, context)
    else {
      const { octets, count } = encodeNested(dictionary, attributes, index, context)
      scratch.set(octets, checkRoom(at, octets.length))
      at += octets.length
      index += count - 1
    }
    checkRoom(at, 0)
  }
  return Buffer.from(scratch.subarray(0, at))
}

function definitionOf(dictionary: Dictionary, attribute: NamedAttribute): AttributeDefinition {
  const definition = dictionary.attribute(attribute.name)
  if (definition === undefined) throw new UnknownAttributeError(attribute.name)
  return definition
}

function checkRoom(at: number, length: number): number {
  if (at + length > longestList) throw new AttributesTooLongError(`the attributes take more than ${longestList} octets`)
  return at
}

/** Writes an attribute that is not nested at `at` of the scratch buffer and returns where it ends. */
function writeAttribute(
  at: number,
  definition: AttributeDefinition,
  attribute: NamedAttribute,
  context: HidingContext | undefined,
): number {
  const isVendors = definition.vendor !== 0
  const valueAt = isVendors ? beginVendorAttribute(scratch, at, definition) : at + 2
  const length = writeWireValue(scratch, valueAt, definition, attribute, context)
  const end = valueAt + length
  if (definition.concat && length > longestStandardValue) return splitAttribute(at, definition.type, length)
  checkCapacity(definition, length)
  if (isVendors) finishVendorAttribute(scratch, at, end, definition)
  else {
    scratch[at] = definition.type
    scratch[at + 1] = end - at
  }
  return end
}

/** RFC 3579 §3.1: a long EAP-Message goes on in the next attributes, all but the last one full. */
function splitAttribute(at: number, type: number, length: number): number {
  const value = Buffer.from(scratch.subarray(at + 2, at + 2 + length))
  const pieces = Math.ceil(length / longestStandardValue)
  checkRoom(at, length + 2 * pieces)
  let end = at
  for (let from = 0; from < length; from += longestStandardValue) {
    const piece = value.subarray(from, from + longestStandardValue)
    scratch[end] = type
    scratch[end + 1] = piece.length + 2
    scratch.set(piece, end + 2)
    end += 2 + piece.length
  }
  return end
}

/** One nested attribute from `index` on, or as many neighbours as belong into the same TLV and fit into it. */
function encodeNested(
  dictionary: Dictionary,
  attributes: readonly NamedAttribute[],
  index: number,
  context: HidingContext | undefined,
): { octets: Buffer; count: number } {
  const first = definitionOf(dictionary, attributes[index]!)
  const value = encodeValue(first, attributes[index]!, context)
  const parent = first.parent!
  if (parent.format !== 'tlv') return { octets: wrapNested(first, value, wrapInPacket), count: 1 }

  const parts = [wrapTlv(first.type, value)]
  let room = valueCapacity(parent) - parts[0]!.length
  for (const attribute of attributes.slice(index + 1)) {
    const definition = definitionOf(dictionary, attribute)
    if (definition.parent?.path !== parent.path) break
    const part = wrapTlv(definition.type, encodeValue(definition, attribute, context))
    room -= part.length
    if (room < 0) break
    parts.push(part)
  }
  return { octets: wrapNested(parent, Buffer.concat(parts), wrapInPacket), count: parts.length }
}

function encodeValue(
  definition: AttributeDefinition,
  attribute: NamedAttribute,
  context: HidingContext | undefined,
): Buffer {
  const length = writeWireValue(valueScratch, 0, definition, attribute, context)
  checkCapacity(definition, length)
  return Buffer.from(valueScratch.subarray(0, length))
}

/** The attribute that stands in the packet itself, around the octets of what is nested in it. */
function wrapInPacket(definition: AttributeDefinition, value: Buffer): Buffer {
  const octets = Buffer.alloc(255)
  const isVendors = definition.vendor !== 0
  const valueAt = isVendors ? beginVendorAttribute(octets, 0, definition) : 2
  octets.set(value, valueAt)
  const end = valueAt + value.length
  if (isVendors) finishVendorAttribute(octets, 0, end, definition)
  else octets.set([definition.type, end])
  return octets.subarray(0, end)
}

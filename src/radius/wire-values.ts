// One attribute between its octets on the wire and a named value: tags (RFC 2868 §3.1) and hiding around the value.
import { randomInt } from 'node:crypto'
import type { AttributeDefinition } from './dictionary.ts'
import {
  hideAscend,
  hidePassword,
  hideSalted,
  maximumAscendLength,
  maximumPasswordLength,
  maximumSaltedLength,
  recoverAscend,
  recoverPadded,
  recoverPassword,
  recoverSalted,
} from './hiding.ts'
import { AttributeValueError, decodeValue, writeValue } from './values.ts'
import type { AttributeValue } from './values.ts'

/** An attribute as everybody above the codec speaks of it. `Attr-26.14988.99` names one that has no name. */
export type NamedAttribute = { name: string; value: AttributeValue; tag?: number }

/** What hides values: the shared secret and the Request Authenticator (of the request, in replies too). */
export type HidingContext = {
  secret: { readonly octets: Uint8Array }
  authenticator: Uint8Array
  /** The salt to use instead of the next one, for tests with known answers. */
  salt?: number
}

/** RFC 2868 §3.1: tags are 0x01 to 0x1f; 0 is a tag field that is not used. */
const largestTag = 0x1f

let nextSalt = randomInt(0x8000)

/**
 * Reads the octets of one attribute. Undefined when they do not fit its type, or when it is hidden and there is no
 * context: the caller keeps them raw under the number (RFC 6929 §2.8). Never throws.
 */
export function decodeWireValue(
  definition: AttributeDefinition,
  octets: Buffer,
  context: HidingContext | undefined,
): NamedAttribute | undefined {
  let tag = 0
  let rest = octets
  let value: AttributeValue | undefined
  if (definition.tagged) {
    tag = octets[0] ?? 0
    // RFC 2868 §3.3: above 0x1f the octet belongs to a string. Integers and hidden values always have the tag field, so
    // with such an octet they have the wrong size below.
    if (tag <= largestTag) rest = octets.subarray(1)
    else tag = 0
  }
  if (definition.encrypt !== undefined) {
    const plain = context === undefined ? undefined : recover(definition, rest, context)
    value = plain === undefined ? undefined : decodeValue(definition, plain)
  } else if (definition.tagged && definition.format === 'integer') {
    value = rest.length === 3 ? rest.readUIntBE(0, 3) : undefined
  } else value = decodeValue(definition, rest)
  if (value === undefined) return undefined
  const { name } = definition
  return tag === 0 ? { name, value } : { name, value, tag }
}

function recover(definition: AttributeDefinition, hidden: Buffer, context: HidingContext): Buffer | undefined {
  const { secret, authenticator } = context
  if (definition.encrypt === 'tunnel-password') return recoverSalted(hidden, secret.octets, authenticator)
  if (definition.encrypt === 'ascend') return recoverAscend(hidden, secret.octets, authenticator)
  if (definition.size === undefined) return recoverPassword(hidden, secret.octets, authenticator)
  // A key may end in NULs: where the size is known it says where the padding begins.
  return recoverPadded(hidden, secret.octets, authenticator)?.subarray(0, definition.size)
}

/**
 * Writes tag and value, hidden where the dictionary says so, and returns the number of octets.
 * Throws `AttributeValueError`; needs 4,352 octets of room.
 */
export function writeWireValue(
  target: Buffer,
  at: number,
  definition: AttributeDefinition,
  attribute: NamedAttribute,
  context: HidingContext | undefined,
): number {
  const { tag = 0, value } = attribute
  if (!definition.tagged) {
    if (tag !== 0) throw new AttributeValueError(definition.name, 'takes no tag')
    if (definition.encrypt === undefined) return writeValue(target, at, definition, value)
    return writeHidden(target, at, definition, value, context)
  }
  if (!Number.isInteger(tag) || tag < 0 || tag > largestTag) {
    throw new AttributeValueError(definition.name, `tag ${tag} is not from 0 to ${largestTag}`)
  }
  target[at] = tag
  if (definition.encrypt !== undefined) return 1 + writeHidden(target, at + 1, definition, value, context)
  if (definition.format === 'integer') return writeTaggedInteger(target, at, definition, value)
  const length = writeValue(target, at + 1, definition, value)
  if (tag > 0 || target[at + 1]! <= largestTag) return 1 + length
  // RFC 2868 §3.3: without a tag a string may begin at once, unless its first octet would read as one.
  target.copyWithin(at, at + 1, at + 1 + length)
  return length
}

/** RFC 2868 §3.1: the tag takes the first octet of the integer. */
function writeTaggedInteger(
  target: Buffer,
  at: number,
  definition: AttributeDefinition,
  value: AttributeValue,
): number {
  const tag = target[at]!
  writeValue(target, at, definition, value)
  if (target[at] !== 0) throw new AttributeValueError(definition.name, 'has 24 bits: at most 16777215')
  target[at] = tag
  return 4
}

function writeHidden(
  target: Buffer,
  at: number,
  definition: AttributeDefinition,
  value: AttributeValue,
  context: HidingContext | undefined,
): number {
  if (context === undefined) throw new AttributeValueError(definition.name, 'is hidden and needs the shared secret')
  const length = writeValue(target, at, definition, value)
  const maximum = longestHidden(definition)
  if (length > maximum) {
    throw new AttributeValueError(definition.name, `is ${length} octets long, at most ${maximum} can be hidden`)
  }
  const hidden = hide(definition, target.subarray(at, at + length), context)
  target.set(hidden, at)
  return hidden.length
}

function longestHidden(definition: AttributeDefinition): number {
  if (definition.encrypt === 'tunnel-password') return maximumSaltedLength
  return definition.encrypt === 'ascend' ? maximumAscendLength : maximumPasswordLength
}

function hide(definition: AttributeDefinition, plain: Uint8Array, context: HidingContext): Buffer {
  const { secret, authenticator } = context
  if (definition.encrypt === 'ascend') return hideAscend(plain, secret.octets, authenticator)
  if (definition.encrypt === 'user-password') return hidePassword(plain, secret.octets, authenticator)
  // RFC 2868 §3.5: each salt of a packet is another one. Counting from a random start also keeps neighbours apart.
  nextSalt = (nextSalt + 1) & 0x7fff
  return hideSalted(plain, context.salt ?? nextSalt, secret.octets, authenticator)
}

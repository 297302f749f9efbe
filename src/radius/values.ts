// The value types, each as a trio: read the octets, write the octets, text both ways. RFC 2865 §5, RFC 8044 §3.
import {
  clearHostBits,
  formatEther,
  formatInterfaceId,
  formatIpv4,
  formatIpv6,
  splitPrefix,
  writeEther,
  writeInterfaceId,
  writeIpv4,
  writeIpv6,
} from './addresses.ts'
import type { AttributeDefinition } from './dictionary.ts'
import type { ValueFormat } from './dictionary-parser.ts'
import { decodeUtf8, escapeOctets, isPrintable } from './octet-text.ts'

/**
 * What a value is above the wire: text for strings, addresses, prefixes, interface ids and MAC addresses; numbers for
 * integers up to 32 bits and dates (seconds since 1970); bigint for integer64; octets for all else and for strings
 * that are not UTF-8.
 */
export type AttributeValue = string | number | bigint | Uint8Array

/** A value cannot be sent as this attribute. `reason` is a clause without the name, fit for a form field. */
export class AttributeValueError extends Error {
  override name = 'AttributeValueError'
  readonly attribute: string
  readonly reason: string
  constructor(attribute: string, reason: string) {
    super(`${attribute}: ${reason}`)
    this.attribute = attribute
    this.reason = reason
  }
}

/** No value is longer than what fits into a packet. */
export const longestValue = 4096

type Codec = {
  /** Undefined when the octets do not fit the type: the caller keeps them raw (RFC 6929 §2.8). */
  decode(octets: Buffer, definition: AttributeDefinition): AttributeValue | undefined
  /** Writes at `at` and returns how many octets; throws `AttributeValueError`. */
  write(target: Buffer, at: number, value: AttributeValue, definition: AttributeDefinition): number
  format(value: AttributeValue, definition: AttributeDefinition): string
  /** The value of a text; what is wrong with a text that `write` would refuse too, `write` says. */
  parse(text: string, definition: AttributeDefinition): AttributeValue
}

/** Reads a value. Undefined when the octets do not fit the type; never throws. Octets are views, not copies. */
export function decodeValue(definition: AttributeDefinition, octets: Buffer): AttributeValue | undefined {
  return codecs[definition.format].decode(octets, definition)
}

/**
 * Writes a value at `at` and returns the number of octets. Throws `AttributeValueError` for a wrong JavaScript type,
 * a number out of range, an address that is none, an empty string and more than 4,096 octets.
 * The target must have room for 4,096 octets.
 */
export function writeValue(target: Buffer, at: number, definition: AttributeDefinition, value: AttributeValue): number {
  return codecs[definition.format].write(target, at, value, definition)
}

/** The value as text, without quotes: value names for integers, ISO 8601 for dates, `0x…` for octets. */
export function formatValue(definition: AttributeDefinition, value: AttributeValue): string {
  return codecs[definition.format].format(value, definition)
}

/** The value a text stands for. Throws `AttributeValueError` for text that cannot be one. */
export function parseValue(definition: AttributeDefinition, text: string): AttributeValue {
  return codecs[definition.format].parse(text, definition)
}

function fail(definition: AttributeDefinition, reason: string): never {
  throw new AttributeValueError(definition.name, reason)
}

function hex(octets: Uint8Array): string {
  return `0x${Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex')}`
}

/**
 * RFC 2865 §5: text and string of length zero must not be sent, so an empty one is kept raw and refused here;
 * hidden values may be empty, and those that the dictionary says are.
 */
function mayBeEmpty(definition: AttributeDefinition): boolean {
  return definition.encrypt !== undefined || definition.size === 0
}

function writeOctets(target: Buffer, at: number, value: AttributeValue, definition: AttributeDefinition): number {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) fail(definition, 'takes text or octets')
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length
  const { size } = definition
  if (size !== undefined && length !== size) fail(definition, `takes ${size} octets, not ${length}`)
  if (length === 0 && !mayBeEmpty(definition) && !isRaw(definition)) fail(definition, 'is empty')
  if (length > longestValue) fail(definition, `is ${length} octets long`)
  if (typeof value === 'string') target.write(value, at, length, 'utf8')
  else target.set(value, at)
  return length
}

/** `Attr-…` names what was on the wire as it was, empty or not. */
function isRaw(definition: AttributeDefinition): boolean {
  return definition.name.slice(0, 5).toLowerCase() === 'attr-'
}

const octetsCodec: Codec = {
  decode(octets, definition) {
    const { size } = definition
    if (size === undefined ? octets.length === 0 && !mayBeEmpty(definition) : octets.length !== size) return undefined
    return octets
  },
  write: writeOctets,
  format: (value) => (value instanceof Uint8Array ? hex(value) : hex(Buffer.from(String(value)))),
  parse(text, definition) {
    if (!/^0x/i.test(text)) return Buffer.from(printable(text, definition))
    if (!/^0x([\da-f]{2})*$/i.test(text)) fail(definition, `${text} is not whole octets in hexadecimal`)
    return Buffer.from(text.slice(2), 'hex')
  },
}

function printable(text: string, definition: AttributeDefinition): string {
  if (!isPrintable(text)) fail(definition, 'holds a control character')
  return text
}

const stringCodec: Codec = {
  decode(octets, definition) {
    if (octets.length === 0 && !mayBeEmpty(definition)) return undefined
    return decodeUtf8(octets) ?? octets
  },
  write: writeOctets,
  format: (value) => escapeOctets(value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value))),
  parse: printable,
}

/** A fixed-size unsigned or signed number of one, two or four octets. */
function integerCodec(octetCount: 1 | 2 | 4, signed = false): Codec {
  const minimum = signed ? -(2 ** (8 * octetCount - 1)) : 0
  const maximum = minimum + 2 ** (8 * octetCount) - 1
  return {
    decode(octets) {
      if (octets.length !== octetCount) return undefined
      return signed ? octets.readIntBE(0, octetCount) : octets.readUIntBE(0, octetCount)
    },
    write(target, at, value, definition) {
      const number = typeof value === 'string' ? definition.values.get(value) : value
      if (typeof number !== 'number') fail(definition, `${describe(value)} is not one of its numbers or names`)
      if (!Number.isInteger(number) || number < minimum || number > maximum) {
        fail(definition, `${number} is not a whole number from ${minimum} to ${maximum}`)
      }
      if (signed) target.writeIntBE(number, at, octetCount)
      else target.writeUIntBE(number, at, octetCount)
      return octetCount
    },
    format: (value, definition) =>
      typeof value === 'number' ? (definition.valueNames.get(value) ?? String(value)) : String(value),
    parse(text, definition) {
      const named = definition.values.get(text)
      if (named !== undefined) return named
      if (!/^(-?\d+|0x[\da-f]+)$/i.test(text)) fail(definition, `${text} is not one of its numbers or names`)
      return Number(text)
    },
  }
}

function describe(value: AttributeValue): string {
  return value instanceof Uint8Array ? 'a value of octets' : String(value)
}

const integer64Codec: Codec = {
  decode: (octets) => (octets.length === 8 ? octets.readBigUInt64BE(0) : undefined),
  write(target, at, value, definition) {
    const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
    if (!isWhole || value < 0 || value >= 2n ** 64n) fail(definition, `${describe(value)} is not a 64-bit number`)
    target.writeBigUInt64BE(BigInt(value), at)
    return 8
  },
  format: String,
  parse(text, definition) {
    if (!/^(\d{1,20}|0x[\da-f]{1,16})$/i.test(text)) fail(definition, `${text} is not a 64-bit number`)
    return BigInt(text)
  },
}

const seconds = integerCodec(4)

const dateCodec: Codec = {
  ...seconds,
  format: (value) => (typeof value === 'number' ? new Date(value * 1000).toISOString().replace('.000', '') : '?'),
  parse(text, definition) {
    if (/^\d+$/.test(text)) return Number(text)
    const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(instant))
      fail(definition, `${text} is neither seconds since 1970 nor a date like 2030-01-31T00:00:00Z`)
    return instant / 1000
  },
}

/** A type whose value is text of its own form, of fixed size on the wire. */
function textCodec(
  sizes: readonly number[],
  what: string,
  read: (octets: Buffer) => string,
  write: (target: Buffer, at: number, text: string) => number,
): Codec {
  return {
    decode: (octets) => (sizes.includes(octets.length) ? read(octets) : undefined),
    write(target, at, value, definition) {
      if (value instanceof Uint8Array && sizes.includes(value.length)) {
        target.set(value, at)
        return value.length
      }
      const written = typeof value === 'string' ? write(target, at, value) : 0
      return written > 0 ? written : fail(definition, `${describe(value)} is not ${what}`)
    },
    format: (value) => (value instanceof Uint8Array ? read(Buffer.from(value)) : String(value)),
    parse: (text) => text,
  }
}

/** RFC 3162 §2.3 and RFC 8044 §3.10, §3.11: a reserved octet, the length in bits, then the prefix. */
function prefixCodec(size: 4 | 16): Codec {
  const isIpv4 = size === 4
  const read = (octets: Buffer): string | undefined => {
    const length = octets[1]
    if (length === undefined || length > size * 8 || octets.length > size + 2) return undefined
    // Every bit of the prefix must be there; RFC 3162 §2.3 lets the sender leave out the zero octets after it.
    if (octets.length - 2 < (isIpv4 ? size : Math.ceil(length / 8))) return undefined
    const address = Buffer.alloc(size)
    octets.copy(address, 0, 2)
    clearHostBits(address, 0, size, length)
    return `${isIpv4 ? formatIpv4(address) : formatIpv6(address)}/${length}`
  }
  const write = (target: Buffer, at: number, text: string): number => {
    const prefix = splitPrefix(text, size * 8)
    const writeAddress = isIpv4 ? writeIpv4 : writeIpv6
    if (prefix === undefined || !writeAddress(target, at + 2, prefix.address)) return 0
    target[at] = 0
    target[at + 1] = prefix.length
    // RFC 3162 §2.3: bits outside the prefix length must be zero.
    clearHostBits(target, at + 2, size, prefix.length)
    return size + 2
  }
  return {
    decode: read,
    write(target, at, value, definition) {
      const text = value instanceof Uint8Array ? read(Buffer.from(value)) : value
      const written = typeof text === 'string' ? write(target, at, text) : 0
      return written > 0 ? written : fail(definition, `${describe(value)} is not an IPv${isIpv4 ? 4 : 6} prefix`)
    },
    format: (value) => (value instanceof Uint8Array ? (read(Buffer.from(value)) ?? hex(value)) : String(value)),
    parse: (text) => text,
  }
}

const writeIpv4Text = (target: Buffer, at: number, text: string): number => (writeIpv4(target, at, text) ? 4 : 0)
const writeIpv6Text = (target: Buffer, at: number, text: string): number => (writeIpv6(target, at, text) ? 16 : 0)

const codecs: Record<ValueFormat, Codec> = {
  string: stringCodec,
  octets: octetsCodec,
  integer: integerCodec(4),
  integer64: integer64Codec,
  byte: integerCodec(1),
  short: integerCodec(2),
  signed: integerCodec(4, true),
  date: dateCodec,
  ipaddr: textCodec([4], 'an IPv4 address', formatIpv4, writeIpv4Text),
  ipv6addr: textCodec([16], 'an IPv6 address', formatIpv6, writeIpv6Text),
  ipv4prefix: prefixCodec(4),
  ipv6prefix: prefixCodec(16),
  'combo-ip': textCodec(
    [4, 16],
    'an IP address',
    (octets) => (octets.length === 4 ? formatIpv4(octets) : formatIpv6(octets)),
    (target, at, text) => writeIpv4Text(target, at, text) || writeIpv6Text(target, at, text),
  ),
  ifid: textCodec([8], 'an interface id', formatInterfaceId, (target, at, text) =>
    writeInterfaceId(target, at, text) ? 8 : 0,
  ),
  ether: textCodec([6], 'a MAC address', formatEther, (target, at, text) => (writeEther(target, at, text) ? 6 : 0)),
  // Kept as octets: nothing of ours reads inside an abinary or a struct, and containers are opened by the layer above.
  abinary: octetsCodec,
  struct: octetsCodec,
  tlv: octetsCodec,
  vsa: octetsCodec,
  evs: octetsCodec,
  extended: octetsCodec,
  'long-extended': octetsCodec,
}

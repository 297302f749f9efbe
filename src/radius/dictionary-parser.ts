// Reads dictionary files in FreeRADIUS text format into statements. Syntax only: what the statements mean together
// (who is whose parent, what exists twice) is decided in dictionary.ts.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** The value types of RFC 8044 and the FreeRADIUS names for the rest. */
export const valueFormats = [
  'string',
  'octets',
  'integer',
  'integer64',
  'byte',
  'short',
  'signed',
  'date',
  'ipaddr',
  'ipv4prefix',
  'ipv6addr',
  'ipv6prefix',
  'combo-ip',
  'ifid',
  'ether',
  'abinary',
  'struct',
  'tlv',
  'vsa',
  'evs',
  'extended',
  'long-extended',
] as const

export type ValueFormat = (typeof valueFormats)[number]
export type Encryption = 'user-password' | 'tunnel-password' | 'ascend'

/** How the attributes of a vendor are laid out inside Vendor-Specific: octets of type and length, continuation octet. */
export type VendorFormat = { typeOctets: 1 | 2 | 4; lengthOctets: 0 | 1 | 2; continuation: boolean }

export type Flags = { tagged: boolean; concat: boolean; array: boolean; encrypt: Encryption | undefined }

/** `place` is `file:line`, for messages. */
export type Statement = { place: string } & (
  | { kind: 'vendor'; name: string; number: number; format: VendorFormat }
  | { kind: 'begin-vendor'; name: string; parent: string | undefined }
  | { kind: 'end-vendor' | 'begin-tlv' | 'end-tlv'; name: string }
  | { kind: 'attribute'; name: string; numbers: number[]; format: ValueFormat; size: number | undefined; flags: Flags }
  | { kind: 'value'; attribute: string; name: string; number: number }
)

/** A dictionary file is wrong; the message begins with `file:line`. */
export class DictionaryError extends Error {
  override name = 'DictionaryError'
  readonly place: string
  constructor(place: string, reason: string) {
    super(`${place}: ${reason}`)
    this.place = place
  }
}

export const standardVendorFormat: VendorFormat = { typeOctets: 1, lengthOctets: 1, continuation: false }

/** Other names of a format: those of FreeRADIUS version 4. */
const formatAliases = new Map<string, ValueFormat>([
  ['uint8', 'byte'],
  ['uint16', 'short'],
  ['uint32', 'integer'],
  ['uint64', 'integer64'],
  ['int32', 'signed'],
  ['ipv4addr', 'ipaddr'],
])

const encryptions = new Map<string, Encryption>([
  ['1', 'user-password'],
  ['2', 'tunnel-password'],
  ['3', 'ascend'],
  ['User-Password', 'user-password'],
  ['Tunnel-Password', 'tunnel-password'],
  ['Ascend-Secret', 'ascend'],
])

/**
 * Reads a file with everything it includes, in order. Throws `DictionaryError` with file and line for a syntax error,
 * a file that cannot be read and a file that includes itself.
 */
export function readStatements(file: string): Statement[] {
  const statements: Statement[] = []
  readFile(resolve(file), file, [], statements)
  return statements
}

function readFile(file: string, includedFrom: string, open: readonly string[], statements: Statement[]): void {
  if (open.includes(file)) throw new DictionaryError(includedFrom, `${file} includes itself`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new DictionaryError(includedFrom, `cannot read ${file}: ${String(error)}`)
  }
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/)
    if (words[0] === '') continue
    const place = `${file}:${index + 1}`
    const [keyword, name] = words
    if (keyword === '$INCLUDE') {
      if (name === undefined || words.length > 2) throw new DictionaryError(place, '$INCLUDE takes one file')
      readFile(resolve(dirname(file), name), place, [...open, file], statements)
    } else statements.push(parseLine(words, place))
  }
}

function parseLine(words: string[], place: string): Statement {
  const [keyword = '', ...rest] = words
  switch (keyword.toUpperCase()) {
    case 'ATTRIBUTE':
      return parseAttribute(rest, place)
    case 'VALUE':
      return parseValue(rest, place)
    case 'VENDOR':
      return parseVendor(rest, place)
    case 'BEGIN-VENDOR':
      return parseBeginVendor(rest, place)
    case 'END-VENDOR':
      return { kind: 'end-vendor', name: onlyName(keyword, rest, place), place }
    case 'BEGIN-TLV':
      return { kind: 'begin-tlv', name: onlyName(keyword, rest, place), place }
    case 'END-TLV':
      return { kind: 'end-tlv', name: onlyName(keyword, rest, place), place }
    default:
      throw new DictionaryError(place, `unknown keyword ${keyword}`)
  }
}

function parseAttribute(words: string[], place: string): Statement {
  const [name, number, type, ...flagWords] = words
  if (name === undefined || number === undefined || type === undefined) {
    throw new DictionaryError(place, 'ATTRIBUTE takes a name, a number, a type and flags')
  }
  const numbers = number.split('.').map((part) => parseNumber(part, place))
  const [, base = type, size] = /^(octets)\[(\d+)]$/.exec(type) ?? []
  const format = formatAliases.get(base) ?? valueFormats.find((known) => known === base)
  if (format === undefined) throw new DictionaryError(place, `unknown type ${type}`)
  const flags = parseFlags(flagWords, place)
  const octets = size === undefined ? undefined : Number(size)
  return { kind: 'attribute', name: checkedName(name, place), numbers, format, size: octets, flags, place }
}

function parseFlags(words: readonly string[], place: string): Flags {
  const flags: Flags = { tagged: false, concat: false, array: false, encrypt: undefined }
  for (const flag of words.join(',').split(',')) {
    if (flag === '') continue
    else if (flag === 'has_tag') flags.tagged = true
    else if (flag === 'concat') flags.concat = true
    else if (flag === 'array') flags.array = true
    else if (flag.startsWith('encrypt=')) {
      flags.encrypt = encryptions.get(flag.slice('encrypt='.length))
      if (flags.encrypt === undefined) throw new DictionaryError(place, `unknown encryption ${flag}`)
    } else throw new DictionaryError(place, `unknown flag ${flag}`)
  }
  return flags
}

function parseValue(words: string[], place: string): Statement {
  const [attribute, name, number, extra] = words
  if (attribute === undefined || name === undefined || number === undefined || extra !== undefined) {
    throw new DictionaryError(place, 'VALUE takes an attribute, a name and a number')
  }
  return { kind: 'value', attribute, name, number: parseNumber(number, place), place }
}

function parseVendor(words: string[], place: string): Statement {
  const [name, number, option, extra] = words
  if (name === undefined || number === undefined || extra !== undefined) {
    throw new DictionaryError(place, 'VENDOR takes a name, a number and a format')
  }
  const format = option === undefined ? standardVendorFormat : parseVendorFormat(option, place)
  return { kind: 'vendor', name: checkedName(name, place), number: parseNumber(number, place), format, place }
}

function parseVendorFormat(option: string, place: string): VendorFormat {
  const [, type, length, continuation] = /^format=([124]),([012])(,c)?$/.exec(option) ?? []
  if (type === undefined || length === undefined) throw new DictionaryError(place, `unknown vendor format ${option}`)
  const typeOctets = type === '1' ? 1 : type === '2' ? 2 : 4
  const lengthOctets = length === '0' ? 0 : length === '1' ? 1 : 2
  if (continuation !== undefined && (typeOctets !== 1 || lengthOctets !== 1)) {
    throw new DictionaryError(place, 'continuation needs format=1,1,c')
  }
  return { typeOctets, lengthOctets, continuation: continuation !== undefined }
}

function parseBeginVendor(words: string[], place: string): Statement {
  const [name, option, extra] = words
  const parent = option === undefined ? undefined : /^(?:format|parent)=(.+)$/.exec(option)?.[1]
  if (name === undefined || extra !== undefined || (option !== undefined && parent === undefined)) {
    throw new DictionaryError(place, 'BEGIN-VENDOR takes a name and parent=ATTRIBUTE')
  }
  return { kind: 'begin-vendor', name, parent, place }
}

function onlyName(keyword: string, words: string[], place: string): string {
  const [name, extra] = words
  if (name === undefined || extra !== undefined) throw new DictionaryError(place, `${keyword} takes one name`)
  return name
}

/** A colon would read as a tag and `Attr-` is how attributes without a name are called. */
function checkedName(name: string, place: string): string {
  if (!/^[\w./+()-]+$/.test(name)) throw new DictionaryError(place, `${name} is no name`)
  if (/^attr-/i.test(name)) throw new DictionaryError(place, `${name}: names may not begin with Attr-`)
  return name
}

/** Decimal or hexadecimal, at most 2^32 - 1. */
function parseNumber(text: string, place: string): number {
  const number = /^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(number) || number > 0xffffffff) throw new DictionaryError(place, `${text} is no number`)
  return number
}

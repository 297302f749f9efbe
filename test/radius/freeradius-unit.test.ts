// The unit cases of FreeRADIUS for whole packets (test/vectors/freeradius-unit.json, CC-BY 4.0, Copyright 2019 Network
// RADIUS SARL), with the names and the text of its version 4 mapped to our dictionary.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeAttributes, encodeAttributes, UnknownAttributeError } from '../../src/radius/attributes.ts'
import type { HidingContext, NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret, hashPacket } from '../../src/radius/authenticator.ts'
import { codeName } from '../../src/radius/codes.ts'
import { requireAttribute } from '../../src/radius/dictionary.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { packetWith } from '../support/attributes.ts'
import { dictionary } from '../support/dictionary.ts'
import { packetOf } from '../support/radius.ts'

type UnitCase = { file: string; op: string; input: string; expect: string }
const file = new URL('../vectors/freeradius-unit.json', import.meta.url)
const {
  secret,
  request_authenticator_of_pair_operations: pairAuthenticator,
  cases,
} = JSON.parse(readFileSync(file, 'utf8')) as {
  secret: string
  request_authenticator_of_pair_operations: string
  cases: UnitCase[]
}

/** What of FreeRADIUS has no counterpart here, by the input of the case, with the reason. */
const notApplicable = new Map([
  [
    'Tmp-String-0 := "foof"',
    'an attribute internal to FreeRADIUS that never goes on the wire: ours refuses a name that it does not know',
  ],
  ['Tmp-String-0 := "aaa"', 'as above'],
])

const octetsOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const number = (one: UnitCase): string => `${cases.indexOf(one) + 1} (${one.file})`
const kind = (op: string): (readonly [string, UnitCase])[] =>
  cases.filter((one) => one.op === op && !notApplicable.has(one.input)).map((one) => [number(one), one] as const)

/** Version 4 text of a string as octets: octal and letter escapes, and a backslash before anything else. */
function unescape(text: string): Buffer {
  const letters = new Map([
    ['n', '\n'],
    ['r', '\r'],
    ['t', '\t'],
  ])
  const parts = [...text.matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/gsu)].map(([whole, octal, letter]) => {
    if (octal !== undefined) return Buffer.of(Number.parseInt(octal, 8))
    return Buffer.from(letter === undefined ? whole : (letters.get(letter) ?? letter))
  })
  return Buffer.concat(parts)
}

/** The text of version 4 as a list of name and value. */
function expectedPairs(text: string): { name: string; value: string }[] {
  const pairs = text.match(/[\w.-]+ = (?:"(?:[^"\\]|\\.)*"|[^,]+)/gsu) ?? []
  return pairs.map((pair) => {
    const at = pair.indexOf(' = ')
    return { name: pair.slice(0, at), value: pair.slice(at + 3) }
  })
}

/** One attribute of version 4 as we would decode it. */
function expectedAttribute({ name, value }: { name: string; value: string }): NamedAttribute {
  if (name.startsWith('raw.')) {
    const { path } = requireAttribute(dictionary, name.slice('raw.'.length))
    return { name: `Attr-${path}`, value: octetsOf(value.slice(2)) }
  }
  const definition = requireAttribute(dictionary, name)
  if (value.startsWith('"')) return { name, value: unescape(value.slice(1, -1)) }
  if (value.startsWith('::') && definition.format === 'integer') {
    return { name, value: definition.values.get(value.slice(2))! }
  }
  if (definition.format === 'octets') return { name, value: octetsOf(value.slice(2)) }
  return { name, value: definition.format === 'integer' ? Number(value) : value }
}

/** Decoded text as octets, to be compared with escaped text. */
function withOctets(attribute: NamedAttribute): NamedAttribute {
  const isText = dictionary.attribute(attribute.name)?.format === 'string' && typeof attribute.value === 'string'
  return isText ? { ...attribute, value: Buffer.from(String(attribute.value)) } : attribute
}

function compare(packet: Packet, pairs: { name: string; value: string }[], one: UnitCase): void {
  // Their tests recover hidden values with the authenticator of the test, not with the one in the packet.
  const context: HidingContext = { secret: { octets: Buffer.from(secret) }, authenticator: octetsOf(pairAuthenticator) }
  const decoded = decodeAttributes(dictionary, packet, context)
  expect(decoded.map(withOctets)).toEqual(pairs.map(expectedAttribute))

  const encoded = encodeAttributes(dictionary, decoded, context)
  // Prefixes may leave out zeros or hold bits after their length; ours are written in full with these bits zero.
  if (one.file !== 'packet_rfc3162') expect(encoded).toEqual(packet.octets.subarray(20))
  expect(decodeAttributes(dictionary, packetWith(encoded), context)).toEqual(decoded)
}

describe('FreeRADIUS unit cases', () => {
  it('are 47, of the kinds below', () => {
    expect(cases).toHaveLength(47)
    const sizes = ['encode-proto', 'decode-proto', 'decode-pair'].map((op) => kind(op).length)
    expect(sizes).toEqual([1, 39, 5])
    expect(notApplicable.size).toBe(47 - 1 - 39 - 5)
  })

  it.each(kind('decode-proto'))('decode packet %s', (_name, one) => {
    const packet = packetOf(octetsOf(one.input))
    const [code, authenticator, ...pairs] = expectedPairs(one.expect)
    expect(code).toEqual({ name: 'Packet-Type', value: `::${codeName(packet.code)}` })
    expect(authenticator?.value).toBe(`0x${packet.authenticator.toString('hex')}`)
    compare(packet, pairs, one)
  })

  it.each(kind('decode-pair'))('decode attributes %s', (_name, one) => {
    const packet = packetWith(one.input)
    expect(packet.authenticator.toString('hex')).toBe(pairAuthenticator)
    compare(packet, expectedPairs(one.expect), one)
  })

  it.each(kind('encode-proto'))('encode packet %s', (_name, one) => {
    expect(one.input).toBe('Packet-Type = Access-Accept')
    const octets = Buffer.concat([
      octetsOf('0200001400000000000000000000000000000000'),
      encodeAttributes(dictionary, []),
    ])
    hashPacket(octets, octetsOf(pairAuthenticator), createSecret(secret), octets, 4)
    expect(octets).toEqual(octetsOf(one.expect))
  })

  it.each([...notApplicable])('%s does not apply: %s', (input) => {
    expect(cases.some((one) => one.input === input && one.op === 'encode-proto')).toBe(true)
    const [name = ''] = input.split(' ')
    expect(() => encodeAttributes(dictionary, [{ name, value: 'x' }])).toThrow(UnknownAttributeError)
  })
})

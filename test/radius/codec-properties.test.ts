// Whole packets made by chance: nothing throws, nothing is lost, decode, encode and decode agree.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allOctets,
  decodeAttributes,
  encodeAttributes,
  firstAddress,
  firstInteger,
  firstInteger64,
  firstText,
  joinedOctets,
} from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import type { AttributeDefinition, Dictionary } from '../../src/radius/dictionary.ts'
import { parsePacket } from '../../src/radius/packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { dictionary, dictionaryOf } from '../support/dictionary.ts'

/** Every layout that the codec knows, on top of what Gatehouse ships. */
const odd = dictionaryOf(`
  ATTRIBUTE User-Name 1 string
  ATTRIBUTE User-Password 2 string encrypt=1
  ATTRIBUTE Routers 8 ipaddr array
  ATTRIBUTE Tunnel-Type 64 integer has_tag
  ATTRIBUTE Tunnel-Name 66 string has_tag
  ATTRIBUTE Tunnel-Password 69 string has_tag,encrypt=2
  ATTRIBUTE EAP-Message 79 octets concat
  ATTRIBUTE Prefix 97 ipv6prefix
  ATTRIBUTE Plain 150 tlv
  ATTRIBUTE Plain-Text 150.1 string
  ATTRIBUTE Plain-Deep 150.2 tlv
  ATTRIBUTE Plain-Deeper 150.2.1 integer
  ATTRIBUTE Extended-1 241 extended
  ATTRIBUTE Extended-5 245 long-extended
  ATTRIBUTE Extended-Vendor-1 241.26 evs
  ATTRIBUTE Extended-Vendor-5 245.26 evs
  ATTRIBUTE Number 241.1 integer64
  ATTRIBUTE Group 241.2 tlv
  ATTRIBUTE Group-Text 241.2.1 string
  ATTRIBUTE Group-Byte 241.2.2 byte
  ATTRIBUTE Long 245.1 string
  ATTRIBUTE Long-Group 245.2 tlv
  ATTRIBUTE Long-Group-Text 245.2.1 string
  VENDOR Two 1 format=2,1
  VENDOR Four 2 format=4,0
  VENDOR Wide 3 format=2,2
  VENDOR More 4 format=1,1,c
  VENDOR One 5
  BEGIN-VENDOR Two
  ATTRIBUTE Two-Text 1 string
  END-VENDOR Two
  BEGIN-VENDOR Four
  ATTRIBUTE Four-Number 1 integer
  END-VENDOR Four
  BEGIN-VENDOR Wide
  ATTRIBUTE Wide-Text 1 string
  END-VENDOR Wide
  BEGIN-VENDOR More
  ATTRIBUTE More-Group 1 tlv
  ATTRIBUTE More-Text 1.1 string
  END-VENDOR More
  BEGIN-VENDOR One
  ATTRIBUTE One-Key 1 octets encrypt=2
  ATTRIBUTE One-Group 2 tlv
  ATTRIBUTE One-Text 2.1 string
  END-VENDOR One
  BEGIN-VENDOR One parent=Extended-Vendor-1
  ATTRIBUTE Ext-Text 1 string
  END-VENDOR One
  BEGIN-VENDOR One parent=Extended-Vendor-5
  ATTRIBUTE Long-Ext-Text 1 string
  END-VENDOR One`)

const everyDefinition = (of: Dictionary): AttributeDefinition[] => [...of.attributes()]
const definitions = new Map([
  [dictionary, everyDefinition(dictionary)],
  [odd, everyDefinition(odd)],
])

/** A small generator of its own (xorshift), so that 200,000 packets take seconds; the seed comes from fast-check. */
function generator(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

type Random = (below: number) => number

/** Types that lead into the deeper code come more often than chance would have it. */
const interesting = [1, 2, 8, 26, 26, 26, 64, 66, 69, 79, 79, 97, 150, 241, 241, 244, 245, 245, 245]

/** Octets that look like what they should be, at any depth, with lengths that are mostly right. */
function fill(random: Random, octets: Buffer, from: number, to: number): void {
  for (let at = from; at < to;) {
    octets[at] = random(4) === 0 ? random(256) : random(4)
    const length = Math.min(to - at, 2 + random(12))
    if (at + 1 < to) octets[at + 1] = random(20) === 0 ? random(256) : length
    for (let i = at + 2; i < at + length; i++) octets[i] = random(3) === 0 ? random(256) : random(3)
    at += Math.max(length, 1)
  }
}

function randomDatagram(random: Random): Buffer {
  const octets = Buffer.alloc(20 + random(random(20) === 0 ? 1200 : 160))
  if (random(4) === 0) {
    for (let i = 0; i < octets.length; i++) octets[i] = random(256)
    if (random(2) === 0) octets.writeUInt16BE(octets.length, 2)
    return octets
  }
  octets.writeUInt16BE(octets.length, 2)
  for (let at = 20; at + 2 <= octets.length;) {
    const left = octets.length - at
    const length = left < 4 ? left : Math.min(left, 2 + random(random(5) === 0 ? 253 : 30))
    octets[at] = interesting[random(interesting.length)]!
    octets[at + 1] = length
    let inner = at + 2
    if (octets[at] === 26 && length >= 8) octets.writeUInt32BE([1, 2, 3, 4, 5, 14988, 3561][random(7)]!, inner)
    if (octets[at] === 26) inner += Math.min(4, length - 2)
    fill(random, octets, inner, at + length)
    if (octets[at]! >= 241 && length > 3) octets[at + 2] = [1, 2, 26, random(256)][random(4)]!
    if (octets[at]! >= 245 && length > 4) octets[at + 3] = random(2) * 0x80
    if (octets[at]! >= 241 && octets[at + 2] === 26 && length > 9) octets.writeUInt32BE(random(7), at + length - 5)
    at += length
  }
  // One octet wrong somewhere: where a parser is caught.
  if (random(3) === 0) octets[random(octets.length)] = random(256)
  return octets
}

function readEverything(of: Dictionary, packet: Packet): void {
  for (const definition of definitions.get(of)!) {
    firstText(packet, definition)
    firstInteger(packet, definition)
    firstInteger64(packet, definition)
    firstAddress(packet, definition)
    joinedOctets(packet, definition)
  }
}

const context = testContext()

/** A list without the octets' identity, for quick comparison. */
function key(list: readonly NamedAttribute[]): string {
  return JSON.stringify(list, (_name, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}

function checkPacket(of: Dictionary, packet: Packet, random: Random): void {
  const hiding = { ...context, authenticator: packet.authenticator }
  const list = decodeAttributes(of, packet, hiding)
  if (packet.offsets.length > 0 && list.length === 0) throw new Error('attributes were lost')
  const encoded = encodeAttributes(of, list, hiding)
  const header = Buffer.from(packet.octets.subarray(0, 20))
  header.writeUInt16BE(20 + encoded.length, 2)
  const parsed = parsePacket(Buffer.concat([header, encoded]))
  if (!parsed.ok) throw new Error(`encoded a malformed packet: ${parsed.reason}`)
  const again = decodeAttributes(of, parsed.packet, hiding)
  if (key(again) !== key(list)) throw new Error(`${key(list)} came back as ${key(again)}`)
  if (random(50) === 0) readEverything(of, packet)
}

describe('200,000 packets made by chance', () => {
  it(
    'are parsed or dropped, decoded, encoded and decoded to the same, and nothing throws',
    { timeout: 120_000 },
    () => {
      let packets = 0
      let parsed = 0
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const random = generator(seed)
          for (let i = 0; i < 2000; i++) {
            packets++
            const result = parsePacket(randomDatagram(random))
            if (!result.ok) continue
            parsed++
            checkPacket(i % 2 === 0 ? odd : dictionary, result.packet, random)
          }
        }),
        { numRuns: 100, endOnFailure: true },
      )
      expect(packets).toBe(200_000)
      expect(parsed).toBeGreaterThan(50_000)
    },
  )

  it('parse never throws on octets of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.boolean(), (octets, truthful) => {
        const datagram = Buffer.from(octets)
        if (truthful && datagram.length >= 4) datagram.writeUInt16BE(datagram.length, 2)
        const result = parsePacket(datagram)
        const list = result.ok ? decodeAttributes(odd, result.packet, context) : []
        expect(list.length > 0).toBe(result.ok && result.packet.offsets.length > 0)
      }),
    )
  })
})

describe('readers and lists agree', () => {
  it('on where an attribute is and how many there are', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const result = parsePacket(randomDatagram(generator(seed)))
        if (!result.ok) return
        const list = decodeAttributes(odd, result.packet, context)
        for (const definition of definitions.get(odd)!) {
          const isSimple = !definition.array && !definition.concat && definition.children.size === 0
          if (!isSimple || ['tlv', 'evs', 'extended', 'long-extended'].includes(definition.format)) continue
          const names = [definition.name, `Attr-${definition.path}`]
          const count = list.filter((one) => names.includes(one.name)).length
          expect(allOctets(result.packet, definition)).toHaveLength(count)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('lists made by chance', () => {
  const bytes = (length: number): fc.Arbitrary<Buffer> =>
    fc.uint8Array({ minLength: 1, maxLength: length }).map((octets) => Buffer.from(octets))
  const text = (length: number): fc.Arbitrary<string> => fc.string({ minLength: 1, maxLength: length })
  const one: fc.Arbitrary<NamedAttribute> = fc.oneof(
    fc.record({ name: fc.constantFrom('User-Name', 'Filter-Id', 'Mikrotik-Rate-Limit'), value: text(60) }),
    fc.record({
      name: fc.constantFrom('NAS-Port', 'Mikrotik-Recv-Limit', 'Event-Timestamp'),
      value: fc.nat(0xffffffff),
    }),
    fc.record({ name: fc.constantFrom('Class', 'Proxy-State', 'Attr-200', 'Attr-26.255.1'), value: bytes(60) }),
    fc.record({ name: fc.constant('Tunnel-Type'), value: fc.nat(0xffffff), tag: fc.integer({ min: 1, max: 31 }) }),
    fc.record({
      name: fc.constantFrom('Tunnel-Password', 'Tunnel-Server-Endpoint'),
      value: text(60),
      tag: fc.constant(9),
    }),
    fc.record({ name: fc.constantFrom('MS-MPPE-Send-Key', 'MS-MPPE-Recv-Key'), value: bytes(32) }),
    fc.record({ name: fc.constant('Framed-IP-Address'), value: fc.ipV4() }),
  )

  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), (list) => {
        const packet = packetWith(encodeAttributes(dictionary, list, testContext()))
        expect(decodeAttributes(dictionary, packet, testContext())).toEqual(list)
      }),
    )
  })
})

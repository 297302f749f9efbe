import { describe, expect, it } from 'vitest'
import {
  allOctets,
  encodeAttributes,
  firstAddress,
  firstInteger,
  firstInteger64,
  firstOctets,
  firstText,
  hasAttribute,
  joinedOctets,
} from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { requireAttribute } from '../../src/radius/dictionary.ts'
import type { AttributeDefinition } from '../../src/radius/dictionary.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { packetWith as packetOfAttributes } from '../support/attributes.ts'
import { dictionary, dictionaryOf } from '../support/dictionary.ts'
import { hex, packetOf, vectorCase } from '../support/radius.ts'

const named = (name: string): AttributeDefinition => requireAttribute(dictionary, name)

/** A packet with these attributes, given as hexadecimal or by name. */
function packetWith(attributes: string | readonly NamedAttribute[]): Packet {
  return typeof attributes === 'string'
    ? packetOfAttributes(attributes)
    : packetOfAttributes(encodeAttributes(dictionary, attributes))
}

describe('RFC 2865 §7.2, request', () => {
  const packet = packetOf(hex(vectorCase('rfc2865-section7', '7.2 CHAP framed'), 'request'))

  it('reads each attribute by its definition', () => {
    expect(firstText(packet, named('User-Name'))).toBe('flopsy')
    expect(firstAddress(packet, named('NAS-IP-Address'))).toBe('192.168.1.16')
    expect(firstInteger(packet, named('NAS-Port'))).toBe(20)
    expect(firstOctets(packet, named('CHAP-Password'))).toHaveLength(17)
    expect(firstOctets(packet, named('CHAP-Challenge'))).toBeUndefined()
    expect(firstText(packet, named('Filter-Id'))).toBeUndefined()
    expect(hasAttribute(packet, named('CHAP-Password'))).toBe(true)
    expect(hasAttribute(packet, named('User-Password'))).toBe(false)
  })

  it('gives views of the packet, not copies', () => {
    expect(firstOctets(packet, named('User-Name'))!.buffer).toBe(packet.octets.buffer)
  })
})

describe('RFC 2865 §5: several of a kind', () => {
  const packet = packetWith([
    { name: 'Class', value: 'one' },
    { name: 'Mikrotik-Address-List', value: 'first' },
    { name: 'Class', value: 'two' },
    { name: 'Mikrotik-Address-List', value: 'second' },
  ])

  it('come in the order of the packet', () => {
    expect(allOctets(packet, named('Class')).map(String)).toEqual(['one', 'two'])
    expect(allOctets(packet, named('Mikrotik-Address-List')).map(String)).toEqual(['first', 'second'])
    expect(allOctets(packet, named('State'))).toEqual([])
    expect(firstText(packet, named('Mikrotik-Address-List'))).toBe('first')
  })

  it('are joined where they are one value (RFC 3579 §3.1)', () => {
    const eap = packetWith([{ name: 'EAP-Message', value: Buffer.alloc(600, 7) }])
    expect(eap.offsets).toHaveLength(3)
    expect(joinedOctets(eap, named('EAP-Message'))).toEqual(Buffer.alloc(600, 7))
    expect(joinedOctets(packetWith('4f0401ff'), named('EAP-Message'))).toEqual(Buffer.from([1, 0xff]))
    expect(joinedOctets(packetWith(''), named('EAP-Message'))).toBeUndefined()
  })
})

describe('RFC 2865 §5.26: Vendor-Specific', () => {
  it('finds several attributes inside one', () => {
    const packet = packetWith('1a14 00003a8c 0306 61626364 0308 656667686970')
    expect(allOctets(packet, named('Mikrotik-Group')).map(String)).toEqual(['abcd', 'efghip'])
    expect(hasAttribute(packet, named('Mikrotik-Rate-Limit'))).toBe(false)
  })

  it('does not mix up vendors', () => {
    const packet = packetWith([{ name: 'Cisco-AVPair', value: 'x' }])
    expect(firstOctets(packet, { ...named('Mikrotik-Recv-Limit'), type: 1 })).toBeUndefined()
  })

  it.each([
    ['a Vendor-Id alone', '1a0600003a8c'],
    ['fewer octets than a Vendor-Id', '1a050000ff'],
    ['an inner overrun', '1a0a00003a8c 03056162'],
    ['an inner length below 2', '1a0a00003a8c 03016162'],
    ['one octet left over', '1a0b00003a8c 030461 6208'],
    ['a fault after a good one', '1a0d00003a8c 0303 61 0809 3132'],
  ])('RFC 6929 §2.8: %s hides all that is in it', (_name, attributes) => {
    const packet = packetWith(attributes)
    for (const name of ['Mikrotik-Group', 'Mikrotik-Rate-Limit']) {
      expect(firstOctets(packet, named(name))).toBeUndefined()
      expect(allOctets(packet, named(name))).toEqual([])
    }
  })

  it('goes on after one that is malformed', () => {
    const packet = packetWith('1a0600003a8c 1a0900003a8c 030361')
    expect(firstText(packet, named('Mikrotik-Group'))).toBe('a')
  })
})

describe('values that do not fit', () => {
  it.each([
    ['NAS-Port of 3 octets', '0505000001', 'NAS-Port'],
    ['NAS-Port of 8 octets', '050a0000000000000001', 'NAS-Port'],
    ['Event-Timestamp of 2 octets', '37040001', 'Event-Timestamp'],
    ['Tunnel-Type with a tag above 0x1f', '4006200000 03', 'Tunnel-Type'],
  ])('%s is no number', (_name, attributes, name) => {
    expect(firstInteger(packetWith(attributes), named(name))).toBeUndefined()
    expect(firstOctets(packetWith(attributes), named(name))).toBeDefined()
  })

  it('an address of five octets is none', () => {
    expect(firstAddress(packetWith('08070a00000105'), named('Framed-IP-Address'))).toBeUndefined()
    expect(firstAddress(packetWith('610300'), named('Framed-IPv6-Prefix'))).toBeUndefined()
  })

  it('a number where text is wanted is none, and the reverse', () => {
    const packet = packetWith([{ name: 'User-Name', value: 'abcd' }])
    expect(firstInteger(packet, named('User-Name'))).toBeUndefined()
    expect(firstAddress(packetWith('050600000001'), named('NAS-Port'))).toBeUndefined()
  })
})

describe('text', () => {
  it('loses trailing NULs and shows what is not UTF-8', () => {
    expect(firstText(packetWith('0107616c690000'), named('User-Name'))).toBe('ali')
    expect(firstText(packetWith('010461ff'), named('User-Name'))).toBe('a\\xff')
    expect(firstOctets(packetWith('010461ff'), named('User-Name'))).toEqual(Buffer.from([0x61, 0xff]))
    expect(firstText(packetWith('0102'), named('User-Name'))).toBe('')
  })

  it('comes without its tag (RFC 2868 §3.3)', () => {
    expect(firstText(packetWith('510501 3432'), named('Tunnel-Private-Group-Id'))).toBe('42')
    expect(firstText(packetWith('5104 3432'), named('Tunnel-Private-Group-Id'))).toBe('42')
    expect(firstInteger(packetWith('400601000003'), named('Tunnel-Type'))).toBe(3)
  })
})

describe('IPv6 of a session', () => {
  it('reads prefixes, interface id and address as text', () => {
    const packet = packetWith([
      { name: 'Framed-IPv6-Prefix', value: '2001:db8:1::/64' },
      { name: 'Delegated-IPv6-Prefix', value: '2001:db8:ff00::/56' },
      { name: 'Framed-Interface-Id', value: '1:2:3:4' },
      { name: 'Framed-IPv6-Address', value: '2001:db8:1::5' },
    ])
    expect(firstAddress(packet, named('Framed-IPv6-Prefix'))).toBe('2001:db8:1::/64')
    expect(firstAddress(packet, named('Delegated-IPv6-Prefix'))).toBe('2001:db8:ff00::/56')
    expect(firstAddress(packet, named('Framed-Interface-Id'))).toBe('1:2:3:4')
    expect(firstAddress(packet, named('Framed-IPv6-Address'))).toBe('2001:db8:1::5')
  })
})

describe('attributes in other layouts', () => {
  const odd = dictionaryOf(`
    ATTRIBUTE Extended-Attribute-1 241 extended
    ATTRIBUTE Extended-Attribute-5 245 long-extended
    ATTRIBUTE Extended-Vendor-Specific-1 241.26 evs
    ATTRIBUTE Octets64 241.2 integer64
    ATTRIBUTE Pair 241.3 tlv
    ATTRIBUTE Pair-Left 241.3.1 string
    ATTRIBUTE Long-Text 245.1 string
    VENDOR USR 429 format=4,0
    BEGIN-VENDOR USR
    ATTRIBUTE USR-Port 0x9000 integer
    END-VENDOR USR
    VENDOR Lucent 4846 format=2,1
    BEGIN-VENDOR Lucent
    ATTRIBUTE Lucent-Port 2 integer
    END-VENDOR Lucent
    VENDOR E 77
    BEGIN-VENDOR E parent=Extended-Vendor-Specific-1
    ATTRIBUTE E-Name 5 string
    END-VENDOR E`)
  const attributes: NamedAttribute[] = [
    { name: 'USR-Port', value: 12 },
    { name: 'Lucent-Port', value: 13 },
    { name: 'Octets64', value: 2n ** 40n },
    { name: 'Pair-Left', value: 'left' },
    { name: 'E-Name', value: 'evs' },
    { name: 'Long-Text', value: 'x'.repeat(400) },
  ]
  const packet = packetWith(encodeAttributes(odd, attributes).toString('hex'))
  const find = (name: string): AttributeDefinition => requireAttribute(odd, name)

  it('are read all the same', () => {
    expect(firstInteger(packet, find('USR-Port'))).toBe(12)
    expect(firstInteger(packet, find('Lucent-Port'))).toBe(13)
    expect(firstInteger64(packet, find('Octets64'))).toBe(2n ** 40n)
    expect(firstText(packet, find('Pair-Left'))).toBe('left')
    expect(firstText(packet, find('E-Name'))).toBe('evs')
    expect(firstText(packet, find('Long-Text'))).toBe('x'.repeat(400))
    expect(hasAttribute(packet, find('Pair-Left'))).toBe(true)
    expect(firstInteger64(packet, find('Pair-Left'))).toBeUndefined()
  })

  it('are not found in a packet without them', () => {
    for (const { name } of attributes) expect(allOctets(packetWith('0103611a03 00'), find(name))).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import {
  AttributesTooLongError,
  AttributeValueError,
  decodeAttributes,
  encodeAttributes,
  UnknownAttributeError,
} from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { dictionary, dictionaryOf } from '../support/dictionary.ts'
import { hex, packetOf, vectorCase } from '../support/radius.ts'

function encode(attributes: readonly NamedAttribute[], context = testContext()): string {
  return encodeAttributes(dictionary, attributes, context).toString('hex')
}

/** Octets in hexadecimal without the blanks that make them readable. */
function bare(octets: string): string {
  return octets.replaceAll(' ', '')
}

describe('RFC 2865 §7: the same octets', () => {
  it('7.1, request and reply', () => {
    const one = vectorCase('rfc2865-section7', '7.1 PAP telnet')
    const request = hex(one, 'request')
    const context = { secret: { octets: Buffer.from('xyzzy5461') }, authenticator: request.subarray(4, 20) }
    const attributes = [
      { name: 'User-Name', value: 'nemo' },
      { name: 'User-Password', value: 'arctangent' },
      { name: 'NAS-IP-Address', value: '192.168.1.16' },
      { name: 'NAS-Port', value: 3 },
    ]
    expect(encodeAttributes(dictionary, attributes, context)).toEqual(request.subarray(20))
    const reply = [
      { name: 'Service-Type', value: 'Login-User' },
      { name: 'Login-Service', value: 'Telnet' },
      { name: 'Login-IP-Host', value: '192.168.1.3' },
    ]
    expect(encodeAttributes(dictionary, reply)).toEqual(hex(one, 'reply').subarray(20))
  })

  it.each(['7.2 CHAP framed', '7.3 challenge step 1', '7.3 step 2 with State length corrected to 0x0a'])(
    '%s, decoded and encoded',
    (name) => {
      const one = vectorCase('rfc2865-section7', name)
      for (const field of ['request', 'reply']) {
        const packet = packetOf(hex(one, field))
        const context = { secret: { octets: Buffer.from('xyzzy5461') }, authenticator: packet.authenticator }
        const list = decodeAttributes(dictionary, packet, context)
        expect(encodeAttributes(dictionary, list, context)).toEqual(packet.octets.subarray(20))
      }
    },
  )
})

describe('RFC 2865 §5.26', () => {
  it('puts each attribute of a vendor into a Vendor-Specific of its own', () => {
    const list = [
      { name: 'Mikrotik-Rate-Limit', value: '10M/50M' },
      { name: 'Mikrotik-Recv-Limit', value: 1 },
    ]
    expect(encode(list)).toBe(bare('1a0f00003a8c0809 31304d2f35304d 1a0c00003a8c010600000001'))
  })

  it('keeps to the layout of the vendor', () => {
    const odd = dictionaryOf(`
      VENDOR USR 429 format=4,0
      BEGIN-VENDOR USR
      ATTRIBUTE USR-Port 0x9000 integer
      END-VENDOR USR
      VENDOR Big 5 format=2,2
      BEGIN-VENDOR Big
      ATTRIBUTE Big-One 258 byte
      END-VENDOR Big
      VENDOR WiMAX 24757 format=1,1,c
      BEGIN-VENDOR WiMAX
      ATTRIBUTE WiMAX-Byte 7 byte
      END-VENDOR WiMAX`)
    const octets = (name: string): string => encodeAttributes(odd, [{ name, value: 5 }]).toString('hex')
    expect(octets('USR-Port')).toBe(bare('1a0e 000001ad 00009000 00000005'))
    expect(octets('Big-One')).toBe(bare('1a0b 00000005 0102 0005 05'))
    expect(octets('WiMAX-Byte')).toBe(bare('1a0a 000060b5 070400 05'))
  })

  it('takes attributes without a name', () => {
    expect(encode([{ name: 'Attr-26.14988.200', value: Buffer.from('a') }])).toBe('1a0900003a8cc80361')
    expect(encode([{ name: 'Attr-200', value: Buffer.alloc(0) }])).toBe('c802')
    expect(encode([{ name: 'Attr-26', value: Buffer.from([0, 0, 1]) }])).toBe('1a05000001')
  })
})

describe('RFC 2868', () => {
  it.each<[NamedAttribute, string]>([
    [{ name: 'Tunnel-Type', value: 'L2TP' }, '400600000003'],
    [{ name: 'Tunnel-Type', value: 3, tag: 31 }, '40061f000003'],
    [{ name: 'Tunnel-Private-Group-Id', value: '42' }, '51043432'],
    [{ name: 'Tunnel-Private-Group-Id', value: '42', tag: 0 }, '51043432'],
    [{ name: 'Tunnel-Private-Group-Id', value: '42', tag: 5 }, '5105053432'],
    [{ name: 'Tunnel-Private-Group-Id', value: '\u0005x' }, '5105000578'],
  ])('%j', (attribute, octets) => expect(encode([attribute])).toBe(bare(octets)))

  it('§3.5 hides Tunnel-Password behind its tag', () => {
    const password = { name: 'Tunnel-Password', value: '0123456789abcdef', tag: 2 }
    expect(encode([password], testContext(0x8001))).toBe(
      bare('4525 02 80012294357f392e100ef81f890ad0d9719640755521eadaf5259390a701b2cb95a5'),
    )
  })

  it('§3.5 takes another salt for every value of a packet', () => {
    const keys = Array.from({ length: 20 }, () => ({ name: 'MS-MPPE-Send-Key', value: Buffer.alloc(16, 1) }))
    const packet = packetWith(encode(keys))
    const salts = packet.offsets.map((at) => packet.octets.readUInt16BE(at + 8))
    expect(new Set(salts).size).toBe(20)
    expect(salts.every((salt) => salt >= 0x8000)).toBe(true)
  })
})

describe('RFC 2548 §2.4', () => {
  it('hides the keys of MS-CHAP and gives them back with their zeros', () => {
    const list: NamedAttribute[] = [
      { name: 'MS-CHAP-MPPE-Keys', value: Buffer.concat([Buffer.alloc(8), Buffer.alloc(15, 7), Buffer.alloc(9)]) },
      { name: 'MS-MPPE-Send-Key', value: Buffer.concat([Buffer.alloc(15, 9), Buffer.alloc(1)]) },
      { name: 'MS-MPPE-Recv-Key', value: Buffer.alloc(32, 3) },
    ]
    const octets = encode(list)
    expect(octets).not.toContain('0707070707')
    expect(decodeAttributes(dictionary, packetWith(octets), testContext())).toEqual(list)
  })
})

describe('Ascend secrets', () => {
  it('are one hidden block', () => {
    const list = [{ name: 'Ascend-Send-Secret', value: 'sesame' }]
    expect(decodeAttributes(dictionary, packetWith(encode(list)), testContext())).toEqual(list)
  })
})

describe('RFC 3579 §3.1', () => {
  it('splits EAP-Message and nothing else', () => {
    const value = Buffer.from(Array.from({ length: 600 }, (_, i) => i & 0xff))
    const packet = packetWith(encode([{ name: 'EAP-Message', value }]))
    expect(packet.offsets.map((at) => packet.octets[at + 1])).toEqual([255, 255, 96])
    expect(decodeAttributes(dictionary, packet)).toEqual([{ name: 'EAP-Message', value }])
    expect(() => encode([{ name: 'Reply-Message', value: 'x'.repeat(254) }])).toThrow(
      'Reply-Message: is 254 octets long, at most 253 fit',
    )
  })
})

describe('RFC 6929 §2', () => {
  const extended = dictionaryOf(`
    ATTRIBUTE Extended-Attribute-1 241 extended
    ATTRIBUTE Extended-Attribute-5 245 long-extended
    ATTRIBUTE Extended-Vendor-Specific-1 241.26 evs
    ATTRIBUTE Extended-Vendor-Specific-5 245.26 evs
    ATTRIBUTE Text 241.1 string
    ATTRIBUTE Outer 241.2 tlv
    ATTRIBUTE Left 241.2.1 string
    ATTRIBUTE Right 241.2.2 byte
    ATTRIBUTE Long 245.1 string
    ATTRIBUTE Long-Outer 245.2 tlv
    ATTRIBUTE Long-Left 245.2.1 string
    ATTRIBUTE Plain-Outer 150 tlv
    ATTRIBUTE Plain-Left 150.1 string
    VENDOR V 9
    BEGIN-VENDOR V
    ATTRIBUTE V-Outer 1 tlv
    ATTRIBUTE V-Left 1.1 string
    END-VENDOR V
    BEGIN-VENDOR V parent=Extended-Vendor-Specific-1
    ATTRIBUTE V-Name 5 string
    END-VENDOR V
    BEGIN-VENDOR V parent=Extended-Vendor-Specific-5
    ATTRIBUTE V-Long 5 octets
    END-VENDOR V`)

  function encodeExtended(...attributes: NamedAttribute[]): string {
    const octets = encodeAttributes(extended, attributes)
    expect(decodeAttributes(extended, packetWith(octets))).toEqual(attributes)
    return octets.toString('hex')
  }

  it.each<[string, NamedAttribute[], string]>([
    ['§2.1', [{ name: 'Text', value: 'a' }], 'f1040161'],
    ['§2.2', [{ name: 'Long', value: 'a' }], 'f505010061'],
    ['§2.4', [{ name: 'V-Name', value: 'a' }], 'f1091a000000090561'],
    ['§2.4, long', [{ name: 'V-Long', value: Buffer.of(1) }], 'f50a1a00000000090501'],
    [
      '§2.3, neighbours share a TLV',
      [
        { name: 'Left', value: 'a' },
        { name: 'Right', value: 5 },
      ],
      'f10902 010361 020305',
    ],
    [
      '§2.3, others between them do not',
      [
        { name: 'Left', value: 'a' },
        { name: 'Text', value: 'b' },
        { name: 'Left', value: 'c' },
      ],
      'f10602010361 f1040162 f10602010363',
    ],
    [
      'TLVs of a vendor',
      [
        { name: 'V-Left', value: 'a' },
        { name: 'Attr-26.9.1.7', value: Buffer.of(1) },
      ],
      '1a0e00000009 0108 010361 070301',
    ],
    ['TLVs in a standard attribute', [{ name: 'Plain-Left', value: 'a' }], '9605010361'],
  ])('%s', (_name, attributes, octets) => expect(encodeExtended(...attributes)).toBe(bare(octets)))

  it('§2.2 splits what is too long for one attribute', () => {
    const octets = encodeExtended({ name: 'Long', value: 'x'.repeat(600) })
    expect(packetWith(octets).offsets.map((at) => octets.slice(at * 2 - 40, at * 2 - 32))).toEqual([
      'f5ff0180',
      'f5ff0180',
      'f5660100',
    ])
    encodeExtended({ name: 'V-Long', value: Buffer.alloc(900, 1) })
  })

  it('begins another TLV when one is full', () => {
    const left = (length: number): NamedAttribute => ({ name: 'Left', value: 'a'.repeat(length) })
    expect(packetWith(encodeExtended(left(124), left(124))).offsets).toHaveLength(1)
    expect(packetWith(encodeExtended(left(124), left(125))).offsets).toHaveLength(2)
    const long = (letter: string): NamedAttribute => ({ name: 'Long-Left', value: letter.repeat(253) })
    expect(encodeExtended(long('a'), long('b'))).toContain('f5ff0280')
  })

  it.each([
    ['Text', 253, 252],
    ['Left', 251, 250],
    ['V-Name', 248, 247],
    ['V-Left', 246, 245],
    ['Long-Left', 254, 253],
    ['Long', 4013, 4012],
  ])('%s of %i octets is refused', (name, length, capacity) => {
    expect(() => encodeAttributes(extended, [{ name, value: 'x'.repeat(length) }])).toThrow(
      `${name}: is ${length} octets long, at most ${capacity} fit`,
    )
    encodeExtended({ name, value: 'x'.repeat(capacity) })
  })
})

describe('what cannot be sent is refused with the name of the attribute', () => {
  it.each<[NamedAttribute, string]>([
    [{ name: 'Framed-IP-Address', value: '10.0.0.999' }, 'Framed-IP-Address: 10.0.0.999 is not an IPv4 address'],
    [{ name: 'Mikrotik-Rate-Limit', value: 'x'.repeat(248) }, 'is 248 octets long, at most 247 fit'],
    [{ name: 'User-Password', value: 'x'.repeat(129) }, 'is 129 octets long, at most 128 can be hidden'],
    [{ name: 'Ascend-Send-Secret', value: 'x'.repeat(17) }, 'is 17 octets long, at most 16 can be hidden'],
    [{ name: 'Tunnel-Password', value: 'x'.repeat(240) }, 'is 240 octets long, at most 239 can be hidden'],
    [{ name: 'MS-CHAP2-Response', value: Buffer.alloc(49) }, 'takes 50 octets, not 49'],
    [{ name: 'User-Name', value: 'a', tag: 1 }, 'User-Name: takes no tag'],
    [{ name: 'Tunnel-Type', value: 1, tag: 32 }, 'tag 32 is not from 0 to 31'],
    [{ name: 'Tunnel-Type', value: 1, tag: 1.5 }, 'tag 1.5 is not from 0 to 31'],
    [{ name: 'Tunnel-Type', value: 0x1000000, tag: 1 }, 'has 24 bits'],
    [{ name: 'Filter-Id', value: '' }, 'Filter-Id: is empty'],
  ])('%j', (attribute, message) => {
    expect(() => encode([attribute])).toThrow(AttributeValueError)
    expect(() => encode([attribute])).toThrow(message)
  })

  it.each(['Framed-Ip', '__proto__', 'constructor', '', 'Attr-0'])('%j is no attribute', (name) => {
    expect(() => encode([{ name, value: 1 }])).toThrow(UnknownAttributeError)
  })

  it('a hidden value needs the secret', () => {
    expect(() => encodeAttributes(dictionary, [{ name: 'User-Password', value: 'a' }])).toThrow(
      'User-Password: is hidden and needs the shared secret',
    )
  })

  it('says nothing of a password in its message', () => {
    expect(() => encode([{ name: 'User-Password', value: 's3cret'.repeat(30) }])).toThrow(/^((?!s3cret).)*$/)
  })
})

describe('RFC 2865 §3: 4096 octets', () => {
  const message = (length: number): NamedAttribute => ({ name: 'Reply-Message', value: 'x'.repeat(length) })

  it('are filled and not exceeded', () => {
    const full = [...Array.from({ length: 15 }, () => message(253)), message(249)]
    expect(encodeAttributes(dictionary, full)).toHaveLength(4076)
    expect(() => encode([...full, message(1)])).toThrow(AttributesTooLongError)
    expect(() => encode([...full, { name: 'Attr-241.5', value: Buffer.of(1) }])).toThrow(AttributesTooLongError)
    expect(() => encode([message(253), { name: 'EAP-Message', value: Buffer.alloc(4000) }])).toThrow(
      AttributesTooLongError,
    )
  })

  it('each list is a buffer of its own', () => {
    const first = encodeAttributes(dictionary, [message(5)])
    const copy = Buffer.from(first)
    encodeAttributes(dictionary, [{ name: 'Reply-Message', value: 'yyyyy' }])
    expect(first).toEqual(copy)
    expect(encodeAttributes(dictionary, [])).toHaveLength(0)
  })
})

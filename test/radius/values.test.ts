import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  AttributeValueError,
  decodeValue,
  formatValue,
  longestValue,
  parseValue,
  writeValue,
} from '../../src/radius/values.ts'
import type { AttributeValue } from '../../src/radius/values.ts'
import { dictionaryOf } from '../support/dictionary.ts'

const formats = [
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
] as const
type Format = (typeof formats)[number]

const lines = formats.map((format, index) => `ATTRIBUTE ${format} ${index + 1} ${format}`)
const dictionary = dictionaryOf([...lines, 'ATTRIBUTE sized 100 octets[3]', 'VALUE integer Seven 7'].join('\n'))

function definition(name: string): NonNullable<ReturnType<typeof dictionary.attribute>> {
  return dictionary.attribute(name)!
}

function encode(name: string, value: AttributeValue): Buffer {
  const target = Buffer.alloc(longestValue + 8, 0xee)
  const length = writeValue(target, 4, definition(name), value)
  return target.subarray(4, 4 + length)
}

/** Decodes octets given in hexadecimal. */
function decode(name: string, octets: string): AttributeValue | undefined {
  return decodeValue(definition(name), Buffer.from(octets, 'hex'))
}

describe('RFC 8044 §3: one value, its octets and its text', () => {
  it.each<[Format, AttributeValue, string, string]>([
    ['string', 'bob', '626f62', 'bob'],
    ['string', 'žába', 'c5bec3a16261', 'žába'],
    ['octets', Buffer.from([0, 1, 0xff]), '0001ff', '0x0001ff'],
    ['integer', 0, '00000000', '0'],
    ['integer', 7, '00000007', 'Seven'],
    ['integer', 4294967295, 'ffffffff', '4294967295'],
    ['integer64', 2n ** 64n - 1n, 'ffffffffffffffff', '18446744073709551615'],
    ['byte', 255, 'ff', '255'],
    ['short', 258, '0102', '258'],
    ['signed', -2, 'fffffffe', '-2'],
    ['date', 1893456000, '70dbd880', '2030-01-01T00:00:00Z'],
    ['ipaddr', '192.0.2.1', 'c0000201', '192.0.2.1'],
    ['ipv4prefix', '10.1.0.0/16', '00100a010000', '10.1.0.0/16'],
    ['ipv6addr', '2001:db8::1', '20010db8000000000000000000000001', '2001:db8::1'],
    ['ipv6prefix', '2001:db8::/32', '002020010db8000000000000000000000000', '2001:db8::/32'],
    ['ipv6prefix', '::/0', '000000000000000000000000000000000000', '::/0'],
    ['combo-ip', '192.0.2.1', 'c0000201', '192.0.2.1'],
    ['combo-ip', '::1', '00000000000000000000000000000001', '::1'],
    ['ifid', '0:0:0:1', '0000000000000001', '0:0:0:1'],
    ['ether', '0a:1b:2c:3d:4e:5f', '0a1b2c3d4e5f', '0a:1b:2c:3d:4e:5f'],
    ['abinary', Buffer.from([1, 2]), '0102', '0x0102'],
    ['struct', Buffer.from([1, 2]), '0102', '0x0102'],
  ])('%s %s', (format, value, octets, text) => {
    expect(encode(format, value).toString('hex')).toBe(octets)
    expect(decode(format, octets)).toEqual(value)
    expect(formatValue(definition(format), value)).toBe(text)
    expect(encode(format, parseValue(definition(format), text)).toString('hex')).toBe(octets)
  })
})

describe('RFC 6929 §2.8: octets that do not fit their type are no value', () => {
  it.each<[Format, string]>([
    ['string', ''],
    ['octets', ''],
    ['integer', '000001'],
    ['integer', '0000000001'],
    ['integer64', '00000001'],
    ['byte', '0001'],
    ['short', '01'],
    ['signed', ''],
    ['date', '0000'],
    ['ipaddr', '0102030405'],
    ['ipv4prefix', '00200102'],
    ['ipv4prefix', '002101020304'],
    ['ipv6addr', '20010db8'],
    ['combo-ip', '0102030405060708'],
    ['ifid', '00000000000001'],
    ['ether', '0102030405'],
  ])('%s %s', (format, octets) => expect(decode(format, octets)).toBeUndefined())

  it('keeps a string that is not UTF-8 as octets', () => {
    expect(decode('string', '61ff')).toEqual(Buffer.from([0x61, 0xff]))
    expect(encode('string', Buffer.from([0x61, 0xff])).toString('hex')).toBe('61ff')
    expect(formatValue(definition('string'), Buffer.from([0x61, 0xff]))).toBe('a\\xff')
  })

  it('wants sized octets to have their size', () => {
    expect(decode('sized', '010203')).toEqual(Buffer.from([1, 2, 3]))
    expect(decode('sized', '0102')).toBeUndefined()
    expect(() => encode('sized', Buffer.alloc(4))).toThrow('sized: takes 3 octets, not 4')
  })
})

describe('RFC 3162 §2.3: prefixes', () => {
  it.each([
    ['00', undefined],
    ['0000', '::/0'],
    ['004020010db80a0b12f0', '2001:db8:a0b:12f0::/64'],
    ['004020010db80a0b12f00000000000000001', '2001:db8:a0b:12f0::/64'],
    ['004020010db80a0b12f0000000000000000000', undefined],
    ['008120010db80a0b12f00000000000000001', undefined],
    ['004020010db80a0b12', undefined],
    ['003d20010db80a0b12ff', '2001:db8:a0b:12f8::/61'],
  ])('%s is %s', (octets, text) => expect(decode('ipv6prefix', octets)).toBe(text))

  it('zeroes the bits after the length', () => {
    expect(encode('ipv6prefix', '2001:db8::ffff/120').toString('hex')).toBe('007820010db800000000000000000000ff00')
    expect(encode('ipv4prefix', '10.1.2.3/8').toString('hex')).toBe('00080a000000')
  })

  it('takes the octets of the wire as well', () => {
    expect(encode('ipv6prefix', Buffer.from('002020010db8', 'hex'))).toHaveLength(18)
    expect(() => encode('ipv6prefix', Buffer.from('00ff', 'hex'))).toThrow('is not an IPv6 prefix')
  })
})

describe('a value that cannot be sent is refused with the name of the attribute', () => {
  it.each<[string, AttributeValue, string]>([
    ['string', '', 'is empty'],
    ['string', 5, 'takes text or octets'],
    ['string', 'x'.repeat(5000), 'is 5000 octets long'],
    ['octets', new Uint8Array(0), 'is empty'],
    ['integer', 'Eight', 'Eight is not one of its numbers or names'],
    ['integer', 4294967296, '4294967296 is not a whole number from 0 to 4294967295'],
    ['integer', -1, '-1 is not a whole number from 0 to 4294967295'],
    ['integer', 1.5, '1.5 is not a whole number'],
    ['integer', Number.NaN, 'NaN is not a whole number'],
    ['integer', 5n, '5 is not one of its numbers or names'],
    ['integer', '__proto__', '__proto__ is not one of its numbers or names'],
    ['byte', 256, 'from 0 to 255'],
    ['short', 65536, 'from 0 to 65535'],
    ['signed', 2147483648, 'from -2147483648 to 2147483647'],
    ['integer64', -1n, '-1 is not a 64-bit number'],
    ['integer64', 2n ** 64n, '18446744073709551616 is not a 64-bit number'],
    ['integer64', 0.5, '0.5 is not a 64-bit number'],
    ['ipaddr', '10.0.0.999', '10.0.0.999 is not an IPv4 address'],
    ['ipaddr', 'a.b.c.d', 'a.b.c.d is not an IPv4 address'],
    ['ipaddr', '::1', '::1 is not an IPv4 address'],
    ['ipaddr', Buffer.alloc(5), 'a value of octets is not an IPv4 address'],
    ['ipaddr', 167772161, '167772161 is not an IPv4 address'],
    ['ipv6addr', '10.0.0.1', '10.0.0.1 is not an IPv6 address'],
    ['ipv4prefix', '10.0.0.0/33', '10.0.0.0/33 is not an IPv4 prefix'],
    ['ipv6prefix', '2001:db8::', '2001:db8:: is not an IPv6 prefix'],
    ['combo-ip', 'host', 'host is not an IP address'],
    ['ifid', '::1', '::1 is not an interface id'],
    ['ether', 'aa:bb', 'aa:bb is not a MAC address'],
  ])('%s = %s', (name, value, reason) => {
    expect(() => encode(name, value)).toThrow(AttributeValueError)
    expect(() => encode(name, value)).toThrow(`${name}: `)
    expect(() => encode(name, value)).toThrow(reason)
  })

  it.each([
    ['integer', '1e3', 'is not one of its numbers or names'],
    ['integer', '', 'is not one of its numbers or names'],
    ['integer64', '-1', 'is not a 64-bit number'],
    ['date', 'tomorrow', 'is neither seconds since 1970 nor a date'],
    ['date', '2030-13-01T00:00:00Z', 'is neither seconds since 1970 nor a date'],
    ['octets', '0x123', 'is not whole octets in hexadecimal'],
    ['octets', '0xzz', 'is not whole octets in hexadecimal'],
    ['string', 'a\nb', 'holds a control character'],
    ['octets', 'a\0b', 'holds a control character'],
  ])('%s from the text %j', (name, text, reason) => {
    expect(() => parseValue(definition(name), text)).toThrow(reason)
  })
})

describe('text', () => {
  it('names values, numbers and hexadecimal alike', () => {
    for (const text of ['Seven', '7', '0x07']) expect(parseValue(definition('integer'), text)).toBe(7)
    expect(parseValue(definition('integer64'), '0xff')).toBe(255n)
    expect(parseValue(definition('date'), '60')).toBe(60)
    expect(parseValue(definition('octets'), 'text')).toEqual(Buffer.from('text'))
  })

  it('accepts value names when writing', () => {
    expect(encode('integer', 'Seven').toString('hex')).toBe('00000007')
  })
})

const valueOf: Record<Exclude<Format, 'abinary' | 'struct'>, fc.Arbitrary<AttributeValue>> = {
  string: fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
  octets: fc.uint8Array({ minLength: 1, maxLength: 253 }).map((octets) => Buffer.from(octets)),
  integer: fc.nat(0xffffffff),
  integer64: fc.bigInt(0n, 2n ** 64n - 1n),
  byte: fc.nat(255),
  short: fc.nat(65535),
  signed: fc.integer(),
  date: fc.nat(0xffffffff),
  ipaddr: fc.ipV4(),
  ipv4prefix: fc.tuple(fc.ipV4(), fc.nat(32)).map((parts) => parts.join('/')),
  ipv6addr: fc.ipV6(),
  ipv6prefix: fc.tuple(fc.ipV6(), fc.nat(128)).map((parts) => parts.join('/')),
  'combo-ip': fc.oneof(fc.ipV4(), fc.ipV6()),
  ifid: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  ether: fc.uint8Array({ minLength: 6, maxLength: 6 }),
}

describe('every type', () => {
  it.each(Object.entries(valueOf))('%s comes back, as value and as text', (name, values) => {
    fc.assert(
      fc.property(values, (value) => {
        // A lone surrogate is no text that octets could carry.
        fc.pre(typeof value !== 'string' || value.isWellFormed())
        const octets = encode(name, value)
        const back = decodeValue(definition(name), octets)!
        expect(encode(name, back)).toEqual(octets)
        const text = formatValue(definition(name), back)
        if (name !== 'string') expect(encode(name, parseValue(definition(name), text))).toEqual(octets)
      }),
    )
  })

  it.each(formats)('%s never throws on octets of the wire', (name) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 253 }), (octets) => {
        const value = decodeValue(definition(name), Buffer.from(octets))
        const text = value === undefined ? 'raw' : formatValue(definition(name), value)
        expect(text).toBeTypeOf('string')
      }),
    )
  })
})

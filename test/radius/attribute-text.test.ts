import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AttributeTextError, formatAttribute, parseAttributeText } from '../../src/radius/attribute-text.ts'
import { AttributeValueError, UnknownAttributeError } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { dictionary } from '../support/dictionary.ts'

const parse = (text: string): NamedAttribute => parseAttributeText(dictionary, text)
const format = (attribute: NamedAttribute): string => formatAttribute(dictionary, attribute)

describe('a line of an operator', () => {
  it.each<[string, NamedAttribute]>([
    ['Mikrotik-Rate-Limit = "10M/50M 20M/100M"', { name: 'Mikrotik-Rate-Limit', value: '10M/50M 20M/100M' }],
    ['Mikrotik-Address-List=paying', { name: 'Mikrotik-Address-List', value: 'paying' }],
    ['  Filter-Id  :=  2048/10240  ', { name: 'Filter-Id', value: '2048/10240' }],
    ['framed-mtu += 1492', { name: 'Framed-MTU', value: 1492 }],
    ['Service-Type = Framed-User', { name: 'Service-Type', value: 2 }],
    ['Service-Type = 0x11', { name: 'Service-Type', value: 17 }],
    ['Framed-IP-Address = "192.0.2.7"', { name: 'Framed-IP-Address', value: '192.0.2.7' }],
    ['Delegated-IPv6-Prefix = 2001:db8::/56', { name: 'Delegated-IPv6-Prefix', value: '2001:db8::/56' }],
    ['Framed-Interface-Id = 1:2:3:4', { name: 'Framed-Interface-Id', value: '1:2:3:4' }],
    ['Class = 0x0102ff', { name: 'Class', value: Buffer.from([1, 2, 255]) }],
    ['Class = gold', { name: 'Class', value: Buffer.from('gold') }],
    ['Tunnel-Type:1 = VLAN', { name: 'Tunnel-Type', value: 13, tag: 1 }],
    ['Tunnel-Private-Group-Id:0 = 42', { name: 'Tunnel-Private-Group-Id', value: '42' }],
    ['Tunnel-Password:3 = "a b"', { name: 'Tunnel-Password', value: 'a b', tag: 3 }],
    ['Event-Timestamp = 2030-01-01T00:00:00Z', { name: 'Event-Timestamp', value: 1893456000 }],
    ['Reply-Message = "say \\"hi\\" \\\\o/"', { name: 'Reply-Message', value: 'say "hi" \\o/' }],
    ['Cisco-AVPair = "ip:addr-pool=one"', { name: 'Cisco-AVPair', value: 'ip:addr-pool=one' }],
    ['Attr-26.14988.77 = 0x00ff', { name: 'Attr-26.14988.77', value: Buffer.from([0, 255]) }],
  ])('%s', (text, attribute) => expect(parse(text)).toEqual(attribute))

  it.each(['', 'Framed-MTU', 'Framed-MTU 1492', '= 5', 'Framed MTU = 5', 'Tunnel-Type:x = 1'])(
    '%j has no form',
    (text) => expect(() => parse(text)).toThrow(AttributeTextError),
  )

  it.each(['Framed-Ip = 1', '__proto__ = 1', 'toString = 1'])('%j names nothing', (text) => {
    expect(() => parse(text)).toThrow(UnknownAttributeError)
    expect(() => parse(text)).toThrow(`there is no attribute ${text.split(' ')[0]}`)
  })

  it.each([
    ['Framed-IP-Address = 10.0.0.999', 'Framed-IP-Address: 10.0.0.999 is not an IPv4 address'],
    ['Service-Type = Framed', 'Service-Type: Framed is not one of its numbers or names'],
    ['Framed-MTU = -1', 'Framed-MTU: -1 is not a whole number'],
    ['Framed-MTU =', 'Framed-MTU: has no value'],
    ['Filter-Id = ""', 'Filter-Id: is empty'],
    ['Filter-Id = "a', 'Filter-Id: quotes do not match'],
    ['Filter-Id = "a" b"', 'Filter-Id: quotes do not match'],
    ['Filter-Id = "a\\n"', 'Filter-Id: quotes do not match, or a backslash stands before another character'],
    ['Mikrotik-Rate-Limit = "1M\n2M"', 'Mikrotik-Rate-Limit: holds a control character'],
    ['Filter-Id = a\u0000b', 'Filter-Id: holds a control character'],
    ['Filter-Id = a\u202eb', 'Filter-Id: holds a control character'],
    [`Filter-Id = ${'x'.repeat(254)}`, 'Filter-Id: is 254 octets long, at most 253 fit'],
    [`Mikrotik-Rate-Limit = ${'ž'.repeat(124)}`, 'is 248 octets long, at most 247 fit'],
    ['Filter-Id:1 = a', 'Filter-Id: takes no tag'],
    ['Tunnel-Type:32 = VLAN', 'Tunnel-Type: tag 32 is not from 0 to 31'],
    ['MS-CHAP2-Success = 0x01', 'MS-CHAP2-Success: takes 43 octets, not 1'],
    [`Tunnel-Password = ${'x'.repeat(240)}`, 'at most 239 can be hidden'],
  ])('%j is refused', (text, message) => {
    expect(() => parse(text)).toThrow(AttributeValueError)
    expect(() => parse(text)).toThrow(message)
  })
})

describe('a line of a log', () => {
  it.each<[NamedAttribute, string]>([
    [{ name: 'User-Name', value: 'alice "a"' }, 'User-Name = "alice \\"a\\""'],
    [{ name: 'User-Name', value: Buffer.from([0x61, 0xff]) }, 'User-Name = "a\\xff"'],
    [{ name: 'User-Name', value: 'a\nb' }, 'User-Name = "a\\x0ab"'],
    [{ name: 'Acct-Status-Type', value: 3 }, 'Acct-Status-Type = Interim-Update'],
    [{ name: 'Acct-Status-Type', value: 99 }, 'Acct-Status-Type = 99'],
    [{ name: 'Tunnel-Type', value: 13, tag: 2 }, 'Tunnel-Type:2 = VLAN'],
    [{ name: 'Framed-IPv6-Prefix', value: '2001:db8::/64' }, 'Framed-IPv6-Prefix = 2001:db8::/64'],
    [{ name: 'Event-Timestamp', value: 0 }, 'Event-Timestamp = 1970-01-01T00:00:00Z'],
    [{ name: 'Attr-26.14988.200', value: Buffer.from([1]) }, 'Attr-26.14988.200 = 0x01'],
    [{ name: 'No-Such', value: 5 }, 'No-Such = 5'],
  ])('%j', (attribute, text) => expect(format(attribute)).toBe(text))
})

describe('text and back', () => {
  it('gives the same attribute', () => {
    const printable = fc.string({ minLength: 1, maxLength: 60 })
    const attribute: fc.Arbitrary<NamedAttribute> = fc.oneof(
      fc.record({ name: fc.constantFrom('Reply-Message', 'Mikrotik-Rate-Limit'), value: printable }),
      fc.record({ name: fc.constant('Service-Type'), value: fc.nat(30) }),
      fc.record({ name: fc.constant('Tunnel-Type'), value: fc.nat(20), tag: fc.integer({ min: 1, max: 31 }) }),
      fc.record({ name: fc.constant('Framed-IP-Address'), value: fc.ipV4() }),
      fc.record({ name: fc.constant('Event-Timestamp'), value: fc.nat(0xffffffff) }),
      fc.record({
        name: fc.constantFrom('Class', 'Attr-200'),
        value: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((octets) => Buffer.from(octets)),
      }),
    )
    fc.assert(
      fc.property(attribute, (one) => {
        expect(parse(format(one))).toEqual(one)
      }),
    )
  })
})

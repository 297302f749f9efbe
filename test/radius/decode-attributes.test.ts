import { describe, expect, it } from 'vitest'
import { decodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { decodeHex, packetWith } from '../support/attributes.ts'
import { dictionary, dictionaryOf } from '../support/dictionary.ts'
import { hex, packetOf, vectorCase } from '../support/radius.ts'

const octets = (text: string): Buffer => Buffer.from(text, 'hex')

describe('RFC 2865 §7.1', () => {
  const one = vectorCase('rfc2865-section7', '7.1 PAP telnet')
  const context = { secret: { octets: Buffer.from('xyzzy5461') }, authenticator: hex(one, 'request').subarray(4, 20) }

  it('becomes a list in the order of the packet', () => {
    expect(decodeAttributes(dictionary, packetOf(hex(one, 'request')), context)).toEqual([
      { name: 'User-Name', value: 'nemo' },
      { name: 'User-Password', value: 'arctangent' },
      { name: 'NAS-IP-Address', value: '192.168.1.16' },
      { name: 'NAS-Port', value: 3 },
    ])
    expect(decodeAttributes(dictionary, packetOf(hex(one, 'reply')))).toEqual([
      { name: 'Service-Type', value: 1 },
      { name: 'Login-Service', value: 0 },
      { name: 'Login-IP-Host', value: '192.168.1.3' },
    ])
  })

  it('shows a hidden value as it is when nobody says the secret', () => {
    const list = decodeAttributes(dictionary, packetOf(hex(one, 'request')))
    expect(list[1]).toEqual({ name: 'Attr-2', value: octets('0dbe708d93d413ce3196e43f782a0aee') })
  })
})

describe('R08, R09, RFC 6929 §2.8: what does not fit is kept under its number', () => {
  it.each<[string, string, NamedAttribute[]]>([
    ['an unknown attribute', 'c803ff', [{ name: 'Attr-200', value: octets('ff') }]],
    ['a text without octets', '0102', [{ name: 'Attr-1', value: octets('') }]],
    ['a number of three octets', '0505000001', [{ name: 'Attr-5', value: octets('000001') }]],
    ['an address of five octets', '04070102030405', [{ name: 'Attr-4', value: octets('0102030405') }]],
    ['a password that is no whole block', '0205123456', [{ name: 'Attr-2', value: octets('123456') }]],
    ['a tag that cannot be', '4006200000 03', [{ name: 'Attr-64', value: octets('20000003') }]],
    ['a tagged text with the tag alone', '420301', [{ name: 'Attr-66', value: octets('01') }]],
    ['an unknown vendor', '1a09000000ff010361', [{ name: 'Attr-26.255.1', value: octets('61') }]],
    ['an unknown number of a vendor', '1a0900003a8cc80361', [{ name: 'Attr-26.14988.200', value: octets('61') }]],
    ['a vendor value of the wrong size', '1a0900003a8c010361', [{ name: 'Attr-26.14988.1', value: octets('61') }]],
    ['a short Vendor-Specific', '1a05000001', [{ name: 'Attr-26', value: octets('000001') }]],
    ['a Vendor-Id without attributes', '1a0600003a8c', [{ name: 'Attr-26', value: octets('00003a8c') }]],
    ['an inner overrun', '1a0900003a8c010561', [{ name: 'Attr-26', value: octets('00003a8c010561') }]],
    ['a Vendor-Id with a high octet', '1a0901003a8c010361', [{ name: 'Attr-26', value: octets('01003a8c010361') }]],
    ['nobody as the vendor', '1a0900000000010361', [{ name: 'Attr-26', value: octets('00000000010361') }]],
    ['an unknown extended attribute', 'f10405 61', [{ name: 'Attr-241.5', value: octets('61') }]],
    ['an extended attribute without a value', 'f10305', [{ name: 'Attr-241', value: octets('05') }]],
    ['extended type 0', 'f1040061', [{ name: 'Attr-241', value: octets('0061') }]],
    ['long extended type 0', 'f505000061', [{ name: 'Attr-245', value: octets('000061') }]],
    ['a long extended attribute', 'f505070061', [{ name: 'Attr-245.7', value: octets('61') }]],
    ['a fragment without the next one', 'f505078061', [{ name: 'Attr-245', value: octets('078061') }]],
    [
      'a fragment before another attribute',
      'f505078061 f505080062',
      [
        { name: 'Attr-245', value: octets('078061') },
        { name: 'Attr-245.8', value: octets('62') },
      ],
    ],
    ['an extended vendor', 'f1091a0000000905 61', [{ name: 'Attr-241.26.9.5', value: octets('61') }]],
    ['an extended vendor without a value', 'f1081a0000000905', [{ name: 'Attr-241.26', value: octets('0000000905') }]],
  ])('%s', (_name, attributes, expected) => expect(decodeHex(dictionary, attributes)).toEqual(expected))

  it('takes an attribute without a value where that is what it says', () => {
    expect(decodeHex(dictionary, '1a0800000de9fe02')).toEqual([{ name: 'IWF-Session', value: Buffer.alloc(0) }])
  })

  it('goes on with the next attribute', () => {
    expect(decodeHex(dictionary, '1a05000001 0505000001 010361').at(-1)).toEqual({
      name: 'User-Name',
      value: 'a',
    })
  })
})

describe('RFC 2868 §3', () => {
  it.each<[string, NamedAttribute]>([
    ['400601000003', { name: 'Tunnel-Type', value: 3, tag: 1 }],
    ['400600000003', { name: 'Tunnel-Type', value: 3 }],
    ['40061fffffff', { name: 'Tunnel-Type', value: 0xffffff, tag: 31 }],
    ['5105013432', { name: 'Tunnel-Private-Group-Id', value: '42', tag: 1 }],
    ['51043432', { name: 'Tunnel-Private-Group-Id', value: '42' }],
    ['5105003432', { name: 'Tunnel-Private-Group-Id', value: '42' }],
    ['510520 3432', { name: 'Tunnel-Private-Group-Id', value: ' 42' }],
  ])('%s', (attributes, expected) => expect(decodeHex(dictionary, attributes)).toEqual([expected]))

  it('recovers Tunnel-Password behind its tag', () => {
    const known = '80012294357f392e100ef81f890ad0d9719640755521eadaf5259390a701b2cb95a5'
    expect(decodeHex(dictionary, `452502${known}`)).toEqual([
      { name: 'Tunnel-Password', value: '0123456789abcdef', tag: 2 },
    ])
    expect(decodeHex(dictionary, `452521${known}`)[0]?.name).toBe('Attr-69')
  })
})

describe('RFC 3579 §3.1', () => {
  it('joins the neighbours of EAP-Message and only those', () => {
    const list = decodeHex(dictionary, '4f040102 4f0403ff 010361 4f0309')
    expect(list).toEqual([
      { name: 'EAP-Message', value: octets('010203ff') },
      { name: 'User-Name', value: 'a' },
      { name: 'EAP-Message', value: octets('09') },
    ])
  })
})

describe('several attributes in one', () => {
  it('are listed one by one', () => {
    expect(decodeHex(dictionary, '1a1100003a8c 010600000005 08053235 4d')).toEqual([
      { name: 'Mikrotik-Recv-Limit', value: 5 },
      { name: 'Mikrotik-Rate-Limit', value: '25M' },
    ])
  })

  it('also as an array', () => {
    const array = dictionaryOf('ATTRIBUTE Routers 150 ipaddr array')
    expect(decodeHex(array, '960a 0a0000010a000002')).toEqual([
      { name: 'Routers', value: '10.0.0.1' },
      { name: 'Routers', value: '10.0.0.2' },
    ])
    expect(decodeHex(array, '96070a00000102')).toEqual([{ name: 'Attr-150', value: octets('0a00000102') }])
  })
})

describe('RFC 6929 §2', () => {
  const extended = dictionaryOf(`
    ATTRIBUTE Extended-Attribute-1 241 extended
    ATTRIBUTE Extended-Attribute-5 245 long-extended
    ATTRIBUTE Extended-Vendor-Specific-1 241.26 evs
    ATTRIBUTE Number 241.1 integer
    ATTRIBUTE Outer 241.2 tlv
    ATTRIBUTE Text 241.2.1 string
    ATTRIBUTE Inner 241.2.2 tlv
    ATTRIBUTE Deep 241.2.2.1 short
    ATTRIBUTE Long 245.1 string
    VENDOR V 9
    BEGIN-VENDOR V parent=Extended-Vendor-Specific-1
    ATTRIBUTE V-Name 5 string
    END-VENDOR V`)

  it.each<[string, string, NamedAttribute[]]>([
    ['§2.1 an extended attribute', 'f10701 0000002a', [{ name: 'Number', value: 42 }]],
    ['§2.1 of the wrong size', 'f1050100 2a', [{ name: 'Attr-241.1', value: octets('002a') }]],
    [
      '§2.3 TLVs inside TLVs',
      'f10c02 010361 0206 01040102',
      [
        { name: 'Text', value: 'a' },
        { name: 'Deep', value: 258 },
      ],
    ],
    ['§2.3 an unknown TLV', 'f10602 0903ff', [{ name: 'Attr-241.2.9', value: octets('ff') }]],
    ['§2.3 a TLV without a value', 'f10502 0102', [{ name: 'Attr-241.2', value: octets('0102') }]],
    ['§2.3 a TLV that runs over', 'f10602 010561', [{ name: 'Attr-241.2', value: octets('010561') }]],
    ['§2.4 a vendor', 'f1091a00000009 0561', [{ name: 'V-Name', value: 'a' }]],
    ['§2.2 fragments', 'f5060180 6162 f5050100 63', [{ name: 'Long', value: 'abc' }]],
    ['§2.2 reserved bits are ignored', 'f505017f 61', [{ name: 'Long', value: 'a' }]],
  ])('%s', (_name, attributes, expected) => expect(decodeHex(extended, attributes)).toEqual(expected))
})

describe('WiMAX continuation', () => {
  const wimax = dictionaryOf(`
    VENDOR WiMAX 24757 format=1,1,c
    BEGIN-VENDOR WiMAX
    ATTRIBUTE WiMAX-Capability 1 tlv
    ATTRIBUTE WiMAX-Release 1.1 string
    END-VENDOR WiMAX`)

  it('is read when a value is whole and kept when it goes on', () => {
    expect(decodeHex(wimax, '1a0e000060b5 010800 0105312e30')).toEqual([{ name: 'WiMAX-Release', value: '1.0' }])
    expect(decodeHex(wimax, '1a0e000060b5 010880 0105312e30')[0]?.name).toBe('Attr-26')
  })
})

describe('a packet without attributes', () => {
  it('is an empty list', () => expect(decodeAttributes(dictionary, packetWith(''))).toEqual([]))
})

import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
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
} from '../../src/radius/addresses.ts'

function ipv6(text: string): string | undefined {
  const octets = new Uint8Array(16)
  return writeIpv6(octets, 0, text) ? formatIpv6(octets) : undefined
}

describe('IPv4 text', () => {
  it.each(['0.0.0.0', '10.1.2.3', '255.255.255.254'])('%s comes back as it was', (text) => {
    const octets = new Uint8Array(4)
    expect(writeIpv4(octets, 0, text)).toBe(true)
    expect(formatIpv4(octets)).toBe(text)
  })

  it.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '10.0.0.999',
    '10.0.0.256',
    'a.b.c.d',
    '1.2.3.',
    '.1.2.3',
    '01.2.3.4',
    '1.2.3.4 ',
  ])('%s is none', (text) => expect(writeIpv4(new Uint8Array(4), 0, text)).toBe(false))

  it('agrees with node:net', () => {
    const part = fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '00', 'x', '-1', ' 1'))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        expect(writeIpv4(new Uint8Array(4), 0, parts.join('.'))).toBe(isIPv4(parts.join('.')))
      }),
    )
  })
})

describe('RFC 5952 §4', () => {
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['0:0:1:0:0:0:1:1', '0:0:1::1:1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ])('%s is written %s', (text, canonical) => expect(ipv6(text)).toBe(canonical))

  it.each(['', ':', ':::', '1::2::3', 'fe80::1%eth0', '2001:db8::/64', '1:2:3:4:5:6:7:8:9', '10.0.0.1', 'g::'])(
    '%s is none',
    (text) => expect(ipv6(text)).toBeUndefined(),
  )

  it('is read back by itself and by node:net', () => {
    const octets = fc.uint8Array({ minLength: 16, maxLength: 16 })
    const sparse = octets.map((value) => value.map((octet) => (octet < 200 ? 0 : octet)))
    fc.assert(
      fc.property(fc.oneof(octets, sparse), (address) => {
        const text = formatIpv6(address)
        expect(isIPv6(text)).toBe(true)
        const back = new Uint8Array(16)
        expect(writeIpv6(back, 0, text)).toBe(true)
        expect(back).toEqual(address)
      }),
    )
  })
})

describe('prefixes', () => {
  it('keep their bits and lose the others', () => {
    const octets = new Uint8Array(16).fill(0xff)
    clearHostBits(octets, 0, 16, 61)
    expect(formatIpv6(octets)).toBe('ffff:ffff:ffff:fff8::')
    clearHostBits(octets, 0, 16, 0)
    expect(formatIpv6(octets)).toBe('::')
  })

  it('keep everything at full length', () => {
    const octets = new Uint8Array(4).fill(0xff)
    clearHostBits(octets, 0, 4, 32)
    expect(formatIpv4(octets)).toBe('255.255.255.255')
  })

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0.0/8/8'])(
    '%s is none',
    (text) => expect(splitPrefix(text, 32)).toBeUndefined(),
  )

  it('split at the slash', () => expect(splitPrefix('::/0', 128)).toEqual({ address: '::', length: 0 }))
})

describe('interface ids and MAC addresses', () => {
  it('come back in one form', () => {
    const octets = new Uint8Array(8)
    expect(writeInterfaceId(octets, 0, '0:00AB:1:ffff')).toBe(true)
    expect(formatInterfaceId(octets)).toBe('0:ab:1:ffff')
    expect(writeEther(octets, 0, '0A-1b-2C-3d-4E-5f')).toBe(true)
    expect(formatEther(octets)).toBe('0a:1b:2c:3d:4e:5f')
  })

  it('refuse other text', () => {
    for (const text of ['', '1:2:3', '1:2:3:4:5', '::1', '1:2:3:12345']) {
      expect(writeInterfaceId(new Uint8Array(8), 0, text)).toBe(false)
    }
    for (const text of ['', '0a1b2c3d4e5f', '0a:1b:2c:3d:4e', '0a:1b:2c:3d:4e:5g']) {
      expect(writeEther(new Uint8Array(8), 0, text)).toBe(false)
    }
  })
})

import { describe, expect, it } from 'vitest'
import { parseClientPrefix, parseHost, parseStaticAddress, prefixRange } from '../../src/domain/prefix.ts'

describe('where a client sends from', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1/32'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['::ffff:192.0.2.1', '192.0.2.1/32'],
    ['127.0.0.1', '127.0.0.1/32'],
    [' ::1 ', '::1/128'],
  ])('%s is %s', (text, expected) => {
    expect(parseClientPrefix('address', text)).toBe(expected)
  })

  it('R47: is never the whole internet', () => {
    for (const text of ['0.0.0.0/0', '::/0', '10.0.0.0/0']) {
      expect(() => parseClientPrefix('address', text)).toThrow('address: the whole internet cannot be a client')
    }
  })

  it('has no bits behind its mask, and the message names the prefix that was meant', () => {
    expect(() => parseClientPrefix('address', '192.0.2.1/24')).toThrow('the prefix is 192.0.2.0/24')
    expect(() => parseClientPrefix('address', '10.1.2.3/15')).toThrow('the prefix is 10.0.0.0/15')
    expect(() => parseClientPrefix('address', '2001:db8::1/64')).toThrow('the prefix is 2001:db8::/64')
  })

  it.each([
    '',
    '10.1',
    '0x7f.1',
    '256.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    'bng1',
    'fe80::1%eth0',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '::ffff:10.0.0.0/104',
    '010.0.0.1',
  ])('%j is refused', (text) => {
    expect(() => parseClientPrefix('address', text)).toThrow('address: ')
  })
})

describe('a host', () => {
  it('is one address', () => {
    expect(parseHost('address', '10.0.0.1')).toBe('10.0.0.1')
    expect(parseHost('address', '2001:DB8:0::1')).toBe('2001:db8::1')
    for (const text of ['10.0.0.1/32', '0.0.0.0', '::', '224.0.0.1'])
      expect(() => parseHost('address', text)).toThrow('host')
  })
})

describe('a static address', () => {
  it.each([
    ['198.51.100.7', 'framed-ip', '198.51.100.7/32'],
    ['2001:db8::7', 'framed-ipv6-address', '2001:db8::7/128'],
    ['2001:db8:0:7::/64', 'framed-ipv6-prefix', '2001:db8:0:7::/64'],
    ['2001:db8:100::/56', 'delegated-ipv6-prefix', '2001:db8:100::/56'],
  ])('%s is %s', (text, kind, prefix) => {
    expect(parseStaticAddress('static-ip', text)).toEqual({ kind, prefix })
  })

  it.each(['198.51.100.0/24', '0.0.0.0', '255.255.255.255', '2001:db8::/65', '2001::/8', '::', 'x'])(
    '%s is refused',
    (text) => {
      expect(() => parseStaticAddress('static-ip', text)).toThrow('static-ip: ')
    },
  )

  it('has a first and a last, v4 and v6 apart', () => {
    expect(prefixRange('10.0.0.4/30')).toEqual({ first: 0x0a000004n, last: 0x0a000007n })
    expect(prefixRange('255.255.255.255/32').last).toBeLessThan(prefixRange('::/16').first)
    const { first, last } = prefixRange('2001:db8::/64')
    expect(last - first).toBe(2n ** 64n - 1n)
  })
})

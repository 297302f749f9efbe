import { describe, expect, it } from 'vitest'
import type { Authorization } from '../../../src/domain/authorization.ts'
import { vendorNames } from '../../../src/domain/nas.ts'
import { vendorOf } from '../../../src/nas/vendors/vendor.ts'
import { encodeAttributes } from '../../../src/radius/attributes.ts'
import { formatAttribute } from '../../../src/radius/attribute-text.ts'
import { dictionary } from '../../support/dictionary.ts'

const nothing: Authorization = {
  rates: { downBps: 50_000_000, upBps: 20_000_000, burst: undefined, priority: undefined },
  address: undefined,
  pool: undefined,
  ipv6Prefix: undefined,
  ipv6Address: undefined,
  ipv6Pool: undefined,
  delegatedIpv6Prefix: undefined,
  delegatedIpv6Pool: undefined,
  addressList: undefined,
  sessionTimeoutS: undefined,
  idleTimeoutS: undefined,
  interimIntervalS: 300,
  routes: [],
  class: Buffer.from('0102', 'hex'),
  cui: undefined,
  garden: undefined,
  attributes: [],
}
const everything: Authorization = {
  ...nothing,
  address: '192.0.2.7',
  ipv6Prefix: '2001:db8:1::/64',
  ipv6Address: '2001:db8:1::7',
  delegatedIpv6Prefix: '2001:db8:100::/56',
  addressList: 'residential',
  sessionTimeoutS: 2 ** 31 - 1,
  idleTimeoutS: 900,
  routes: ['192.0.2.0/29 0.0.0.0 1', '198.51.100.0/24 0.0.0.0 1'],
  cui: 'token',
}
const pools: Authorization = { ...nothing, pool: 'home', ipv6Pool: 'home6', delegatedIpv6Pool: 'home-pd' }

function lines(vendor: (typeof vendorNames)[number], authorization: Authorization): string[] {
  return vendorOf(vendor)
    .acceptAttributes(authorization)
    .map((attribute) => formatAttribute(dictionary, attribute))
}

describe('vendorOf', () => {
  it.each(vendorNames)('%s makes attributes that can be sent', (name) => {
    for (const authorization of [nothing, everything, pools]) {
      const attributes = vendorOf(name).acceptAttributes(authorization)
      expect(encodeAttributes(dictionary, attributes).length).toBeGreaterThan(20)
    }
    expect(vendorOf(name).name).toBe(name)
  })
})

describe('MikroTik', () => {
  it('least reply', () => {
    expect(lines('mikrotik', nothing)).toEqual([
      'Mikrotik-Rate-Limit = "20M/50M"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
    ])
  })

  it('everything there is', () => {
    expect(lines('mikrotik', everything)).toEqual([
      'Mikrotik-Rate-Limit = "20M/50M"',
      'Mikrotik-Address-List = "residential"',
      'Framed-IP-Address = 192.0.2.7',
      'Framed-IPv6-Prefix = 2001:db8:1::/64',
      'Framed-IPv6-Address = 2001:db8:1::7',
      'Delegated-IPv6-Prefix = 2001:db8:100::/56',
      // What RouterOS can count at most.
      'Session-Timeout = 21474720',
      'Idle-Timeout = 900',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
      'Chargeable-User-Identity = 0x746f6b656e',
      'Framed-Route = "192.0.2.0/29 0.0.0.0 1"',
      'Framed-Route = "198.51.100.0/24 0.0.0.0 1"',
    ])
  })

  it('pools', () => {
    expect(lines('mikrotik', pools)).toEqual(
      expect.arrayContaining([
        'Framed-Pool = "home"',
        'Framed-IPv6-Pool = "home6"',
        'Mikrotik-Delegated-IPv6-Pool = "home-pd"',
      ]),
    )
  })

  it.each([
    ['vlan4071', { raw: 'vlan4071', cVlan: 4071 }],
    ['VLAN12', { raw: 'VLAN12', cVlan: 12 }],
    ['ether5', { raw: 'ether5' }],
    ['vlan0', { raw: 'vlan0' }],
    ['vlan4095', { raw: 'vlan4095' }],
    ['vlan99999', { raw: 'vlan99999' }],
    ['vlan12-street', { raw: 'vlan12-street' }],
    ['', undefined],
    [undefined, undefined],
  ])('reads the interface of NAS-Port-Id %j', (nasPortId, parts) => {
    expect(vendorOf('mikrotik').readInterface({ nasPortId, calledStationId: 'pppoe-service' })).toEqual(parts)
  })
})

describe('accel-ppp', () => {
  it('puts the rates into Filter-Id as down/up in kbit/s, and the garden behind its pool', () => {
    expect(
      lines('accel-ppp', { ...everything, rates: { ...everything.rates, downBps: 2_048_000, upBps: 10_240_000 } }),
    ).toEqual([
      'Filter-Id = "2048/10240"',
      'Framed-IP-Address = 192.0.2.7',
      'Framed-IPv6-Prefix = 2001:db8:1::/64',
      'Framed-IPv6-Address = 2001:db8:1::7',
      'Delegated-IPv6-Prefix = 2001:db8:100::/56',
      'Session-Timeout = 2147483647',
      'Idle-Timeout = 900',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
      'Chargeable-User-Identity = 0x746f6b656e',
      'Framed-Route = "192.0.2.0/29 0.0.0.0 1"',
      'Framed-Route = "198.51.100.0/24 0.0.0.0 1"',
    ])
  })

  it('never sends 0, which would be no limit', () => {
    expect(lines('accel-ppp', { ...nothing, rates: { ...nothing.rates, downBps: 1, upBps: 499 } })[0]).toBe(
      'Filter-Id = "1/1"',
    )
  })

  it('pools', () => {
    expect(lines('accel-ppp', pools)).toEqual(
      expect.arrayContaining([
        'Framed-Pool = "home"',
        'Framed-IPv6-Pool = "home6"',
        'Delegated-IPv6-Prefix-Pool = "home-pd"',
      ]),
    )
  })

  it.each([
    ['ppp0', 'vlan4071:6a:2f:01:02:03:04', { raw: 'vlan4071', cVlan: 4071 }],
    [undefined, 'vlan4071', { raw: 'vlan4071', cVlan: 4071 }],
    ['ppp0', 'eth0:6a:2f:01:02:03:04', { raw: 'eth0' }],
    // called-sid=mac says nothing of the interface, nor does the session's own.
    ['ppp0', '6a:2f:01:02:03:04', undefined],
    ['ipoe3', '6A:2F:01:02:03:04', undefined],
    ['vlan4071', '6a:2f:01:02:03:04', { raw: 'vlan4071', cVlan: 4071 }],
    ['vlan4071', undefined, { raw: 'vlan4071', cVlan: 4071 }],
    [undefined, undefined, undefined],
  ])('reads the interface of NAS-Port-Id %j and Called-Station-Id %j', (nasPortId, calledStationId, parts) => {
    expect(vendorOf('accel-ppp').readInterface({ nasPortId, calledStationId })).toEqual(parts)
  })
})

describe('standard', () => {
  it('sends WISPr rates and a filter', () => {
    expect(lines('standard', { ...pools, addressList: 'residential' })).toEqual([
      'WISPr-Bandwidth-Max-Down = 50000000',
      'WISPr-Bandwidth-Max-Up = 20000000',
      'Filter-Id = "residential"',
      'Framed-Pool = "home"',
      'Framed-IPv6-Pool = "home6"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
      'Delegated-IPv6-Prefix-Pool = "home-pd"',
    ])
  })

  it('caps a rate at what 32 bits hold', () => {
    const rates = { ...nothing.rates, downBps: 10_000_000_000 }
    expect(lines('standard', { ...nothing, rates })[0]).toBe('WISPr-Bandwidth-Max-Down = 4294967295')
  })

  it('reads the interface of NAS-Port-Id', () => {
    const source = { nasPortId: 'vlan7', calledStationId: 'vlan8' }
    expect(vendorOf('standard').readInterface(source)).toEqual({ raw: 'vlan7', cVlan: 7 })
  })
})

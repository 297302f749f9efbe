import { describe, expect, it } from 'vitest'
import { vendorOf } from '../../../src/nas/vendors/vendor.ts'
import {
  acceptLines,
  changeLines,
  fullAuthorization,
  fullStandardLines,
  gardenAuthorization,
  identityLines,
  leastAuthorization,
  liveSession,
  pooledAuthorization,
  poolGardenAuthorization,
  withRates,
} from '../../support/authorization.ts'

describe('the accept of a standard NAS', () => {
  it('has WISPr rates and a filter', () => {
    expect(acceptLines('standard', { ...pooledAuthorization, addressList: 'residential' })).toEqual([
      'WISPr-Bandwidth-Max-Down = 50000000',
      'WISPr-Bandwidth-Max-Up = 20000000',
      'Filter-Id = "residential"',
      'Framed-Pool = "home"',
      'Framed-IPv6-Pool = "home6"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
      'Delegated-IPv6-Prefix-Pool = "home-pd"',
    ])
    expect(acceptLines('standard', fullAuthorization).slice(3)).toEqual(fullStandardLines)
  })

  it('caps a rate at what 32 bits hold', () => {
    expect(acceptLines('standard', withRates(leastAuthorization, 10_000_000_000, 1))[0]).toBe(
      'WISPr-Bandwidth-Max-Down = 4294967295',
    )
  })
})

describe('the change of a standard NAS', () => {
  it('is rates and filter', () => {
    expect(changeLines('standard', fullAuthorization)).toEqual([
      'WISPr-Bandwidth-Max-Down = 50000000',
      'WISPr-Bandwidth-Max-Up = 20000000',
      'Filter-Id = "residential"',
    ])
    expect(changeLines('standard', gardenAuthorization)).toEqual([
      'WISPr-Bandwidth-Max-Down = 1000000',
      'WISPr-Bandwidth-Max-Up = 1000000',
      'Filter-Id = "garden"',
    ])
    expect(changeLines('standard', poolGardenAuthorization)).toBeUndefined()
  })
})

describe('a session of a standard NAS', () => {
  it('is named by its id alone', () => {
    expect(identityLines('standard', liveSession)).toEqual(['Acct-Session-Id = "81a00007"'])
  })

  it('without an id by all else that is known', () => {
    expect(identityLines('standard', { ...liveSession, acctSessionId: undefined })).toEqual([
      'User-Name = "anna@example.net"',
      'Framed-IP-Address = 192.0.2.7',
      'Calling-Station-Id = "6a:2f:01:02:03:04"',
    ])
    expect(identityLines('standard', { acctSessionId: undefined, username: undefined })).toEqual([])
  })

  it.each([
    ['colons', '6a:2f:01:02:03:04'],
    ['hyphens', '6a-2f-01-02-03-04'],
    ['dots', '6a2f.0102.0304'],
    ['bare', '6a2f01020304'],
  ] as const)('its MAC is written with %s', (macFormat, written) => {
    const session = { acctSessionId: undefined, username: undefined, mac: liveSession.mac, macFormat }
    expect(identityLines('standard', session)).toEqual([`Calling-Station-Id = "${written}"`])
  })

  it('names the NAS only where it is told to', () => {
    expect(identityLines('standard', { ...liveSession, nasIdentifier: 'bng-1', nasAddress: '198.51.100.1' })).toEqual([
      'NAS-Identifier = "bng-1"',
      'NAS-IP-Address = 198.51.100.1',
      'Acct-Session-Id = "81a00007"',
    ])
  })

  it('comes in at the interface of NAS-Port-Id', () => {
    const source = { nasPortId: 'vlan7', calledStationId: 'vlan8' }
    expect(vendorOf('standard').readInterface(source)).toMatchObject({ raw: 'vlan7', cVlan: 7 })
  })
})

import { describe, expect, it } from 'vitest'
import { vendorOf } from '../../../src/nas/vendors/vendor.ts'
import {
  acceptLines,
  burstAuthorization,
  changeLines,
  fullAuthorization,
  fullStandardLines,
  gardenAuthorization,
  identityLines,
  leastAuthorization,
  liveSession,
  pooledAuthorization,
  poolGardenAuthorization,
} from '../../support/authorization.ts'

describe('the accept of MikroTik', () => {
  it('least reply', () => {
    expect(acceptLines('mikrotik', leastAuthorization)).toEqual([
      'Mikrotik-Rate-Limit = "20M/50M"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
    ])
  })

  it('everything there is, with the Session-Timeout that RouterOS can count', () => {
    expect(acceptLines('mikrotik', fullAuthorization)).toEqual([
      'Mikrotik-Rate-Limit = "20M/50M"',
      'Mikrotik-Address-List = "residential"',
      ...fullStandardLines.map((line) => (line.startsWith('Session-T') ? 'Session-Timeout = 21474720' : line)),
    ])
  })

  it('pools', () => {
    expect(acceptLines('mikrotik', pooledAuthorization)).toEqual(
      expect.arrayContaining([
        'Framed-Pool = "home"',
        'Framed-IPv6-Pool = "home6"',
        'Mikrotik-Delegated-IPv6-Pool = "home-pd"',
      ]),
    )
  })
})

describe('the change of MikroTik', () => {
  it('is rate and list; addresses, routes and timeouts are not in it', () => {
    expect(changeLines('mikrotik', fullAuthorization)).toEqual([
      'Mikrotik-Rate-Limit = "20M/50M"',
      'Mikrotik-Address-List = "residential"',
    ])
    expect(changeLines('mikrotik', burstAuthorization)).toEqual([
      'Mikrotik-Rate-Limit = "20M/50M 40M/100M 15M/37500k 8/8"',
    ])
  })

  it('brings a session into a garden behind a list, not into one behind a pool', () => {
    expect(changeLines('mikrotik', gardenAuthorization)).toEqual([
      'Mikrotik-Rate-Limit = "1M/1M"',
      'Mikrotik-Address-List = "garden"',
    ])
    expect(changeLines('mikrotik', poolGardenAuthorization)).toBeUndefined()
  })
})

describe('a session of MikroTik', () => {
  it('is named by id, username and address, never by the NAS', () => {
    expect(identityLines('mikrotik', liveSession)).toEqual([
      'Acct-Session-Id = "81a00007"',
      'User-Name = "anna@example.net"',
      'Framed-IP-Address = 192.0.2.7',
    ])
  })

  it('with IPv6 alone it has no address to be named by', () => {
    expect(identityLines('mikrotik', { ...liveSession, framedIp: undefined })).toEqual([
      'Acct-Session-Id = "81a00007"',
      'User-Name = "anna@example.net"',
    ])
  })

  it('comes in at the interface of NAS-Port-Id', () => {
    const source = { nasPortId: 'vlan4071', calledStationId: 'pppoe-service' }
    expect(vendorOf('mikrotik').readInterface(source)).toMatchObject({ raw: 'vlan4071', cVlan: 4071 })
    expect(vendorOf('mikrotik').readInterface(source, 'called-station-id')).toMatchObject({ raw: 'pppoe-service' })
    expect(vendorOf('mikrotik').readInterface({ nasPortId: undefined, calledStationId: 'a' })).toBeUndefined()
  })
})

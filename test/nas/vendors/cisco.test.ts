import { describe, expect, it } from 'vitest'
import { vendorOf } from '../../../src/nas/vendors/vendor.ts'
import { encodeAttributes } from '../../../src/radius/attributes.ts'
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
import { dictionary } from '../../support/dictionary.ts'

describe('the accept of Cisco', () => {
  it('names policy maps by the rates: in is upload, out is download', () => {
    expect(acceptLines('cisco', leastAuthorization)).toEqual([
      'Cisco-AVPair = "subscriber:sub-qos-policy-in=internet-up-20M"',
      'Cisco-AVPair = "subscriber:sub-qos-policy-out=internet-down-50M"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
    ])
  })

  it('everything there is', () => {
    expect(acceptLines('cisco', fullAuthorization, { service_name: 'home' })).toEqual([
      'Cisco-AVPair = "subscriber:sub-qos-policy-in=home-up-20M"',
      'Cisco-AVPair = "subscriber:sub-qos-policy-out=home-down-50M"',
      'Cisco-AVPair = "ip:inacl=residential"',
      ...fullStandardLines,
    ])
  })

  it('an access list for each way', () => {
    expect(acceptLines('cisco', { ...leastAuthorization, addressList: 'a/b' }).slice(2, 4)).toEqual([
      'Cisco-AVPair = "ip:inacl=a"',
      'Cisco-AVPair = "ip:outacl=b"',
    ])
  })

  it('names an ISG service where it is told to', () => {
    const authorization = withRates(leastAuthorization, 1_536_000, 512_000)
    expect(acceptLines('cisco', authorization, { rate_form: 'service' })[0]).toBe(
      'Cisco-Account-Info = "Ainternet-512k-1536k"',
    )
  })

  it('pools: that of IPv4 is a pair', () => {
    expect(acceptLines('cisco', pooledAuthorization).slice(2)).toEqual([
      'Cisco-AVPair = "ip:addr-pool=home"',
      'Framed-IPv6-Pool = "home6"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
      'Delegated-IPv6-Prefix-Pool = "home-pd"',
    ])
  })

  it('in octets: vendor 9, type 1', () => {
    const attributes = vendorOf('cisco').acceptAttributes(pooledAuthorization)
    const pair = Buffer.from('ip:addr-pool=home').toString('hex')
    expect(encodeAttributes(dictionary, attributes).toString('hex')).toContain(`1a19000000090113${pair}`)
  })
})

describe('the change of Cisco', () => {
  it('is policy maps and access lists', () => {
    expect(changeLines('cisco', fullAuthorization)).toEqual([
      'Cisco-AVPair = "subscriber:sub-qos-policy-in=internet-up-20M"',
      'Cisco-AVPair = "subscriber:sub-qos-policy-out=internet-down-50M"',
      'Cisco-AVPair = "ip:inacl=residential"',
    ])
    expect(changeLines('cisco', gardenAuthorization)).toEqual([
      'Cisco-AVPair = "subscriber:sub-qos-policy-in=internet-up-1M"',
      'Cisco-AVPair = "subscriber:sub-qos-policy-out=internet-down-1M"',
      'Cisco-AVPair = "ip:inacl=garden"',
    ])
  })

  it('cannot swap services, nor bring a session behind a pool', () => {
    expect(changeLines('cisco', leastAuthorization, { rate_form: 'service' })).toBeUndefined()
    expect(changeLines('cisco', poolGardenAuthorization)).toBeUndefined()
  })
})

describe('a session of Cisco', () => {
  it('is named by its id, or by its address', () => {
    expect(identityLines('cisco', liveSession)).toEqual(['Acct-Session-Id = "81a00007"'])
    expect(identityLines('cisco', { ...liveSession, acctSessionId: undefined })).toEqual([
      'Cisco-Account-Info = "S192.0.2.7"',
    ])
    expect(identityLines('cisco', { acctSessionId: undefined, username: 'anna' })).toEqual(['User-Name = "anna"'])
  })

  const service = (acctSessionId: string, ciscoAvPairs: string[], ciscoServiceInfo?: string) =>
    vendorOf('cisco').serviceSession!({ acctSessionId, ciscoAvPairs, ciscoServiceInfo })

  it('its own accounting is no service', () => {
    expect(service('00000123', [])).toBeUndefined()
    expect(
      service('00000123', ['connect-progress=LAN Ses Up', 'service-name=pppoe', 'parent-session-id=']),
    ).toBeUndefined()
    expect(service('00000123', [], 'N')).toBeUndefined()
    expect(vendorOf('cisco').serviceSession!({ acctSessionId: '00000123' })).toBeUndefined()
  })

  it('accounts services that name it', () => {
    expect(service('00000124', ['parent-session-id=00000123'], 'NINTERNET')).toEqual({
      service: 'INTERNET',
      parentSessionId: '00000123',
    })
    expect(service('00000124', ['subscriber:parent-session-id=00000123', 'service-name=VOICE'])).toEqual({
      service: 'VOICE',
      parentSessionId: '00000123',
    })
    expect(service('00000124', ['parent-session-id=00000123'])).toEqual({
      service: '00000124',
      parentSessionId: '00000123',
    })
    expect(service('00000124', ['no pair', '=x'], 'NTV')).toEqual({ service: 'TV', parentSessionId: undefined })
  })
})

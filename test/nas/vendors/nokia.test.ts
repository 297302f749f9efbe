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

const rates = ['Alc-Subscriber-QoS-Override = "i:q:1:pir=20000"', 'Alc-Subscriber-QoS-Override = "e:q:1:pir=50000"']

describe('the accept of Nokia', () => {
  it('has profiles and overrides in kbit/s: ingress is upload, egress is download', () => {
    expect(acceptLines('nokia', leastAuthorization)).toEqual([
      'Alc-Subsc-Prof-Str = "internet"',
      'Alc-SLA-Prof-Str = "internet"',
      ...rates,
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
    ])
  })

  it('everything there is: the IPv6 address is its own', () => {
    expect(acceptLines('nokia', fullAuthorization, { service_name: 'home' })).toEqual([
      'Alc-Subsc-ID-Str = "subscriber-4711"',
      'Alc-Subsc-Prof-Str = "home"',
      'Alc-SLA-Prof-Str = "home"',
      ...rates,
      'Alc-Subscriber-Filter = "Ingr-v4:residential"',
      ...fullStandardLines.filter((line) => !line.startsWith('Framed-IPv6-Address')),
      'Alc-Ipv6-Address = 2001:db8:1::7',
    ])
  })

  it('the name of the largest subscriber fits into 32 characters', () => {
    const [line] = acceptLines('nokia', { ...leastAuthorization, subscriberId: 2n ** 63n - 1n })
    expect(line).toBe('Alc-Subsc-ID-Str = "subscriber-9223372036854775807"')
    expect('subscriber-9223372036854775807'.length).toBeLessThanOrEqual(32)
  })

  it('filters for both ways, or only what goes out', () => {
    expect(acceptLines('nokia', { ...leastAuthorization, addressList: '10/20' })).toContain(
      'Alc-Subscriber-Filter = "Ingr-v4:10,Egr-v4:20"',
    )
    expect(acceptLines('nokia', { ...leastAuthorization, addressList: '/20' })).toContain(
      'Alc-Subscriber-Filter = "Egr-v4:20"',
    )
  })

  it('never says 0 kbit/s', () => {
    expect(acceptLines('nokia', withRates(leastAuthorization, 1, 499))).toContain(
      'Alc-Subscriber-QoS-Override = "i:q:1:pir=1"',
    )
  })

  it('pools: those of IPv6 are its own', () => {
    expect(acceptLines('nokia', pooledAuthorization).slice(4)).toEqual([
      'Framed-Pool = "home"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
      'Alc-SLAAC-IPv6-Pool = "home6"',
      'Alc-Delegated-IPv6-Pool = "home-pd"',
    ])
  })

  it('in octets: vendor 6527, type 126', () => {
    const attributes = vendorOf('nokia').changeAttributes(leastAuthorization)!
    const override = (text: string): string => `1a170000197f7e11${Buffer.from(text).toString('hex')}`
    expect(encodeAttributes(dictionary, attributes).toString('hex')).toBe(
      override('i:q:1:pir=20000') + override('e:q:1:pir=50000'),
    )
  })
})

describe('the change of Nokia', () => {
  it('is overrides and filters; what names a subscriber is not in it', () => {
    expect(changeLines('nokia', fullAuthorization)).toEqual([...rates, 'Alc-Subscriber-Filter = "Ingr-v4:residential"'])
    expect(changeLines('nokia', gardenAuthorization)).toEqual([
      'Alc-Subscriber-QoS-Override = "i:q:1:pir=1000"',
      'Alc-Subscriber-QoS-Override = "e:q:1:pir=1000"',
      'Alc-Subscriber-Filter = "Ingr-v4:garden"',
    ])
    expect(changeLines('nokia', poolGardenAuthorization)).toBeUndefined()
  })
})

describe('a session of Nokia', () => {
  it('is named by its id, which reaches all of its hosts', () => {
    expect(identityLines('nokia', { ...liveSession, acctSessionId: '144DFF00000A2556B757DA' })).toEqual([
      'Acct-Session-Id = "144DFF00000A2556B757DA"',
    ])
  })
})

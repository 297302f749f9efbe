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

describe('the accept of Juniper', () => {
  it('activates a service with upload and download as its parameters', () => {
    expect(acceptLines('juniper', leastAuthorization)).toEqual([
      'ERX-Service-Activate:1 = "internet(20m,50m)"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
    ])
  })

  it.each([
    [50_000_000, 20_000_000, 'internet(20m,50m)'],
    [1_536_000, 512_000, 'internet(512k,1536k)'],
    [1, 64_001, 'internet(64001,1)'],
    [10_000_000_000, 2_500_000_000, 'internet(2500m,10000m)'],
  ])('%d down and %d up are %s', (down, up, service) => {
    expect(acceptLines('juniper', withRates(leastAuthorization, down, up))[0]).toBe(
      `ERX-Service-Activate:1 = "${service}"`,
    )
  })

  it('everything there is', () => {
    expect(acceptLines('juniper', fullAuthorization, { service_name: 'svc-home' })).toEqual([
      'ERX-Service-Activate:1 = "svc-home(20m,50m)"',
      'ERX-Ingress-Policy-Name = "residential"',
      ...fullStandardLines,
    ])
  })

  it('policies for both ways', () => {
    expect(acceptLines('juniper', { ...leastAuthorization, addressList: 'home-in/home-out' }).slice(0, 3)).toEqual([
      'ERX-Service-Activate:1 = "internet(20m,50m)"',
      'ERX-Ingress-Policy-Name = "home-in"',
      'ERX-Egress-Policy-Name = "home-out"',
    ])
  })

  it('shapes what goes to the subscriber where it is told to', () => {
    expect(acceptLines('juniper', leastAuthorization, { rate_form: 'shaping' })).toEqual([
      'ERX-CoS-Shaping-Pmt-Type = "T02 50m"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
    ])
  })

  it('pools: IPv6 has its own', () => {
    expect(acceptLines('juniper', pooledAuthorization)).toEqual([
      'ERX-Service-Activate:1 = "internet(20m,50m)"',
      'Framed-Pool = "home"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
      'ERX-IPv6-NdRa-Pool-Name = "home6"',
      'ERX-IPv6-Delegated-Pool-Name = "home-pd"',
    ])
  })

  it('in octets: vendor 4874, tag 1 (RFC 2868 §3.1)', () => {
    const attributes = vendorOf('juniper').acceptAttributes({ ...pooledAuthorization, addressList: 'a/b' })
    const octets = encodeAttributes(dictionary, attributes).toString('hex')
    const text = (value: string): string => Buffer.from(value).toString('hex')
    expect(octets.startsWith(`1a1a0000130a411401${text('internet(20m,50m)')}`)).toBe(true)
    expect(octets).toContain(`1a090000130a0a03${text('a')}1a090000130a0b03${text('b')}`)
    expect(octets).toContain(`1a0d0000130a9d07${text('home6')}`)
    expect(octets).toContain(`1a0f0000130aa109${text('home-pd')}`)
  })
})

describe('the change of Juniper', () => {
  it('takes the service away by name and brings the new one', () => {
    expect(changeLines('juniper', leastAuthorization)).toEqual([
      'ERX-Service-Deactivate = "internet"',
      'ERX-Service-Activate:1 = "internet(20m,50m)"',
    ])
  })

  it('takes away exactly what runs, where it was accounted', () => {
    const running = ['internet(1m,1m)', 'voice(1m)', 'internet-extra(5m,5m)', 'internet']
    expect(changeLines('juniper', leastAuthorization, {}, running)).toEqual([
      'ERX-Service-Deactivate = "internet(1m,1m)"',
      'ERX-Service-Deactivate = "internet"',
      'ERX-Service-Activate:1 = "internet(20m,50m)"',
    ])
  })

  it('leaves a service that is right', () => {
    expect(changeLines('juniper', leastAuthorization, {}, ['internet(20m,50m)'])).toEqual([])
    expect(changeLines('juniper', leastAuthorization, {}, ['internet(20m,50m)', 'internet(1m,1m)'])).toEqual([
      'ERX-Service-Deactivate = "internet(1m,1m)"',
    ])
  })

  it('has policies; addresses, routes, timeouts and Class are not in it', () => {
    expect(changeLines('juniper', fullAuthorization, { service_name: 'svc' })).toEqual([
      'ERX-Service-Deactivate = "svc"',
      'ERX-Service-Activate:1 = "svc(20m,50m)"',
      'ERX-Ingress-Policy-Name = "residential"',
    ])
  })

  it('brings a session into a garden behind a policy, not into one behind a pool', () => {
    expect(changeLines('juniper', gardenAuthorization)).toEqual([
      'ERX-Service-Deactivate = "internet"',
      'ERX-Service-Activate:1 = "internet(1m,1m)"',
      'ERX-Ingress-Policy-Name = "garden"',
    ])
    expect(changeLines('juniper', poolGardenAuthorization)).toBeUndefined()
  })

  it('shapes anew where rates are told by shaping', () => {
    expect(changeLines('juniper', leastAuthorization, { rate_form: 'shaping' })).toEqual([
      'ERX-CoS-Shaping-Pmt-Type = "T02 50m"',
    ])
  })

  it('in octets: Deactivate has no tag', () => {
    const attributes = vendorOf('juniper').changeAttributes(leastAuthorization)!
    const text = (value: string): string => Buffer.from(value).toString('hex')
    expect(encodeAttributes(dictionary, attributes).toString('hex')).toBe(
      `1a100000130a420a${text('internet')}1a1a0000130a411401${text('internet(20m,50m)')}`,
    )
  })
})

describe('a session of Juniper', () => {
  it('is named by its id alone', () => {
    expect(identityLines('juniper', { ...liveSession, acctSessionId: '4711' })).toEqual(['Acct-Session-Id = "4711"'])
  })

  const texts = { acctSessionId: '4711:12', erxServiceSession: 'internet(20m,50m)' }
  it.each([
    ['its own accounting', { acctSessionId: '4711' }, undefined],
    ['its own with a described id', { acctSessionId: 'jnpr ae0.3221:4711', multiSessionId: '9' }, undefined],
    ['a service', texts, { service: 'internet(20m,50m)', parentSessionId: '4711' }],
    [
      'a service of a described id',
      { ...texts, acctSessionId: 'jnpr ae0.3221:139:12' },
      { service: 'internet(20m,50m)', parentSessionId: 'jnpr ae0.3221:139' },
    ],
    [
      'a service whose parent is named beside',
      { ...texts, acctSessionId: 'jnpr ge-1/0/0:7:12:3', multiSessionId: 'jnpr ge-1/0/0:7' },
      { service: 'internet(20m,50m)', parentSessionId: 'jnpr ge-1/0/0:7' },
    ],
    [
      'a service with an id of its own',
      { ...texts, acctSessionId: '4712', multiSessionId: '4711' },
      { service: 'internet(20m,50m)', parentSessionId: '4711' },
    ],
    ['a service of nobody', { ...texts, acctSessionId: '4712' }, { service: 'internet(20m,50m)' }],
    ['a service with an empty parent', { ...texts, acctSessionId: ':12' }, { service: 'internet(20m,50m)' }],
  ])('%s', (_, given, found) => {
    expect(vendorOf('juniper').serviceSession!(given)).toEqual(found)
  })
})

import { describe, expect, it } from 'vitest'
import { vendorOf } from '../../../src/nas/vendors/vendor.ts'
import { encodeAttributes } from '../../../src/radius/attributes.ts'
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
  withRates,
} from '../../support/authorization.ts'
import { dictionary } from '../../support/dictionary.ts'

const rates = [
  'Huawei-Input-Average-Rate = 20000000',
  'Huawei-Input-Peak-Rate = 20000000',
  'Huawei-Output-Average-Rate = 50000000',
  'Huawei-Output-Peak-Rate = 50000000',
]

describe('the accept of Huawei', () => {
  it('has rates in bit/s: input is upload, output is download', () => {
    expect(acceptLines('huawei', leastAuthorization)).toEqual([
      ...rates,
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
    ])
  })

  it('everything there is', () => {
    expect(acceptLines('huawei', fullAuthorization)).toEqual([
      ...rates,
      'Filter-Id = "residential"',
      ...fullStandardLines,
    ])
  })

  it('a burst is the peak', () => {
    expect(acceptLines('huawei', burstAuthorization).slice(0, 4)).toEqual([
      'Huawei-Input-Average-Rate = 20000000',
      'Huawei-Input-Peak-Rate = 40000000',
      'Huawei-Output-Average-Rate = 50000000',
      'Huawei-Output-Peak-Rate = 100000000',
    ])
  })

  it('caps a rate at what 32 bits hold', () => {
    expect(acceptLines('huawei', withRates(leastAuthorization, 10_000_000_000, 1)).slice(1, 3)).toEqual([
      'Huawei-Input-Peak-Rate = 1',
      'Huawei-Output-Average-Rate = 4294967295',
    ])
  })

  it('pools: that of prefixes is its own', () => {
    expect(acceptLines('huawei', pooledAuthorization).slice(4)).toEqual([
      'Framed-Pool = "home"',
      'Framed-IPv6-Pool = "home6"',
      'Acct-Interim-Interval = 300',
      'Class = 0x0102',
      'Huawei-Delegated-IPv6-Prefix-Pool = "home-pd"',
    ])
  })

  it('in octets: vendor 2011, types 2, 3, 5 and 6', () => {
    const attributes = vendorOf('huawei').changeAttributes(leastAuthorization)!
    expect(encodeAttributes(dictionary, attributes).toString('hex')).toBe(
      [
        '1a0c000007db020601312d00',
        '1a0c000007db030601312d00',
        '1a0c000007db050602faf080',
        '1a0c000007db060602faf080',
      ].join(''),
    )
  })
})

describe('the change of Huawei', () => {
  it('is rates and group', () => {
    expect(changeLines('huawei', fullAuthorization)).toEqual([...rates, 'Filter-Id = "residential"'])
    expect(changeLines('huawei', gardenAuthorization)?.at(-1)).toBe('Filter-Id = "garden"')
    expect(changeLines('huawei', poolGardenAuthorization)).toBeUndefined()
  })
})

describe('a session of Huawei', () => {
  it('is named by its id, however long', () => {
    const acctSessionId = `ME60-1${'0'.repeat(247)}`
    expect(identityLines('huawei', { ...liveSession, acctSessionId })).toEqual([`Acct-Session-Id = "${acctSessionId}"`])
    const attributes = vendorOf('huawei').sessionIdentity({ ...liveSession, acctSessionId })
    expect(encodeAttributes(dictionary, attributes).length).toBe(255)
  })

  it('without an id by username and address', () => {
    expect(identityLines('huawei', { ...liveSession, acctSessionId: undefined, mac: undefined })).toEqual([
      'User-Name = "anna@example.net"',
      'Framed-IP-Address = 192.0.2.7',
    ])
  })

  it('has no services of its own', () => {
    expect(vendorOf('huawei').serviceSession).toBeUndefined()
  })
})

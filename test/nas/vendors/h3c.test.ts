import { describe, expect, it } from 'vitest'
import { vendorOf } from '../../../src/nas/vendors/vendor.ts'
import { encodeAttributes } from '../../../src/radius/attributes.ts'
import {
  acceptLines,
  burstAuthorization,
  changeLines,
  fullAuthorization,
  fullStandardLines,
  identityLines,
  leastAuthorization,
  liveSession,
  pooledAuthorization,
  poolGardenAuthorization,
} from '../../support/authorization.ts'
import { dictionary } from '../../support/dictionary.ts'

const rates = [
  'H3C-Input-Average-Rate = 20000000',
  'H3C-Input-Peak-Rate = 20000000',
  'H3C-Output-Average-Rate = 50000000',
  'H3C-Output-Peak-Rate = 50000000',
]

describe('the accept of H3C', () => {
  it('has rates in bit/s: input is upload, output is download', () => {
    expect(acceptLines('h3c', leastAuthorization)).toEqual([...rates, 'Acct-Interim-Interval = 300', 'Class = 0x0102'])
    expect(acceptLines('h3c', fullAuthorization)).toEqual([...rates, 'Filter-Id = "residential"', ...fullStandardLines])
  })

  it('a burst is the peak', () => {
    expect(acceptLines('h3c', burstAuthorization)).toEqual(
      expect.arrayContaining(['H3C-Input-Peak-Rate = 40000000', 'H3C-Output-Peak-Rate = 100000000']),
    )
  })

  it('pools', () => {
    expect(acceptLines('h3c', pooledAuthorization)).toEqual(
      expect.arrayContaining([
        'Framed-Pool = "home"',
        'Framed-IPv6-Pool = "home6"',
        'Delegated-IPv6-Prefix-Pool = "home-pd"',
      ]),
    )
  })

  it('in octets: vendor 25506, average 2 and 5, peak 1 and 4', () => {
    const attributes = vendorOf('h3c').changeAttributes(leastAuthorization)!
    expect(encodeAttributes(dictionary, attributes).toString('hex')).toBe(
      [
        '1a0c000063a2020601312d00',
        '1a0c000063a2010601312d00',
        '1a0c000063a2050602faf080',
        '1a0c000063a2040602faf080',
      ].join(''),
    )
  })
})

describe('the change of H3C', () => {
  it('is rates and filter', () => {
    expect(changeLines('h3c', fullAuthorization)).toEqual([...rates, 'Filter-Id = "residential"'])
    expect(changeLines('h3c', poolGardenAuthorization)).toBeUndefined()
  })
})

describe('a session of H3C', () => {
  it('is named by its id alone', () => {
    expect(identityLines('h3c', liveSession)).toEqual(['Acct-Session-Id = "81a00007"'])
  })
})

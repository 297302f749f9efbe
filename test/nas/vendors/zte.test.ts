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

const rates = ['ZTE-Rate-Ctrl-SCR-Up = 20000000', 'ZTE-Rate-Ctrl-SCR-Down = 50000000']

describe('the accept of ZTE', () => {
  it('has a sustained rate in bit/s for each direction', () => {
    expect(acceptLines('zte', leastAuthorization)).toEqual([...rates, 'Acct-Interim-Interval = 300', 'Class = 0x0102'])
    expect(acceptLines('zte', fullAuthorization)).toEqual([...rates, 'Filter-Id = "residential"', ...fullStandardLines])
    expect(acceptLines('zte', withRates(leastAuthorization, 2 ** 33, 1))[1]).toBe('ZTE-Rate-Ctrl-SCR-Down = 4294967295')
  })

  it('pools', () => {
    expect(acceptLines('zte', pooledAuthorization)).toEqual(
      expect.arrayContaining([
        'Framed-Pool = "home"',
        'Framed-IPv6-Pool = "home6"',
        'Delegated-IPv6-Prefix-Pool = "home-pd"',
      ]),
    )
  })

  it('in octets: vendor 3902, types 89 and 83', () => {
    const attributes = vendorOf('zte').changeAttributes(leastAuthorization)!
    expect(encodeAttributes(dictionary, attributes).toString('hex')).toBe(
      ['1a0c00000f3e590601312d00', '1a0c00000f3e530602faf080'].join(''),
    )
  })
})

describe('the change of ZTE', () => {
  it('is rates and filter', () => {
    expect(changeLines('zte', gardenAuthorization)).toEqual([
      'ZTE-Rate-Ctrl-SCR-Up = 1000000',
      'ZTE-Rate-Ctrl-SCR-Down = 1000000',
      'Filter-Id = "garden"',
    ])
    expect(changeLines('zte', poolGardenAuthorization)).toBeUndefined()
  })
})

describe('a session of ZTE', () => {
  it('is named by id and username', () => {
    expect(identityLines('zte', liveSession)).toEqual([
      'Acct-Session-Id = "81a00007"',
      'User-Name = "anna@example.net"',
    ])
  })

  it('its MAC is twelve digits where the NAS wants that', () => {
    expect(identityLines('zte', { ...liveSession, acctSessionId: undefined, macFormat: 'bare' })).toEqual([
      'User-Name = "anna@example.net"',
      'Framed-IP-Address = 192.0.2.7',
      'Calling-Station-Id = "6a2f01020304"',
    ])
  })
})

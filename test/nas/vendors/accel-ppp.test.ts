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

describe('the accept of accel-ppp', () => {
  it('puts the rates into Filter-Id as down/up in kbit/s, and the garden behind its pool', () => {
    expect(acceptLines('accel-ppp', withRates(fullAuthorization, 2_048_000, 10_240_000))).toEqual([
      'Filter-Id = "2048/10240"',
      ...fullStandardLines,
    ])
  })

  it('never sends 0, which would be no limit', () => {
    expect(acceptLines('accel-ppp', withRates(leastAuthorization, 1, 499))[0]).toBe('Filter-Id = "1/1"')
  })

  it('pools', () => {
    expect(acceptLines('accel-ppp', pooledAuthorization)).toEqual(
      expect.arrayContaining([
        'Framed-Pool = "home"',
        'Framed-IPv6-Pool = "home6"',
        'Delegated-IPv6-Prefix-Pool = "home-pd"',
      ]),
    )
  })
})

describe('the change of accel-ppp', () => {
  it('is the rate alone: Class or Session-Timeout would end the work on it', () => {
    expect(changeLines('accel-ppp', fullAuthorization)).toEqual(['Filter-Id = "50000/20000"'])
  })

  it('is never a garden, which is a pool', () => {
    expect(changeLines('accel-ppp', gardenAuthorization)).toBeUndefined()
    expect(changeLines('accel-ppp', poolGardenAuthorization)).toBeUndefined()
  })
})

describe('a session of accel-ppp', () => {
  it('is named by its id alone: all that is sent must be equal', () => {
    expect(identityLines('accel-ppp', { ...liveSession, acctSessionId: '00000000000000af' })).toEqual([
      'Acct-Session-Id = "00000000000000af"',
    ])
  })

  it('comes in at Called-Station-Id, not at the interface of the session', () => {
    const { readInterface } = vendorOf('accel-ppp')
    expect(readInterface({ nasPortId: 'ppp0', calledStationId: 'vlan4071:6a:2f:01:02:03:04' })).toMatchObject({
      raw: 'vlan4071',
      cVlan: 4071,
    })
    expect(readInterface({ nasPortId: 'ppp0', calledStationId: '6a:2f:01:02:03:04' })).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import type { Authorization } from '../../../src/domain/authorization.ts'
import { vendorNames } from '../../../src/domain/nas.ts'
import { vendorOf } from '../../../src/nas/vendors/vendor.ts'
import { encodeAttributes } from '../../../src/radius/attributes.ts'
import {
  burstAuthorization,
  fullAuthorization,
  gardenAuthorization,
  leastAuthorization,
  liveSession,
  pooledAuthorization,
  withRates,
} from '../../support/authorization.ts'
import { dictionary } from '../../support/dictionary.ts'

/** Names as long as they may be stored. */
const longest: Authorization = {
  ...fullAuthorization,
  subscriberId: 2n ** 63n - 1n,
  rates: { ...burstAuthorization.rates, downBps: 999_999_999_999, upBps: 999_999_999_999 },
  pool: 'p'.repeat(100),
  ipv6Pool: 'p'.repeat(100),
  delegatedIpv6Pool: 'p'.repeat(100),
  addressList: `${'l'.repeat(50)}/${'l'.repeat(49)}`,
}
const authorizations = [leastAuthorization, fullAuthorization, pooledAuthorization, burstAuthorization, longest]
const settings = { service_name: 's'.repeat(32) }
/** What a CoA must never carry: it would need a new session, or name one instead of changing it (RFC 5176 §3). */
const never =
  /^(Framed-(?!Protocol)|Delegated-|Alc-Delegated|Alc-Ipv6|Alc-Subsc-ID|ERX-IPv6-|Session-Timeout|Class|User-Name)/

describe.each(vendorNames)('%s', (name) => {
  const vendor = vendorOf(name)

  it('knows its name, and whether it was confirmed', () => {
    expect(vendor.name).toBe(name)
    expect(vendor.confirmed).toBe(['mikrotik', 'accel-ppp', 'standard', 'juniper'].includes(name))
  })

  it('makes attributes that can be sent, each within its 253 octets', () => {
    for (const authorization of authorizations) {
      for (const rate_form of [undefined, 'service', 'shaping', 'policy'] as const) {
        const attributes = vendor.acceptAttributes(authorization, { ...settings, rate_form })
        expect(encodeAttributes(dictionary, attributes).length).toBeGreaterThan(20)
        const change = vendor.changeAttributes(authorization, { ...settings, rate_form })
        if (change !== undefined) expect(encodeAttributes(dictionary, change).length).toBeGreaterThan(5)
      }
    }
  })

  it('tells by CoA how fast the subscriber receives, and how fast he sends where it says so', () => {
    for (const rate_form of [undefined, 'service', 'shaping', 'policy'] as const) {
      const given = (downBps: number, upBps: number) =>
        vendor.changeAttributes(withRates(leastAuthorization, downBps, upBps), { ...settings, rate_form })
      const usual = given(50_000_000, 20_000_000)
      if (usual === undefined) continue
      expect(given(40_000_000, 20_000_000)).not.toEqual(usual)
      const isTold = JSON.stringify(given(50_000_000, 10_000_000)) !== JSON.stringify(usual)
      expect(vendor.tellsUpload?.({ rate_form }) ?? true).toBe(isTold)
    }
  })

  it('changes nothing by CoA that needs a new session', () => {
    for (const authorization of [...authorizations, gardenAuthorization]) {
      const names = vendor.changeAttributes(authorization)?.map((attribute) => attribute.name) ?? []
      expect(names.filter((changed) => never.test(changed))).toEqual([])
    }
  })

  it('names a session first by its id, and never by what it changes', () => {
    const identity = vendor.sessionIdentity(liveSession)
    expect(identity[0]).toEqual({ name: 'Acct-Session-Id', value: '81a00007' })
    expect(identity.map((attribute) => attribute.name)).not.toContain('NAS-IP-Address')
    const changed = new Set(vendor.changeAttributes(fullAuthorization)?.map((attribute) => attribute.name))
    expect(identity.filter((attribute) => changed.has(attribute.name))).toEqual([])
  })

  it('sends Class and the addresses of an accept once', () => {
    const names = vendor.acceptAttributes(fullAuthorization).map((attribute) => attribute.name)
    for (const once of ['Class', 'Framed-IP-Address', 'Delegated-IPv6-Prefix', 'Acct-Interim-Interval']) {
      expect(names.filter((found) => found === once)).toEqual([once])
    }
  })

  it('reads NAS-Port-Id, or what was chosen instead', () => {
    const source = { nasPortId: 'uplink', calledStationId: 'other' }
    expect(vendor.readInterface(source, 'nas-port-id')).toEqual({ raw: 'uplink' })
    expect(vendor.readInterface(source, 'called-station-id')).toEqual({ raw: 'other' })
    expect(vendor.readInterface({ nasPortId: undefined, calledStationId: undefined })).toBeUndefined()
  })
})

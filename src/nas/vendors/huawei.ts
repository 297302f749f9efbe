// Huawei ME60 and NE40 (vendor 2011). Unconfirmed: from Huawei's manuals and other servers, no router was asked. Rates in bit/s,
// average and peak for each direction; the address list is the user group in Filter-Id; the pool of prefixes is its own.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { hasItsFence, integerRate } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { VendorRules } from './vendor.ts'

export const huawei: VendorRules = {
  name: 'huawei',
  confirmed: false,
  acceptAttributes(authorization) {
    const attributes = changeable(authorization)
    attributes.push(...framedAttributes(authorization))
    add(attributes, 'Huawei-Delegated-IPv6-Prefix-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  changeAttributes: (authorization) => (hasItsFence(authorization) ? changeable(authorization) : undefined),
  sessionIdentity: (session) => identityAttributes(session),
}

/** A burst is the peak; without one a line may not exceed its rate. */
function changeable({ rates, addressList }: Authorization): NamedAttribute[] {
  const attributes: NamedAttribute[] = [
    { name: 'Huawei-Input-Average-Rate', value: integerRate(rates.upBps) },
    { name: 'Huawei-Input-Peak-Rate', value: integerRate(rates.burst?.upBps ?? rates.upBps) },
    { name: 'Huawei-Output-Average-Rate', value: integerRate(rates.downBps) },
    { name: 'Huawei-Output-Peak-Rate', value: integerRate(rates.burst?.downBps ?? rates.downBps) },
  ]
  add(attributes, 'Filter-Id', addressList)
  return attributes
}

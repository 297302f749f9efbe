// H3C (vendor 25506): what Huawei has, under its own number. Unconfirmed: from H3C's manuals, no router was asked. Rates in
// bit/s, average and peak for each direction; standard pools.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { hasItsFence, integerRate } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { VendorRules } from './vendor.ts'

export const h3c: VendorRules = {
  name: 'h3c',
  confirmed: false,
  acceptAttributes(authorization) {
    const attributes = changeable(authorization)
    attributes.push(...framedAttributes(authorization))
    add(attributes, 'Delegated-IPv6-Prefix-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  changeAttributes: (authorization) => (hasItsFence(authorization) ? changeable(authorization) : undefined),
  sessionIdentity: (session) => identityAttributes(session),
}

function changeable({ rates, addressList }: Authorization): NamedAttribute[] {
  const attributes: NamedAttribute[] = [
    { name: 'H3C-Input-Average-Rate', value: integerRate(rates.upBps) },
    { name: 'H3C-Input-Peak-Rate', value: integerRate(rates.burst?.upBps ?? rates.upBps) },
    { name: 'H3C-Output-Average-Rate', value: integerRate(rates.downBps) },
    { name: 'H3C-Output-Peak-Rate', value: integerRate(rates.burst?.downBps ?? rates.downBps) },
  ]
  add(attributes, 'Filter-Id', addressList)
  return attributes
}

// A NAS that keeps to the RFCs: standard attributes, rates as WISPr-Bandwidth-Max (bit/s, from the subscriber's side), a filter
// list by Filter-Id, the interface in NAS-Port-Id (RFC 2865 §5.11, RFC 2869 §5.17, WISPr 1.0).

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { hasItsFence, integerRate } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { VendorRules } from './vendor.ts'

export const standard: VendorRules = {
  name: 'standard',
  confirmed: true,
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
    { name: 'WISPr-Bandwidth-Max-Down', value: integerRate(rates.downBps) },
    { name: 'WISPr-Bandwidth-Max-Up', value: integerRate(rates.upBps) },
  ]
  add(attributes, 'Filter-Id', addressList)
  return attributes
}

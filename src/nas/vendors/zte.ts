// ZTE M6000 and its kin (vendor 3902). Unconfirmed: from other servers, no router was asked. A sustained rate in bit/s for each
// direction; standard pools; a session is named by its id and its username.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { hasItsFence, integerRate } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { VendorRules } from './vendor.ts'

export const zte: VendorRules = {
  name: 'zte',
  confirmed: false,
  acceptAttributes(authorization) {
    const attributes = changeable(authorization)
    attributes.push(...framedAttributes(authorization))
    add(attributes, 'Delegated-IPv6-Prefix-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  changeAttributes: (authorization) => (hasItsFence(authorization) ? changeable(authorization) : undefined),
  sessionIdentity: (session) => identityAttributes(session, ['User-Name']),
}

function changeable({ rates, addressList }: Authorization): NamedAttribute[] {
  const attributes: NamedAttribute[] = [
    { name: 'ZTE-Rate-Ctrl-SCR-Up', value: integerRate(rates.upBps) },
    { name: 'ZTE-Rate-Ctrl-SCR-Down', value: integerRate(rates.downBps) },
  ]
  add(attributes, 'Filter-Id', addressList)
  return attributes
}

// accel-ppp 1.14: rates in Filter-Id as `down/up` in kbit/s (`shaper attr=Filter-Id`), nothing else by CoA.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { kilobits } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { VendorRules } from './vendor.ts'

export const accelPpp: VendorRules = {
  name: 'accel-ppp',
  confirmed: true,
  acceptAttributes(authorization) {
    // There is no attribute for an address list: what fences the garden is its pool.
    const attributes: NamedAttribute[] = [{ name: 'Filter-Id', value: shaperRate(authorization) }]
    attributes.push(...framedAttributes(authorization))
    add(attributes, 'Delegated-IPv6-Prefix-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  changeAttributes(authorization) {
    // No list can fence a garden. Class or Session-Timeout would end the work on a CoA before its rate.
    return authorization.garden === undefined ? [{ name: 'Filter-Id', value: shaperRate(authorization) }] : undefined
  },
  // Compared as text, all of them: a User-Name in another spelling is refused with Error-Cause 503.
  sessionIdentity: (session) => identityAttributes(session),
}

function shaperRate({ rates }: Authorization): string {
  return `${kilobits(rates.downBps)}/${kilobits(rates.upBps)}`
}

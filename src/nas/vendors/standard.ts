// A NAS that keeps to the RFCs: standard attributes, rates as WISPr-Bandwidth-Max (bit/s, from the subscriber's side), a filter
// list by Filter-Id, the interface in NAS-Port-Id (RFC 2865 §5.11, RFC 2869 §5.17, WISPr 1.0).

import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { parseInterfaceName } from './interface-name.ts'
import type { Vendor } from './vendor.ts'

const largestInteger = 0xffff_ffff

export const standard: Vendor = {
  name: 'standard',
  acceptAttributes(authorization) {
    const { rates } = authorization
    const attributes: NamedAttribute[] = [
      { name: 'WISPr-Bandwidth-Max-Down', value: Math.min(rates.downBps, largestInteger) },
      { name: 'WISPr-Bandwidth-Max-Up', value: Math.min(rates.upBps, largestInteger) },
    ]
    add(attributes, 'Filter-Id', authorization.addressList)
    attributes.push(...framedAttributes(authorization))
    add(attributes, 'Delegated-IPv6-Prefix-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  readInterface: ({ nasPortId }) => (nasPortId === undefined ? undefined : parseInterfaceName(nasPortId)),
}

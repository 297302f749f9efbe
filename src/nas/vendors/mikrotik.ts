// MikroTik RouterOS: Mikrotik-Rate-Limit for rates, Mikrotik-Address-List, a delegated pool of its own; the interface that the
// PPPoE or DHCP server runs on is in NAS-Port-Id. Framed-Pool is ignored beside Framed-IP-Address, so only one is sent.

import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { parseInterfaceName } from './interface-name.ts'
import { formatRateLimit } from './rate-limit.ts'
import type { Vendor } from './vendor.ts'

/** RouterOS counts ticks of 10 ms in 31 bits: its own User Manager caps Session-Timeout here, about 248 days. */
const longestTimeoutS = 21_474_720

export const mikrotik: Vendor = {
  name: 'mikrotik',
  acceptAttributes(authorization) {
    const { sessionTimeoutS } = authorization
    const capped = sessionTimeoutS === undefined ? undefined : Math.min(sessionTimeoutS, longestTimeoutS)
    const attributes: NamedAttribute[] = [{ name: 'Mikrotik-Rate-Limit', value: formatRateLimit(authorization.rates) }]
    add(attributes, 'Mikrotik-Address-List', authorization.addressList)
    attributes.push(...framedAttributes({ ...authorization, sessionTimeoutS: capped }))
    add(attributes, 'Mikrotik-Delegated-IPv6-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  readInterface: ({ nasPortId }) => (nasPortId === undefined ? undefined : parseInterfaceName(nasPortId)),
}

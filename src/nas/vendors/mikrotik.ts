// MikroTik RouterOS: Mikrotik-Rate-Limit for rates, Mikrotik-Address-List, a delegated pool of its own; the interface that the
// PPPoE or DHCP server runs on is in NAS-Port-Id. Framed-Pool is ignored beside Framed-IP-Address, so only one is sent.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { formatRateLimit } from './rate-limit.ts'
import { hasItsFence } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { VendorRules } from './vendor.ts'

/** RouterOS counts ticks of 10 ms in 31 bits: its own User Manager caps Session-Timeout here, about 248 days. */
const longestTimeoutS = 21_474_720

export const mikrotik: VendorRules = {
  name: 'mikrotik',
  confirmed: true,
  acceptAttributes(authorization) {
    const { sessionTimeoutS } = authorization
    const capped = sessionTimeoutS === undefined ? undefined : Math.min(sessionTimeoutS, longestTimeoutS)
    const attributes = changeable(authorization)
    attributes.push(...framedAttributes({ ...authorization, sessionTimeoutS: capped }))
    add(attributes, 'Mikrotik-Delegated-IPv6-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  changeAttributes: (authorization) => (hasItsFence(authorization) ? changeable(authorization) : undefined),
  // Ids begin again with a reboot, so that the id alone may be that of another session.
  sessionIdentity: (session) => identityAttributes(session, ['User-Name', 'Framed-IP-Address']),
}

function changeable({ rates, addressList }: Authorization): NamedAttribute[] {
  const attributes: NamedAttribute[] = [{ name: 'Mikrotik-Rate-Limit', value: formatRateLimit(rates) }]
  add(attributes, 'Mikrotik-Address-List', addressList)
  return attributes
}

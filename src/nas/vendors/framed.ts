// The attributes that every vendor takes in their standard form: addresses, pools, timeouts, routes, Class (RFC 2865, RFC 2869,
// RFC 3162, RFC 4372, RFC 4818, RFC 6911).

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'

/** Service-Type and Framed-Protocol are not sent: they would only repeat what the NAS asked for, to lines that are no PPP. */
export function framedAttributes(authorization: Authorization): NamedAttribute[] {
  const attributes: NamedAttribute[] = []
  add(attributes, 'Framed-IP-Address', authorization.address)
  add(attributes, 'Framed-Pool', authorization.pool)
  add(attributes, 'Framed-IPv6-Prefix', authorization.ipv6Prefix)
  add(attributes, 'Framed-IPv6-Address', authorization.ipv6Address)
  add(attributes, 'Framed-IPv6-Pool', authorization.ipv6Pool)
  add(attributes, 'Delegated-IPv6-Prefix', authorization.delegatedIpv6Prefix)
  add(attributes, 'Session-Timeout', authorization.sessionTimeoutS)
  add(attributes, 'Idle-Timeout', authorization.idleTimeoutS)
  add(attributes, 'Acct-Interim-Interval', authorization.interimIntervalS)
  add(attributes, 'Class', authorization.class)
  add(attributes, 'Chargeable-User-Identity', authorization.cui)
  for (const route of authorization.routes) attributes.push({ name: 'Framed-Route', value: route })
  return attributes
}

/** Adds an attribute where there is a value for it. */
export function add(attributes: NamedAttribute[], name: string, value: NamedAttribute['value'] | undefined): void {
  if (value !== undefined) attributes.push({ name, value })
}

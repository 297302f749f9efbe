// Nokia SR OS (vendor 6527). Unconfirmed: from Nokia's RADIUS reference, no router was asked. A subscriber has a subscriber and
// an SLA profile by name; its rates override the first queue of each direction, in kbit/s; filters are those of the host; pools
// and the address of IPv6 are its own.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { filtersOf, hasItsFence, kilobits, serviceName } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { VendorRules } from './vendor.ts'

export const nokia: VendorRules = {
  name: 'nokia',
  confirmed: false,
  acceptAttributes(authorization, settings) {
    const attributes: NamedAttribute[] = []
    const { subscriberId } = authorization
    // All legs of a line are hosts of one subscriber. At most 32 characters.
    add(attributes, 'Alc-Subsc-ID-Str', subscriberId === undefined ? undefined : `subscriber-${subscriberId}`)
    attributes.push({ name: 'Alc-Subsc-Prof-Str', value: serviceName(settings) })
    attributes.push({ name: 'Alc-SLA-Prof-Str', value: serviceName(settings) })
    attributes.push(...changeable(authorization))
    attributes.push(...framedAttributes({ ...authorization, ipv6Address: undefined, ipv6Pool: undefined }))
    add(attributes, 'Alc-Ipv6-Address', authorization.ipv6Address)
    add(attributes, 'Alc-SLAAC-IPv6-Pool', authorization.ipv6Pool)
    add(attributes, 'Alc-Delegated-IPv6-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  // Without Alc-Subsc-ID-Str, which would name the session instead of changing it.
  changeAttributes: (authorization) => (hasItsFence(authorization) ? changeable(authorization) : undefined),
  // NAS-Port-Id with an address would go first and reach one host only: the id reaches all of a session.
  sessionIdentity: (session) => identityAttributes(session),
}

function changeable({ rates, addressList }: Authorization): NamedAttribute[] {
  const attributes: NamedAttribute[] = [
    { name: 'Alc-Subscriber-QoS-Override', value: `i:q:1:pir=${kilobits(rates.upBps)}` },
    { name: 'Alc-Subscriber-QoS-Override', value: `e:q:1:pir=${kilobits(rates.downBps)}` },
  ]
  const filters = filtersOf(addressList)
  const parts: string[] = []
  if (filters.in !== undefined) parts.push(`Ingr-v4:${filters.in}`)
  if (filters.out !== undefined) parts.push(`Egr-v4:${filters.out}`)
  add(attributes, 'Alc-Subscriber-Filter', parts.length === 0 ? undefined : parts.join(','))
  return attributes
}

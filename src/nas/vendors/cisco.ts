// Cisco ISG and IOS-XE (vendor 9). Unconfirmed: from Cisco's manuals and other servers, no router was asked. Rates are names of
// policy maps that stand ready on the router (`internet-up-20M`, `internet-down-50M`), or of an ISG service
// (`internet-20M-50M`). Services have accounting sessions of their own.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { filtersOf, formatRate, hasItsFence, serviceName } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { RateSettings, ServiceSession, ServiceTexts, VendorRules } from './vendor.ts'

export const cisco: VendorRules = {
  name: 'cisco',
  confirmed: false,
  acceptAttributes(authorization, settings) {
    const attributes = givesService(settings)
      ? [serviceAttribute(authorization, settings)]
      : policyMaps(authorization, settings)
    attributes.push(...accessLists(authorization))
    if (authorization.pool !== undefined) attributes.push(pair('ip:addr-pool', authorization.pool))
    attributes.push(...framedAttributes({ ...authorization, pool: undefined }))
    add(attributes, 'Delegated-IPv6-Prefix-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  changeAttributes(authorization, settings) {
    // A CoA has one Command-Code: it can switch a service on or another one off, not both.
    if (givesService(settings) || !hasItsFence(authorization)) return undefined
    return [...policyMaps(authorization, settings), ...accessLists(authorization)]
  },
  sessionIdentity(session) {
    if (session.acctSessionId !== undefined || session.framedIp === undefined) return identityAttributes(session)
    return [{ name: 'Cisco-Account-Info', value: `S${session.framedIp}` }]
  },
  serviceSession: readService,
}

function givesService(settings: RateSettings | undefined): boolean {
  return settings?.rate_form === 'service'
}

/** `A` stands for a service that starts with the session. */
function serviceAttribute({ rates }: Authorization, settings: RateSettings | undefined): NamedAttribute {
  const name = `${serviceName(settings)}-${formatRate(rates.upBps)}-${formatRate(rates.downBps)}`
  return { name: 'Cisco-Account-Info', value: `A${name}` }
}

function policyMaps({ rates }: Authorization, settings: RateSettings | undefined): NamedAttribute[] {
  const name = serviceName(settings)
  return [
    pair('subscriber:sub-qos-policy-in', `${name}-up-${formatRate(rates.upBps)}`),
    pair('subscriber:sub-qos-policy-out', `${name}-down-${formatRate(rates.downBps)}`),
  ]
}

function accessLists({ addressList }: Authorization): NamedAttribute[] {
  const filters = filtersOf(addressList)
  const attributes: NamedAttribute[] = []
  if (filters.in !== undefined) attributes.push(pair('ip:inacl', filters.in))
  if (filters.out !== undefined) attributes.push(pair('ip:outacl', filters.out))
  return attributes
}

function pair(name: string, value: string): NamedAttribute {
  return { name: 'Cisco-AVPair', value: `${name}=${value}` }
}

/** A service names its session by parent-session-id, and itself by service-name or by `N` in Cisco-Service-Info. */
function readService(texts: ServiceTexts): ServiceSession | undefined {
  const parentSessionId = pairValue(texts.ciscoAvPairs, 'parent-session-id')
  const info = texts.ciscoServiceInfo
  const named = info?.startsWith('N') === true && info.length > 1 ? info.slice(1) : undefined
  if (parentSessionId === undefined && named === undefined) return undefined
  const service = named ?? pairValue(texts.ciscoAvPairs, 'service-name') ?? texts.acctSessionId
  return { service, parentSessionId }
}

/** The value of `name=value`, also behind a protocol: `subscriber:name=value`. */
function pairValue(pairs: readonly string[] = [], name: string): string | undefined {
  for (const text of pairs) {
    const at = text.indexOf('=')
    const written = text.slice(0, at)
    if (at > 0 && at < text.length - 1 && (written === name || written.endsWith(`:${name}`))) return text.slice(at + 1)
  }
  return undefined
}

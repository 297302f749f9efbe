// Juniper MX (Junos; ERX attributes, vendor 4874): rates as parameters of a dynamic service profile, `internet(20m,50m)`, or as
// CoS shaping of what goes to the subscriber; policies, pools of its own for IPv6. A CoA is acknowledged only when all of it is
// committed. Services have accounting sessions of their own.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { filtersOf, formatRate, hasItsFence, serviceName } from './rates.ts'
import { identityAttributes } from './session-identity.ts'
import type { RateSettings, ServiceSession, ServiceTexts, VendorRules } from './vendor.ts'

/** Attributes of one service share a tag (RFC 2868 §3.1); ours is the first and only one. */
const tag = 1

export const juniper: VendorRules = {
  name: 'juniper',
  confirmed: true,
  acceptAttributes(authorization, settings) {
    const attributes = [rateAttribute(authorization, settings), ...policies(authorization)]
    attributes.push(...framedAttributes({ ...authorization, ipv6Pool: undefined }))
    add(attributes, 'ERX-IPv6-NdRa-Pool-Name', authorization.ipv6Pool)
    add(attributes, 'ERX-IPv6-Delegated-Pool-Name', authorization.delegatedIpv6Pool)
    return attributes
  },
  changeAttributes(authorization, settings, services = []) {
    if (!hasItsFence(authorization)) return undefined
    const rates = shapes(settings)
      ? [rateAttribute(authorization, settings)]
      : serviceChange(authorization, settings, services)
    return [...rates, ...policies(authorization)]
  },
  // The shaping rate is that towards the subscriber alone.
  tellsUpload: (settings) => !shapes(settings),
  // User-Name and address would have to fit too; alone they name several sessions, which is refused (Error-Cause 508).
  sessionIdentity: (session) => identityAttributes(session),
  serviceSession: readService,
  startedService(attributes) {
    const value = attributes.find(({ name }) => name === 'ERX-Service-Activate')?.value
    return typeof value === 'string' ? value : undefined
  },
}

function shapes(settings: RateSettings | undefined): boolean {
  return settings?.rate_form === 'shaping'
}

function rateAttribute(authorization: Authorization, settings: RateSettings | undefined): NamedAttribute {
  // $junos-cos-shaping-rate has the tag T02 inside its text. Upload has no shaping: the client profile polices it.
  if (shapes(settings)) return { name: 'ERX-CoS-Shaping-Pmt-Type', value: `T02 ${rate(authorization.rates.downBps)}` }
  return { name: 'ERX-Service-Activate', value: activation(authorization, settings), tag }
}

/** The activation string: service and parameters, upload first. Different parameters make it another service to Junos. */
function activation({ rates }: Authorization, settings: RateSettings | undefined): string {
  return `${serviceName(settings)}(${rate(rates.upBps)},${rate(rates.downBps)})`
}

/** Junos writes k, m and g, decimal. */
function rate(bps: number): string {
  return formatRate(bps).toLowerCase()
}

/** The old service goes and the new one comes in one request: exactly what runs where that is known, else by its name. */
function serviceChange(
  authorization: Authorization,
  settings: RateSettings | undefined,
  services: readonly string[],
): NamedAttribute[] {
  const wanted = activation(authorization, settings)
  const name = serviceName(settings)
  const running = services.filter((service) => service === name || service.startsWith(`${name}(`))
  const old = running.length === 0 ? [name] : running.filter((service) => service !== wanted)
  const attributes: NamedAttribute[] = old.map((value) => ({ name: 'ERX-Service-Deactivate', value }))
  if (!running.includes(wanted)) attributes.push({ name: 'ERX-Service-Activate', value: wanted, tag })
  return attributes
}

function policies({ addressList }: Authorization): NamedAttribute[] {
  const attributes: NamedAttribute[] = []
  const filters = filtersOf(addressList)
  add(attributes, 'ERX-Ingress-Policy-Name', filters.in)
  add(attributes, 'ERX-Egress-Policy-Name', filters.out)
  return attributes
}

/** ERX-Service-Session is in service accounting only; the session's own id stands before a colon of Acct-Session-Id. */
function readService({ acctSessionId, multiSessionId, erxServiceSession }: ServiceTexts): ServiceSession | undefined {
  if (erxServiceSession === undefined) return undefined
  return { service: erxServiceSession, parentSessionId: parentId(acctSessionId, multiSessionId) }
}

function parentId(acctSessionId: string, multiSessionId: string | undefined): string | undefined {
  if (multiSessionId !== undefined && acctSessionId.startsWith(`${multiSessionId}:`)) return multiSessionId
  // `jnpr ae0.3221:1234` is an id in the description format, with a colon of its own.
  const end = acctSessionId.startsWith('jnpr ') ? acctSessionId.lastIndexOf(':') : acctSessionId.indexOf(':')
  return end > 0 ? acctSessionId.slice(0, end) : multiSessionId
}

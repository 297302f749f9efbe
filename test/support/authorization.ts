// Authorizations for tests of vendors, and attributes as lines of text.
import type { Authorization } from '../../src/domain/authorization.ts'
import type { VendorName } from '../../src/domain/nas.ts'
import { vendorOf } from '../../src/nas/vendors/vendor.ts'
import type { RateSettings, SessionIdentityFacts } from '../../src/nas/vendors/vendor.ts'
import { formatAttribute } from '../../src/radius/attribute-text.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { dictionary } from './dictionary.ts'

/** The least there is: 50M down and 20M up. */
export const leastAuthorization: Authorization = {
  rates: { downBps: 50_000_000, upBps: 20_000_000, burst: undefined, priority: undefined },
  address: undefined,
  pool: undefined,
  ipv6Prefix: undefined,
  ipv6Address: undefined,
  ipv6Pool: undefined,
  delegatedIpv6Prefix: undefined,
  delegatedIpv6Pool: undefined,
  addressList: undefined,
  sessionTimeoutS: undefined,
  idleTimeoutS: undefined,
  interimIntervalS: 300,
  routes: [],
  class: Buffer.from('0102', 'hex'),
  cui: undefined,
  garden: undefined,
  attributes: [],
}

/** Static addresses and all else that does not exclude them. */
export const fullAuthorization: Authorization = {
  ...leastAuthorization,
  subscriberId: 4711n,
  address: '192.0.2.7',
  ipv6Prefix: '2001:db8:1::/64',
  ipv6Address: '2001:db8:1::7',
  delegatedIpv6Prefix: '2001:db8:100::/56',
  addressList: 'residential',
  sessionTimeoutS: 2 ** 31 - 1,
  idleTimeoutS: 900,
  routes: ['192.0.2.0/29 0.0.0.0 1', '198.51.100.0/24 0.0.0.0 1'],
  cui: 'token',
}

/** What `fullAuthorization` is in standard attributes, behind what a vendor puts first. */
export const fullStandardLines: readonly string[] = [
  'Framed-IP-Address = 192.0.2.7',
  'Framed-IPv6-Prefix = 2001:db8:1::/64',
  'Framed-IPv6-Address = 2001:db8:1::7',
  'Delegated-IPv6-Prefix = 2001:db8:100::/56',
  'Session-Timeout = 2147483647',
  'Idle-Timeout = 900',
  'Acct-Interim-Interval = 300',
  'Class = 0x0102',
  'Chargeable-User-Identity = 0x746f6b656e',
  'Framed-Route = "192.0.2.0/29 0.0.0.0 1"',
  'Framed-Route = "198.51.100.0/24 0.0.0.0 1"',
]

/** Addresses from pools. */
export const pooledAuthorization: Authorization = {
  ...leastAuthorization,
  pool: 'home',
  ipv6Pool: 'home6',
  delegatedIpv6Pool: 'home-pd',
}

/** A line may go above its rate for a while. */
export const burstAuthorization: Authorization = {
  ...leastAuthorization,
  rates: {
    ...leastAuthorization.rates,
    burst: {
      downBps: 100_000_000,
      upBps: 40_000_000,
      thresholdDownBps: 37_500_000,
      thresholdUpBps: 15_000_000,
      seconds: 8,
    },
  },
}

/** A garden behind a list. */
export const gardenAuthorization: Authorization = {
  ...leastAuthorization,
  rates: { downBps: 1_000_000, upBps: 1_000_000, burst: undefined, priority: undefined },
  addressList: 'garden',
  garden: 'expired',
}

/** A garden that only its pool fences: no CoA can bring a session there. */
export const poolGardenAuthorization: Authorization = {
  ...gardenAuthorization,
  addressList: undefined,
  pool: 'garden',
}

/** A session as all NASes know it. */
export const liveSession: SessionIdentityFacts = {
  acctSessionId: '81a00007',
  username: 'anna@example.net',
  framedIp: '192.0.2.7',
  mac: '6a:2f:01:02:03:04',
}

/** The same rates in other numbers. */
export function withRates(authorization: Authorization, downBps: number, upBps: number): Authorization {
  return { ...authorization, rates: { ...authorization.rates, downBps, upBps } }
}

/** Attributes as lines of text. */
export function linesOf(attributes: readonly NamedAttribute[]): string[] {
  return attributes.map((attribute) => formatAttribute(dictionary, attribute))
}

/** What an Access-Accept says. */
export function acceptLines(vendor: VendorName, authorization: Authorization, settings?: RateSettings): string[] {
  return linesOf(vendorOf(vendor).acceptAttributes(authorization, settings))
}

/** What a CoA says; undefined where it cannot. */
export function changeLines(
  vendor: VendorName,
  authorization: Authorization,
  settings?: RateSettings,
  services?: readonly string[],
): string[] | undefined {
  const attributes = vendorOf(vendor).changeAttributes(authorization, settings, services)
  return attributes === undefined ? undefined : linesOf(attributes)
}

/** What names a session. */
export function identityLines(vendor: VendorName, session: SessionIdentityFacts): string[] {
  return linesOf(vendorOf(vendor).sessionIdentity(session))
}

// A session on an emulated NAS: what the Access-Accept granted, and what has been counted since.

import type { NamedAttribute } from '../radius/attributes.ts'
import type { DialMethod } from './credentials.ts'
import type { LinePlace, SessionFacts, TerminateCause } from './shape.ts'
import { noTraffic } from './traffic.ts'
import type { Counters, Traffic } from './traffic.ts'

/** Which addresses a session has. 'v4' and 'v6' name a leg of a line that has two sessions. */
export type Stack = 'v4' | 'v6' | 'dual'

/** Who dials in, and how. For IPoE `username` is for the reader only, and password and method are not used. */
export type Dial = {
  username: string
  password: string
  method: DialMethod
  /** Lower case with colons: the line. */
  mac: string
  /** The rates that its traffic is drawn from, in bits per second. Default 50 and 20 Mbit/s. */
  downBps?: number
  upBps?: number
  place?: LinePlace
  /** Default: IPv4 only, and no leg of anything. */
  stack?: Stack
  multiSessionId?: string
}

/** What of an Access-Accept a NAS applies. */
export type Grant = {
  framedIp: string | undefined
  framedIpv6Prefix: string | undefined
  delegatedIpv6Prefix: string | undefined
  pool: string | undefined
  /** In the vendor's own words: Mikrotik-Rate-Limit or Filter-Id. */
  rateLimit: string | undefined
  sessionTimeout: number | undefined
  idleTimeout: number | undefined
  interimInterval: number | undefined
  classes: readonly Uint8Array[]
  /** The value of MS-CHAP2-Success. */
  success: Uint8Array | undefined
}

export type NasSession = SessionFacts & {
  /** Numbers the dial-ins of the NAS over all its reboots: those that became sessions leave gaps. */
  readonly number: number
  readonly dial: Dial
  readonly traffic: Traffic
  grant: Grant
  sessionTime: number
  counters: Counters
  /** Rises when the counters fall back to zero. */
  segment: number
  /** How many records it has made, and how often its lease was renewed. */
  records: number
  renewals: number
  /** The services on it, by their number. */
  readonly services: NasSession[]
  /** Undefined while it is online. */
  endedBy: TerminateCause | undefined
}

/** Of a session that another server granted. */
export const noGrant: Grant = {
  framedIp: undefined,
  framedIpv6Prefix: undefined,
  delegatedIpv6Prefix: undefined,
  pool: undefined,
  rateLimit: undefined,
  sessionTimeout: undefined,
  idleTimeout: undefined,
  interimInterval: undefined,
  classes: [],
  success: undefined,
}

/** Reads what a NAS applies. Attributes that it does not know are ignored, as RFC 2865 §5 lets it. */
export function readGrant(attributes: readonly NamedAttribute[]): Grant {
  const text = (name: string): string | undefined => {
    const value = attributes.find((attribute) => attribute.name === name)?.value
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: string): number | undefined => {
    const value = attributes.find((attribute) => attribute.name === name)?.value
    return typeof value === 'number' ? value : undefined
  }
  const octets = (name: string): Uint8Array[] =>
    attributes.flatMap(({ name: found, value }) => (found === name && value instanceof Uint8Array ? [value] : []))
  return {
    framedIp: text('Framed-IP-Address'),
    framedIpv6Prefix: text('Framed-IPv6-Prefix'),
    delegatedIpv6Prefix: text('Delegated-IPv6-Prefix'),
    pool: text('Framed-Pool'),
    rateLimit: text('Mikrotik-Rate-Limit') ?? text('Filter-Id'),
    sessionTimeout: number('Session-Timeout'),
    idleTimeout: number('Idle-Timeout'),
    interimInterval: number('Acct-Interim-Interval'),
    classes: octets('Class').map((value) => Buffer.from(value)),
    success: octets('MS-CHAP2-Success')[0],
  }
}

/** Whether an address says "choose one yourself": 127/8 and 224/3, with 255.255.255.254 among them. RFC 2865 §5.8. */
export function isNasChosen(address: string | undefined): boolean {
  const first = Number(address?.split('.')[0] ?? 127)
  return first === 127 || first >= 224
}

/** What the session gets: as granted, else out of the pools of the NAS, which are told apart by the last octet of its address. */
export function assignAddresses(
  grant: Grant,
  stack: Stack | undefined,
  pool: { nasAddress: string; ordinal: number },
): Pick<SessionFacts, 'framedIp' | 'framedIpv6Prefix' | 'delegatedIpv6Prefix'> {
  const last = Number(pool.nasAddress.split('.')[3] ?? 0)
  const host = (pool.ordinal % 65_000) + 2
  const v6 = stack === 'v6' || stack === 'dual'
  return {
    framedIp:
      stack === 'v6'
        ? undefined
        : isNasChosen(grant.framedIp)
          ? `10.${last}.${host >> 8}.${host & 255}`
          : grant.framedIp,
    framedIpv6Prefix: v6
      ? (grant.framedIpv6Prefix ?? `2001:db8:${last.toString(16)}:${host.toString(16)}::/64`)
      : undefined,
    delegatedIpv6Prefix: v6
      ? (grant.delegatedIpv6Prefix ?? `2001:db8:${(0x8000 + last).toString(16)}:${host.toString(16)}::/64`)
      : undefined,
  }
}

/** A session that has just begun, with nothing counted. */
export function beginSession(
  facts: SessionFacts & { number: number },
  dial: Dial,
  grant: Grant,
  traffic: Traffic,
): NasSession {
  return {
    ...facts,
    dial,
    grant,
    traffic,
    sessionTime: 0,
    counters: noTraffic,
    segment: 0,
    records: 0,
    renewals: 0,
    services: [],
    endedBy: undefined,
  }
}

// A session on an emulated NAS: what the Access-Accept granted, and what has been counted since.

import type { NamedAttribute } from '../radius/attributes.ts'
import type { DialMethod } from './credentials.ts'
import type { SessionFacts, TerminateCause } from './shape.ts'
import { noTraffic } from './traffic.ts'
import type { Counters, Traffic } from './traffic.ts'

/** Who dials in, and how. */
export type Dial = {
  username: string
  password: string
  method: DialMethod
  /** Lower case with colons: the line. */
  mac: string
  /** The rates that its traffic is drawn from, in bits per second. Default 50 and 20 Mbit/s. */
  downBps?: number
  upBps?: number
}

/** What of an Access-Accept a NAS applies. */
export type Grant = {
  framedIp: string | undefined
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
  /** How many records it has made. */
  records: number
  /** Undefined while it is online. */
  endedBy: TerminateCause | undefined
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

/** An address of the NAS's own pool: one /16 by the last octet of its own address. */
export function poolAddress(nasAddress: string, ordinal: number): string {
  const last = nasAddress.split('.')[3] ?? '0'
  const host = (ordinal % 65_000) + 2
  return `10.${last}.${host >> 8}.${host & 255}`
}

/** A session that has just been accepted. */
export function beginSession(
  facts: Omit<SessionFacts, 'classes' | 'username' | 'mac'> & { number: number },
  dial: Dial,
  grant: Grant,
  traffic: Traffic,
): NasSession {
  return {
    ...facts,
    username: dial.username,
    mac: dial.mac,
    classes: grant.classes,
    dial,
    grant,
    traffic,
    sessionTime: 0,
    counters: noTraffic,
    segment: 0,
    records: 0,
    endedBy: undefined,
  }
}

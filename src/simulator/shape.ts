// What differs between the NASes that we emulate, as one value per kind: identifiers, attributes in order, timers, and how a
// packet is sent again. Pure. Shaped by manuals, sources and captures; the devices themselves are not here.

import type { NamedAttribute } from '../radius/attributes.ts'
import type { Counters } from './traffic.ts'

export const simulatedVendors = ['mikrotik', 'accel-ppp', 'juniper', 'huawei'] as const
export type SimulatedVendor = (typeof simulatedVendors)[number]

/** How lines come in: PPPoE with a password, or IPoE by DHCP where the line is the identity. */
export const accessKinds = ['pppoe', 'ipoe'] as const
export type AccessKind = (typeof accessKinds)[number]

/** The NAS as its packets name it. */
export type NasFacts = {
  identifier: string
  /** NAS-IP-Address. */
  address: string
  /** The interface that its PPPoE or DHCP server listens on. */
  interface: string
}

/** Where a line comes in, as far as its NAS knows. */
export type LinePlace = {
  /** In place of the interface of the NAS. */
  interface?: string
  sVlan?: number
  cVlan?: number
  /** Option 82: RFC 3046 §2.0. */
  circuitId?: Uint8Array
  remoteId?: Uint8Array
}

/** A session as its packets name it. */
export type SessionFacts = {
  acctSessionId: string
  username: string
  /** Lower case with colons. */
  mac: string
  /** Counts the sessions of the NAS since its start, from 0. */
  ordinal: number
  /** Known after the Access-Accept. */
  framedIp: string | undefined
  /** Every Class of the Access-Accept, repeated in accounting. RFC 2865 §5.25. */
  classes: readonly Uint8Array[]
  place?: LinePlace | undefined
  framedIpv6Prefix?: string | undefined
  delegatedIpv6Prefix?: string | undefined
  /** Shared by the sessions of one line. RFC 2866 §5.11. */
  multiSessionId?: string | undefined
  /** The name of a service that runs on another session and is counted beside it. */
  service?: string | undefined
}

export type RecordStatus = 'start' | 'interim' | 'stop'

/** One accounting record as the NAS means it. */
export type RecordFacts = {
  status: RecordStatus
  sessionTime: number
  counters: Counters
  /** The Event-Timestamp, in Unix seconds. */
  eventAt: number
  /** Seconds since the event: 0 at the first try. RFC 2866 §5.2. */
  delay: number
  /** The name of the Acct-Terminate-Cause; Stop only. */
  cause: TerminateCause
  /** False: a NAS that knows no Gigawords, so that its octets wrap at 2^32. */
  gigawords: boolean
}

/** Names of RFC 2866 §5.10 that the simulator uses. */
export type TerminateCause =
  | 'User-Request'
  | 'Lost-Carrier'
  | 'Idle-Timeout'
  | 'Session-Timeout'
  | 'Admin-Reset'
  | 'NAS-Reboot'

/** How a NAS asks for a line that has no password of its own. */
export type LineIdentity = {
  /** The User-Name that it makes up. */
  username(nas: NasFacts, session: Omit<SessionFacts, 'username'>): string
  /** The User-Password beside it; undefined: none is sent. */
  password(username: string): string | undefined
}

export type NasShape = {
  vendor: SimulatedVendor
  /** IPoE only. */
  identity?: LineIdentity
  /** Per try. */
  timeoutMs: number
  tries: number
  /** Whether Access-Requests carry Message-Authenticator (always first). */
  signsAccess: boolean
  /** Whether a reply without Message-Authenticator is dropped. */
  requiresSignedReplies: boolean
  /** What an accounting packet looks like at its second try: the same octets, or new ones with a new Acct-Delay-Time. */
  resendsAccounting: 'same' | 'anew'
  /** Octets of the CHAP challenge; 16 go into the Request Authenticator where the NAS does so. RFC 2865 §5.3. */
  chapChallenge: 'attribute' | 'authenticator'
  /** Whether CoA and Disconnect answers carry Message-Authenticator. */
  signsCoaReplies: boolean
  formatSessionId(ordinal: number): string
  /** In the order of the wire, without the credentials (they come last) and without Message-Authenticator. */
  accessAttributes(nas: NasFacts, session: SessionFacts, credentials: readonly NamedAttribute[]): NamedAttribute[]
  accountingAttributes(nas: NasFacts, session: SessionFacts, record: RecordFacts): NamedAttribute[]
  /** Accounting-On or -Off. RFC 2866 §5.1. */
  deviceAttributes(nas: NasFacts, status: 'Accounting-On' | 'Accounting-Off', eventAt: number): NamedAttribute[]
}

export const statusNames: Record<RecordStatus, string> = {
  start: 'Start',
  interim: 'Interim-Update',
  stop: 'Stop',
}

const word = 2n ** 32n

/** The low 32 bits of an octet counter, as Acct-Input-Octets has them. RFC 2866 §5.3. */
export function lowWord(octets: bigint): number {
  return Number(octets % word)
}

/** How often the counter passed 2^32, as Acct-Input-Gigawords has it. RFC 2869 §5.1. */
export function gigawords(octets: bigint): number {
  return Number((octets / word) % word)
}

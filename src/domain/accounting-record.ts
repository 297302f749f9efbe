// What one Accounting-Request said, as plain data (RFC 2866 §5, RFC 2869 §5, RFC 3162, RFC 4818, RFC 6911).

import type { AccessKind, InterfaceParts, Line } from './line.ts'
import type { Nas } from './nas.ts'
import type { SessionClass } from './session-class.ts'

/** Addresses and prefixes as text; absent where the record does not say. */
export type SessionAddresses = {
  framedIp?: string | undefined
  framedIpv6Prefix?: string | undefined
  delegatedIpv6Prefix?: string | undefined
  framedIpv6Address?: string | undefined
  framedInterfaceId?: string | undefined
}

/** Which values a record lacks (`no`) or has beyond reason (`wild`): they count as what the session already has. */
export type RecordFlag = `${'no' | 'wild'}-${'session-time' | 'counters' | 'values'}`

/** A service on a session, and the Acct-Session-Id of that session where the record says it. */
export type ServiceOfSession = { readonly service: string; readonly parentSessionId: string | undefined }

export type AccountingRecord = {
  status: 'start' | 'interim' | 'stop'
  nas: Nas
  /** Lossless: two different octet strings never give the same text. */
  acctSessionId: string
  /** Canonical; empty where the record names nobody. */
  username: string
  /** User-Name as it came, where it is another text. */
  sentUsername?: string | undefined
  /** From a Class of ours whose tag verifies, else undefined. */
  class: SessionClass | undefined
  /** By what the record says of itself; an IPoE line tells its subscriber where no Class does. */
  access?: AccessKind
  lineSubscriberId?: bigint
  line: Line | undefined
  mac: string | undefined
  interface: InterfaceParts | undefined
  circuitId?: Buffer | undefined
  remoteId?: Buffer | undefined
  duid?: Buffer | undefined
  /** Undefined: the session itself, as nearly always. */
  service?: ServiceOfSession | undefined
  addresses: SessionAddresses
  /** Seconds; 0 for a Start, and where the flag says that it is not known. */
  sessionTime: number
  /** 64 bits: gigawords * 2^32 + octets; 0 for a Start, and where the flag says that they are not known. */
  inputOctets: bigint
  outputOctets: bigint
  /** Whether a gigawords attribute was there, even with 0. */
  gigawords: boolean
  inputPackets: number
  outputPackets: number
  /** When it happened at the NAS (protocol rule: Event-Timestamp if sane, else arrival less Acct-Delay-Time). */
  eventAt: Date
  terminateCause: number | undefined
  multiSessionId: string | undefined
  /** By our Class, else by the record itself. */
  interimIntervalS: number | undefined
  flag: RecordFlag | undefined
  /** The values as sent, kept beside the flag. */
  raw: string | undefined
}

/** When the session of a record began by the record's own word; undefined where its session time is not known. */
export function recordStart(record: AccountingRecord): Date | undefined {
  if (record.flag !== undefined && !record.flag.endsWith('-counters')) return undefined
  return new Date(record.eventAt.getTime() - record.sessionTime * 1000)
}

/** The key of the row of a record: one session, or one service, of one NAS. */
export function sessionKey(record: AccountingRecord): string {
  return `${record.nas.id}/${record.acctSessionId}`
}

/** The key under which records must not run at once: a session with its services, so that these find it. */
export function turnKey(record: AccountingRecord): string {
  return `${record.nas.id}/${record.service?.parentSessionId ?? record.acctSessionId}`
}

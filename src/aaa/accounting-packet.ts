// Reads an Accounting-Request as a plain record (RFC 2866 §5, RFC 2869 §5.1 to §5.3, RFC 3162, RFC 4818, RFC 6911). What
// cannot be is set aside with a flag and its raw value, so that it is neither charged nor lost; nothing in here throws.

import type { AccountingRecord, RecordFlag, ServiceOfSession, SessionAddresses } from '../domain/accounting-record.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import { readClass } from '../domain/session-class.ts'
import type { SessionClass } from '../domain/session-class.ts'
import type { NasReboot } from '../domain/session-end.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import { allOctets, firstAddress, firstInteger, firstOctets, firstText } from '../radius/attributes.ts'
import { requireAttribute } from '../radius/dictionary.ts'
import type { AttributeDefinition, Dictionary } from '../radius/dictionary.ts'
import { escapeOctets } from '../radius/octet-text.ts'
import type { Packet } from '../radius/packet.ts'
import { createLineReader } from './line-packet.ts'
import type { ReadLine } from './line-packet.ts'
import type { NasTally } from './nas-tally.ts'
import { usernameOf } from './sent-username.ts'

export type ReadAccounting =
  /** `foreignClass`: a Class was there and none was ours: begun under another server, or altered. */
  | { kind: 'record'; record: AccountingRecord; foreignClass: boolean }
  | { kind: 'reboot'; reboot: NasReboot }
  /** Nothing to record in it. `status` as sent. */
  | { kind: 'ignored'; reason: 'no-status' | 'other-status' | 'no-session-id'; status: number | undefined }

/** Counts Event-Timestamps far from their arrival: by how many milliseconds the clock of the NAS is ahead. */
type SkewTally = Pick<NasTally, 'count'>

export type AccountingReader = (packet: Packet, nas: Nas, now: Date) => ReadAccounting

const names = {
  status: 'Acct-Status-Type',
  sessionId: 'Acct-Session-Id',
  multiSessionId: 'Acct-Multi-Session-Id',
  userName: 'User-Name',
  class: 'Class',
  framedIp: 'Framed-IP-Address',
  framedIpv6Prefix: 'Framed-IPv6-Prefix',
  delegatedIpv6Prefix: 'Delegated-IPv6-Prefix',
  framedIpv6Address: 'Framed-IPv6-Address',
  framedInterfaceId: 'Framed-Interface-Id',
  sessionTime: 'Acct-Session-Time',
  inputOctets: 'Acct-Input-Octets',
  outputOctets: 'Acct-Output-Octets',
  inputGigawords: 'Acct-Input-Gigawords',
  outputGigawords: 'Acct-Output-Gigawords',
  inputPackets: 'Acct-Input-Packets',
  outputPackets: 'Acct-Output-Packets',
  eventTimestamp: 'Event-Timestamp',
  delayTime: 'Acct-Delay-Time',
  terminateCause: 'Acct-Terminate-Cause',
  interimInterval: 'Acct-Interim-Interval',
} as const

/** Of vendors; where the dictionary lacks one, it says nothing. */
const optionalNames = {
  erxServiceSession: 'ERX-Service-Session',
  ciscoAvPair: 'Cisco-AVPair',
  ciscoServiceInfo: 'Cisco-Service-Info',
} as const

type Definitions = Record<keyof typeof names, AttributeDefinition> &
  Record<keyof typeof optionalNames, AttributeDefinition | undefined>

const daySeconds = 86_400
/** Less than this is the way of a packet, and a queue of the NAS. */
const skewWorthNotingMs = 30_000
/** No session lasts longer: a session time of 2^32 - 1 is a fault of the NAS, and would make all later records look old. */
const longestSessionS = 10 * 365 * daySeconds
/** 72 PB: beyond any line, and far from the end of 64 bits however many segments are added up. */
const mostOctets = 2n ** 56n
/**
 * No line of a subscriber is faster: 25 Gbit/s. What a session cannot have carried in its time was forged or is a fault of the
 * NAS, and must not use up a quota. The slack is for counters that lag behind, or run ahead of, the session's clock.
 */
const fastestLine = { octetsPerSecond: 25e9 / 8, slackS: 300 }
/** A value of a column of 32 bits with a sign. */
const mostInteger = 2 ** 31 - 1
/** What a NAS says where there is no address, and the two that mean "choose one" (RFC 2865 §5.8). */
const noAddress = new Set(['0.0.0.0', '255.255.255.255', '255.255.255.254'])

/** Makes the reader, with all definitions looked up once. Throws `MissingDefinitionError`. */
export function createAccountingReader(dictionary: Dictionary, keyring: Keyring, tally?: SkewTally): AccountingReader {
  const definitions = Object.fromEntries([
    ...Object.entries(names).map(([key, name]) => [key, requireAttribute(dictionary, name)] as const),
    ...Object.entries(optionalNames).map(([key, name]) => [key, dictionary.attribute(name)] as const),
  ]) as Definitions
  const readLine = createLineReader(dictionary)
  return (packet, nas, now) => {
    const status = firstInteger(packet, definitions.status)
    const eventAt = eventTime(packet, definitions, nas, now, tally)
    if (status === undefined) return { kind: 'ignored', reason: 'no-status', status }
    if (status === 7) return { kind: 'reboot', reboot: { nasId: nas.id, eventAt, kind: 'on' } }
    if (status === 8) return { kind: 'reboot', reboot: { nasId: nas.id, eventAt, kind: 'off' } }
    const event = statusNames.get(status)
    if (event === undefined) return { kind: 'ignored', reason: 'other-status', status }
    // RFC 2866 §5.5: must be there. Without it two sessions of a NAS would count as one, so nothing is recorded.
    const id = firstOctets(packet, definitions.sessionId)
    if (id === undefined || id.length === 0) return { kind: 'ignored', reason: 'no-session-id', status }
    const classes = allOctets(packet, definitions.class)
    const sessionClass = firstOfOurs(keyring, classes)
    return {
      kind: 'record',
      record: readRecord(packet, definitions, {
        nas,
        status: event,
        acctSessionId: escapeOctets(id),
        sessionClass,
        eventAt,
        read: readLine(packet, nas),
      }),
      foreignClass: sessionClass === undefined && classes.length > 0,
    }
  }
}

/** RFC 2866 §5.1. */
const statusNames = new Map<number, AccountingRecord['status']>([
  [1, 'start'],
  [2, 'stop'],
  [3, 'interim'],
])

/** RFC 2865 §5.25 allows several; ours may be among those of a proxy. */
function firstOfOurs(keyring: Keyring, classes: readonly Buffer[]): SessionClass | undefined {
  for (const octets of classes) {
    const read = readClass(keyring, octets)
    if (read !== undefined) return read
  }
  return undefined
}

/**
 * Event-Timestamp if this NAS is trusted with the time and within a day of now (clocks of NASes often stand in 1970), else
 * arrival less Acct-Delay-Time.
 */
function eventTime(packet: Packet, definitions: Definitions, nas: Nas, now: Date, tally: SkewTally | undefined): Date {
  const timestamp = !nas.settings.trust_time ? undefined : firstInteger(packet, definitions.eventTimestamp)
  if (timestamp !== undefined && Math.abs(timestamp * 1000 - now.getTime()) > skewWorthNotingMs) {
    // A record that was sent late says so; what is left is the clock.
    const aheadMs = (timestamp + (firstInteger(packet, definitions.delayTime) ?? 0)) * 1000 - now.getTime()
    if (Math.abs(aheadMs) > skewWorthNotingMs) tally?.count('clock-skew', { nasId: nas.id }, aheadMs)
  }
  if (timestamp !== undefined && Math.abs(timestamp * 1000 - now.getTime()) <= daySeconds * 1000) {
    return new Date(timestamp * 1000)
  }
  const delay = Math.min(firstInteger(packet, definitions.delayTime) ?? 0, daySeconds)
  return new Date(now.getTime() - delay * 1000)
}

type Facts = {
  nas: Nas
  status: AccountingRecord['status']
  acctSessionId: string
  sessionClass: SessionClass | undefined
  eventAt: Date
  read: ReadLine
}

function readRecord(packet: Packet, definitions: Definitions, facts: Facts): AccountingRecord {
  const { nas, status, sessionClass } = facts
  const { access, facts: told, line } = facts.read
  const multiSessionId = firstText(packet, definitions.multiSessionId)
  const service = readService(packet, definitions, facts, multiSessionId)
  const called = usernameOf(nas, firstOctets(packet, definitions.userName))
  const integer = (name: 'terminateCause' | 'interimInterval', most: number): number | undefined => {
    const value = firstInteger(packet, definitions[name])
    return value !== undefined && value <= most ? value : undefined
  }
  return {
    status,
    nas,
    acctSessionId: rowId(facts.acctSessionId, service),
    username: called.username,
    sentUsername: called.sent,
    class: sessionClass,
    access,
    line,
    mac: told.mac,
    interface: told.interface,
    circuitId: told.circuitId,
    remoteId: told.remoteId,
    duid: told.duid,
    service,
    addresses: readAddresses(packet, definitions),
    ...readCounters(packet, definitions, facts),
    eventAt: facts.eventAt,
    terminateCause: status === 'stop' ? integer('terminateCause', mostInteger) : undefined,
    multiSessionId,
    // What we sent, else what the NAS says that it keeps.
    interimIntervalS: sessionClass?.intervalS ?? (integer('interimInterval', daySeconds) || undefined),
  }
}

/** The service that a record is about, by the rule of its vendor; the Acct-Session-Id of the session in the form of ours. */
function readService(
  packet: Packet,
  definitions: Definitions,
  { nas, acctSessionId }: Facts,
  multiSessionId: string | undefined,
): ServiceOfSession | undefined {
  const { serviceSession } = vendorOf(nas.vendor)
  if (serviceSession === undefined) return undefined
  const text = (definition: AttributeDefinition | undefined) => definition && firstText(packet, definition)
  const pairs = definitions.ciscoAvPair && allOctets(packet, definitions.ciscoAvPair)
  return serviceSession({
    acctSessionId,
    multiSessionId,
    erxServiceSession: text(definitions.erxServiceSession),
    ciscoAvPairs: pairs?.map((octets) => octets.toString('utf8')) ?? [],
    ciscoServiceInfo: text(definitions.ciscoServiceInfo),
  })
}

/** A service that is accounted under the id of its session gets one of its own: else two counters would count as one. */
function rowId(acctSessionId: string, service: ServiceOfSession | undefined): string {
  return service?.parentSessionId === acctSessionId ? `${acctSessionId}/${service.service}` : acctSessionId
}

function readAddresses(packet: Packet, definitions: Definitions): SessionAddresses {
  const framedIp = firstAddress(packet, definitions.framedIp)
  return {
    framedIp: framedIp === undefined || noAddress.has(framedIp) ? undefined : framedIp,
    framedIpv6Prefix: firstAddress(packet, definitions.framedIpv6Prefix),
    delegatedIpv6Prefix: firstAddress(packet, definitions.delegatedIpv6Prefix),
    framedIpv6Address: firstAddress(packet, definitions.framedIpv6Address),
    framedInterfaceId: firstAddress(packet, definitions.framedInterfaceId),
  }
}

type Counters = Pick<
  AccountingRecord,
  'sessionTime' | 'inputOctets' | 'outputOctets' | 'gigawords' | 'inputPackets' | 'outputPackets' | 'flag' | 'raw'
>

const noCounters: Counters = {
  sessionTime: 0,
  inputOctets: 0n,
  outputOctets: 0n,
  gigawords: false,
  inputPackets: 0,
  outputPackets: 0,
  flag: undefined,
  raw: undefined,
}

function readCounters(packet: Packet, definitions: Definitions, { nas, status }: Facts): Counters {
  // A Start is the beginning, whatever else a NAS writes into it.
  if (status === 'start') return noCounters
  const time = firstInteger(packet, definitions.sessionTime)
  // RFC 2866 §5.3: input is what came from the subscriber. Some NASes mean it the other way round.
  const [inward, outward] = nas.settings.swapped_octets
    ? (['output', 'input'] as const)
    : (['input', 'output'] as const)
  const input = readOctets(packet, definitions, inward)
  const output = readOctets(packet, definitions, outward)
  const wildTime = time !== undefined && time > longestSessionS
  const most = time === undefined || wildTime ? mostOctets : mostIn(time)
  const wildOctets = (input?.octets ?? 0n) >= most || (output?.octets ?? 0n) >= most
  const noTime = time === undefined || wildTime
  const noOctets = (input === undefined && output === undefined) || wildOctets
  const flag = flagOf(wildTime || wildOctets, noTime, noOctets)
  return {
    sessionTime: noTime ? 0 : time,
    inputOctets: noOctets ? 0n : (input?.octets ?? 0n),
    outputOctets: noOctets ? 0n : (output?.octets ?? 0n),
    gigawords: input?.gigawords === true || output?.gigawords === true,
    inputPackets: firstInteger(packet, definitions[`${inward}Packets`]) ?? 0,
    outputPackets: firstInteger(packet, definitions[`${outward}Packets`]) ?? 0,
    flag,
    raw: flag && `time ${time ?? '-'}, input ${input?.octets ?? '-'}, output ${output?.octets ?? '-'}`,
  }
}

function mostIn(seconds: number): bigint {
  return BigInt(fastestLine.octetsPerSecond * (seconds + fastestLine.slackS))
}

function flagOf(wild: boolean, noTime: boolean, noOctets: boolean): RecordFlag | undefined {
  if (!noTime && !noOctets) return undefined
  return `${wild ? 'wild' : 'no'}-${noTime && noOctets ? 'values' : noTime ? 'session-time' : 'counters'}`
}

/** Gigawords count how often the 32 bits have wrapped (RFC 2869 §5.1, §5.2). */
function readOctets(
  packet: Packet,
  definitions: Definitions,
  direction: 'input' | 'output',
): { octets: bigint; gigawords: boolean } | undefined {
  const octets = firstInteger(packet, definitions[`${direction}Octets`])
  const gigawords = firstInteger(packet, definitions[`${direction}Gigawords`])
  if (octets === undefined) return undefined
  return { octets: (BigInt(gigawords ?? 0) << 32n) + BigInt(octets), gigawords: gigawords !== undefined }
}

// The packets of the benchmark, patched in place from a template: what differs from request to request always has the same
// length, so a request costs a few copies and its digests. Shaped as a MikroTik sends them over PPPoE, and those of IPoE lines as its DHCP server.

import { randomFillSync } from 'node:crypto'
import { hashPacket, signPacket, zeroAuthenticator } from '../src/radius/authenticator.ts'
import type { Secret } from '../src/radius/authenticator.ts'
import { codes } from '../src/radius/codes.ts'
import { hidePassword } from '../src/radius/hiding.ts'
import { msChapResponseLength } from '../src/radius/ms-chap.ts'
import { benchmarkLine, benchmarkSubscriber } from './subscribers.ts'

/** `line`: nothing is proved, the line itself is known (IPoE). */
export type Method = 'pap' | 'chap' | 'mschapv2' | 'line'
/** Acct-Status-Type, RFC 2866 §5.1. */
export const statuses = { start: 1, stop: 2, interim: 3 } as const
/** Accounting-On: the NAS began anew, and every session of it is over. */
export const accountingOn = 7

/** One packet as it is being built: its octets and where each attribute's value begins. */
type Template = { octets: Buffer; at: Offsets; offsets: ReadonlyMap<string, number> }
type Offsets = (name: string) => number

type Field = { name: string; type: number; value: Uint8Array; vendor?: number }

const microsoft = 311
const messageAuthenticatorAt = 20
const randomPool = Buffer.alloc(16_384)
let randomAt = randomPool.length

/** What every packet says of its NAS. */
const nasFields: Field[] = [
  { name: 'NAS-Identifier', type: 32, value: text('bench-bng') },
  { name: 'NAS-IP-Address', type: 4, value: Buffer.from([127, 0, 0, 1]) },
]
/** What is common to logins and accounting of one line. */
const lineFields: Field[] = [
  { name: 'User-Name', type: 1, value: text(benchmarkSubscriber(0).username) },
  ...nasFields,
  { name: 'NAS-Port-Type', type: 61, value: integer(15) },
  { name: 'NAS-Port', type: 5, value: integer(15_728_641) },
  { name: 'NAS-Port-Id', type: 87, value: text('vlan4071') },
  { name: 'Service-Type', type: 6, value: integer(2) },
  { name: 'Framed-Protocol', type: 7, value: integer(1) },
  { name: 'Calling-Station-Id', type: 31, value: text(benchmarkSubscriber(0).mac) },
  { name: 'Called-Station-Id', type: 30, value: text('pppoe-vlan4071') },
]
/** RouterOS' DHCP server names a line by its MAC. */
const ipoeFields: Field[] = lineFields
  .filter(({ name }) => name !== 'Service-Type' && name !== 'Framed-Protocol')
  .map((field) => {
    if (field.name === 'User-Name' || field.name === 'Calling-Station-Id') {
      return { ...field, value: text(benchmarkLine(0).mac) }
    }
    return field.name === 'Called-Station-Id' ? { ...field, value: text('dhcp-vlan4071') } : field
  })
const signature: Field = { name: 'Message-Authenticator', type: 80, value: Buffer.alloc(16) }
const credentialFields: Record<Method, Field[]> = {
  pap: [{ name: 'User-Password', type: 2, value: Buffer.alloc(32) }],
  chap: [{ name: 'CHAP-Password', type: 3, value: Buffer.alloc(17) }],
  line: [{ name: 'User-Password', type: 2, value: Buffer.alloc(16) }],
  mschapv2: [
    { name: 'MS-CHAP-Challenge', type: 11, vendor: microsoft, value: Buffer.alloc(16) },
    { name: 'MS-CHAP2-Response', type: 25, vendor: microsoft, value: Buffer.alloc(msChapResponseLength) },
  ],
}
const statusField: Field = { name: 'Acct-Status-Type', type: 40, value: integer(0) }
const timeField: Field = { name: 'Event-Timestamp', type: 55, value: integer(0) }
const accountingFields: Field[] = [
  statusField,
  { name: 'Acct-Session-Id', type: 44, value: text('00000000') },
  { name: 'Framed-IP-Address', type: 8, value: Buffer.alloc(4) },
  timeField,
  { name: 'Acct-Delay-Time', type: 41, value: integer(0) },
  { name: 'Acct-Authentic', type: 45, value: integer(1) },
]
const counterFields: Field[] = [
  { name: 'Acct-Session-Time', type: 46, value: integer(0) },
  { name: 'Acct-Input-Octets', type: 42, value: integer(0) },
  { name: 'Acct-Input-Gigawords', type: 52, value: integer(0) },
  { name: 'Acct-Output-Octets', type: 43, value: integer(0) },
  { name: 'Acct-Output-Gigawords', type: 53, value: integer(0) },
  { name: 'Acct-Input-Packets', type: 47, value: integer(0) },
  { name: 'Acct-Output-Packets', type: 48, value: integer(0) },
]
const causeField: Field = { name: 'Acct-Terminate-Cause', type: 49, value: integer(1) }

const login = (method: Method, fields: readonly Field[]): Template =>
  template(codes.accessRequest, [signature, ...fields, ...credentialFields[method]])
const logins: Record<Method, Template> = {
  pap: login('pap', lineFields),
  chap: login('chap', lineFields),
  mschapv2: login('mschapv2', lineFields),
  line: login('line', ipoeFields),
}
const records = (fields: readonly Field[]): Record<number, Template> => {
  const common = [...accountingFields, ...fields]
  return {
    [statuses.start]: template(codes.accountingRequest, common),
    [statuses.interim]: template(codes.accountingRequest, [...common, ...counterFields]),
    [statuses.stop]: template(codes.accountingRequest, [...common, ...counterFields, causeField]),
    [accountingOn]: template(codes.accountingRequest, [...nasFields, statusField, timeField]),
  }
}
const accounting = records(lineFields)
const accountingOfLines = records(ipoeFields)

/** The longest packet with a Class of the longest kind. */
export const packetSpace = 640

export type Login = { subscriber: number; identifier: number }
/** `class`: as the Access-Accept gave it, undefined where there was no login. */
export type AccountingRecord = {
  status: number
  subscriber: number
  identifier: number
  sessionId: string
  /** Which record of its session: counters rise with it. */
  step: number
  class: Uint8Array | undefined
}

/** Writes a signed Access-Request with PAP and returns its length. RFC 2865 §5.2, RFC 3579 §3.2. */
export function writeLogin(target: Buffer, { subscriber, identifier }: Login, secret: Secret): number {
  const { octets, at } = logins.pap
  octets.copy(target)
  target[1] = identifier
  fillRandom(target, 4)
  writeLine(target, at, subscriber)
  const password = Buffer.from(benchmarkSubscriber(subscriber).password)
  target.set(hidePassword(password, secret.octets, target.subarray(4, 20)), at('User-Password'))
  const packet = target.subarray(0, octets.length)
  signPacket(packet, messageAuthenticatorAt, packet.subarray(4, 20), secret, packet, messageAuthenticatorAt + 2)
  return octets.length
}

/** Writes an Accounting-Request and returns its length. RFC 2866 §3. */
export function writeRecord(target: Buffer, record: AccountingRecord, nowSeconds: number, secret: Secret): number {
  const { octets, at } = accounting[record.status]!
  octets.copy(target)
  target[1] = record.identifier
  writeLine(target, at, record.subscriber)
  target.writeUInt32BE(record.status, at('Acct-Status-Type'))
  target.write(record.sessionId, at('Acct-Session-Id'), 'latin1')
  target.writeUInt32BE(0x64_40_00_00 + record.subscriber, at('Framed-IP-Address'))
  target.writeUInt32BE(nowSeconds, at('Event-Timestamp'))
  if (record.status !== statuses.start) writeCounters(target, at, record.step)
  const length = appendClass(target, octets.length, record.class)
  const packet = target.subarray(0, length)
  hashPacket(packet, zeroAuthenticator, secret, packet, 4)
  return length
}

/** What differs from request to request, in the order in which generator/packets.h reads it; of some names a packet has one. */
const patched = [
  ['User-Name'],
  ['Calling-Station-Id'],
  ['NAS-Port-Id'],
  ['User-Password', 'CHAP-Password', 'MS-CHAP2-Response'],
  ['MS-CHAP-Challenge'],
  ['Acct-Session-Id'],
  ['Acct-Status-Type'],
  ['Framed-IP-Address'],
  ['Event-Timestamp'],
  ['Acct-Session-Time'],
  ['Acct-Input-Octets'],
  ['Acct-Input-Gigawords'],
  ['Acct-Output-Octets'],
  ['Acct-Output-Gigawords'],
  ['Acct-Input-Packets'],
  ['Acct-Output-Packets'],
]

/** A login as a line for the generator: its octets in hex, and where each patched value begins (0: it has none). */
export function loginLine(method: Method): string {
  return templateLine(logins[method])
}

/** The same of a record with this Acct-Status-Type, of a PPPoE session or an IPoE line. */
export function recordLine(status: number, isLine: boolean): string {
  return templateLine((isLine ? accountingOfLines : accounting)[status]!)
}

function templateLine({ octets, offsets }: Template): string {
  const places = patched.map((names) => names.map((name) => offsets.get(name)).find((at) => at !== undefined) ?? 0)
  return [octets.toString('hex'), ...places].join(' ')
}

function writeCounters(target: Buffer, at: Offsets, step: number): void {
  target.writeUInt32BE(step, at('Acct-Session-Time'))
  target.writeUInt32BE(step * 1_000_003, at('Acct-Input-Octets'))
  target.writeUInt32BE(step * 20_000_003, at('Acct-Output-Octets'))
  target.writeUInt32BE(step * 1_500, at('Acct-Input-Packets'))
  target.writeUInt32BE(step * 20_000, at('Acct-Output-Packets'))
}

function writeLine(target: Buffer, at: Offsets, number: number): void {
  const { username, mac } = benchmarkSubscriber(number)
  target.write(username, at('User-Name'), 'latin1')
  target.write(mac, at('Calling-Station-Id'), 'latin1')
}

function appendClass(target: Buffer, length: number, value: Uint8Array | undefined): number {
  if (value === undefined) return length
  target[length] = 25
  target[length + 1] = value.length + 2
  target.set(value, length + 2)
  target.writeUInt16BE(length + value.length + 2, 2)
  return length + value.length + 2
}

function fillRandom(target: Buffer, at: number): void {
  if (randomAt === randomPool.length) {
    randomFillSync(randomPool)
    randomAt = 0
  }
  randomPool.copy(target, at, randomAt, randomAt + 16)
  randomAt += 16
}

function template(code: number, fields: readonly Field[]): Template {
  const offsets = new Map<string, number>()
  const parts: Buffer[] = [Buffer.from([code, 0, 0, 0]), Buffer.alloc(16)]
  let length = 20
  for (const { name, type, value, vendor } of fields) {
    const head = vendor === undefined ? [type, value.length + 2] : vendorHead(vendor, type, value.length)
    offsets.set(name, length + head.length)
    parts.push(Buffer.from(head), Buffer.from(value))
    length += head.length + value.length
  }
  const octets = Buffer.concat(parts)
  octets.writeUInt16BE(octets.length, 2)
  const at: Offsets = (name) => {
    const offset = offsets.get(name)
    if (offset === undefined) throw new RangeError(`the template has no ${name}`)
    return offset
  }
  return { octets, at, offsets }
}

function vendorHead(vendor: number, type: number, length: number): number[] {
  return [26, length + 8, 0, 0, vendor >>> 8, vendor & 255, type, length + 2]
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1')
}

function integer(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}

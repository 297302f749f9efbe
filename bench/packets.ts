// The packets that the generator sends, patched in place from a template: what differs from request to request always has the
// same length, so a request costs a few copies and its digests. Shaped as a MikroTik sends them over PPPoE.

import { randomFillSync } from 'node:crypto'
import { md4 } from '../src/crypto/md4.ts'
import { hashPacket, signPacket, zeroAuthenticator } from '../src/radius/authenticator.ts'
import type { Secret } from '../src/radius/authenticator.ts'
import { codes } from '../src/radius/codes.ts'
import { hidePassword } from '../src/radius/hiding.ts'
import {
  authenticatorResponse,
  challengeHash,
  challengeResponse,
  msChapResponseLength,
  ntPasswordHash,
} from '../src/radius/ms-chap.ts'
import { makeChapPassword } from '../src/radius/password.ts'
import { benchmarkSubscriber } from './subscribers.ts'

export type Method = 'pap' | 'chap' | 'mschapv2'
/** Acct-Status-Type, RFC 2866 §5.1. */
export const statuses = { start: 1, stop: 2, interim: 3 } as const

/** One packet as it is being built: its octets and where each attribute's value begins. */
type Template = { octets: Buffer; at: Offsets; offsets: ReadonlyMap<string, number> }
type Offsets = (name: string) => number

type Field = { name: string; type: number; value: Uint8Array; vendor?: number }

const microsoft = 311
const messageAuthenticatorAt = 20
const randomPool = Buffer.alloc(16_384)
let randomAt = randomPool.length

/** What is common to logins and accounting of one line. */
const lineFields: Field[] = [
  { name: 'User-Name', type: 1, value: text(benchmarkSubscriber(0).username) },
  { name: 'NAS-Identifier', type: 32, value: text('bench-bng') },
  { name: 'NAS-IP-Address', type: 4, value: Buffer.from([127, 0, 0, 1]) },
  { name: 'NAS-Port-Type', type: 61, value: integer(15) },
  { name: 'NAS-Port', type: 5, value: integer(15_728_641) },
  { name: 'NAS-Port-Id', type: 87, value: text('vlan4071') },
  { name: 'Service-Type', type: 6, value: integer(2) },
  { name: 'Framed-Protocol', type: 7, value: integer(1) },
  { name: 'Calling-Station-Id', type: 31, value: text(benchmarkSubscriber(0).mac) },
  { name: 'Called-Station-Id', type: 30, value: text('pppoe-vlan4071') },
]
const signature: Field = { name: 'Message-Authenticator', type: 80, value: Buffer.alloc(16) }
const credentialFields: Record<Method, Field[]> = {
  pap: [{ name: 'User-Password', type: 2, value: Buffer.alloc(32) }],
  chap: [{ name: 'CHAP-Password', type: 3, value: Buffer.alloc(17) }],
  mschapv2: [
    { name: 'MS-CHAP-Challenge', type: 11, vendor: microsoft, value: Buffer.alloc(16) },
    { name: 'MS-CHAP2-Response', type: 25, vendor: microsoft, value: Buffer.alloc(msChapResponseLength) },
  ],
}
const accountingFields: Field[] = [
  { name: 'Acct-Status-Type', type: 40, value: integer(0) },
  { name: 'Acct-Session-Id', type: 44, value: text('00000000') },
  { name: 'Framed-IP-Address', type: 8, value: Buffer.alloc(4) },
  { name: 'Event-Timestamp', type: 55, value: integer(0) },
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

const logins: Record<Method, Template> = {
  pap: template(codes.accessRequest, [signature, ...lineFields, ...credentialFields.pap]),
  chap: template(codes.accessRequest, [signature, ...lineFields, ...credentialFields.chap]),
  mschapv2: template(codes.accessRequest, [signature, ...lineFields, ...credentialFields.mschapv2]),
}
const accounting: Record<number, Template> = {
  [statuses.start]: template(codes.accountingRequest, [...accountingFields, ...lineFields]),
  [statuses.interim]: template(codes.accountingRequest, [...accountingFields, ...lineFields, ...counterFields]),
  [statuses.stop]: template(codes.accountingRequest, [
    ...accountingFields,
    ...lineFields,
    ...counterFields,
    causeField,
  ]),
}

/** The longest packet with a Class of the longest kind. */
export const packetSpace = 640

export type Login = { method: Method; subscriber: number; identifier: number }
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

/** Writes a signed Access-Request and returns its length. RFC 2865 §5.2, §5.3; RFC 2548 §2.3; RFC 3579 §3.2. */
export function writeLogin(target: Buffer, login: Login, secret: Secret): number {
  const { octets, at } = logins[login.method]
  octets.copy(target)
  target[1] = login.identifier
  fillRandom(target, 4)
  writeLine(target, at, login.subscriber)
  writeCredentials(target, at, login, secret)
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

/** What differs from request to request, in the order in which generator.c reads it. */
const patched = [
  'User-Name',
  'Calling-Station-Id',
  'CHAP-Password',
  'Acct-Session-Id',
  'Acct-Status-Type',
  'Framed-IP-Address',
  'Event-Timestamp',
  'Acct-Session-Time',
  'Acct-Input-Octets',
  'Acct-Output-Octets',
  'Acct-Input-Packets',
  'Acct-Output-Packets',
]

/** A template as a line for generator.c: its octets in hex, and where each patched value begins (0: it has none). */
export function templateLine(of: Method | number): string {
  const { octets, offsets } = typeof of === 'number' ? accounting[of]! : logins[of]
  const password = of === 'chap' ? 'CHAP-Password' : 'User-Password'
  const places = patched.map((name) => offsets.get(name === 'CHAP-Password' ? password : name) ?? 0)
  return [octets.toString('hex'), ...places].join(' ')
}

/** What MS-CHAP2-Success must hold for a subscriber: `S=` and 40 digits. The challenges are the same at every login. */
export function expectedSuccess(subscriber: number): string {
  return msChap2Of(subscriber).success
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

function writeCredentials(target: Buffer, at: Offsets, login: Login, secret: Secret): void {
  const password = Buffer.from(benchmarkSubscriber(login.subscriber).password)
  const authenticator = target.subarray(4, 20)
  if (login.method === 'pap')
    return target.set(hidePassword(password, secret.octets, authenticator), at('User-Password'))
  if (login.method === 'chap') {
    return target.set(makeChapPassword(login.identifier, authenticator, password), at('CHAP-Password'))
  }
  const { response, challenge } = msChap2Of(login.subscriber)
  target.set(challenge, at('MS-CHAP-Challenge'))
  target.set(response, at('MS-CHAP2-Response'))
}

type MsChap2 = { challenge: Buffer; response: Buffer; success: string }
const msChap2: MsChap2[] = []

// A login costs the generator three DES blocks once, not every time: the server cannot know.
function msChap2Of(subscriber: number): MsChap2 {
  const known = msChap2[subscriber]
  if (known !== undefined) return known
  const { username, password } = benchmarkSubscriber(subscriber)
  const challenge = randomFillSync(Buffer.alloc(16))
  const response = Buffer.alloc(msChapResponseLength)
  const peerChallenge = randomFillSync(response.subarray(2, 18))
  const ntHash = ntPasswordHash(password)
  const hashed = challengeHash(peerChallenge, challenge, text(username))
  const ntResponse = challengeResponse(hashed, ntHash)
  response.set(ntResponse, 26)
  const made = { challenge, response, success: authenticatorResponse(md4(ntHash), ntResponse, hashed) }
  msChap2[subscriber] = made
  return made
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

// What is fuzzed of RADIUS, in the shape that libFuzzer and its like want: a function of octets that throws where something
// is wrong. Everything here is pure; the whole service is fuzzed in service.test.ts. Run by corpus.test.ts with what is kept
// in test/corpus/<name>, by the coverage loop of test/faults/fuzz.test.ts, and by whoever has a fuzzer.

import { createSecretKey } from 'node:crypto'
import { createAccessReader } from '../../src/aaa/access-packet.ts'
import { createAccountingReader } from '../../src/aaa/accounting-packet.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import { FieldError } from '../../src/domain/field.ts'
import { vendorNames } from '../../src/domain/nas.ts'
import { formatQuantity, parseRate } from '../../src/domain/quantity.ts'
import { admit } from '../../src/radius/admission.ts'
import { AttributesTooLongError, decodeAttributes, encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { codes } from '../../src/radius/codes.ts'
import { Duplicates } from '../../src/radius/duplicates.ts'
import { encodeReply, PacketTooLongError } from '../../src/radius/encode-packet.ts'
import { maximumLength, parsePacket } from '../../src/radius/packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { rightReply } from '../../src/radius/reply-match.ts'
import { noon, testNas } from '../support/access.ts'
import { dictionary } from '../support/dictionary.ts'
import { bng, secret } from '../support/radius.ts'

export type Target = (data: Buffer) => void

/** What a target throws where a rule is broken; anything else that is thrown is a fault as well. */
export class BrokenRuleError extends Error {
  override readonly name = 'BrokenRuleError'
}

const duplicates = new Duplicates({ seconds: 5, limit: 64 })
const accessReader = createAccessReader(dictionary)
const accountingReader = createAccountingReader(dictionary, fixedKeyring())
const nases = vendorNames.map((vendor) => testNas({ vendor }))
export const targets: Readonly<Record<string, Target>> = { datagram, roundtrip, reply, readers, encoding, rates }

/** Any datagram: parsed or dropped, never authentic unless it was signed with the secret, and found again as a duplicate. */
function datagram(data: Buffer): void {
  const parsed = parsePacket(data)
  if (!parsed.ok) return
  const { packet } = parsed
  insist(packet.octets.length <= maximumLength, 'a packet is longer than 4096 octets')
  insist(packet.offsets.length <= 255, 'a packet has more than 255 attributes')
  const end = packet.offsets.reduce((at, offset) => {
    insist(offset === at, 'there is a gap between attributes')
    return at + packet.octets[at + 1]!
  }, 20)
  insist(end === packet.octets.length, 'attributes do not fill the packet')
  const admission = admit(packet, bng)
  if (admission.kind === 'dropped') return
  insist(packet.code === codes.accessRequest || data.length > 20, 'an unsigned packet was admitted')
  duplicates.begin('192.0.2.1', 1812, packet, 0)
  insist(duplicates.look('192.0.2.1', 1812, packet, 0).kind === 'in-work', 'a packet in work is not found')
}

/** Decoded, encoded and decoded again: the same list. */
function roundtrip(data: Buffer): void {
  const packet = packetWith(data)
  if (packet === undefined) return
  const hiding = { secret, authenticator: packet.authenticator }
  const list = decodeAttributes(dictionary, packet, hiding)
  insist(packet.offsets.length === 0 || list.length > 0, 'attributes were lost')
  const again = packetWith(encodeAttributes(dictionary, list, hiding))
  insist(again !== undefined, 'encoded what cannot be parsed')
  const decoded = decodeAttributes(dictionary, again!, { secret, authenticator: packet.authenticator })
  insist(textOf(decoded) === textOf(list), `${textOf(list)} came back as ${textOf(decoded)}`)
}

/** Octets as a reply to a CoA-, Disconnect- or Access-Request of ours: never a right one without the secret. */
function reply(data: Buffer): void {
  const authenticator = Buffer.alloc(16, 7)
  for (const code of [codes.coaRequest, codes.disconnectRequest, codes.accessRequest, codes.accountingRequest]) {
    const request = { code, secret, replyMessageAuthenticator: 'if-present' } as const
    insist(rightReply(data, request, authenticator) === undefined, 'a forged reply was taken')
  }
  // A right one with some octets of it changed: each octet of data says which and how.
  const asked: Packet = { code: 43, identifier: 1, authenticator, octets: Buffer.alloc(20), offsets: [] }
  const right = encodeReply({ code: codes.coaAck, request: asked, attributes: Buffer.of(101, 6, 0, 0, 1, 1), secret })
  const changed = Buffer.from(right)
  for (let i = 0; i + 1 < data.length; i += 2) changed[data[i]! % changed.length]! ^= data[i + 1]!
  const taken = rightReply(changed, { code: codes.coaRequest, secret }, authenticator)
  // The identifier is the socket's to compare, but it is in the digest as well.
  insist((taken !== undefined) === changed.equals(right), 'a changed reply was taken')
}

/** Access- and Accounting-Requests as each vendor's NAS would send them: read into plain values that can be stored. */
function readers(data: Buffer): void {
  const packet = packetWith(data)
  if (packet === undefined) return
  for (const nas of nases) {
    const read = accessReader(packet, nas, { mschapV1: true, secrets: [secret] })
    insist(isStorable([read.request, read.shownUsername]), 'a login carries what no database stores')
    const accounting = accountingReader(packet, nas, noon)
    insist(isStorable(accounting), 'a record carries what no database stores')
  }
}

/** Octets as a list of attributes of our dictionary: encoded into at most 4096 octets that can be parsed, or refused. */
function encoding(data: Buffer): void {
  const authenticator = Buffer.alloc(16, 7)
  const request: Packet = { code: 1, identifier: 1, authenticator, octets: Buffer.alloc(20), offsets: [] }
  const list: NamedAttribute[] = []
  for (let at = 0; at + 2 <= data.length;) {
    const length = data[at + 1]!
    const octets = data.subarray(at + 2, at + 2 + length)
    list.push({ name: octetNames[data[at]! % octetNames.length]!, value: Buffer.from(octets) })
    at += 2 + length
  }
  try {
    const attributes = encodeAttributes(dictionary, list, { secret, authenticator })
    const octets = encodeReply({ code: codes.accessAccept, request, attributes, secret })
    const parsed = parsePacket(octets)
    insist(parsed.ok && octets.length <= maximumLength, 'encoded what cannot be parsed')
    insist(octets[20] === 80, 'Message-Authenticator is not first')
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}

/** Text as a rate of a plan: refused naming the field, or a number whose own text is that number. */
function rates(data: Buffer): void {
  try {
    const rate = parseRate('down', data.toString('utf8'))
    insist(rate > 0n && parseRate('down', formatQuantity(rate)) === rate, `${rate} is not its own text`)
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
  }
}

const octetNames = [
  'User-Name',
  'Filter-Id',
  'Class',
  'Reply-Message',
  'Proxy-State',
  'EAP-Message',
  'Mikrotik-Rate-Limit',
]

/** A value has a length that its attribute cannot have, or there are too many. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof AttributesTooLongError ||
    error instanceof PacketTooLongError ||
    (error instanceof Error && error.name === 'AttributeValueError')
  )
}

/** The attributes in a packet with a fixed header; undefined where they cannot be in one. */
function packetWith(attributes: Uint8Array): Packet | undefined {
  if (attributes.length > maximumLength - 20) return undefined
  const header = Buffer.alloc(20, 7)
  header[0] = codes.accessRequest
  header.writeUInt16BE(20 + attributes.length, 2)
  const parsed = parsePacket(Buffer.concat([header, attributes]))
  return parsed.ok ? parsed.packet : undefined
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner))
}

/** PostgreSQL stores no NUL in a text, and no half of a surrogate pair. */
function isStorable(value: unknown): boolean {
  let storable = true
  JSON.stringify(value, (_name, inner: unknown) => {
    if (typeof inner === 'string' && (inner.includes('\0') || !inner.isWellFormed())) storable = false
    return typeof inner === 'bigint' ? `${inner}n` : inner
  })
  return storable
}

function insist(holds: boolean, rule: string): void {
  if (!holds) throw new BrokenRuleError(rule)
}

function fixedKeyring(): Keyring {
  const key = createSecretKey(Buffer.alloc(32, 1))
  const keys = { field: key, class: key, cui: key, verifier: key, proxy: key, local: key }
  return { currentId: 1, firstId: 1, keys: new Map([[1, keys]]), rows: [] }
}

// The attributes of the answer to an Access-Request, as octets. An accept: what the vendor makes of the authorization, extra
// attributes over it, then what MS-CHAP needs. A reject carries its text and errors only (RFC 2865 §5.44). Never too long for a
// packet: optional parts are left out by a stated rule before anything is cut.

import { randomBytes } from 'node:crypto'
import { attributeName } from '../domain/authorization.ts'
import type { Authorization } from '../domain/authorization.ts'
import type { Settings } from '../domain/setting.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import type { Nas } from '../domain/nas.ts'
import { parseAttributeText } from '../radius/attribute-text.ts'
import { AttributesTooLongError, encodeAttributes } from '../radius/attributes.ts'
import type { HidingContext, NamedAttribute } from '../radius/attributes.ts'
import { messageAuthenticatorLength } from '../radius/authenticator.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import { proxyState } from '../radius/encode-packet.ts'
import { msChap1Keys, msChap2Keys } from '../radius/mppe.ts'
import { msChapError } from '../radius/ms-chap.ts'
import { headerLength, maximumLength } from '../radius/packet.ts'
import type { Packet } from '../radius/packet.ts'
import type { ReadAccess } from './access-packet.ts'
import type { RejectOutcome } from './outcomes.ts'
import type { MsChapMatch } from './password-proof.ts'

/** `shown` is what may be logged: no secret, and nothing that is new for every login. */
export type AcceptReply = {
  readonly attributes: Buffer
  readonly shown: readonly NamedAttribute[]
  readonly left: readonly string[]
}

export type AcceptInput = {
  readonly authorization: Authorization
  readonly nas: Nas
  readonly msChap: MsChapMatch | undefined
  readonly request: Packet
  readonly hiding: HidingContext
}

export type ReplyMaker = {
  /** Throws where an attribute of ours cannot be encoded: a fault, never a reject. */
  accept(input: AcceptInput): AcceptReply
  reject(outcome: RejectOutcome, read: ReadAccess, settings: Settings): Buffer
}

/** Extra attributes may not take these: they prove the reply, or belong to the protocol and to accounting. */
const ours = new Set(
  ['Class', 'Chargeable-User-Identity', 'Message-Authenticator', 'Proxy-State', 'State', 'EAP-Message', 'User-Password']
    .concat(['MS-CHAP2-Success', 'MS-CHAP-Error', 'MS-MPPE-Send-Key', 'MS-MPPE-Recv-Key', 'MS-CHAP-MPPE-Keys'])
    .map((name) => name.toLowerCase()),
)
/** New for every login, so that equal outcomes would not look equal in the log. */
const notShown = new Set(['Class', 'Chargeable-User-Identity', 'Session-Timeout', 'Acct-Interim-Interval'])
/** The operator asks for MPPE keys by this extra attribute, of plan, NAS or subscriber (RFC 2548 §2.4.4). */
const mppePolicy = 'MS-MPPE-Encryption-Policy'
const maximumParsed = 10_000

/** Makes the reply maker. `onBadAttribute` is told of an extra attribute that cannot be sent; it is left out. */
export function createReplyMaker(
  dictionary: Dictionary,
  onBadAttribute: (text: string, error: unknown) => void,
): ReplyMaker {
  const parsed = new Map<string, NamedAttribute | undefined>()
  const parse = (text: string): NamedAttribute | undefined => {
    if (parsed.has(text)) return parsed.get(text)
    if (parsed.size >= maximumParsed) parsed.clear()
    const attribute = ours.has(attributeName(text)) ? undefined : tryParse(dictionary, text, onBadAttribute)
    parsed.set(text, attribute)
    return attribute
  }
  return {
    accept(input) {
      const extras = input.authorization.attributes.map(parse).filter((attribute) => attribute !== undefined)
      const { vendor, settings } = input.nas
      const own = vendorOf(vendor).acceptAttributes(input.authorization, settings)
      const merged = extras.length === 0 ? own : withExtras(own, extras)
      const proof = msChapAttributes(input, extras)
      const room = roomFor(input.request)
      const { attributes, sent, left } = encodeWithin(dictionary, merged, proof, input.hiding, room)
      return { attributes, shown: sent.filter((attribute) => !notShown.has(attribute.name)), left }
    },
    reject: (outcome, read, settings) => encodeAttributes(dictionary, rejectAttributes(outcome, read, settings)),
  }
}

function tryParse(
  dictionary: Dictionary,
  text: string,
  onBadAttribute: (text: string, error: unknown) => void,
): NamedAttribute | undefined {
  try {
    return parseAttributeText(dictionary, text)
  } catch (error) {
    // Checked when it was written; the dictionary may have lost the name since.
    onBadAttribute(text, error)
    return undefined
  }
}

/** An extra attribute takes the place of ours of the same name. */
function withExtras(own: readonly NamedAttribute[], extras: readonly NamedAttribute[]): NamedAttribute[] {
  const taken = new Set(extras.map((attribute) => attribute.name))
  return own.filter((attribute) => !taken.has(attribute.name)).concat(extras)
}

function msChapAttributes(input: AcceptInput, extras: readonly NamedAttribute[]): NamedAttribute[] {
  const { msChap } = input
  if (msChap === undefined) return []
  const attributes: NamedAttribute[] = []
  // RFC 2548 §2.3.3: without it the peer hangs up although it was accepted.
  if (msChap.version === 2) attributes.push({ name: 'MS-CHAP2-Success', value: msChap.success })
  if (!extras.some((attribute) => attribute.name === mppePolicy)) return attributes
  if (msChap.version === 1) attributes.push({ name: 'MS-CHAP-MPPE-Keys', value: msChap1Keys(msChap.ntHashHash) })
  else {
    const keys = msChap2Keys(msChap.ntHashHash, msChap.ntResponse)
    attributes.push({ name: 'MS-MPPE-Send-Key', value: keys.send }, { name: 'MS-MPPE-Recv-Key', value: keys.receive })
  }
  return attributes
}

/** Octets for attributes beside the header, Message-Authenticator and the Proxy-States to be echoed (RFC 2865 §5.33). */
function roomFor(request: Packet): number {
  const { octets, offsets } = request
  let room = maximumLength - headerLength - messageAuthenticatorLength
  for (const at of offsets) if (octets[at] === proxyState) room -= octets[at + 1]!
  return room
}

/**
 * Encodes what fits. What is too much goes in this order: routes from the last to the first, then other attributes from the
 * last to the first; what MS-CHAP needs stays, and so does Class, which joins accounting to this login.
 */
function encodeWithin(
  dictionary: Dictionary,
  wanted: readonly NamedAttribute[],
  proof: readonly NamedAttribute[],
  hiding: HidingContext,
  room: number,
): { attributes: Buffer; sent: readonly NamedAttribute[]; left: string[] } {
  let sent = wanted
  const left: string[] = []
  for (;;) {
    const attributes = tryEncode(dictionary, proof.length === 0 ? sent : sent.concat(proof), hiding)
    if (attributes !== undefined && attributes.length <= room) return { attributes, sent, left }
    const route = sent.findLastIndex((attribute) => attribute.name === 'Framed-Route')
    const at = route === -1 ? sent.findLastIndex((attribute) => attribute.name !== 'Class') : route
    if (at === -1) throw new AttributesTooLongError(`not even the least of the reply fits into ${room} octets`)
    left.push(sent[at]!.name)
    sent = sent.toSpliced(at, 1)
  }
}

function tryEncode(
  dictionary: Dictionary,
  attributes: readonly NamedAttribute[],
  hiding: HidingContext,
): Buffer | undefined {
  try {
    return encodeAttributes(dictionary, attributes, hiding)
  } catch (error) {
    if (error instanceof AttributesTooLongError) return undefined
    throw error
  }
}

function rejectAttributes(outcome: RejectOutcome, read: ReadAccess, settings: Settings): NamedAttribute[] {
  // RFC 3579 §2.6.5: Reply-Message does not go with EAP-Message. EAP-Failure: code 4, the same identifier (RFC 3748 §4.2).
  if (read.eapIdentifier !== undefined) {
    return [{ name: 'EAP-Message', value: Buffer.from([4, read.eapIdentifier, 0, 4]) }]
  }
  const text = settings[outcome.text]
  const attributes: NamedAttribute[] = text === '' ? [] : [{ name: 'Reply-Message', value: text }]
  if (read.msChap !== undefined) {
    const { version, ident } = read.msChap
    const challenge = randomBytes(version === 2 ? 16 : 8)
    attributes.push({ name: 'MS-CHAP-Error', value: msChapError(ident, outcome.msChapError, challenge, text) })
  }
  return attributes
}

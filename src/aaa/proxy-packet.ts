// What is changed in a packet that is handed on (RFC 2865 §2.3, §5.33): values hidden under a shared secret are hidden anew,
// Message-Authenticator is made anew, our Proxy-State comes last and goes again; everything else keeps its octets and its order.

import { allOctets, firstOctets } from '../radius/attributes.ts'
import type { HidingContext } from '../radius/attributes.ts'
import { messageAuthenticator } from '../radius/authenticator.ts'
import { codes } from '../radius/codes.ts'
import { requireAttribute } from '../radius/dictionary.ts'
import type { AttributeDefinition, Dictionary } from '../radius/dictionary.ts'
import { proxyState } from '../radius/encode-packet.ts'
import { hideAscend, hidePassword, recoverAscend, recoverPadded, rehideSalted } from '../radius/hiding.ts'
import { vendorSpecific } from '../radius/packet.ts'
import type { Packet } from '../radius/packet.ts'
import { isVendorNumber, vendorParts } from '../radius/vendor-attributes.ts'

export type ProxyPackets = {
  /** Every Proxy-State of a request, in order. */
  proxyStates(request: Packet): Buffer[]
  /** Whether the home server must see the rest of a conversation that it began (RFC 2865 §5.24). */
  hasState(request: Packet): boolean
  /** The attributes of the request to the home server. `from` is how the NAS hid its values, `to` how the server reads them. */
  requestAttributes(request: Packet, own: Buffer, from: HidingContext, to: HidingContext): Buffer
  /** The attributes of the reply to the NAS, without Proxy-State: our server gives those of the request back. */
  replyAttributes(reply: Packet, from: HidingContext, to: HidingContext): Buffer
}

/** RFC 2868 §3.5: the salt has its high bit set; an octet without it in front of one is the tag. */
const saltBit = 0x80

/** Makes the functions, with all definitions looked up once. Throws `MissingDefinitionError`. */
export function createProxyPackets(dictionary: Dictionary): ProxyPackets {
  const [states, state, chapPassword, chapChallenge] = (
    ['Proxy-State', 'State', 'CHAP-Password', 'CHAP-Challenge'] as const
  ).map((name) => requireAttribute(dictionary, name)) as [
    AttributeDefinition,
    AttributeDefinition,
    AttributeDefinition,
    AttributeDefinition,
  ]
  return {
    proxyStates: (request) => allOctets(request, states),
    hasState: (request) => firstOctets(request, state) !== undefined,
    requestAttributes(request, own, from, to) {
      // RFC 2865 §5.3: without CHAP-Challenge the Request Authenticator is the challenge, and ours is another one.
      const challenged =
        request.code === codes.accessRequest &&
        firstOctets(request, chapPassword) !== undefined &&
        firstOctets(request, chapChallenge) === undefined
      return Buffer.concat([
        ...copied(dictionary, request, from, to, false),
        ...(challenged ? [attribute(chapChallenge.type, request.authenticator)] : []),
        // RFC 2865 §5.33: behind any that is there.
        attribute(proxyState, own),
      ])
    },
    replyAttributes: (reply, from, to) => Buffer.concat(copied(dictionary, reply, from, to, true)),
  }
}

function copied(
  dictionary: Dictionary,
  packet: Packet,
  from: HidingContext,
  to: HidingContext,
  isReply: boolean,
): Buffer[] {
  const { octets, offsets } = packet
  const parts: Buffer[] = []
  for (const at of offsets) {
    const type = octets[at]!
    if (type === messageAuthenticator || (isReply && type === proxyState)) continue
    const whole = octets.subarray(at, at + octets[at + 1]!)
    const changed =
      type === vendorSpecific
        ? rehideVendor(dictionary, whole, from, to)
        : rehideAt(dictionary.find(0, type), whole, 2, whole.length, from, to)
    if (changed !== undefined) parts.push(changed)
  }
  return parts
}

/** An attribute of vendors with each hidden part hidden anew; undefined where one cannot be. */
function rehideVendor(
  dictionary: Dictionary,
  whole: Buffer,
  from: HidingContext,
  to: HidingContext,
): Buffer | undefined {
  const vendor = whole.length < 6 ? 0 : whole.readUInt32BE(2)
  const format = isVendorNumber(vendor) ? dictionary.vendor(vendor)?.format : undefined
  const parts = format === undefined ? undefined : vendorParts(whole.subarray(6), format)
  let result: Buffer | undefined = whole
  for (const { type, octets } of parts ?? []) {
    const start: number = octets.byteOffset - whole.byteOffset
    result = result && rehideAt(dictionary.find(vendor, type), result, start, start + octets.length, from, to)
  }
  return result
}

/**
 * The octets with the value in [start, end) hidden anew, which takes as many octets as before. The same octets where nothing
 * is hidden; undefined where it is not what its kind must be: nobody could read it, so it is not handed on.
 */
function rehideAt(
  definition: AttributeDefinition | undefined,
  octets: Buffer,
  start: number,
  end: number,
  from: HidingContext,
  to: HidingContext,
): Buffer | undefined {
  if (definition?.encrypt === undefined) return octets
  const tagged = definition.tagged && (octets[start] ?? saltBit) < saltBit
  const valueAt = tagged ? start + 1 : start
  const value = rehide(definition.encrypt, octets.subarray(valueAt, end), from, to)
  return value && Buffer.concat([octets.subarray(0, valueAt), value, octets.subarray(end)])
}

function rehide(
  kind: NonNullable<AttributeDefinition['encrypt']>,
  value: Buffer,
  from: HidingContext,
  to: HidingContext,
): Buffer | undefined {
  const [fromSecret, toSecret] = [from.secret.octets, to.secret.octets]
  if (kind === 'tunnel-password') {
    return rehideSalted(
      value,
      { secret: fromSecret, authenticator: from.authenticator },
      { secret: toSecret, authenticator: to.authenticator },
    )
  }
  if (kind === 'ascend') {
    const plain = recoverAscend(value, fromSecret, from.authenticator)
    return plain && hideAscend(plain, toSecret, to.authenticator)
  }
  const padded = recoverPadded(value, fromSecret, from.authenticator)
  return padded && hidePassword(padded, toSecret, to.authenticator)
}

function attribute(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type, value.length + 2), value])
}

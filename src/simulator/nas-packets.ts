// The packets of an emulated NAS: its attributes in order, hidden, signed or not as its kind does. RFC 2865 §3, RFC 2866 §3.

import { decodeAttributes, encodeAttributes } from '../radius/attributes.ts'
import type { NamedAttribute } from '../radius/attributes.ts'
import type { Secret } from '../radius/authenticator.ts'
import { codes } from '../radius/codes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import { encodeRequest } from '../radius/encode-packet.ts'
import type { Packet } from '../radius/packet.ts'
import type { AccessAnswer } from './nas-options.ts'
import { readGrant } from './nas-session.ts'

/** What both kinds of packet need. */
export type PacketKeys = { dictionary: Dictionary; secret: Secret }

/** An Access-Request under this Request Authenticator, which hides its password. */
export function encodeAccess(
  keys: PacketKeys,
  identifier: number,
  access: { attributes: readonly NamedAttribute[]; authenticator: Buffer; sign: boolean },
): Buffer {
  const { dictionary, secret } = keys
  const { authenticator, sign } = access
  const attributes = encodeAttributes(dictionary, access.attributes, { secret, authenticator })
  const code = codes.accessRequest
  return encodeRequest({ code, identifier, attributes, secret, authenticator, messageAuthenticator: sign })
}

/** An Accounting-Request; NASes of these kinds do not sign it beyond its authenticator. */
export function encodeAccounting(keys: PacketKeys, identifier: number, attributes: readonly NamedAttribute[]): Buffer {
  const octets = encodeAttributes(keys.dictionary, attributes)
  const code = codes.accountingRequest
  return encodeRequest({ code, identifier, attributes: octets, secret: keys.secret, messageAuthenticator: false })
}

/** Reads the answer to an Access-Request; `success` is the MS-CHAP2-Success that an accept must carry, if any. */
export function readAnswer(
  dictionary: Dictionary,
  reply: Packet | undefined,
  success: Buffer | undefined,
): AccessAnswer {
  if (reply === undefined) return { kind: 'timeout' }
  const attributes = decodeAttributes(dictionary, reply)
  if (reply.code !== codes.accessAccept) {
    return {
      kind: 'rejected',
      message: textOf(attributes, 'Reply-Message'),
      msChapError: textOf(attributes, 'MS-CHAP-Error'),
    }
  }
  const grant = readGrant(attributes)
  const isProven = success === undefined || (grant.success !== undefined && success.equals(grant.success))
  return isProven ? { kind: 'accepted', grant } : { kind: 'wrong-proof' }
}

/** The first attribute of this name as text; octets without their first one, the identifier of an MS-CHAP-Error. */
export function textOf(attributes: readonly NamedAttribute[], name: string): string | undefined {
  const value = attributes.find((attribute) => attribute.name === name)?.value
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1', 1) : undefined
}

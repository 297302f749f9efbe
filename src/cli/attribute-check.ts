// Checks extra attributes of plans and NASes by our dictionary before they are stored: what could not be sent, or may not be
// sent by hand, would otherwise be found out by every login.

import { ownDictionary } from '../aaa/own-dictionary.ts'
import type { AttributeCheck } from '../domain/nas-device.ts'
import { AttributeTextError, parseAttributeText } from '../radius/attribute-text.ts'
import { AttributeValueError, encodeAttributes, UnknownAttributeError } from '../radius/attributes.ts'
import type { Dictionary } from '../radius/dictionary.ts'

/**
 * What is ours to send: it proves the reply or says how the login went (RFC 2865 §5.24 and §5.33, RFC 3579 §3, RFC 2759), or
 * belongs to a request only.
 */
const ours = new Set([
  'Message-Authenticator',
  'Proxy-State',
  'State',
  'Class',
  'EAP-Message',
  'User-Password',
  'CHAP-Password',
  'MS-CHAP2-Success',
  'MS-CHAP-Error',
  'MS-MPPE-Send-Key',
  'MS-MPPE-Recv-Key',
])

/** Plan, NAS and subscriber may each add so much: with our own attributes the reply stays below 4096 octets (RFC 2865 §3). */
const longestList = 1_000
const trial = { secret: { octets: Buffer.from('trial') }, authenticator: Buffer.alloc(16) }

/** The check that domain/ asks for. */
export function createAttributeCheck(): AttributeCheck {
  return (texts) => (texts.length === 0 ? undefined : problemOf(ownDictionary(), texts))
}

function problemOf(dictionary: Dictionary, texts: readonly string[]): string | undefined {
  try {
    const attributes = texts.map((text) => parseAttributeText(dictionary, text))
    const reserved = attributes.find(({ name }) => ours.has(name))
    if (reserved !== undefined) return `${reserved.name} is made by the server itself`
    const octets = encodeAttributes(dictionary, attributes, trial).length
    return octets > longestList
      ? `the attributes have ${octets} octets, ${longestList} fit beside the others`
      : undefined
  } catch (error) {
    const known = [AttributeTextError, AttributeValueError, UnknownAttributeError]
    if (error instanceof Error && known.some((kind) => error instanceof kind)) return error.message
    throw error
  }
}

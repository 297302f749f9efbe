// Lists of attributes in a packet and back, for tests of the codec.
import { decodeAttributes } from '../../src/radius/attributes.ts'
import type { HidingContext, NamedAttribute } from '../../src/radius/attributes.ts'
import type { Dictionary } from '../../src/radius/dictionary.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { packetOf } from './radius.ts'

/** An Access-Request with these attributes, as octets or in hexadecimal; the authenticator counts from 0 to 15. */
export function packetWith(attributes: string | Uint8Array): Packet {
  const octets = typeof attributes === 'string' ? Buffer.from(attributes.replaceAll(' ', ''), 'hex') : attributes
  const header = Buffer.from('01000000000102030405060708090a0b0c0d0e0f', 'hex')
  header.writeUInt16BE(20 + octets.length, 2)
  return packetOf(Buffer.concat([header, octets]))
}

/** The context of `packetWith` under the secret `testing123`. */
export function testContext(salt?: number): HidingContext {
  const authenticator = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
  const context = { secret: { octets: Buffer.from('testing123') }, authenticator }
  return salt === undefined ? context : { ...context, salt }
}

/** Decodes attributes given in hexadecimal. */
export function decodeHex(dictionary: Dictionary, attributes: string, context = testContext()): NamedAttribute[] {
  return decodeAttributes(dictionary, packetWith(attributes), context)
}

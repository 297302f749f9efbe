// What tests of the RADIUS side build packets with: attributes, parsed packets, vectors.

import { readFileSync } from 'node:fs'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { parsePacket } from '../../src/radius/packet.ts'
import type { Packet } from '../../src/radius/packet.ts'

export const secret = createSecret('a shared secret')

/** A client with the policies of a new one. */
export const bng: RadiusClient = {
  name: 'bng',
  secrets: [secret],
  messageAuthenticator: 'auto',
  messageAuthenticatorSeen: false,
  limitProxyState: true,
}

/** One attribute: type, length, value. */
export function attribute(type: number, value: string | Uint8Array): Buffer {
  const octets = Buffer.from(value)
  return Buffer.concat([Buffer.of(type, octets.length + 2), octets])
}

/** The packet in these octets; throws where they are malformed. */
export function packetOf(octets: Buffer): Packet {
  const parsed = parsePacket(octets)
  if (!parsed.ok) throw new Error(`malformed: ${parsed.reason}`)
  return parsed.packet
}

/** Types of the attributes in wire order. */
export function typesOf(packet: Packet): number[] {
  return packet.offsets.map((at) => packet.octets[at]!)
}

/** The value of the first attribute of a type. */
export function valueOf(packet: Packet, type: number): Buffer | undefined {
  const at = packet.offsets.find((offset) => packet.octets[offset] === type)
  return at === undefined ? undefined : packet.octets.subarray(at + 2, at + packet.octets[at + 1]!)
}

export type VectorCase = { readonly name: string } & Readonly<Record<string, unknown>>

/** The cases of a file in test/vectors. */
export function vectorCases(file: string): VectorCase[] {
  const json = readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8')
  const { cases } = JSON.parse(json) as { cases: VectorCase[] }
  return cases
}

/** One case of a file by its name. */
export function vectorCase(file: string, name: string): VectorCase {
  const found = vectorCases(file).find((one) => one.name === name)
  if (found === undefined) throw new Error(`no case ${name} in ${file}`)
  return found
}

/** A text of a case. */
export function text(one: VectorCase, field: string): string {
  const value = one[field]
  if (typeof value !== 'string') throw new Error(`${one.name} has no text ${field}`)
  return value
}

/** Hexadecimal octets of a case. */
export function hex(one: VectorCase, field: string): Buffer {
  return Buffer.from(text(one, field), 'hex')
}

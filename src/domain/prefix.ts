// Addresses and prefixes in the one form the database keeps them in: where packets of a client come from, and what a
// subscriber is given for good.

import ipaddr from 'ipaddr.js'
import { FieldError, quote } from './field.ts'

export type StaticKind = 'framed-ip' | 'framed-ipv6-prefix' | 'delegated-ipv6-prefix' | 'framed-ipv6-address'
export type StaticAddress = { kind: StaticKind; prefix: string }

type Parsed = { octets: number[]; length: number; bare: boolean; family: 4 | 6 }

/**
 * The source of a client: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`; as CIDR text. Host bits behind the mask and the whole
 * of an address family are refused (anybody could send), as are addresses that no packet comes from. Throws FieldError.
 */
export function parseClientPrefix(field: string, text: string): string {
  const parsed = parse(field, text)
  if (parsed.length === 0) throw new FieldError(field, 'the whole internet cannot be a client')
  const network = refuseHostBits(field, text, parsed)
  if (isBeyondUnicast(parsed)) throw new FieldError(field, `${quote(text)} is not where a packet can come from`)
  return network
}

/** One host's address in canonical form. Throws FieldError. */
export function parseHost(field: string, text: string): string {
  const parsed = parse(field, text)
  if (!parsed.bare || isBeyondUnicast(parsed) || isUnspecified(parsed)) {
    throw new FieldError(field, `${quote(text)} is not the address of a host`)
  }
  return addressText(parsed.octets)
}

/**
 * A static address: IPv4 alone is Framed-IP-Address; IPv6 alone Framed-IPv6-Address (RFC 6911); a /64 Framed-IPv6-Prefix
 * (RFC 3162); a shorter prefix Delegated-IPv6-Prefix (RFC 4818). Throws FieldError.
 */
export function parseStaticAddress(field: string, text: string): StaticAddress {
  const parsed = parse(field, text)
  const network = refuseHostBits(field, text, parsed)
  if (isBeyondUnicast(parsed) || isUnspecified(parsed))
    throw new FieldError(field, `${quote(text)} cannot be given to anybody`)
  if (parsed.family === 4) {
    if (parsed.length !== 32) throw new FieldError(field, 'IPv4 takes one address, not a prefix')
    return { kind: 'framed-ip', prefix: network }
  }
  if (parsed.length === 128) return { kind: 'framed-ipv6-address', prefix: network }
  if (parsed.length > 64 || parsed.length < 16) throw new FieldError(field, 'an IPv6 prefix is /16 to /64')
  return { kind: parsed.length === 64 ? 'framed-ipv6-prefix' : 'delegated-ipv6-prefix', prefix: network }
}

/** The first and last address of a prefix made here, as numbers; IPv6 lies behind all of IPv4. For finding overlaps. */
export function prefixRange(prefix: string): { first: bigint; last: bigint } {
  const [address, length] = prefix.split('/')
  const octets = ipaddr.parse(address!).toByteArray()
  const number = BigInt(`0x${Buffer.from(octets).toString('hex')}`)
  const first = octets.length === 16 ? number + (1n << 32n) : number
  return { first, last: first + (1n << BigInt(octets.length * 8 - Number(length))) - 1n }
}

/** An address or prefix of any kind in canonical form with its length, host bits cleared: for searching. Throws FieldError. */
export function parseRange(field: string, text: string): string {
  const { octets, length } = parse(field, text)
  return `${addressText(maskedOctets(octets, length))}/${length}`
}

/** A prefix or one address that hosts can have, in canonical form with its length; host bits are refused. Throws FieldError. */
export function parseNetwork(field: string, text: string): string {
  const parsed = parse(field, text)
  if (isBeyondUnicast(parsed) || isUnspecified(parsed))
    throw new FieldError(field, `${quote(text)} cannot be given to anybody`)
  return refuseHostBits(field, text, parsed)
}

function parse(field: string, text: string): Parsed {
  const [address = '', mask, more] = text.trim().split('/')
  // ipaddr.js alone takes `10.1` and `0x7f.1`, which no operator means.
  const four = ipaddr.IPv4.isValidFourPartDecimal(address)
  const good = four || (address.includes(':') && !address.includes('%') && ipaddr.IPv6.isValid(address))
  const length = mask === undefined ? (four ? 32 : 128) : /^\d{1,3}$/.test(mask) ? Number(mask) : Number.NaN
  if (!good || more !== undefined || !(length <= (four ? 32 : 128))) {
    throw new FieldError(field, `${quote(text)} is not an address or prefix such as 192.0.2.1 or 192.0.2.0/24`)
  }
  // `::ffff:192.0.2.1` is 192.0.2.1; anything wider is no IPv4 prefix.
  const parsed = ipaddr.process(address)
  const mapped = parsed.kind() === 'ipv4' && !four
  if (mapped && mask !== undefined) throw new FieldError(field, `${quote(text)}: write the IPv4 prefix itself`)
  const family = parsed.kind() === 'ipv4' ? 4 : 6
  return { octets: parsed.toByteArray(), length: mapped ? 32 : length, bare: mask === undefined, family }
}

function refuseHostBits(field: string, text: string, { octets, length }: Parsed): string {
  const masked = maskedOctets(octets, length)
  const network = `${addressText(masked)}/${length}`
  if (masked.some((octet, at) => octet !== octets[at])) {
    throw new FieldError(field, `${quote(text)} has bits set behind its mask; the prefix is ${network}`)
  }
  return network
}

function maskedOctets(octets: readonly number[], length: number): number[] {
  return octets.map((octet, at) => octet & (0xff00 >> Math.min(8, Math.max(0, length - at * 8))) & 0xff)
}

function addressText(octets: number[]): string {
  return ipaddr.fromByteArray(octets).toString()
}

/** Multicast, IPv4's class E with the broadcast address, loopback of IPv6 excepted: tests and local clients use it. */
function isBeyondUnicast({ octets, family }: Parsed): boolean {
  return family === 4 ? octets[0]! >= 224 : octets[0] === 0xff
}

function isUnspecified({ octets }: Parsed): boolean {
  return octets.every((octet) => octet === 0) || (octets.length === 4 && octets[0] === 0)
}

// Whose a source address is, by longest prefix, at a cost that does not grow with the number of clients or of strangers: a
// flood from forged addresses is looked up once a datagram and leaves nothing behind (attack rows R12, R34).

import ipaddr from 'ipaddr.js'

type Prefixed<T> = { readonly prefix: string; readonly value: T }

/** The prefixes of one length: their networks, and whose they are. */
type Length<K, T> = { readonly length: number; readonly values: Map<K, T> }

const mapped = '::ffff:'

/** Makes the look-up of prefixes in CIDR text. Gives undefined for what no prefix holds, and for what is no address. */
export function createSourceLookup<T>(entries: readonly Prefixed<T>[]): (address: string) => T | undefined {
  const four: Length<number, T>[] = []
  const six: Length<string, T>[] = []
  for (const { prefix, value } of entries) {
    const [address, length] = ipaddr.parseCIDR(prefix)
    if (address instanceof ipaddr.IPv6) add(six, length, networkOf6(address.parts, length), value)
    else add(four, length, networkOf4(readIpv4(address.toString(), 0), length), value)
  }
  return (address) => {
    // RFC 4291 §2.5.5.2: an IPv4 address mapped into IPv6 is that IPv4 address.
    const number = readIpv4(address, address.startsWith(mapped) ? mapped.length : 0)
    if (number !== undefinedIpv4) return find(four, number, networkOf4)
    if (six.length === 0 || !ipaddr.IPv6.isValid(address)) return undefined
    return find(six, ipaddr.IPv6.parse(address).parts, networkOf6)
  }
}

function add<K, T>(lengths: Length<K, T>[], length: number, network: K, value: T): void {
  let one = lengths.find((known) => known.length === length)
  if (one === undefined) {
    lengths.push((one = { length, values: new Map() }))
    lengths.sort((a, b) => b.length - a.length)
  }
  // Of two clients of one prefix the first is the one that is asked.
  if (!one.values.has(network)) one.values.set(network, value)
}

function find<A, K, T>(
  lengths: readonly Length<K, T>[],
  address: A,
  networkOf: (address: A, length: number) => K,
): T | undefined {
  for (let i = 0; i < lengths.length; i++) {
    const { length, values } = lengths[i]!
    const value = values.get(networkOf(address, length))
    if (value !== undefined) return value
  }
  return undefined
}

const undefinedIpv4 = -1

/** The address as a number of 32 bits; `undefinedIpv4` where it is none. By hand: this is done for every datagram. */
function readIpv4(text: string, from: number): number {
  let address = 0
  let part = 0
  let digits = 0
  let dots = 0
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46 && digits > 0 && dots < 3) {
      address = address * 256 + part
      part = 0
      digits = 0
      dots += 1
    } else if (code >= 48 && code <= 57 && digits < 3) {
      part = part * 10 + code - 48
      digits += 1
      if (part > 255) return undefinedIpv4
    } else return undefinedIpv4
  }
  return dots === 3 && digits > 0 ? address * 256 + part : undefinedIpv4
}

function networkOf4(address: number, length: number): number {
  const size = 2 ** (32 - length)
  return address - (address % size)
}

/** The eight parts of 16 bits as characters, what is behind the prefix as zeros. */
function networkOf6(parts: readonly number[], length: number): string {
  let network = ''
  for (let i = 0, left = length; i < 8 && left > 0; i++, left -= 16) {
    network += String.fromCharCode(left >= 16 ? parts[i]! : parts[i]! & (0xffff << (16 - left)))
  }
  return network
}

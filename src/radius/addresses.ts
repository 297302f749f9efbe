// Text and octets of the address types: IPv4, IPv6 (RFC 5952 text), prefixes, interface ids and MAC addresses.
// RFC 8044 §3.8 to §3.13.
import { isIPv6 } from 'node:net'

const dot = 46
const digitZero = 48
const digitNine = 57

/** Dotted quad of the four octets at `at`. */
export function formatIpv4(octets: Uint8Array, at = 0): string {
  return `${octets[at]}.${octets[at + 1]}.${octets[at + 2]}.${octets[at + 3]}`
}

/**
 * Writes a dotted quad as four octets; false when the text is none. Leading zeros are refused: some readers take them
 * for octal. Octets before the fault may have been written.
 */
export function writeIpv4(target: Uint8Array, at: number, text: string): boolean {
  let parts = 0
  let value = 0
  let digits = 0
  for (let i = 0; i <= text.length; i++) {
    const character = i < text.length ? text.charCodeAt(i) : dot
    if (character === dot) {
      if (digits === 0 || value > 255 || parts === 4) return false
      target[at + parts++] = value
      value = digits = 0
    } else {
      if (character < digitZero || character > digitNine || digits === 3 || (digits > 0 && value === 0)) return false
      value = value * 10 + character - digitZero
      digits++
    }
  }
  return parts === 4
}

/** RFC 5952 text of the 16 octets at `at`; IPv4-mapped addresses in the mixed form of its §5. */
export function formatIpv6(octets: Uint8Array, at = 0): string {
  const groups: number[] = []
  for (let i = at; i < at + 16; i += 2) groups.push(octets[i]! * 256 + octets[i + 1]!)
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${formatIpv4(octets, at + 12)}`
  }
  const [start, length] = longestZeroRun(groups)
  const hex = groups.map((group) => group.toString(16))
  // RFC 5952 §4.2.2: a single zero group is not shortened.
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best = 0
  let bestLength = 0
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    // RFC 5952 §4.2.3: of two runs of the same length, the first.
    if (length > bestLength) [best, bestLength] = [start, length]
  }
  return [best, bestLength]
}

/** Writes IPv6 text (any form, no zone) as 16 octets; false when the text is none. */
export function writeIpv6(target: Uint8Array, at: number, text: string): boolean {
  if (!isIPv6(text) || text.includes('%')) return false
  const [head = '', tail] = text.split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  target.fill(0, at, at + 16)
  writeGroups(target, at, before)
  writeGroups(target, at + 16 - after.length * 2, after)
  return true
}

function groupsOf(text: string): number[] {
  const groups: number[] = []
  for (const part of text === '' ? [] : text.split(':')) {
    if (part.includes('.')) {
      const quad = new Uint8Array(4)
      writeIpv4(quad, 0, part)
      groups.push(quad[0]! * 256 + quad[1]!, quad[2]! * 256 + quad[3]!)
    } else groups.push(Number.parseInt(part, 16))
  }
  return groups
}

function writeGroups(target: Uint8Array, at: number, groups: readonly number[]): void {
  for (const [index, group] of groups.entries()) {
    target[at + index * 2] = group >> 8
    target[at + index * 2 + 1] = group & 0xff
  }
}

/** Sets every bit after the first `length` bits of a prefix of `size` octets to zero (RFC 3162 §2.3). */
export function clearHostBits(octets: Uint8Array, at: number, size: number, length: number): void {
  const whole = length >> 3
  if (whole >= size) return
  octets[at + whole] = octets[at + whole]! & (0xff00 >> (length & 7)) & 0xff
  octets.fill(0, at + whole + 1, at + size)
}

/** Splits `address/length`; undefined when there is no plain decimal length of at most `maximum`. */
export function splitPrefix(text: string, maximum: number): { address: string; length: number } | undefined {
  const slash = text.indexOf('/')
  const digits = text.slice(slash + 1)
  if (slash === -1 || !/^(0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > maximum) return undefined
  return { address: text.slice(0, slash), length: Number(digits) }
}

/** Interface id of eight octets as four hexadecimal groups without leading zeros. */
export function formatInterfaceId(octets: Uint8Array, at = 0): string {
  const groups: string[] = []
  for (let i = at; i < at + 8; i += 2) groups.push((octets[i]! * 256 + octets[i + 1]!).toString(16))
  return groups.join(':')
}

/** Writes `a:b:c:d` (four groups of one to four hexadecimal digits) as eight octets; false when the text is none. */
export function writeInterfaceId(target: Uint8Array, at: number, text: string): boolean {
  if (!/^[\da-f]{1,4}(:[\da-f]{1,4}){3}$/i.test(text)) return false
  writeGroups(target, at, groupsOf(text))
  return true
}

/** MAC address of six octets: lower case, colons. */
export function formatEther(octets: Uint8Array, at = 0): string {
  const pairs: string[] = []
  for (let i = at; i < at + 6; i++) pairs.push(octets[i]!.toString(16).padStart(2, '0'))
  return pairs.join(':')
}

/** Writes a MAC address (pairs joined by colons or hyphens) as six octets; false when the text is none. */
export function writeEther(target: Uint8Array, at: number, text: string): boolean {
  if (!/^[\da-f]{2}([:-][\da-f]{2}){5}$/i.test(text)) return false
  for (let i = 0; i < 6; i++) target[at + i] = Number.parseInt(text.slice(i * 3, i * 3 + 2), 16)
  return true
}

// Ranges of addresses as they are typed: one a line or by commas. What is plainly wrong is said while typing; the rest is the API's.
import type { IpPool } from '../api/generated/types.gen.ts'

export function linesOf(text: string): string[] {
  return text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** The first range that cannot be one; the last line is still being typed. */
export function rangesError(text: string, kind: IpPool['kind']): string | undefined {
  const whole = /[\n,;]\s*$/.test(text) ? linesOf(text) : linesOf(text).slice(0, -1)
  return whole.find((range) => !isRange(range, kind))
}

function isRange(range: string, kind: IpPool['kind']): boolean {
  const ends = range.split('-').map((end) => end.trim())
  return ends.length <= 2 && ends.every((end) => (kind === 'ipv4' ? isIpv4(end) : isIpv6(end)))
}

function isIpv4(text: string): boolean {
  const [address = '', length, more] = text.split('/')
  if (more !== undefined || (length !== undefined && !isLength(length, 32))) return false
  const parts = address.split('.')
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)
}

function isIpv6(text: string): boolean {
  const [address = '', length, more] = text.split('/')
  if (more !== undefined || (length !== undefined && !isLength(length, 128))) return false
  return address.includes(':') && /^[0-9a-f:.]+$/i.test(address)
}

function isLength(text: string, most: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= most
}

// Circuit id, remote id and DUID as people write and read them. They are octets (RFC 3046 §2, RFC 8415 §11): text where they
// are printable text, else hexadecimal behind 0x.

import { isUtf8 } from 'node:buffer'
import { FieldError } from './field.ts'

/** What an attribute or a sub-option of DHCP holds. */
const longest = 253
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/u

/** The octets of `0x0004…` or of a text as UTF-8, 1 to 253 of them; white space around is dropped. Throws FieldError. */
export function parseLineId(field: string, text: string): Buffer {
  const trimmed = text.trim()
  const digits = /^0x((?:[0-9a-f]{2})+)$/i.exec(trimmed)?.[1]
  if (digits === undefined && /^0x/i.test(trimmed)) {
    throw new FieldError(field, 'behind 0x stand hexadecimal digits, two for each octet')
  }
  const octets = digits === undefined ? Buffer.from(trimmed) : Buffer.from(digits, 'hex')
  if (octets.length < 1 || octets.length > longest) throw new FieldError(field, `must have 1 to ${longest} octets`)
  return octets
}

/** The text that `parseLineId` reads back as these octets. */
export function showLineId(octets: Buffer): string {
  const text = isUtf8(octets) ? octets.toString('utf8') : ''
  const readable = text !== '' && text === text.trim() && !unprintable.test(text) && !/^0x/i.test(text)
  return readable ? text : `0x${octets.toString('hex')}`
}

// The one form of a username, made the same way when a subscriber is written and when a request asks for it, so that
// "Ali", "ali " and the full-width "ａｌｉ" are one login and no second account can be made beside a blocked one.

import { isUtf8 } from 'node:buffer'
import { FieldError } from './field.ts'

/** RFC 2865 §5.1: a User-Name has at most 253 octets. */
export const maximumUsernameOctets = 253

/** What is already canonical in almost every request: printable ASCII without blanks and capitals. */
const plain = /^[!-@[-~]*$/
/** Controls (NUL among them) and characters that are not seen: zero-width, changes of direction, soft hyphen. */
const invisible = /[\p{Cc}\p{Cf}]/gu
/** A control that is white space still parts two words. */
const whiteControl = /[\t-\r\u0085]/g

/**
 * The canonical form: NFKC, no control or invisible characters, no white space around, one blank for white space inside,
 * lower case. Applying it again changes nothing. It may be empty: then it is nobody's name.
 */
export function canonicalUsername(text: string): string {
  if (plain.test(text)) return text
  let form = text.toWellFormed()
  // Lower case may leave marks that compose (İ), and NFKC may uncover white space (U+00A8): until nothing changes.
  for (let round = 0; round < 4; round++) {
    const next = fold(form)
    if (next === form) break
    form = next
  }
  return form
}

function fold(text: string): string {
  const visible = text.replace(whiteControl, ' ').replace(invisible, '')
  return visible.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/g, ' ').trim()
}

/** The canonical form of a username to be written: 1 to 253 octets of it. Throws FieldError. */
export function validateUsername(text: string, field = 'username'): string {
  const username = canonicalUsername(text)
  if (username === '') throw new FieldError(field, 'is empty')
  const octets = Buffer.byteLength(username)
  if (octets > maximumUsernameOctets) {
    throw new FieldError(field, `has ${octets} octets, a User-Name holds ${maximumUsernameOctets} (RFC 2865 §5.1)`)
  }
  return username
}

/** A User-Name as it came: what to look for, and what to show. */
export type SentUsername = {
  /** Canonical; empty where the octets are no text: then it is nobody's name. */
  readonly username: string
  /** For log and panel: the canonical form, or the octets with what is no UTF-8 as `\xNN`. Nothing is lost. */
  readonly shown: string
  /** As it came, where that is another text: what its NAS goes on calling the session. */
  readonly sent?: string
}

/** Reads the octets of a User-Name (RFC 2865 §5.1). Octets that are no UTF-8 can match no subscriber; never throws. */
export function readUsername(octets: Buffer | undefined): SentUsername {
  if (octets === undefined) return { username: '', shown: '' }
  if (!isUtf8(octets)) return { username: '', shown: escapeNonText(octets) }
  const text = octets.toString('utf8')
  const username = canonicalUsername(text)
  // No text of Postgres has a NUL.
  if (text === username || text.includes('\0')) return { username, shown: username }
  return { username, shown: username, sent: text }
}

/** Printable ASCII as it is, all else as `\xNN`, a backslash doubled: two different inputs never look the same. */
function escapeNonText(octets: Buffer): string {
  let text = ''
  for (const octet of octets) {
    if (octet === 0x5c) text += '\\\\'
    else if (octet >= 0x20 && octet < 0x7f) text += String.fromCharCode(octet)
    else text += `\\x${octet.toString(16).padStart(2, '0')}`
  }
  return text
}

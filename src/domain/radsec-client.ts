// By which certificate a client is known that speaks RADIUS over TLS (RFC 6614): its SHA-256 fingerprint, or a DNS name in it.

import { FieldError } from './field.ts'

/** '' takes one away; what is not named stays. */
export type RadsecInput = { radsecFingerprint?: string; radsecName?: string }

const dnsName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

/** The columns of radius_client to write. A fingerprint may be given as openssl prints it. Throws FieldError. */
export function checkRadsec({ radsecFingerprint, radsecName }: RadsecInput): {
  radsec_fingerprint?: string | null
  radsec_name?: string | null
} {
  return {
    ...(radsecFingerprint === undefined ? {} : { radsec_fingerprint: parseFingerprint(radsecFingerprint) }),
    ...(radsecName === undefined ? {} : { radsec_name: parseName(radsecName) }),
  }
}

function parseFingerprint(text: string): string | null {
  if (text === '') return null
  const digits = text
    .trim()
    .replace(/^sha256 fingerprint=/i, '')
    .replaceAll(':', '')
    .toLowerCase()
  if (/^[0-9a-f]{64}$/.test(digits)) return digits
  throw new FieldError(
    'radsec-fingerprint',
    'must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
  )
}

function parseName(text: string): string | null {
  if (text === '') return null
  const name = text.trim().toLowerCase()
  if (dnsName.test(name)) return name
  throw new FieldError('radsec-name', 'must be a DNS name as the certificate has it, without a wildcard')
}

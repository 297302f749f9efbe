// Who is at the other end of a TLS connection: by the SHA-256 fingerprint of its certificate, which needs nobody to vouch for
// it, and by the DNS names in it where a CA of ours did (RFC 6614 §2.3, RFC 5280 §4.2.1.6).

import type { X509Certificate } from 'node:crypto'

/** What a peer has proved. The certificate is proved to be its own by the handshake in either case. */
export type RadsecIdentity = {
  /** SHA-256 over the certificate in DER: 64 hexadecimal digits, small letters. */
  readonly fingerprint: string
  /** DNS names in small letters; none where no CA of ours vouches for the certificate. */
  readonly names: readonly string[]
}

/** The secret of every RADIUS/TLS connection: TLS is what protects it. RFC 6614 §2.3. */
export const radsecSecret = 'radsec'

/** Reads the certificate of a peer; `vouched`: its chain ends at a CA of ours. */
export function readRadsecIdentity(certificate: X509Certificate, vouched: boolean): RadsecIdentity {
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  return { fingerprint, names: vouched ? dnsNamesOf(certificate) : [] }
}

/** Whether the certificate is valid at this time by its own dates. */
export function isInTime(certificate: X509Certificate, at: Date): boolean {
  return at >= new Date(certificate.validFrom) && at <= new Date(certificate.validTo)
}

/** A wildcard is nobody's name. */
const dnsName = /^DNS:([a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/i

function dnsNamesOf(certificate: X509Certificate): string[] {
  const listed = (certificate.subjectAltName ?? '').split(', ').flatMap((entry) => dnsName.exec(entry)?.[1] ?? [])
  // The text is for reading: a name with a comma in it can look like several. What OpenSSL finds in the certificate counts.
  const own = listed.filter((name) => certificate.checkHost(name, { subject: 'never', wildcards: false }) === name)
  return own.map((name) => name.toLowerCase())
}

// Certificates made on the spot: X.509 in DER by hand (RFC 5280 §4.1), signed with ECDSA (RFC 5758), by themselves or by an
// authority made here.
import { generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto'

export type MadeCertificate = { certificate: string; key: string }
export type CertificateInput = {
  issuer?: Authority
  dnsNames?: readonly string[]
  /** The last day it is good for, as YYMMDD; by default in 2049. */
  until?: string
}
export type Authority = MadeCertificate & { readonly name: string; readonly privateKey: KeyObject }

function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length =
    content.length < 128
      ? Buffer.from([content.length])
      : Buffer.from([0x82, content.length >> 8, content.length & 0xff])
  return Buffer.concat([Buffer.from([tag]), length, content])
}

const sequence = (...parts: Buffer[]) => tlv(0x30, ...parts)
const commonName = Buffer.from('0603550403', 'hex')
const subjectAltName = Buffer.from('0603551d11', 'hex')
const basicConstraints = Buffer.from('0603551d13', 'hex')
const isAuthority = sequence(
  basicConstraints,
  Buffer.from('0101ff', 'hex'),
  tlv(0x04, sequence(Buffer.from('0101ff', 'hex'))),
)
const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'))
let serial = 0

/** For the common name, as PEM; good from 2020. */
export function makeCertificate(name: string, input: CertificateInput = {}): MadeCertificate {
  const { dnsNames = [], issuer } = input
  const names = tlv(0x04, sequence(...dnsNames.map((one) => tlv(0x82, Buffer.from(one)))))
  return issue(name, issuer, dnsNames.length === 0 ? [] : [sequence(subjectAltName, names)], input.until)
}

/** An authority that others may be signed by. */
export function makeAuthority(name: string): Authority {
  return issue(name, undefined, [isAuthority])
}

/** What RadSec knows it by: SHA-256 in small hexadecimal digits. */
export function fingerprintOf({ certificate }: MadeCertificate): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase()
}

function issue(name: string, issuer: Authority | undefined, extensions: Buffer[], until = '490101'): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const validity = sequence(tlv(0x17, Buffer.from('200101000000Z')), tlv(0x17, Buffer.from(`${until}000000Z`)))
  const body = sequence(
    // Version 3, which extensions need.
    ...(extensions.length === 0 ? [] : [tlv(0xa0, Buffer.from('020102', 'hex'))]),
    tlv(0x02, Buffer.from([(serial = (serial + 1) % 128)])),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    validity,
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [tlv(0xa3, sequence(...extensions))]),
  )
  const signature = tlv(0x03, Buffer.from([0]), sign('sha256', body, issuer?.privateKey ?? privateKey))
  const der = sequence(body, ecdsaWithSha256, signature)
  const lines = der
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')
    .trimEnd()
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    name,
    privateKey,
  }
}

function nameOf(name: string): Buffer {
  return sequence(tlv(0x31, sequence(commonName, tlv(0x0c, Buffer.from(name)))))
}

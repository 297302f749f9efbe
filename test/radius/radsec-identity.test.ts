import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isInTime, readRadsecIdentity } from '../../src/radius/radsec-identity.ts'
import { fingerprintOf, makeCertificate } from '../support/certificate.ts'

describe('who a certificate is', () => {
  it('is known by its fingerprint, and by its names only where an authority of ours vouches', () => {
    const made = makeCertificate('bng', { dnsNames: ['BNG-1.example.net', 'bng-2.example.net'] })
    const certificate = new X509Certificate(made.certificate)
    const fingerprint = fingerprintOf(made)
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/)
    expect(readRadsecIdentity(certificate, false)).toEqual({ fingerprint, names: [] })
    expect(readRadsecIdentity(certificate, true)).toEqual({
      fingerprint,
      names: ['bng-1.example.net', 'bng-2.example.net'],
    })
  })

  it('has no name where it has only a common name', () => {
    const { certificate } = makeCertificate('bng.example.net')
    expect(readRadsecIdentity(new X509Certificate(certificate), true).names).toEqual([])
  })

  it.each([
    ['a wildcard', ['*.example.net'], []],
    ['one name that reads like several', ['a, DNS:evil.example.net, b'], []],
    ['such a one beside a right one', ['a, DNS:evil.example.net, b', 'bng.example.net'], ['bng.example.net']],
  ])('is not deceived by %s', (_what, dnsNames, names) => {
    const { certificate } = makeCertificate('bng', { dnsNames })
    expect(readRadsecIdentity(new X509Certificate(certificate), true).names).toEqual(names)
  })

  it('is in time between its two dates', () => {
    const certificate = new X509Certificate(makeCertificate('bng', { until: '251231' }).certificate)
    expect(isInTime(certificate, new Date('2019-12-31T23:59:59Z'))).toBe(false)
    expect(isInTime(certificate, new Date('2025-12-30T00:00:00Z'))).toBe(true)
    expect(isInTime(certificate, new Date('2026-01-01T00:00:00Z'))).toBe(false)
  })
})

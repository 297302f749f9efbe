import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { desEncrypt, desKey } from '../../src/crypto/des.ts'
import { hex, vectorCase } from '../support/radius.ts'

// OpenSSL 3 has no single DES, but triple DES with one key thrice is the same.
function reference(block: Uint8Array, key: Uint8Array): string {
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()]).toString('hex')
}

describe('RFC 2759 §9.3', () => {
  it('spreads a key of 7 octets over 8 with odd parity', () => {
    const one = vectorCase('rfc2759-mschapv2', 'DES key parity')
    expect(desKey(hex(one, 'input7')).toString('hex')).toBe(hex(one, 'parity8').toString('hex'))
  })
})

describe('desEncrypt', () => {
  it('gives the classic known answer', () => {
    // FIPS 81, ECB: key 0123456789abcdef, text "Now is t".
    expect(desEncrypt(Buffer.from('Now is t'), unparity('0123456789abcdef')).toString('hex')).toBe('3fa40e8a984d4815')
  })

  it('agrees with OpenSSL for any key and block', () => {
    const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(octets(8), octets(7), (block, key) => {
        expect(desEncrypt(block, key).toString('hex')).toBe(reference(block, desKey(key)))
      }),
    )
  })

  it('makes every octet of a key odd', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 7 }), (key) => {
        for (const octet of desKey(key)) expect(octet.toString(2).replaceAll('0', '').length % 2).toBe(1)
      }),
    )
  })
})

// The seven octets that a key of eight was spread from.
function unparity(eight: string): Buffer {
  const bits = [...Buffer.from(eight, 'hex')].map((octet) => octet.toString(2).padStart(8, '0').slice(0, 7)).join('')
  return Buffer.from(Array.from({ length: 7 }, (_, i) => Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2)))
}

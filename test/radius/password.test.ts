import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeChapPassword, verifyChap, verifyPap } from '../../src/radius/password.ts'
import { hex, packetOf, text, valueOf, vectorCase } from '../support/radius.ts'

describe('verifyPap', () => {
  it('compares octets, not text', () => {
    expect(verifyPap(Buffer.from('ümlaut'), Buffer.from('ümlaut'))).toBe(true)
    expect(verifyPap(Buffer.from('ümlaut', 'latin1'), Buffer.from('ümlaut'))).toBe(false)
    // Both are U+FFFD as UTF-8 text.
    expect(verifyPap(Buffer.of(0xff), Buffer.of(0xfe))).toBe(false)
    expect(verifyPap(Buffer.from('abc\0QRS'), Buffer.from('abcQRS'))).toBe(false)
  })

  it('an empty password equals only an empty one', () => {
    expect(verifyPap(Buffer.alloc(0), Buffer.alloc(0))).toBe(true)
    expect(verifyPap(Buffer.alloc(0), Buffer.from('a'))).toBe(false)
    expect(verifyPap(Buffer.from('a'), Buffer.alloc(0))).toBe(false)
  })

  it('is right exactly where the octets are the same', () => {
    const octets = fc.uint8Array({ maxLength: 6, max: 2 })
    fc.assert(
      fc.property(octets, octets, (candidate, expected) => {
        expect(verifyPap(candidate, expected)).toBe(Buffer.from(candidate).equals(expected))
      }),
    )
  })
})

describe('RFC 2865 §7.2: CHAP with the Request Authenticator as challenge', () => {
  const packet = packetOf(hex(vectorCase('rfc2865-section7', '7.2 CHAP framed'), 'request'))
  const sent = valueOf(packet, 3)!

  it('matches the password of the example', () => {
    expect(sent[0]).toBe(22)
    expect(verifyChap(sent, packet.authenticator, Buffer.from('arctangent'))).toBe('match')
    expect(verifyChap(sent, packet.authenticator, Buffer.from('arctangenT'))).toBe('mismatch')
  })
})

describe('verifyChap', () => {
  const real = vectorCase('rfc2759-mschapv2', 'real accel-ppp/pppd CHAP-MD5')
  const challenge = hex(real, 'chap_challenge')
  const password = Buffer.from(text(real, 'password'))

  it('matches what a real NAS sent with its own challenge', () => {
    expect(verifyChap(hex(real, 'chap_password'), challenge, password)).toBe('match')
    expect(makeChapPassword(1, challenge, password)).toEqual(hex(real, 'chap_password'))
  })

  it('R23: another length than 17 is malformed, and so is no challenge', () => {
    const sent = hex(real, 'chap_password')
    expect(verifyChap(sent.subarray(0, 16), challenge, password)).toBe('malformed')
    expect(verifyChap(Buffer.concat([sent, Buffer.of(0)]), challenge, password)).toBe('malformed')
    expect(verifyChap(Buffer.alloc(0), challenge, password)).toBe('malformed')
    expect(verifyChap(sent, Buffer.alloc(0), password)).toBe('malformed')
  })

  it('another ident, challenge or password is a mismatch', () => {
    const octets = fc.uint8Array({ minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(fc.nat(255), octets, octets, (ident, asked, secret) => {
        const sent = makeChapPassword(ident, asked, secret)
        expect(verifyChap(sent, asked, secret)).toBe('match')
        sent[0]! ^= 1
        expect(verifyChap(sent, asked, secret)).toBe('mismatch')
        sent[0]! ^= 1
        sent[16]! ^= 0x80
        expect(verifyChap(sent, asked, secret)).toBe('mismatch')
      }),
    )
  })
})

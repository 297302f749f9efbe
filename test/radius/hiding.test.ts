import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hideAscend,
  hidePassword,
  hideSalted,
  HiddenValueError,
  recoverAscend,
  recoverPadded,
  recoverPassword,
  recoverSalted,
} from '../../src/radius/hiding.ts'
import { hex, packetOf, text, valueOf, vectorCases } from '../support/radius.ts'

type Known = { plain: string; secret: string; request_authenticator: string }
type KnownAnswers = {
  cases: { user_password: (Known & { attribute: string })[]; salt: (Known & { salt: string; wire_value: string })[] }
}
const file = new URL('../vectors/hiding-known-answers.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as KnownAnswers

const secret = Buffer.from('testing123')
const authenticator = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const octets = (length: { minLength?: number; maxLength: number }): fc.Arbitrary<Buffer> =>
  fc.uint8Array(length).map((value) => Buffer.from(value))

describe('RFC 2865 §5.2: User-Password', () => {
  it.each(cases.user_password)('hides $plain.length octets as known', (known) => {
    const value = Buffer.from(known.attribute, 'hex').subarray(2)
    const keys = [Buffer.from(known.secret), Buffer.from(known.request_authenticator, 'hex')] as const
    expect(hidePassword(Buffer.from(known.plain), ...keys)).toEqual(value)
    expect(recoverPassword(value, ...keys)?.toString()).toBe(known.plain)
  })

  it.each(vectorCases('rfc2865-section7').filter((one) => typeof one['pap_recovered'] === 'string'))(
    'recovers the password of $name of §7',
    (one) => {
      const request = hex(one, 'request')
      // The misprinted length octet stands in a later attribute: the password before it is whole.
      const shortened = Buffer.from(request.subarray(0, 45))
      shortened.writeUInt16BE(45, 2)
      const packet = packetOf(one['request_attribute_walk_malformed'] === true ? shortened : request)
      const recovered = recoverPassword(valueOf(packet, 2)!, Buffer.from(text(one, 'secret')), packet.authenticator)
      expect(recovered?.toString()).toBe(one['pap_recovered'])
    },
  )

  it('strips trailing NULs only', () => {
    const hidden = hidePassword(Buffer.from('abc\0def\0\0'), secret, authenticator)
    expect(recoverPassword(hidden, secret, authenticator)?.toString()).toBe('abc\0def')
  })

  it('recovers octets that are not UTF-8', () => {
    const plain = Buffer.from([0xff, 0xe9, 0x80, 0x61])
    expect(recoverPassword(hidePassword(plain, secret, authenticator), secret, authenticator)).toEqual(plain)
  })

  it.each([0, 8, 15, 17, 24, 144])('takes a hidden value of %i octets for none', (length) => {
    expect(recoverPassword(Buffer.alloc(length), secret, authenticator)).toBeUndefined()
  })

  it('refuses more than 128 octets', () => {
    expect(hidePassword(Buffer.alloc(128, 1), secret, authenticator)).toHaveLength(128)
    expect(() => hidePassword(Buffer.alloc(129, 1), secret, authenticator)).toThrow(HiddenValueError)
  })

  it('agrees with the rule of the RFC written down with node:crypto', () => {
    fc.assert(
      fc.property(octets({ maxLength: 128 }), octets({ minLength: 1, maxLength: 80 }), (plain, key) => {
        const hidden = hidePassword(plain, key, authenticator)
        const padded = Buffer.alloc(hidden.length)
        let previous: Buffer = authenticator
        for (let at = 0; at < hidden.length; at += 16) {
          const pad = createHash('md5').update(key).update(previous).digest()
          for (let i = 0; i < 16; i++) padded[at + i] = hidden[at + i]! ^ pad[i]!
          previous = hidden.subarray(at, at + 16)
        }
        expect(padded.subarray(0, plain.length)).toEqual(plain)
        expect(recoverPadded(hidden, key, authenticator)).toEqual(padded)
      }),
    )
  })
})

describe('RFC 2868 §3.5: salted values', () => {
  it.each(cases.salt)('hides $plain as known', (known) => {
    const keys = [Buffer.from(known.secret), Buffer.from(known.request_authenticator, 'hex')] as const
    const value = Buffer.from(known.wire_value, 'hex')
    expect(hideSalted(Buffer.from(known.plain, 'hex'), Number.parseInt(known.salt, 16), ...keys)).toEqual(value)
    expect(recoverSalted(value, ...keys)?.toString('hex')).toBe(known.plain)
  })

  it('sets the high bit of any salt', () => {
    expect(hideSalted(Buffer.alloc(1), 0x1234, secret, authenticator).readUInt16BE(0)).toBe(0x9234)
  })

  it.each([0, 2, 17, 19, 33])('takes a value of %i octets for none', (length) => {
    expect(recoverSalted(Buffer.alloc(length), secret, authenticator)).toBeUndefined()
  })

  it('takes a length octet beyond the value for a wrong secret', () => {
    const hidden = hideSalted(Buffer.alloc(15, 1), 1, secret, authenticator)
    for (const length of [16, 17, 255]) {
      const wrong = Buffer.from(hidden)
      wrong[2]! ^= 15 ^ length
      expect(recoverSalted(wrong, secret, authenticator)).toBeUndefined()
    }
  })

  it('recovers what was hidden, for every length that fits', () => {
    fc.assert(
      fc.property(octets({ maxLength: 239 }), fc.nat(0xffff), (plain, salt) => {
        expect(recoverSalted(hideSalted(plain, salt, secret, authenticator), secret, authenticator)).toEqual(plain)
      }),
    )
    expect(() => hideSalted(Buffer.alloc(240), 1, secret, authenticator)).toThrow(HiddenValueError)
  })
})

describe('Ascend secrets', () => {
  it('are one block under MD5 of authenticator and secret', () => {
    const pad = createHash('md5').update(authenticator).update(secret).digest()
    const hidden = hideAscend(Buffer.from('secret'), secret, authenticator)
    expect(Buffer.from(hidden.map((octet, i) => octet ^ pad[i]!)).toString()).toBe('secret'.padEnd(16, '\0'))
    expect(recoverAscend(hidden, secret, authenticator)?.toString()).toBe('secret')
  })

  it('are 16 octets, no more and no less', () => {
    expect(recoverAscend(Buffer.alloc(15), secret, authenticator)).toBeUndefined()
    expect(() => hideAscend(Buffer.alloc(17), secret, authenticator)).toThrow('17 octets to hide, at most 16 fit')
  })
})

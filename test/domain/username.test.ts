import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FieldError } from '../../src/domain/field.ts'
import { canonicalUsername, readUsername, validateUsername } from '../../src/domain/username.ts'

describe('canonicalUsername', () => {
  it.each([
    ['ali', 'ali'],
    ['Ali', 'ali'],
    [' ali ', 'ali'],
    ['ａｌｉ', 'ali'],
    ['ALI', 'ali'],
    ['anna  maria', 'anna maria'],
    ['anna\tmaria', 'anna maria'],
    ['anna\u00a0maria', 'anna maria'],
    ['al\0i', 'ali'],
    ['ali\0\0', 'ali'],
    ['a\u200bli', 'ali'],
    ['a\u202eli', 'ali'],
    ['Zoe\u0308', 'zoë'],
    ['ZOË', 'zoë'],
    ['ﬁx', 'fix'],
    ['İ', 'i\u0307'],
    ['Straße', 'straße'],
    ['anna@isp.example', 'anna@isp.example'],
    ["'; DROP TABLE subscriber --", "'; drop table subscriber --"],
    ['%{User-Name} ${x} `y`', '%{user-name} ${x} `y`'],
    ['', ''],
    [' \0 ', ''],
  ])('makes %j the login %j', (text, username) => {
    expect(canonicalUsername(text)).toBe(username)
  })

  it('changes nothing when it is applied again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const once = canonicalUsername(text)
        expect(canonicalUsername(once)).toBe(once)
      }),
      { numRuns: 3_000 },
    )
  })

  it('R28: is the same for every case and Unicode form of a name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const username = canonicalUsername(text)
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const)
          expect(canonicalUsername(text.normalize(form))).toBe(username)
        expect(canonicalUsername(`  ${text}\0 `)).toBe(username)
      }),
      { numRuns: 1_000 },
    )
  })

  it('R27: can always be stored: no control characters, well formed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(0xffff)), (text, units) => {
        const username = canonicalUsername(text + String.fromCharCode(...units))
        expect(username.isWellFormed()).toBe(true)
        expect(username).not.toMatch(/\p{Cc}/u)
      }),
    )
  })
})

describe('validateUsername', () => {
  it('gives the canonical form', () => {
    expect(validateUsername(' Anna ')).toBe('anna')
  })

  it.each(['', '   ', '\0', '\u200b'])('refuses %j: nothing is left of it', (text) => {
    expect(() => validateUsername(text)).toThrow(new FieldError('username', 'is empty'))
  })

  it('R27: takes 253 octets and no more, counted in UTF-8', () => {
    expect(validateUsername('a'.repeat(253))).toHaveLength(253)
    expect(validateUsername('ä'.repeat(126))).toHaveLength(126)
    expect(() => validateUsername('ä'.repeat(127), 'login')).toThrow(/^login: has 254 octets/)
  })
})

describe('readUsername', () => {
  it('reads a User-Name as the login and as what is shown', () => {
    expect(readUsername(Buffer.from('Anna\0'))).toEqual({ username: 'anna', shown: 'anna' })
  })

  it('takes a missing name as nobody', () => {
    expect(readUsername(undefined)).toEqual({ username: '', shown: '' })
  })

  it('shows octets that are no UTF-8 escaped, and they are nobody', () => {
    expect(readUsername(Buffer.from('61ff5c0062', 'hex'))).toEqual({ username: '', shown: 'a\\xff\\\\\\x00b' })
  })

  it('never shows two different names that are no text alike', () => {
    const octets = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from([0xff, ...bytes]))
    fc.assert(
      fc.property(octets, octets, (one, other) => {
        expect(readUsername(one).shown === readUsername(other).shown).toBe(one.equals(other))
      }),
    )
  })
})

import { describe, expect, it } from 'vitest'
import {
  checkChoice,
  checkEmail,
  checkInteger,
  checkName,
  checkPhone,
  checkText,
  FieldError,
  quote,
} from '../../src/domain/field.ts'

describe('a name', () => {
  it('has 2 to 50 characters, counted as people count, trimmed', () => {
    expect(checkName('full-name', '  Ada Lovelace ')).toBe('Ada Lovelace')
    expect(checkName('full-name', '😀'.repeat(50))).toHaveLength(100)
    for (const bad of ['A', ' A ', '', 'x'.repeat(51), '😀'.repeat(51)]) {
      expect(() => checkName('full-name', bad)).toThrow('full-name: must have 2 to 50 characters')
    }
  })

  it('is one form of the same letters, and has no control characters', () => {
    expect(checkName('name', 'Jose\u0301')).toBe('José')
    expect(() => checkName('name', 'Ada\nLovelace')).toThrow('name: has a control character')
    expect(() => checkText('address', 'a\u0000b', 1, 10)).toThrow('control character')
  })
})

describe('a phone number', () => {
  it.each([
    ['+49 30 1234567', '', '+49301234567'],
    ['0049-30-1234567', '', '+49301234567'],
    ['(030) 123/4567', '+49', '+49301234567'],
    ['030 1234567', '', '0301234567'],
    ['112', '', '112'],
    // What is dialled before a national number is the country's business.
    ['06 1234 5678', '+39', '+390612345678'],
    ['8 912 345-67-89', '+7', '+79123456789'],
    ['+44 (0)20 7946 0958', '', '+442079460958'],
    ['021 1234567', '+98', '+98211234567'],
  ])('%s with country code %j is %s', (text, countryCode, expected) => {
    expect(checkPhone('phone', text, countryCode)).toBe(expected)
  })

  it.each(['12', '+0301234567', 'call me', '+49 30 x', '', '+', '1234567890123456', '+12345678901234567'])(
    '%j is none',
    (text) => {
      expect(() => checkPhone('phone', text, '')).toThrow(FieldError)
    },
  )
})

describe('an e-mail address', () => {
  it.each(['a@b.example', 'first.last+tag@mail.example.org', "o'neill@example.ie", 'ü@example.de'])(
    '%s is one',
    (text) => {
      expect(checkEmail('email', ` ${text} `)).toBe(text)
    },
  )

  it.each([
    '',
    'a',
    'a@b',
    '@b.example',
    'a@',
    'a@b..c',
    'a b@c.example',
    'a@b@c.example',
    'a@.example',
    `${'x'.repeat(65)}@a.example`,
  ])('%j is none', (text) => {
    expect(() => checkEmail('email', text)).toThrow('is not an e-mail address')
  })
})

describe('numbers and words', () => {
  it('are taken within their bounds', () => {
    expect(checkInteger('days', '30', 0, 100)).toBe(30)
    expect(checkInteger('days', 0, 0, 100)).toBe(0)
    for (const bad of ['', '1.5', '1e3', '0x10', '101', '-1', Number.NaN, 1.5]) {
      expect(() => checkInteger('days', bad, 0, 100)).toThrow('days: must be a whole number from 0 to 100')
    }
    expect(checkChoice('vendor', 'b', ['a', 'b'])).toBe('b')
    expect(() => checkChoice('vendor', 'B', ['a', 'b'])).toThrow('vendor: "B" is none of a, b')
  })
})

describe('a value in a message', () => {
  it('stays on its line, short, and cannot rule a terminal', () => {
    expect(quote('a\nb\u001b[31m')).toBe(String.raw`"a\nb\u001b[31m"`)
    expect(quote('a\u202eb\u009b')).toBe('"a?b?"')
    expect(quote('x'.repeat(100))).toHaveLength(63)
  })
})

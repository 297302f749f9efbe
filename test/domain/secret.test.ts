import { describe, expect, it } from 'vitest'
import { checkSecret, makePassword, makeSecret, WeakSecretError } from '../../src/domain/secret.ts'

const strict = { minimum: 12, allowWeak: false }

describe('a secret that is made up', () => {
  it('passes its own rules, and is never the same', () => {
    const secrets = Array.from({ length: 200 }, makeSecret)
    expect(new Set(secrets).size).toBe(200)
    for (const secret of secrets) {
      expect(secret).toMatch(/^[a-zA-Z2-9]{24}$/)
      expect(checkSecret('secret', secret, strict)).toBeUndefined()
    }
  })

  it('can be read out: no letter that looks like another', () => {
    expect(Array.from({ length: 200 }, makePassword).join('')).toMatch(/^[^0O1lI]+$/)
    expect(makePassword()).toHaveLength(12)
  })
})

describe('a secret that is brought', () => {
  it.each([
    'testing123',
    'radius',
    'secret',
    'mikrotik',
    'password',
    'cisco',
    'Password2024!',
    'SECRET123456789',
    'sharedsecret',
    'changeme',
  ])('is refused when well known: %s', (secret) => {
    expect(() => checkSecret('secret', secret, strict)).toThrow('secret: is well known')
    expect(() => checkSecret('secret', secret, strict)).toThrow(WeakSecretError)
  })

  it('R46: is refused when short or monotonous, and taken when that is said to be meant', () => {
    expect(() => checkSecret('secret', 'k7Gq2mZ9xP4', strict)).toThrow('has under 12 characters')
    expect(() => checkSecret('secret', 'ababababababababab', strict)).toThrow('repeats')
    expect(checkSecret('secret', 'testing123', { minimum: 12, allowWeak: true })).toContain('is well known')
  })

  it('R46: gets a warning under 16 characters', () => {
    expect(checkSecret('secret', 'k7Gq2mZ9xP4w', strict)).toContain('under 16')
    expect(checkSecret('secret', 'k7Gq2mZ9xP4wR8sT', strict)).toBeUndefined()
  })

  it('is never empty, two lines or longer than a router keeps', () => {
    const anything = { minimum: 12, allowWeak: true }
    for (const bad of ['', 'two\nlines of it', 'nul\u0000nul', 'x'.repeat(129)]) {
      expect(() => checkSecret('secret', bad, anything)).toThrow('secret: ')
    }
  })

  it('never stands in the message', () => {
    expect(() => checkSecret('secret', 'k7Gq2mZ9xP4', strict)).not.toThrow('k7Gq2mZ9xP4')
  })
})

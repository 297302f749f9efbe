import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normaliseMac } from '../../src/domain/mac.ts'

describe('normaliseMac', () => {
  it.each([
    'D4:CA:6D:01:02:0A',
    'd4:ca:6d:01:02:0a',
    'd4-ca-6d-01-02-0a',
    'd4ca.6d01.020a',
    'D4CA-6D01-020A',
    'D4CA6D01020A',
    '1:d4:ca:6d:01:02:0a',
    '01:d4:ca:6d:01:02:0a',
    '1:d4:ca:6d:1:2:a',
    'd4:ca:6d:1:2:a',
    ' d4:ca:6d:01:02:0a ',
  ])('reads %j', (text) => {
    expect(normaliseMac(text)).toBe('d4:ca:6d:01:02:0a')
  })

  it.each([
    '',
    'anna',
    'd4:ca:6d:01:02',
    'd4:ca:6d:01:02:0a:0b:0c',
    '2:d4:ca:6d:01:02:0a',
    'd4:ca:6d:01:02:0g',
    'd4ca.6d01-020a',
    'd4ca6d01020a0b',
    'd4:ca-6d:01:02:0a',
    'd4:ca:6d:01:02:0a\nx',
    'vlan4071:6a:2f:01:02:03:04',
  ])('reads nothing in %j', (text) => {
    expect(normaliseMac(text)).toBeUndefined()
  })

  it('gives the same for every form of a MAC, and for its own result', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.boolean(), (octets, upper) => {
        const digits = Buffer.from(octets).toString('hex')
        const pairs = digits.match(/../g) ?? []
        const quads = digits.match(/..../g) ?? []
        const canonical = pairs.join(':')
        const short = [...octets].map((octet) => octet.toString(16)).join(':')
        const forms = [canonical, pairs.join('-'), quads.join('.'), quads.join('-'), digits, `1:${canonical}`, short]
        for (const form of forms) expect(normaliseMac(upper ? form.toUpperCase() : form)).toBe(canonical)
      }),
    )
  })

  it('gives a canonical MAC or nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF:-. g') }), (text) => {
        expect(normaliseMac(text) ?? '00:00:00:00:00:00').toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
      }),
      { numRuns: 2_000 },
    )
  })
})

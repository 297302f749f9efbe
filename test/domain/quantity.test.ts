import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatQuantity, parseRate, parseVolume } from '../../src/domain/quantity.ts'

describe('rates and volumes', () => {
  it.each([
    ['50M', 50_000_000n],
    ['512k', 512_000n],
    ['512K', 512_000n],
    ['1G', 1_000_000_000n],
    ['2.5g', 2_500_000_000n],
    ['1T', 1_000_000_000_000n],
    ['64000', 64_000n],
    [' 10 M ', 10_000_000n],
    ['1.500k', 1_500n],
  ])('%s is %s', (text, expected) => {
    expect(parseRate('down', text)).toBe(expected)
  })

  it.each(['', '0', '0M', '-5M', '5MB', '1.5', '0.0001k', 'M', '1,5M', '99999999T', 'NaN', '1e6', '٥M'])(
    '%j is none',
    (text) => {
      expect(() => parseRate('down', text)).toThrow('is not a rate such as 50M')
      expect(() => parseVolume('quota', text)).toThrow('quota: ')
    },
  )

  it('are written so that they are read as the same', () => {
    fc.assert(fc.property(fc.bigInt(1n, 2n ** 62n), (value) => parseVolume('quota', formatQuantity(value)) === value))
    expect(formatQuantity(50_000_000n)).toBe('50M')
    expect(formatQuantity(1_536_000n)).toBe('1536k')
  })
})

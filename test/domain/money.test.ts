import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatMoney, isCurrency, minorDigits, parseMoney } from '../../src/domain/money.ts'

describe('money', () => {
  it.each([
    ['20.00', 'EUR', 2_000n],
    ['20', 'EUR', 2_000n],
    ['0.05', 'USD', 5n],
    ['1500', 'JPY', 1_500n],
    ['1.250', 'KWD', 1_250n],
    ['20.500', 'EUR', 2_050n],
    ['0', 'EUR', 0n],
  ])('%s %s is %s minor units', (text, currency, expected) => {
    expect(parseMoney('price', text, currency)).toBe(expected)
  })

  it.each(['', '-1', '1,50', '.5', '5.', '1e3', '20 EUR', '9'.repeat(16)])('%j is no amount', (text) => {
    expect(() => parseMoney('price', text, 'EUR')).toThrow('price: ')
  })

  it('is never rounded', () => {
    expect(() => parseMoney('price', '20.001', 'EUR')).toThrow('price: EUR has 2 digits after the point')
    expect(() => parseMoney('price', '1.5', 'JPY')).toThrow('price: JPY has 0 digits')
  })

  it('is shown with all its minor digits and read as the same', () => {
    expect(formatMoney(-5n, 'EUR')).toBe('-0.05')
    expect(formatMoney(-1_234n, 'KWD')).toBe('-1.234')
    expect(formatMoney(7n, 'JPY')).toBe('7')
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 14n), fc.constantFrom('EUR', 'JPY', 'KWD'), (minor, currency) => {
        return parseMoney('price', formatMoney(minor, currency), currency) === minor
      }),
    )
  })

  it('knows currencies by their codes', () => {
    expect(isCurrency('CHF')).toBe(true)
    expect(isCurrency('chf')).toBe(false)
    expect(isCurrency('ZZQ')).toBe(false)
    expect(minorDigits('EUR')).toBe(2)
  })
})

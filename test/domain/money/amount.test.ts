import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FieldError } from '../../../src/domain/field.ts'
import {
  largestAmount,
  largestBalance,
  parseAmount,
  parseLimit,
  parseSignedAmount,
} from '../../../src/domain/money/amount.ts'
import { formatMoney } from '../../../src/domain/money.ts'

describe('an amount', () => {
  it.each([
    ['EUR', '20', 2_000n],
    ['EUR', ' 20.5 ', 2_050n],
    ['EUR', '0.01', 1n],
    ['EUR', '1.500', 150n],
    ['JPY', '500', 500n],
    ['JPY', '500.0', 500n],
    ['KWD', '1.234', 1_234n],
    ['KWD', '0.001', 1n],
    ['KWD', '7', 7_000n],
  ])('in %s of %j is %s minor units', (currency, text, minor) => {
    expect(parseAmount('amount', text, currency)).toBe(minor)
  })

  it.each([
    ['JPY', '500.5'],
    ['KWD', '1.2345'],
    ['EUR', '0.001'],
    ['EUR', '.5'],
    ['EUR', '5.'],
    ['EUR', '+5'],
    ['EUR', '1 000'],
    ['EUR', '1_000'],
    ['EUR', '٣'],
    ['EUR', 'Infinity'],
    ['EUR', '5€'],
    ['KWD', '0.000'],
  ])('in %s is not %j, and the field is named', (currency, text) => {
    expect(() => parseAmount('amount', text, currency)).toThrow(FieldError)
    expect(() => parseAmount('amount', text, currency)).toThrow(/^amount: /)
  })

  it.each(['EUR', 'JPY', 'KWD', 'CLF'])('in %s ends at the same number of minor units', (currency) => {
    const most = formatMoney(largestAmount, currency)
    expect(parseAmount('amount', most, currency)).toBe(largestAmount)
    expect(() => parseAmount('amount', formatMoney(largestAmount + 1n, currency), currency)).toThrow(
      `must not be more than ${most}`,
    )
  })

  it('may be nothing where it is a limit, and not where it is moved', () => {
    expect(parseLimit('credit-limit', '0', 'EUR')).toBe(0n)
    expect(() => parseAmount('amount', '0', 'EUR')).toThrow('must be more than zero')
    expect(() => parseLimit('credit-limit', '-1', 'EUR')).toThrow('credit-limit')
  })

  it('is written as it is read, in every currency and with either sign', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', 'USD'),
        fc.bigInt({ min: 1n, max: largestAmount }),
        fc.boolean(),
        (currency, minor, isNegative) => {
          const amount = isNegative ? -minor : minor
          expect(parseSignedAmount('amount', formatMoney(amount, currency), currency)).toBe(amount)
        },
      ),
    )
  })

  it('with a sign has one sign and is not nothing', () => {
    expect(parseSignedAmount('amount', ' -3.50', 'EUR')).toBe(-350n)
    for (const text of ['--3', '-', '', '-0', '+-1', '-1-', '−1']) {
      expect(() => parseSignedAmount('amount', text, 'EUR')).toThrow(FieldError)
    }
    expect(() => parseSignedAmount('amount', formatMoney(-largestAmount - 1n, 'EUR'), 'EUR')).toThrow('more than')
  })

  it('fits into a balance many times, and a balance into the database', () => {
    expect(largestBalance / largestAmount).toBeGreaterThanOrEqual(1_000n)
    expect(largestBalance + largestAmount).toBeLessThan(2n ** 63n)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quantile, type Buckets } from '../../src/aaa/answer-meter.ts'

const limits = [0.001, 0.01, 0.1, 1]

/** Cumulative, as a histogram has them. */
function bucketsOf(values: readonly number[]): Buckets {
  return [...limits, Infinity].map((le) => ({ le, count: values.filter((value) => value <= le).length }))
}

describe('the quantile of a histogram', () => {
  it('lies in the bucket in which the value itself lies', () => {
    const value = fc.double({ min: 0.0001, max: 0.99, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, part) => {
          const sorted = values.toSorted((a, b) => a - b)
          const true_ = sorted[Math.max(0, Math.ceil(part * values.length) - 1)]!
          const found = quantile(bucketsOf(values), part)
          const upper = limits.find((le) => le >= true_)!
          const lower = limits.findLast((le) => le < upper) ?? 0
          expect(found).toBeGreaterThanOrEqual(lower)
          expect(found).toBeLessThanOrEqual(upper)
        },
      ),
    )
  })

  it('of what is beyond all limits is the last limit, and of nothing zero', () => {
    expect(quantile(bucketsOf([5, 6, 7]), 0.99)).toBe(1)
    expect(quantile(bucketsOf([]), 0.99)).toBe(0)
    expect(quantile([], 0.99)).toBe(0)
  })
})

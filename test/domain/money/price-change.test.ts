import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { priceChange } from '../../../src/domain/money/price-change.ts'
import type { PaidPeriod } from '../../../src/domain/money/price-change.ts'
import type { PricedPlan } from '../../../src/domain/money/service.ts'
import { hours, noon } from '../../support/operator.ts'

const plan = (priceMinor: bigint, days = 30): PricedPlan => ({
  id: priceMinor,
  name: `P${priceMinor}`,
  ownerId: null,
  currency: 'EUR',
  priceMinor,
  setupPriceMinor: 9_999n,
  validity: { count: days, unit: 'days' },
  rule: { rule: 'instant', hour: null, noCutDays: [] },
  graceHours: 0,
  onExpiry: 'reject',
  isArchived: false,
})
const days = (count: number) => hours(24 * count)
const paid = (from: number, to: number, amountMinor: bigint): PaidPeriod => ({
  startsAt: days(from),
  endsAt: days(to),
  amountMinor,
  series: { start: days(from), count: 1 },
  validity: { count: to - from, unit: 'days' },
})
const change = (input: Partial<Parameters<typeof priceChange>[0]>) =>
  priceChange(
    { from: plan(3_000n), to: plan(6_000n), paid: [paid(-15, 15, 3_000n)], endsAt: days(15), free: false, ...input },
    'UTC',
    noon,
  )

describe('the price of a change', () => {
  it('is the rest at the new price less the rest that was paid', () => {
    expect(change({})).toMatchObject({ netMinor: 1_500n, creditMinor: 1_500n })
    expect(change({ to: plan(1_000n) })).toMatchObject({ netMinor: -1_000n, creditMinor: 1_500n })
  })

  it('asks no setup price, and nothing at all where the plans cost the same', () => {
    expect(change({ to: plan(3_000n) }).netMinor).toBe(0n)
  })

  it('counts a plan of another length by its own length', () => {
    // 15 days of a plan of 10.00 for 10 days.
    expect(change({ to: plan(1_000n, 10) })).toMatchObject({ netMinor: 0n })
    expect(change({ to: plan(2_000n, 10) })).toMatchObject({ netMinor: 1_500n })
  })

  it('counts periods that were renewed ahead in full, and keeps their spans', () => {
    const ahead = [paid(-15, 15, 3_000n), paid(15, 45, 3_000n)]
    const result = change({ paid: ahead, endsAt: days(45) })
    expect(result).toMatchObject({ netMinor: 4_500n, creditMinor: 4_500n })
    expect(result.periods.map(({ startsAt, endsAt }) => [startsAt, endsAt])).toEqual([
      [noon, days(15)],
      [days(15), days(45)],
    ])
    expect(result.periods.map(({ amountMinor }) => amountMinor)).toEqual([3_000n, 6_000n])
  })

  it('pays out nothing for time that was given free, and asks only the difference for it', () => {
    const free = [paid(-15, 15, 0n)]
    expect(change({ paid: free, to: plan(1_000n) })).toMatchObject({ netMinor: 0n, creditMinor: 0n })
    expect(change({ paid: free, to: plan(6_000n) })).toMatchObject({ netMinor: 1_500n, creditMinor: 0n })
  })

  it('treats an end set by hand beyond what was paid as time nobody paid for', () => {
    const result = change({ endsAt: days(30) })
    // 15 days paid with 15.00 and 15 days worth 15.00, at twice the price.
    expect(result).toMatchObject({ netMinor: 3_000n, creditMinor: 1_500n })
    expect(result.periods.at(-1)).toMatchObject({ startsAt: days(15), endsAt: days(30) })
  })

  it('that is free moves nothing and keeps what was paid as what the periods hold', () => {
    const result = change({ free: true })
    expect(result.netMinor).toBe(0n)
    expect(result.periods.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)).toBe(result.creditMinor)
  })

  it('never gives back more than was paid, loses nothing in its periods, and covers the rest without a gap', () => {
    const arbitrary = fc.record({
      old: fc.bigInt({ min: 0n, max: 99_999n }),
      next: fc.bigInt({ min: 0n, max: 99_999n }),
      nextDays: fc.integer({ min: 1, max: 400 }),
      lengths: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
      amounts: fc.array(fc.bigInt({ min: 0n, max: 99_999n }), { minLength: 5, maxLength: 5 }),
      begun: fc.integer({ min: 0, max: 59 }),
      beyond: fc.integer({ min: -20, max: 60 }),
      free: fc.boolean(),
    })
    fc.assert(
      fc.property(arbitrary, ({ old, next, nextDays, lengths, amounts, begun, beyond, free }) => {
        let at = -Math.min(begun, lengths[0]! - 1)
        const periods = lengths.map((length, index) => paid(at, (at += length), amounts[index]!))
        const endsAt = days(Math.max(1, at + beyond))
        const input = { from: plan(old), to: plan(next, nextDays), paid: periods, endsAt, free }
        const result = priceChange(input, 'UTC', noon)
        const held = result.periods.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)
        expect(held).toBe(result.creditMinor + result.netMinor)
        expect(held >= 0n).toBe(true)
        expect(result.creditMinor <= periods.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)).toBe(true)
        expect(result.periods.every(({ amountMinor }) => amountMinor >= 0n)).toBe(true)
        expect(result.periods[0]!.startsAt).toEqual(noon)
        expect(result.periods.at(-1)!.endsAt).toEqual(endsAt)
        for (const [index, period] of result.periods.slice(1).entries()) {
          expect(period.startsAt).toEqual(result.periods[index]!.endsAt)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('to and fro at once gives no gain', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 9_999n }), fc.bigInt({ min: 1n, max: 9_999n }), (one, other) => {
        const there = change({ from: plan(one), to: plan(other), paid: [paid(-7, 23, one)], endsAt: days(23) })
        const held: PaidPeriod[] = there.periods.map((period) => ({ ...period, endsAt: period.endsAt }))
        const back = change({ from: plan(other), to: plan(one), paid: held, endsAt: days(23) })
        expect(there.netMinor + back.netMinor).toBeGreaterThanOrEqual(0n)
      }),
    )
  })
})

import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NotFoundError } from '../../../src/domain/field.ts'
import { changePlan } from '../../../src/domain/money/plan-change.ts'
import { priceChange } from '../../../src/domain/money/price-change.ts'
import type { PaidPeriod } from '../../../src/domain/money/price-change.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { beginDuePeriods } from '../../../src/domain/money/renew-due.ts'
import { revertRenewal } from '../../../src/domain/money/revert-renewal.ts'
import { readPlan } from '../../../src/domain/money/service.ts'
import type { PricedPlan } from '../../../src/domain/money/service.ts'
import { balanceOf, checkBooks, factsOf, line, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const days = (count: number): Date => hours(count * 24)
let small: bigint
let big: bigint
beforeAll(async () => {
  small = await pricedPlan(office, { name: 'Small', priceMinor: 3_000n })
  big = await pricedPlan(office, { name: 'Big', priceMinor: 6_000n, graceHours: 24 })
})
afterEach(() => checkBooks(office))

const to = (
  subscriberId: bigint,
  plan: bigint | string,
  now: Date,
  more: { when?: 'next-expiry'; free?: boolean } = {},
) => {
  const named = typeof plan === 'string' ? plan : Number(plan)
  const input = { subscriberId, plan: named, when: more.when ?? ('now' as const), free: more.free ?? false }
  return changePlan(office.db, input, testAuthor(office), now)
}
const bought = async (planId: bigint, balanceMinor = 100_000n, periods = 1) => {
  const made = await line(office, { planId, balanceMinor, activatedAt: null, expiresAt: null })
  await renew(office.db, { subscriberId: made.id, periods, free: false }, testAuthor(office), noon)
  return made
}

describe('now', () => {
  it('credits what is left of the old plan and charges what is left of the time at the new price', async () => {
    const { id, payerId } = await bought(small)
    const outcome = await to(id, big, days(10))
    // 20 of 30 days: 20.00 of 30.00 credited, 40.00 of 60.00 charged.
    expect(outcome).toMatchObject({ kind: 'changed', netMinor: 2_000n, expiresAt: days(30) })
    expect(await balanceOf(office, payerId)).toBe(100_000n - 3_000n - 2_000n)
    const facts = await factsOf(office, id)
    expect(facts).toMatchObject({ plan_id: big, expires_at: days(30), grace_until: days(31), period_started_at: noon })
  })

  it('to a cheaper plan gives back, and there and back again is free', async () => {
    const { id, payerId } = await bought(big)
    expect(await to(id, small, days(15))).toMatchObject({ netMinor: -1_500n })
    expect(await to(id, big, days(15))).toMatchObject({ netMinor: 1_500n })
    expect(await balanceOf(office, payerId)).toBe(100_000n - 6_000n)
  })

  it('covers periods that were renewed ahead, and they begin in their time', async () => {
    const { id, payerId } = await bought(small, 100_000n, 2)
    expect(await to(id, big, days(15))).toMatchObject({ netMinor: 4_500n, expiresAt: days(60) })
    expect(await balanceOf(office, payerId)).toBe(100_000n - 6_000n - 4_500n)
    await beginDuePeriods(office.db, days(30))
    expect(await factsOf(office, id)).toMatchObject({ plan_id: big, period_started_at: days(30) })
  })

  it('of time that nobody paid for charges the difference and never pays out', async () => {
    const { id, payerId } = await line(office, { planId: small, balanceMinor: 9_000n, expiresAt: days(30) })
    expect(await to(id, big, noon)).toMatchObject({ netMinor: 3_000n })
    expect(await balanceOf(office, payerId)).toBe(6_000n)
    const free = await line(office, { planId: big, expiresAt: days(30) })
    expect(await to(free.id, small, noon)).toMatchObject({ netMinor: 0n })
    expect(await balanceOf(office, free.payerId)).toBe(0n)
  })

  it('without a charge moves no money', async () => {
    const { id, payerId } = await bought(small)
    expect(await to(id, big, days(10), { free: true })).toMatchObject({ netMinor: 0n })
    expect(await balanceOf(office, payerId)).toBe(97_000n)
    // What was paid is still there to be credited.
    expect(await to(id, small, days(10), { free: true })).toMatchObject({ kind: 'changed' })
  })

  it('is refused where the balance does not reach, and nothing has changed', async () => {
    const { id, payerId } = await bought(small, 3_000n)
    const before = await factsOf(office, id)
    expect(await to(id, big, days(10))).toMatchObject({ kind: 'refused' })
    expect(await factsOf(office, id)).toEqual(before)
    expect(await balanceOf(office, payerId)).toBe(0n)
  })

  it('of a service that is new or expired costs nothing: the next renewal pays', async () => {
    const fresh = await line(office, { planId: small, activatedAt: null, expiresAt: null })
    expect(await to(fresh.id, big, noon)).toMatchObject({ kind: 'changed', netMinor: 0n })
    const expired = await line(office, { planId: small, expiresAt: hours(-9) })
    expect(await to(expired.id, big, noon)).toMatchObject({ kind: 'changed', netMinor: 0n, expiresAt: hours(-9) })
    expect((await factsOf(office, expired.id)).plan_id).toBe(big)
  })

  it('to and from a plan that never ends', async () => {
    const endless = await pricedPlan(office, { name: 'Endless', validity: 0, priceMinor: 10_000n })
    const { id, payerId } = await bought(small)
    expect(await to(id, endless, days(10))).toMatchObject({ netMinor: 8_000n, expiresAt: null })
    expect(await factsOf(office, id)).toMatchObject({ expires_at: null, grace_until: null })
    expect(await to(id, small, days(20))).toMatchObject({ netMinor: 3_000n, expiresAt: days(50) })
    expect(await balanceOf(office, payerId)).toBe(100_000n - 3_000n - 8_000n - 3_000n)
    expect((await factsOf(office, id)).period_started_at).toEqual(days(20))
  })

  it('cannot be undone as a renewal, but the next renewal can', async () => {
    const { id } = await bought(small)
    await to(id, big, days(10))
    const back = () => revertRenewal(office.db, { subscriberId: id }, testAuthor(office), days(10))
    expect(await back()).toMatchObject({ kind: 'refused' })
    await renew(office.db, { subscriberId: id, periods: 1, free: false }, testAuthor(office), days(10))
    expect(await back()).toMatchObject({ kind: 'reverted', expiresAt: days(30) })
  })

  it('by 50 at once happens once', async () => {
    const { id, payerId } = await bought(small)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => to(id, big, days(15))))
    expect(outcomes.filter(({ kind }) => kind === 'changed')).toHaveLength(1)
    expect(await balanceOf(office, payerId)).toBe(100_000n - 3_000n - 1_500n)
  })
})

describe('at the next expiry', () => {
  it('is what the next renewal gives, and can be taken back', async () => {
    const { id, payerId } = await bought(small)
    expect(await to(id, big, days(10), { when: 'next-expiry' })).toMatchObject({ kind: 'changed', nextPlanId: null })
    expect(await to(id, big, days(10), { when: 'next-expiry' })).toMatchObject({ kind: 'unchanged' })
    expect((await factsOf(office, id)).next_plan_id).toBe(big)
    await renew(office.db, { subscriberId: id, periods: 1, free: false }, testAuthor(office), days(30))
    expect(await factsOf(office, id)).toMatchObject({ plan_id: big, next_plan_id: null, expires_at: days(60) })
    expect(await balanceOf(office, payerId)).toBe(100_000n - 9_000n)
    await revertRenewal(office.db, { subscriberId: id }, testAuthor(office), days(30))
    expect(await factsOf(office, id)).toMatchObject({ plan_id: small, next_plan_id: big, expires_at: days(30) })
    expect(await to(id, small, days(30), { when: 'next-expiry' })).toMatchObject({ kind: 'changed', nextPlanId: big })
    expect((await factsOf(office, id)).next_plan_id).toBeNull()
  })

  it('is refused where there is no expiry', async () => {
    const { id } = await line(office, { planId: small, expiresAt: null })
    expect(await to(id, big, noon, { when: 'next-expiry' })).toMatchObject({ kind: 'refused' })
  })
})

describe('the plan', () => {
  it('is found by name in the organisation of the subscriber', async () => {
    const { id } = await bought(small)
    expect(await to(id, 'Big', noon)).toMatchObject({ kind: 'changed' })
    expect(await to(id, 'Nothing', noon)).toMatchObject({ kind: 'refused' })
    await expect(to(id, 999_999n, noon)).rejects.toThrow(NotFoundError)
  })

  it('must not be archived, of another organisation or in another currency', async () => {
    const { id: ownerId } = await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name: 'R', parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
    const foreign = await pricedPlan(office, { name: 'Foreign', ownerId })
    const old = await pricedPlan(office, { name: 'Old' })
    await office.db.updateTable('plan').set({ archived_at: noon }).where('id', '=', old).execute()
    const dollars = await pricedPlan(office, { name: 'Dollars', currency: 'USD' })
    const { id } = await bought(small)
    for (const plan of [foreign, old, dollars]) expect(await to(id, plan, noon)).toMatchObject({ kind: 'refused' })
  })

  it('leaves one audit entry for each change', async () => {
    const { id } = await bought(small)
    await to(id, big, days(1))
    const entries = await rowsOf(
      office,
      `select before, after from audit_entry where action = 'subscriber.change-plan' and row_id = $1`,
      [id],
    )
    expect(entries).toHaveLength(1)
    expect(entries[0]).toMatchObject({
      before: { plan_id: String(small) },
      after: { plan_id: String(big), currency: 'EUR' },
    })
  })
})

describe('the price of a change', () => {
  it('never gives back more than was paid, and keeps what is paid for the rest', async () => {
    const base = await readPlan(office.db, small)
    const plans = fc.record({
      priceMinor: fc.bigInt({ min: 0n, max: 10n ** 9n }),
      validity: fc.record({
        count: fc.integer({ min: 1, max: 60 }),
        unit: fc.constantFrom('hours' as const, 'days' as const, 'months' as const, 'calendar-month' as const),
      }),
    })
    const paidPeriods = fc.array(
      fc.record({ hours: fc.integer({ min: 1, max: 2_000 }), amountMinor: fc.bigInt({ min: 0n, max: 10n ** 9n }) }),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(plans, plans, paidPeriods, fc.integer({ min: 0, max: 500 }), (from, other, amounts, extra) => {
        const oldPlan: PricedPlan = { ...base, ...from }
        const newPlan: PricedPlan = { ...base, ...other, id: base.id + 1n }
        let startsAt = hours(-100)
        const paid: PaidPeriod[] = amounts.map((period) => {
          const endsAt = hours(period.hours, startsAt)
          const made = {
            startsAt,
            endsAt,
            amountMinor: period.amountMinor,
            series: { start: startsAt, count: 1 },
            validity: from.validity,
          }
          startsAt = endsAt
          return made
        })
        const endsAt = hours(extra + 1, startsAt > noon ? startsAt : noon)
        const left = paid.filter((period) => period.endsAt! > noon)
        const price = priceChange({ from: oldPlan, to: newPlan, paid: left, endsAt, free: false }, 'UTC', noon)
        const all = left.reduce((sum, period) => sum + period.amountMinor, 0n)
        expect(price.creditMinor).toBeLessThanOrEqual(all)
        expect(price.netMinor).toBeGreaterThanOrEqual(-price.creditMinor)
        const held = price.periods.reduce((sum, period) => sum + period.amountMinor, 0n)
        expect(held).toBe(price.creditMinor + price.netMinor)
        expect(price.periods.every((period) => period.amountMinor >= 0n)).toBe(true)
        expect(price.periods[0]!.startsAt).toEqual(noon)
        expect(price.periods.at(-1)!.endsAt).toEqual(endsAt)
        // There and back again at the same moment is at most what rounding costs.
        const held2 = price.periods.map((period) => ({ ...period }))
        const back = priceChange({ from: newPlan, to: oldPlan, paid: held2, endsAt, free: false }, 'UTC', noon)
        expect(price.netMinor + back.netMinor).toBeGreaterThanOrEqual(-price.creditMinor)
        expect(price.creditMinor + price.netMinor + back.netMinor).toBeGreaterThanOrEqual(0n)
      }),
      { numRuns: 300 },
    )
  })
})

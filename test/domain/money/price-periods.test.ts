import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Validity } from '../../../src/domain/calendar.ts'
import { endless, pricePeriods, renewalStart } from '../../../src/domain/money/price-periods.ts'
import type { Timed } from '../../../src/domain/money/price-periods.ts'
import type { PricedPlan } from '../../../src/domain/money/service.ts'
import { hours, noon } from '../../support/operator.ts'

const plan = (changes: Partial<PricedPlan> = {}): PricedPlan => ({
  id: 1n,
  name: 'P',
  ownerId: null,
  currency: 'EUR',
  priceMinor: 3_000n,
  setupPriceMinor: 0n,
  validity: { count: 30, unit: 'days' },
  rule: { rule: 'instant', hour: null, noCutDays: [] },
  graceHours: 0,
  onExpiry: 'reject',
  isArchived: false,
  ...changes,
})
const timed = (changes: Partial<Timed> = {}): Timed => ({
  activatedAt: noon,
  expiresAt: hours(24),
  graceUntil: null,
  last: undefined,
  ...changes,
})
const days = (count: number) => hours(24 * count)

describe('a renewal counts', () => {
  it.each<[string, Timed, Date]>([
    ['from now for a new service', timed({ activatedAt: null, expiresAt: null }), noon],
    ['from the end of a service that runs', timed(), hours(24)],
    ['from the old end within grace', timed({ expiresAt: hours(-5), graceUntil: hours(1) }), hours(-5)],
    ['from now in the instant that grace ends', timed({ expiresAt: hours(-5), graceUntil: noon }), noon],
    ['from now in the instant that a service without grace ends', timed({ expiresAt: noon }), noon],
    ['from now for one that is long over', timed({ expiresAt: hours(-500) }), noon],
  ])('%s', (_name, service, start) => {
    expect(renewalStart(service, noon)).toEqual(start)
  })
})

describe('periods', () => {
  it('of a plan without end are one, whatever number is asked for', () => {
    const service = timed({ activatedAt: null, expiresAt: null })
    expect(
      pricePeriods(service, { plan: plan({ validity: undefined }), periods: 5, free: false }, 'UTC', noon),
    ).toEqual([
      { startsAt: noon, endsAt: null, series: { start: noon, count: 0 }, validity: endless, amountMinor: 3_000n },
    ])
  })

  it('that are free cost nothing and last as long', () => {
    const ask = (free: boolean) => pricePeriods(timed(), { plan: plan(), periods: 3, free }, 'UTC', noon)
    expect(ask(true).map((period) => period.amountMinor)).toEqual([0n, 0n, 0n])
    expect(ask(true).map((period) => period.endsAt)).toEqual(ask(false).map((period) => period.endsAt))
  })

  it('of a plan of another length begin a series of their own', () => {
    const month: Validity = { count: 1, unit: 'months' }
    const start = new Date('2027-01-31T12:00:00Z')
    const expiresAt = new Date('2027-02-28T12:00:00Z')
    const last = { endsAt: expiresAt, validity: month, series: { start, count: 1 }, number: 1 }
    const service = timed({ expiresAt, last })
    const ends = (validity: Validity) =>
      pricePeriods(service, { plan: plan({ validity }), periods: 1, free: false }, 'UTC', noon)[0]!.endsAt
    expect(ends(month)).toEqual(new Date('2027-03-31T12:00:00Z'))
    expect(ends({ count: 2, unit: 'months' })).toEqual(new Date('2027-04-28T12:00:00Z'))
  })

  it('after an expiry that was set by hand leave the old series', () => {
    const start = new Date('2027-01-31T12:00:00Z')
    const last = {
      endsAt: new Date('2027-02-28T12:00:00Z'),
      validity: { count: 1, unit: 'months' } as const,
      series: { start, count: 1 },
      number: 1,
    }
    const service = timed({ expiresAt: new Date('2027-02-20T12:00:00Z'), last })
    const [period] = pricePeriods(
      service,
      { plan: plan({ validity: last.validity }), periods: 1, free: false },
      'UTC',
      noon,
    )
    expect(period!.endsAt).toEqual(new Date('2027-03-20T12:00:00Z'))
  })

  it.each([
    // 22 November, noon UTC: nine days of thirty are left, in Auckland it is the 23rd already.
    ['UTC', 900n],
    ['Pacific/Auckland', 800n],
  ])('begun in mid-month in %s cost the local days that are left', (zone, amountMinor) => {
    const calendar = plan({ validity: { count: 1, unit: 'calendar-month' } })
    const service = timed({ activatedAt: null, expiresAt: null })
    const [first, second] = pricePeriods(service, { plan: calendar, periods: 2, free: false }, zone, noon)
    expect(first!.amountMinor).toBe(amountMinor)
    expect(second!.amountMinor).toBe(3_000n)
    expect(second!.startsAt).toEqual(first!.endsAt)
  })

  it('follow one another without a gap and cost the price each, in every unit, zone and number', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Validity['unit']>('hours', 'days', 'months'),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 24 }),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/Santiago', 'Asia/Kathmandu'),
        fc.integer({ min: -9_000, max: 9_000 }),
        (unit, count, periods, zone, shift) => {
          const now = hours(shift)
          const service = timed({ activatedAt: null, expiresAt: null })
          const input = { plan: plan({ validity: { count, unit } }), periods, free: false }
          const given = pricePeriods(service, input, zone, now)
          expect(given).toHaveLength(periods)
          expect(given[0]!.startsAt).toEqual(now)
          for (const [index, period] of given.entries()) {
            expect(period.endsAt! > period.startsAt).toBe(true)
            expect(period.amountMinor).toBe(3_000n)
            if (index > 0) expect(period.startsAt).toEqual(given[index - 1]!.endsAt)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('given one at a time are those given at once', () => {
    const starts = ['2027-01-31T22:30:00Z', '2027-10-30T23:30:00Z', '2028-02-29T12:00:00Z'].map(
      (text) => new Date(text),
    )
    for (const unit of ['months', 'calendar-month', 'days'] as const) {
      for (const now of starts) {
        const input = { plan: plan({ validity: { count: 1, unit } }), free: false }
        const service = timed({ activatedAt: null, expiresAt: null })
        const atOnce = pricePeriods(service, { ...input, periods: 6 }, 'Europe/Berlin', now)
        let current: Timed = service
        for (const expected of atOnce) {
          const [next] = pricePeriods(current, { ...input, periods: 1 }, 'Europe/Berlin', now)
          expect(next).toEqual(expected)
          const { endsAt, validity, series } = next!
          current = {
            activatedAt: now,
            expiresAt: endsAt,
            graceUntil: null,
            last: { endsAt, validity, series, number: 1 },
          }
        }
      }
    }
  })

  it('of days after a login that began the first one stay in its series', () => {
    const service = timed({ expiresAt: days(30), periodStartedAt: noon })
    const [next] = pricePeriods(service, { plan: plan(), periods: 1, free: false }, 'UTC', hours(5))
    expect(next).toMatchObject({ endsAt: days(60), series: { start: noon, count: 2 } })
  })
})

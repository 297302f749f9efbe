// Ends of service periods over zones, clock changes, month ends and leap days.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calendarDays, nextPeriod, nominalEnd, proportion, ruledEnd, share } from '../../src/domain/calendar.ts'
import type { ExpiryRule, Period, Series, Validity } from '../../src/domain/calendar.ts'
import { dayIn } from '../../src/domain/instant.ts'

const instant: ExpiryRule = { rule: 'instant', hour: null, noCutDays: [] }
const days = (count: number): Validity => ({ count, unit: 'days' })
const months = (count: number): Validity => ({ count, unit: 'months' })
const calendarMonth: Validity = { count: 1, unit: 'calendar-month' }
const at = (text: string): Date => new Date(text)

/** The ends of so many periods in a row. */
function periodsFrom(
  from: Date,
  count: number,
  validity: Validity,
  zone: string,
  rule: ExpiryRule = instant,
): Period[] {
  const periods: Period[] = []
  let series: Series | undefined
  let start = from
  while (periods.length < count) {
    const period = nextPeriod({ from: start, series, validity, rule }, zone)
    periods.push(period)
    series = period.series
    start = period.endsAt
  }
  return periods
}

const endsOf = (periods: readonly Period[], zone: string): string[] =>
  periods.map(({ endsAt }) => localText(endsAt, zone))

function localText(instantAt: Date, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(instantAt)
}

describe('months', () => {
  it('keep the day of the first one: 31, 28, 31', () => {
    const ends = endsOf(periodsFrom(at('2026-12-31T10:00:00Z'), 4, months(1), 'Europe/Berlin'), 'Europe/Berlin')
    expect(ends).toEqual(['2027-01-31 11:00', '2027-02-28 11:00', '2027-03-31 11:00', '2027-04-30 11:00'])
  })

  it('know the leap day', () => {
    const ends = endsOf(periodsFrom(at('2028-01-31T00:00:00Z'), 2, months(1), 'UTC'), 'UTC')
    expect(ends).toEqual(['2028-02-29 00:00', '2028-03-31 00:00'])
    expect(endsOf(periodsFrom(at('2028-02-29T00:00:00Z'), 4, months(12), 'UTC'), 'UTC')).toEqual([
      '2029-02-28 00:00',
      '2030-02-28 00:00',
      '2031-02-28 00:00',
      '2032-02-29 00:00',
    ])
  })

  it('of the calendar end with the month, wherever in it they began', () => {
    const ends = endsOf(periodsFrom(at('2027-01-17T15:00:00Z'), 3, calendarMonth, 'Asia/Dhaka'), 'Asia/Dhaka')
    expect(ends).toEqual(['2027-02-01 00:00', '2027-03-01 00:00', '2027-04-01 00:00'])
  })

  it('of the calendar cost what is left of them, the first day counted', () => {
    const [first, second] = periodsFrom(at('2027-01-15T10:00:00Z'), 2, calendarMonth, 'UTC')
    expect(calendarDays(first!, calendarMonth, 'UTC')).toEqual({ left: 17n, whole: 31n })
    expect(calendarDays(second!, calendarMonth, 'UTC')).toEqual({ left: 28n, whole: 28n })
    const [three] = periodsFrom(at('2027-01-15T10:00:00Z'), 1, { count: 3, unit: 'calendar-month' }, 'UTC')
    expect(calendarDays(three!, { count: 3, unit: 'calendar-month' }, 'UTC')).toEqual({ left: 76n, whole: 90n })
    const [whole] = periodsFrom(at('2027-02-01T00:00:00Z'), 1, calendarMonth, 'UTC')
    expect(calendarDays(whole!, calendarMonth, 'UTC')).toEqual({ left: 28n, whole: 28n })
  })
})

describe('F59: clock changes', () => {
  it('leave the local time of day periods as it is, in both directions', () => {
    const spring = periodsFrom(at('2027-03-27T17:00:00Z'), 2, days(1), 'Europe/Berlin')
    expect(endsOf(spring, 'Europe/Berlin')).toEqual(['2027-03-28 18:00', '2027-03-29 18:00'])
    const autumn = periodsFrom(at('2027-10-30T16:00:00Z'), 2, days(1), 'Europe/Berlin')
    expect(endsOf(autumn, 'Europe/Berlin')).toEqual(['2027-10-31 18:00', '2027-11-01 18:00'])
  })

  it('do not shift what follows a skipped local time', () => {
    const ends = endsOf(periodsFrom(at('2027-03-27T01:30:00Z'), 3, days(1), 'Europe/Berlin'), 'Europe/Berlin')
    expect(ends).toEqual(['2027-03-28 03:30', '2027-03-29 02:30', '2027-03-30 02:30'])
  })

  it('do not make hours longer or shorter', () => {
    const end = nominalEnd(
      { start: at('2027-03-27T23:00:00Z'), count: 1 },
      { count: 24, unit: 'hours' },
      'Europe/Berlin',
    )
    expect(end.toISOString()).toBe('2027-03-28T23:00:00.000Z')
  })

  it('at midnight make the day begin later', () => {
    // In 2025 Cairo changed its clock from 0:00 to 1:00 on 25 April.
    const rule: ExpiryRule = { rule: 'end-of-day', hour: null, noCutDays: [] }
    const end = ruledEnd(at('2025-04-24T12:00:00Z'), rule, 'Africa/Cairo')
    expect(localText(end, 'Africa/Cairo')).toBe('2025-04-25 01:00')
    expect(ruledEnd(end, rule, 'Africa/Cairo')).toEqual(end)
  })
})

describe('expiry rules', () => {
  const zone = 'Europe/Berlin'

  it('end of day is the next midnight, and midnight itself stays', () => {
    const rule: ExpiryRule = { rule: 'end-of-day', hour: null, noCutDays: [] }
    const end = ruledEnd(at('2027-01-15T10:00:00Z'), rule, zone)
    expect(localText(end, zone)).toBe('2027-01-16 00:00')
    expect(ruledEnd(end, rule, zone)).toEqual(end)
  })

  it('a local hour is the next one, today or tomorrow', () => {
    const rule: ExpiryRule = { rule: 'local-hour', hour: 6, noCutDays: [] }
    expect(localText(ruledEnd(at('2027-01-15T03:00:00Z'), rule, zone), zone)).toBe('2027-01-15 06:00')
    expect(localText(ruledEnd(at('2027-01-15T05:00:00Z'), rule, zone), zone)).toBe('2027-01-15 06:00')
    expect(localText(ruledEnd(at('2027-01-15T05:00:01Z'), rule, zone), zone)).toBe('2027-01-16 06:00')
  })

  it('nobody is cut on a no-cut day', () => {
    const rule: ExpiryRule = { rule: 'instant', hour: null, noCutDays: [6, 7] }
    // A Saturday.
    expect(localText(ruledEnd(at('2027-01-16T10:00:00Z'), rule, zone), zone)).toBe('2027-01-18 11:00')
    const evening: ExpiryRule = { rule: 'end-of-day', hour: null, noCutDays: [6, 7] }
    expect(localText(ruledEnd(at('2027-01-15T10:00:00Z'), evening, zone), zone)).toBe('2027-01-18 00:00')
  })

  it('days that nobody was cut on are given once and not charged again', () => {
    const rule: ExpiryRule = { rule: 'instant', hour: null, noCutDays: [6, 7] }
    const ends = endsOf(periodsFrom(at('2027-01-14T10:00:00Z'), 3, days(1), zone, rule), zone)
    expect(ends).toEqual(['2027-01-15 11:00', '2027-01-18 11:00', '2027-01-19 11:00'])
  })
})

describe('ten years', () => {
  const zones = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'America/Sao_Paulo',
    'Asia/Kathmandu',
    'Asia/Tehran',
    'Africa/Cairo',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Pacific/Chatham',
  )
  const validities = fc.oneof(
    fc.integer({ min: 1, max: 90 }).map(days),
    fc.integer({ min: 1, max: 12 }).map(months),
    fc.integer({ min: 1, max: 3 }).map((count): Validity => ({ count, unit: 'calendar-month' })),
    fc.integer({ min: 12, max: 1_000 }).map((count): Validity => ({ count, unit: 'hours' })),
  )
  const rules = fc.record({
    rule: fc.constantFrom('instant' as const, 'end-of-day' as const),
    hour: fc.constant(null),
    noCutDays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { maxLength: 6 }),
  })
  const hourRules = fc.record({
    rule: fc.constant('local-hour' as const),
    hour: fc.integer({ min: 0, max: 23 }),
    noCutDays: fc.subarray([5, 6, 7]),
  })
  const starts = fc.date({ min: at('2024-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z'), noInvalidDate: true })

  it('of periods follow one another without a gap, and none ends on a no-cut day', () => {
    fc.assert(
      fc.property(zones, validities, fc.oneof(rules, hourRules), starts, (zone, validity, rule, start) => {
        const until = start.getTime() + 10 * 366 * 86_400_000
        let series: Series | undefined
        let from = start
        for (let count = 0; from.getTime() < until && count < 200; count += 1) {
          const period = nextPeriod({ from, series, validity, rule }, zone)
          expect(period.startsAt).toEqual(from)
          expect(period.endsAt.getTime()).toBeGreaterThan(from.getTime())
          expect(rule.noCutDays).not.toContain(weekday(period.endsAt, zone))
          from = period.endsAt
          series = period.series
        }
      }),
      { numRuns: 60 },
    )
  })

  it('of day periods cover every local day once', () => {
    fc.assert(
      fc.property(zones, starts, (zone, start) => {
        const rule: ExpiryRule = { rule: 'end-of-day', hour: null, noCutDays: [] }
        const seen = periodsFrom(start, 400, days(1), zone, rule).map(({ startsAt }) => dayIn(zone, startsAt))
        // The first begins in the middle of its day and runs to the end of the next.
        expect(new Set(seen).size).toBe(seen.length)
        const first = at(`${seen[1]!}T00:00:00Z`).getTime()
        const passed = seen.slice(1).map((day) => (at(`${day}T00:00:00Z`).getTime() - first) / 86_400_000)
        // Apia crossed the date line before these years; from the second on no day is missing.
        expect(passed).toEqual(passed.map((_day, index) => index))
      }),
      { numRuns: 10 },
    )
  })

  it('of months end as often as the calendar has months, on the first day or the last there is', () => {
    fc.assert(
      fc.property(zones, starts, (zone, start) => {
        const first = Number(dayIn(zone, start).slice(8))
        const ends = periodsFrom(start, 120, months(1), zone)
        const found = ends.map(({ endsAt }) => dayIn(zone, endsAt))
        expect(new Set(found.map((day) => day.slice(0, 7))).size).toBe(120)
        for (const day of found) {
          const [year, month, date] = day.split('-').map(Number)
          const last = new Date(Date.UTC(year ?? 0, month ?? 0, 0)).getUTCDate()
          expect(date).toBe(Math.min(first, last))
        }
      }),
      { numRuns: 20 },
    )
  })
})

function weekday(instantAt: Date, zone: string): number {
  const day = new Date(`${dayIn(zone, instantAt)}T00:00:00Z`).getUTCDay()
  return day === 0 ? 7 : day
}

describe('shares', () => {
  it('never exceed the whole and never lose more than a unit each', () => {
    const amounts = fc.bigInt({ min: 0n, max: 10n ** 14n })
    fc.assert(
      fc.property(
        amounts,
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        (amount, whole, cut) => {
          const part = cut % (whole + 1n)
          const parts = share(amount, part, whole) + share(amount, whole - part, whole)
          expect(parts).toBeLessThanOrEqual(amount)
          expect(parts).toBeGreaterThanOrEqual(amount - 1n)
        },
      ),
    )
  })

  it('of nothing are nothing', () => {
    expect(share(100n, 1n, 0n)).toBe(0n)
    expect(share(100n, -1n, 2n)).toBe(0n)
    expect(share(100n, 3n, 2n)).toBe(100n)
    expect(proportion(100n, 3n, 2n)).toBe(150n)
    expect(proportion(100n, 3n, 0n)).toBe(0n)
  })
})

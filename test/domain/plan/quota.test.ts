import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkFupSteps,
  countsUsage,
  exhausted,
  fupStepAt,
  readVolume,
  windowAt,
} from '../../../src/domain/plan/quota.ts'
import type { Quota } from '../../../src/domain/plan/quota.ts'
import { anyMinute, anyZone, zoned } from '../../support/schedule.ts'

const quota = (changes: Partial<Quota> = {}): Quota => ({
  quota_octets: null,
  quota_down_octets: null,
  quota_up_octets: null,
  quota_period: 'period',
  fup_steps: [],
  ...changes,
})

describe('a quota', () => {
  it.each<[Partial<Quota>, { down: bigint; up: bigint }, string | undefined]>([
    [{ quota_octets: '100' }, { down: 60n, up: 39n }, undefined],
    [{ quota_octets: '100' }, { down: 60n, up: 40n }, '100 octets of 100 are used in this period'],
    [
      { quota_down_octets: '50', quota_period: 'day' },
      { down: 50n, up: 0n },
      '50 octets of 50 down are used in this day',
    ],
    [{ quota_down_octets: '50' }, { down: 49n, up: 999n }, undefined],
    [
      { quota_up_octets: '50', quota_period: 'week' },
      { down: 0n, up: 51n },
      '51 octets of 50 up are used in this week',
    ],
    [{ quota_octets: '9007199254740993' }, { down: 9007199254740992n, up: 0n }, undefined],
    [{}, { down: 2n ** 62n, up: 2n ** 62n }, undefined],
  ])('of %j', (changes, usage, expected) => {
    expect(exhausted(quota(changes), usage)).toBe(expected)
  })

  it('that nobody counts is not used up', () => {
    expect(exhausted(quota({ quota_octets: '1' }), undefined)).toBeUndefined()
  })

  it('is counted where there is one, or a step', () => {
    expect(countsUsage(quota())).toBe(false)
    expect(countsUsage(quota({ quota_up_octets: '1' }))).toBe(true)
    expect(countsUsage(quota({ fup_steps: [{ after_octets: '1', down_bps: 1, up_bps: 1 }] }))).toBe(true)
  })
})

describe('fair use steps', () => {
  const steps = checkFupSteps([
    { after_octets: 100n, down_bps: 10, up_bps: 5 },
    { after_octets: 200n, down_bps: 5, up_bps: 2 },
  ])

  it('hold from their octets on, the last that is reached', () => {
    const at = (down: bigint, up: bigint) => fupStepAt(steps, { down, up })
    expect([at(0n, 0n), at(50n, 49n), at(50n, 50n), at(199n, 0n), at(0n, 200n), at(999n, 999n)]).toEqual([
      undefined,
      undefined,
      0,
      0,
      1,
      1,
    ])
    expect(fupStepAt(steps, undefined)).toBeUndefined()
    expect(fupStepAt([], { down: 1n, up: 1n })).toBeUndefined()
  })

  it.each([
    ['step 1: begins after more than 0', [{ after_octets: 0n, down_bps: 1, up_bps: 1 }]],
    [
      'step 2: begins at or before step 1',
      [
        { after_octets: 5n, down_bps: 1, up_bps: 1 },
        { after_octets: 5n, down_bps: 1, up_bps: 1 },
      ],
    ],
    ['step 1: a rate is', [{ after_octets: 5n, down_bps: 0, up_bps: 1 }]],
    [
      'has more than 20',
      Array.from({ length: 21 }, (_, i) => ({ after_octets: BigInt(i + 1), down_bps: 1, up_bps: 1 })),
    ],
  ])('say: %s', (reason, given) => {
    expect(() => checkFupSteps(given)).toThrow(`fup-steps: ${reason}`)
  })

  it('take nothing for an amount that was used', () => {
    expect(readVolume('usage', '0')).toBe(0n)
    expect(readVolume('usage', '80G')).toBe(80_000_000_000n)
    expect(() => readVolume('usage', 'much')).toThrow('usage: ')
  })
})

describe('the window', () => {
  it('begins and ends at midnights of the zone', () => {
    const at = new Date('2026-03-29T12:00:00Z')
    expect(windowAt('day', 'Europe/Berlin', at)).toEqual({
      since: new Date('2026-03-28T23:00:00Z'),
      until: new Date('2026-03-29T22:00:00Z'),
      firstDay: '2026-03-29',
    })
    expect(windowAt('week', 'Europe/Berlin', at)).toMatchObject({ firstDay: '2026-03-23' })
    expect(windowAt('month', 'Europe/Berlin', at)).toMatchObject({
      since: new Date('2026-02-28T23:00:00Z'),
      firstDay: '2026-03-01',
    })
  })

  it('is that of Temporal, in every zone and through every change of the clock', () => {
    fc.assert(
      fc.property(fc.constantFrom('day', 'week', 'month'), anyZone, anyMinute, (period, zone, at) => {
        const day = zoned(zone, at).toPlainDate()
        const first = { day, week: day.subtract({ days: day.dayOfWeek - 1 }), month: day.with({ day: 1 }) }[period]
        const next = first.add({ day: { days: 1 }, week: { days: 7 }, month: { months: 1 } }[period])
        expect(windowAt(period, zone, at)).toEqual({
          since: new Date(first.toZonedDateTime(zone).epochMilliseconds),
          until: new Date(next.toZonedDateTime(zone).epochMilliseconds),
          firstDay: first.toString(),
        })
      }),
      { numRuns: 2_000 },
    )
  })
})

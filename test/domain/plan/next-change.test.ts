import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccessPlan } from '../../../src/domain/access-subject.ts'
import { nextChange, nextThreshold } from '../../../src/domain/plan/next-change.ts'
import { exhausted, quotaPeriods, windowAt } from '../../../src/domain/plan/quota.ts'
import type { WindowUsage } from '../../../src/domain/plan/quota.ts'
import { chooseRates } from '../../../src/domain/plan/rates.ts'
import { testPlan } from '../../support/access.ts'
import { after, anyMinute, anySchedule, anyZone } from '../../support/schedule.ts'

const anyPlan: fc.Arbitrary<AccessPlan> = fc
  .record({
    schedule: anySchedule,
    slowerSchedule: anySchedule,
    quota_octets: fc.constantFrom(null, '100'),
    on_quota: fc.constantFrom('reject' as const, 'garden' as const, 'slower' as const),
    quota_period: fc.constantFrom(...quotaPeriods),
    fup_steps: fc.constantFrom([], [{ after_octets: '50', down_bps: 1_000, up_bps: 1_000 }]),
  })
  .map(({ slowerSchedule, ...plan }) => {
    const slower = plan.on_quota === 'slower' ? { ...testPlan({ down_bps: 999, schedule: slowerSchedule }) } : null
    return testPlan({ ...plan, slower })
  })
const anyUsage = fc.constantFrom<WindowUsage | undefined>(
  undefined,
  { down: 0n, up: 0n },
  { down: 60n, up: 0n },
  { down: 60n, up: 60n },
)

/** What a look at every minute finds within the horizon. */
function simulate(plan: AccessPlan, usage: WindowUsage | undefined, zone: string, now: Date, minutes: number) {
  const first = plan.quota_period === 'period' ? undefined : windowAt(plan.quota_period, zone, now).since.getTime()
  const stateAt = (at: Date): string => {
    const isSame = plan.quota_period === 'period' || windowAt(plan.quota_period, zone, at).since.getTime() === first
    const used = usage === undefined || isSame ? usage : { down: 0n, up: 0n }
    return JSON.stringify([chooseRates(plan, used, zone, at).rates, exhausted(plan, used) !== undefined])
  }
  const state = stateAt(now)
  for (let minute = 1; minute <= minutes; minute += 1) {
    const at = after(now, minute)
    if (stateAt(at) !== state) return at
  }
  return undefined
}

describe('the next change', () => {
  it('is the one that a look at every minute finds, in every zone and through every change of the clock', () => {
    const horizon = 2 * 1_440
    fc.assert(
      fc.property(anyPlan, anyUsage, anyZone, anyMinute, (plan, usage, zone, now) => {
        const found = nextChange(plan, usage, zone, now)
        const isBeyond = found !== undefined && found > after(now, horizon)
        expect(isBeyond ? undefined : found).toEqual(simulate(plan, usage, zone, now, horizon))
      }),
      { numRuns: 100 },
    )
  })

  it('of a plain plan is none', () => {
    expect(nextChange(testPlan(), undefined, 'UTC', new Date('2026-03-10T12:00:00Z'))).toBeUndefined()
    const counted = testPlan({ quota_octets: '100', quota_period: 'month' })
    expect(nextChange(counted, { down: 5n, up: 0n }, 'UTC', new Date('2026-03-10T12:00:00Z'))).toBeUndefined()
  })

  it('may be a month away, when the quota comes back', () => {
    const plan = testPlan({ quota_octets: '100', quota_period: 'month' })
    const at = nextChange(plan, { down: 100n, up: 0n }, 'Europe/Berlin', new Date('2026-03-10T12:00:00Z'))
    expect(at).toEqual(new Date('2026-03-31T22:00:00Z'))
    // The service period ends by a renewal only.
    const own = testPlan({ quota_octets: '100' })
    expect(nextChange(own, { down: 100n, up: 0n }, 'UTC', new Date('2026-03-10T12:00:00Z'))).toBeUndefined()
  })

  it('comes again in the half hour after the clock was set back', () => {
    const schedule = [{ weekdays: [7], from: '01:31', to: '24:00', percent: 50 }]
    // Lord Howe Island, 2026-04-05: at 02:00 it is 01:30 once more, at 15:00 UTC.
    const now = new Date('2026-04-04T15:00:30Z')
    const at = nextChange(testPlan({ schedule }), undefined, 'Australia/Lord_Howe', now)
    expect(at).toEqual(new Date('2026-04-04T15:01:00Z'))
  })

  it('comes in mid-minute too', () => {
    const schedule = [{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '12:01', to: '13:00', percent: 50 }]
    const now = new Date('2026-03-10T12:00:59.999Z')
    expect(nextChange(testPlan({ schedule }), undefined, 'UTC', now)).toEqual(new Date('2026-03-10T12:01:00Z'))
  })
})

describe('the next threshold', () => {
  const fup_steps = [
    { after_octets: '50', down_bps: 1, up_bps: 1 },
    { after_octets: '80', down_bps: 1, up_bps: 1 },
  ]

  it.each([
    [{ fup_steps, quota_octets: '100' }, { down: 10n, up: 0n }, 50n],
    [{ fup_steps, quota_octets: '100' }, { down: 50n, up: 0n }, 80n],
    [{ fup_steps, quota_octets: '100' }, { down: 50n, up: 30n }, 100n],
    [{ fup_steps, quota_octets: '100' }, { down: 100n, up: 0n }, undefined],
    // 20 up are used: when all the rest goes down, 40 down are reached at 60 in all.
    [{ quota_down_octets: '40' }, { down: 10n, up: 20n }, 60n],
    [{ quota_up_octets: '40' }, { down: 10n, up: 20n }, 50n],
    [{}, { down: 10n, up: 20n }, undefined],
  ])('of %j (case %$)', (plan, usage, expected) => {
    expect(nextThreshold(testPlan(plan), usage)).toBe(expected)
  })

  it('is not known where nobody counts', () => {
    expect(nextThreshold(testPlan({ quota_octets: '1' }), undefined)).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { chooseRates, isSlowed, ratesOf } from '../../../src/domain/plan/rates.ts'
import { testPlan } from '../../support/access.ts'

// A Tuesday.
const noon = new Date('2026-03-10T12:00:00Z')
const allDay = { weekdays: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }
const fup_steps = [{ after_octets: '50', down_bps: 10_000, up_bps: 5_000 }]
const burst = {
  burst_down_bps: 100_000_000,
  burst_up_bps: 40_000_000,
  burst_threshold_down_bps: 30_000_000,
  burst_seconds: 8,
}

describe('rates', () => {
  it('are scaled whole by a percentage, burst and all', () => {
    const plan = testPlan({ ...burst, priority: 3, schedule: [{ ...allDay, percent: 50 }] })
    expect(ratesOf(plan, 0)).toEqual({
      downBps: 25_000_000,
      upBps: 10_000_000,
      burst: {
        downBps: 50_000_000,
        upBps: 20_000_000,
        thresholdDownBps: 15_000_000,
        thresholdUpBps: 10_000_000,
        seconds: 8,
      },
      priority: 3,
    })
    expect(ratesOf(testPlan({ down_bps: 1, up_bps: 1, schedule: [{ ...allDay, percent: 1 }] }), 0)).toMatchObject({
      downBps: 1,
      upBps: 1,
    })
  })

  it('that a step names come without the burst of others, and with no minimum above them', () => {
    const plan = testPlan({
      ...burst,
      min_down_bps: 5_000_000,
      min_up_bps: 100,
      schedule: [{ ...allDay, down_bps: 1_000, up_bps: 500 }],
    })
    expect(ratesOf(plan, 0)).toEqual({
      downBps: 1_000,
      upBps: 500,
      burst: undefined,
      priority: undefined,
      minimum: { downBps: 1_000, upBps: 100 },
    })
    expect(ratesOf(plan)).toMatchObject({ minimum: { downBps: 5_000_000, upBps: 100 } })
  })
})

describe('which rates hold', () => {
  const slower = testPlan({ id: 2, name: 'Slow', down_bps: 999, up_bps: 99 })
  const plan = testPlan({
    quota_octets: '100',
    on_quota: 'slower',
    slower,
    fup_steps,
    schedule: [{ ...allDay, percent: 10 }],
  })
  const at = (used: bigint) => chooseRates(plan, { down: used, up: 0n }, 'UTC', noon)

  it('slower plan before fair use before time of day before the plan', () => {
    expect(at(100n)).toMatchObject({ rates: { downBps: 999 }, source: { kind: 'slower', step: undefined } })
    expect(at(99n)).toMatchObject({ rates: { downBps: 10_000 }, source: { kind: 'fup', step: 0 } })
    expect(at(49n)).toMatchObject({ rates: { downBps: 5_000_000 }, source: { kind: 'schedule', step: 0 } })
    expect(chooseRates(testPlan(), undefined, 'UTC', noon)).toMatchObject({
      rates: { downBps: 50_000_000 },
      source: { kind: 'plan' },
    })
  })

  it('follows the schedule of the slower plan there', () => {
    const slowerByNight = { ...slower, schedule: [{ ...allDay, percent: 200 }] }
    const found = chooseRates({ ...plan, slower: slowerByNight }, { down: 100n, up: 0n }, 'UTC', noon)
    expect(found).toMatchObject({ rates: { downBps: 1_998 }, source: { kind: 'slower', step: 0 } })
  })

  it('is slowed only by a quota that a slower plan follows', () => {
    expect(isSlowed(plan, { down: 100n, up: 0n })).toBe(true)
    expect(isSlowed(plan, { down: 99n, up: 0n })).toBe(false)
    expect(isSlowed({ ...plan, on_quota: 'reject' }, { down: 100n, up: 0n })).toBe(false)
    expect(isSlowed({ ...plan, slower: null }, { down: 100n, up: 0n })).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { isPerfect, perfectNetwork, planDelivery } from '../../src/simulator/network.ts'
import { createRandom } from '../../src/simulator/random.ts'

describe('the bad network', () => {
  it('lets everything through at once when it is perfect', () => {
    expect(planDelivery(perfectNetwork, createRandom(1))).toEqual([0])
    expect(isPerfect(perfectNetwork)).toBe(true)
    for (const fault of ['loss', 'duplicate', 'reorder']) {
      expect(isPerfect({ ...perfectNetwork, [fault]: 0.01 })).toBe(false)
    }
  })

  it('loses, doubles and holds back about as often as told', () => {
    const random = createRandom('network')
    const plans = Array.from({ length: 10_000 }, () =>
      planDelivery({ loss: 0.2, duplicate: 0.1, reorder: 0.3, holdMs: 40 }, random),
    )
    const through = plans.filter((plan) => plan.length > 0)
    expect(through.length / plans.length).toBeCloseTo(0.8, 1)
    expect(through.filter((plan) => plan.length === 2).length / through.length).toBeCloseTo(0.1, 1)
    const delays = plans.flat()
    expect(delays.filter((delay) => delay > 0).length / delays.length).toBeCloseTo(0.3, 1)
    expect(Math.max(...delays)).toBe(40)
  })

  it('does the same to the same packet in every run', () => {
    const faults = { loss: 0.3, duplicate: 0.3, reorder: 0.5 }
    const play = (): number[][] =>
      Array.from({ length: 50 }, (_, index) => planDelivery(faults, createRandom('seed').fork(`packet/${index}`)))
    expect(play()).toEqual(play())
    expect(new Set(play().map(String)).size).toBeGreaterThan(10)
  })
})

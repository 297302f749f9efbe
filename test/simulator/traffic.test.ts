import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/simulator/random.ts'
import { drawTraffic, growCounters, noTraffic } from '../../src/simulator/traffic.ts'

const rate = fc.integer({ min: 64_000, max: 10_000_000_000 })

describe('traffic of a line', () => {
  it('never falls and never exceeds one and a half times the rate', () => {
    fc.assert(
      fc.property(fc.integer(), rate, rate, fc.array(fc.integer({ min: 1, max: 3600 })), (seed, down, up, steps) => {
        const random = createRandom(seed)
        const traffic = drawTraffic(random, down, up)
        let counters = noTraffic
        for (const seconds of steps) {
          const next = growCounters(counters, traffic, seconds, random)
          expect(next.inputOctets > counters.inputOctets && next.outputOctets > counters.outputOctets).toBe(true)
          expect(next.outputPackets > counters.outputPackets).toBe(true)
          expect(Number(next.outputOctets - counters.outputOctets)).toBeLessThanOrEqual((down / 8) * 1.5 * seconds + 2)
          expect(Number(next.inputOctets - counters.inputOctets)).toBeLessThanOrEqual((up / 8) * 1.5 * seconds + 2)
          counters = next
        }
      }),
    )
  })

  it('is mostly idle and sometimes heavy', () => {
    const random = createRandom('habits')
    const loads = Array.from({ length: 2000 }, () => drawTraffic(random, 80_000_000, 8).download / 10_000_000)
    const median = loads.toSorted((one, other) => one - other)[1000]!
    expect(median).toBeGreaterThan(0.05)
    expect(median).toBeLessThan(0.25)
    expect(loads.some((load) => load > 0.9)).toBe(true)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/simulator/random.ts'

describe('random numbers by seed', () => {
  it('repeats with the same seed and differs with another', () => {
    const draw = (seed: string | number): number[] => {
      const random = createRandom(seed)
      return Array.from({ length: 8 }, () => random.next())
    }
    expect(draw('a')).toEqual(draw('a'))
    expect(draw(7)).toEqual(draw('7'))
    expect(draw('a')).not.toEqual(draw('b'))
  })

  it('gives a fork the same numbers whatever was drawn before', () => {
    const used = createRandom(1)
    for (let i = 0; i < 100; i++) used.next()
    expect(used.fork('network').octets(16)).toEqual(createRandom(1).fork('network').octets(16))
    expect(createRandom(1).fork('a').octets(8)).not.toEqual(createRandom(1).fork('b').octets(8))
  })

  it('stays within its bounds for every seed', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1000 }), (seed, below) => {
        const random = createRandom(seed)
        for (let i = 0; i < 20; i++) {
          const value = random.integer(below)
          expect(Number.isInteger(value) && value >= 0 && value < below).toBe(true)
        }
      }),
    )
  })

  it('keeps near its probability, and draws nothing for certain outcomes', () => {
    const random = createRandom('chance')
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.3)).filter(Boolean).length
    expect(Math.abs(hits - 3000)).toBeLessThan(200)
    const untouched = createRandom('chance')
    expect([untouched.chance(0), untouched.chance(1)]).toEqual([false, true])
    expect(untouched.next()).toBe(createRandom('chance').next())
  })
})

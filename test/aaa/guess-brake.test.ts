import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGuessBrake } from '../../src/aaa/guess-brake.ts'

const anna = { username: 'anna', line: 'mac:02:00:00:00:00:01', port: '7 ether1' }
const seed = 1

const times = (count: number, one: (at: number) => number) => Array.from({ length: count }, (_, at) => one(at))

describe('guessing the password of one username', () => {
  it('R31: costs nothing for the first ten, then more with each, and at last as much as may be', () => {
    const brake = createGuessBrake(seed)
    const felt = times(60, (at) => brake.failed({ username: 'anna', line: `mac:${at}`, port: undefined }, 1_000))
    expect(felt.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 0))
    expect(felt[10]).toBeCloseTo(1 / 30)
    expect(felt[24]).toBeCloseTo(0.5)
    expect(felt.slice(40)).toEqual(Array.from({ length: 20 }, () => 1))
  })

  it('R31: is forgiven by half each minute', () => {
    const brake = createGuessBrake(seed)
    times(80, () => brake.failed(anna, 1_000))
    expect(brake.failed(anna, 60_999)).toBe(1)
    // 80 were halved, one came, 41 are halved again and one comes.
    expect(brake.failed(anna, 121_000)).toBeCloseTo((41 / 2 + 1 - 10) / 30)
    expect(brake.failed(anna, 10_000_000)).toBe(0)
  })

  it('leaves other usernames alone', () => {
    const brake = createGuessBrake(seed)
    times(80, () => brake.failed(anna, 1_000))
    expect(brake.failed({ username: 'berta', line: 'mac:02', port: '8 ether1' }, 1_000)).toBe(0)
  })
})

describe('trying many usernames', () => {
  it('R32: from one line is braked by the line', () => {
    const brake = createGuessBrake(seed)
    const felt = times(50, (at) => brake.failed({ username: `sub${at}`, line: anna.line, port: undefined }, 0))
    expect(felt[9]).toBe(0)
    expect(felt.at(-1)).toBe(1)
  })

  it('R32: from one port with ever new MACs is braked by the port, later: many share one', () => {
    const brake = createGuessBrake(seed)
    const felt = times(500, (at) => brake.failed({ username: `sub${at}`, line: `mac:${at}`, port: anna.port }, 0))
    expect(felt[99]).toBe(0)
    expect(felt.at(-1)).toBe(1)
  })
})

it('has one size whatever comes, and says a number from 0 to 1', () => {
  const guess = fc.record({
    username: fc.string(),
    line: fc.option(fc.string(), { nil: undefined }),
    port: fc.option(fc.string(), { nil: undefined }),
  })
  const brake = createGuessBrake()
  fc.assert(
    fc.property(guess, fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (one, now) => {
      const felt = brake.failed(one, now)
      expect(felt).toBeGreaterThanOrEqual(0)
      expect(felt).toBeLessThanOrEqual(1)
    }),
    { numRuns: 2_000 },
  )
})

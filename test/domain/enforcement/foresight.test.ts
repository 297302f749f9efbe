import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countAsk,
  foresee,
  notBefore,
  paceOf,
  reachedAt,
  recall,
  remember,
  type Counted,
  type Line,
  type Pace,
} from '../../../src/domain/enforcement/foresight.ts'
import { after, noon, testPlan } from '../../support/access.ts'

const counted = (changes: Partial<Counted> = {}): Counted => ({
  sessionId: 1n,
  nasId: 1n,
  sessionTime: 600,
  down: 600_000n,
  up: 60_000n,
  heardAt: noon,
  intervalS: 600,
  ...changes,
})
/** A session that has counted evenly since its beginning. */
const line = (changes: Partial<Counted> = {}): Line => {
  const one = counted(changes)
  return { counted: one, pace: paceOf(undefined, one) }
}
const look = { zone: 'UTC', now: noon }
const used = { down: 600_000n, up: 60_000n }

describe('the pace of a session', () => {
  it('is reckoned from its beginning at the first look, and from the look before at others', () => {
    const first = paceOf(undefined, counted())
    expect([first.down.perS, first.up.perS]).toEqual([1_000, 100])
    const second = paceOf(first, counted({ sessionTime: 900, down: 1_200_000n, up: 60_300n }))
    expect([second.down.perS, second.up.perS]).toEqual([2_000, 1])
  })

  it('says nothing over a few seconds, and keeps what was known', () => {
    const first = paceOf(undefined, counted())
    expect(paceOf(first, counted({ sessionTime: 629, down: 9_000_000n }))).toEqual(first)
    expect(paceOf(first, counted({ sessionTime: 590 }))).toEqual(first)
    expect(paceOf(undefined, counted({ sessionTime: 0, down: 0n, up: 0n })).down.perS).toBe(0)
  })

  it('of a direction that was not read is reckoned over all the time when it moves again', () => {
    const first = paceOf(undefined, counted())
    const read = paceOf(first, counted({ sessionTime: 1_000, down: 1_000_000n }))
    expect([read.down.perS, read.up]).toEqual([1_000, first.up])
    const interim = paceOf(read, counted({ sessionTime: 1_200, down: 1_200_000n, up: 120_000n }))
    expect([interim.down.perS, interim.up.perS]).toEqual([1_000, 100])
  })

  it('of a line that nobody uses falls to nothing', () => {
    const idle = paceOf(paceOf(undefined, counted()), counted({ sessionTime: 1_200 }))
    expect([idle.down.perS, idle.up.perS]).toEqual([0, 0])
  })

  it('comes back from what was stored, octets beyond 2^53 among it', () => {
    const huge = line({ sessionId: 77n, down: 2n ** 60n })
    const asks = { at: after(5), count: 2 }
    const stored = JSON.parse(JSON.stringify(remember(asks, [huge]))) as ReturnType<typeof remember>
    const again = recall(stored)
    expect(again.asks).toEqual(asks)
    expect(again.paceBefore(77n)).toEqual<Pace>(huge.pace)
    expect(again.paceBefore(78n)).toBeUndefined()
    expect(recall(null).asks).toBeUndefined()
    expect(recall(remember(undefined, [])).asks).toBeUndefined()
  })
})

describe('the moment at which a threshold is reached', () => {
  const quota = testPlan({ quota_octets: '1000000' })

  it('follows from what is left and how fast it goes', () => {
    expect(reachedAt(quota, used, [line()], 'down')).toBe(after(340).getTime())
    expect(reachedAt(quota, used, [line()], 'up')).toBe(after(3_400).getTime())
  })

  it('counts each session from when it was last heard of', () => {
    const both = { down: 1_200_000n - 900_000n, up: 0n }
    const lines = [line(), line({ sessionId: 2n, heardAt: after(-100) })]
    // 700 000 are left; 100 000 of them had gone by at noon.
    expect(reachedAt(quota, both, lines, 'down')).toBe(after(300).getTime())
  })

  it('is none where nothing counts, nothing moves, or everything is used up', () => {
    expect(reachedAt(testPlan(), used, [line()], 'down')).toBeUndefined()
    expect(reachedAt(quota, undefined, [line()], 'down')).toBeUndefined()
    expect(reachedAt(quota, used, [], 'down')).toBeUndefined()
    expect(reachedAt(quota, used, [line({ down: 0n })], 'down')).toBeUndefined()
    expect(reachedAt(quota, { down: 1_000_000n, up: 0n }, [line()], 'down')).toBeUndefined()
  })

  it('of a quota of one direction is that direction’s alone', () => {
    const upOnly = testPlan({ quota_up_octets: '100000' })
    expect(reachedAt(upOnly, used, [line()], 'down')).toBeUndefined()
    expect(reachedAt(upOnly, used, [line()], 'up')).toBe(after(400).getTime())
    const downOnly = testPlan({ quota_down_octets: '700000' })
    expect(reachedAt(downOnly, used, [line()], 'down')).toBe(after(100).getTime())
    expect(reachedAt(downOnly, used, [line()], 'up')).toBeUndefined()
  })

  it('is the one at which counters that go on evenly have come there, and not before it', () => {
    const session = fc.record({
      time: fc.integer({ min: 30, max: 1_000_000 }),
      perS: fc.integer({ min: 0, max: 100_000_000 }),
      heardAgo: fc.integer({ min: 0, max: 3_600 }),
    })
    const steps = fc.uniqueArray(fc.bigInt({ min: 1n, max: 10n ** 13n }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(
        fc.array(session, { minLength: 1, maxLength: 4 }),
        steps,
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        (sessions, thresholds, before) => {
          const fup = thresholds.toSorted((one, other) => (one < other ? -1 : 1))
          const plan = testPlan({
            fup_steps: fup.map((octets) => ({ after_octets: String(octets), down_bps: 1, up_bps: 1 })),
          })
          const lines = sessions.map(({ time, perS, heardAgo }, at) =>
            line({
              sessionId: BigInt(at),
              sessionTime: time,
              down: BigInt(time * perS),
              up: 0n,
              heardAt: after(-heardAgo),
            }),
          )
          const use = { down: before + lines.reduce((sum, one) => sum + one.counted.down, 0n), up: 0n }
          const threshold = fup.find((octets) => octets > use.down)
          const reached = reachedAt(plan, use, lines, 'down')
          const perS = sessions.reduce((sum, one) => sum + one.perS, 0)
          expect(reached === undefined).toBe(threshold === undefined || perS === 0)
          if (reached === undefined || threshold === undefined) return
          // The line as it would go on, in whole octets.
          const useAt = (ms: number) =>
            sessions.reduce((sum, one) => {
              const seconds = (ms - after(-one.heardAgo).getTime()) / 1_000
              return sum + one.perS * seconds
            }, Number(use.down))
          const slack = 1 + Number(threshold) * 1e-9
          expect(useAt(reached + 1)).toBeGreaterThanOrEqual(Number(threshold) - slack)
          expect(useAt(reached - 1)).toBeLessThanOrEqual(Number(threshold) + slack)
        },
      ),
    )
  })
})

describe('whom to ask, and when', () => {
  const quota = testPlan({ quota_octets: '1000000', quota_period: 'day' })

  it('is a second after the moment, in the direction that comes there first', () => {
    expect(foresee(quota, used, [line()], look)).toEqual({ at: after(341), way: 'down' })
    const upload = line({ down: 60_000n, up: 600_000n })
    expect(foresee(quota, used, [upload], look)).toEqual({ at: after(341), way: 'up' })
  })

  it('is nobody where an interim comes before it, or right after it', () => {
    expect(foresee(quota, used, [line({ intervalS: 300 })], look)).toBeUndefined()
    expect(foresee(quota, used, [line({ intervalS: 346 })], look)).toBeUndefined()
    expect(foresee(quota, used, [line({ intervalS: 347 })], look)).toMatchObject({ at: after(341) })
    const other = line({ sessionId: 2n, sessionTime: 600, down: 60n, up: 0n, heardAt: after(-400) })
    expect(foresee(quota, used, [line(), other], look)).toBeUndefined()
  })

  it('waits no more for an interim that did not come', () => {
    const late = [line({ heardAt: after(-700), intervalS: 600 })]
    expect(foresee(quota, { down: 200_000n, up: 0n }, late, look)).toMatchObject({ at: after(101) })
  })

  it('is nobody where the window ends before it', () => {
    const night = new Date('2026-03-10T23:55:00Z')
    const lines = [line({ heardAt: night })]
    expect(foresee(quota, used, lines, { zone: 'UTC', now: night })).toBeUndefined()
    expect(foresee(quota, used, lines, { zone: 'Europe/Berlin', now: night })).toBeDefined()
    expect(foresee({ ...quota, quota_period: 'period' }, used, lines, { zone: 'UTC', now: night })).toBeDefined()
  })

  it('is asked three times between two interims, half a minute apart', () => {
    expect(notBefore(undefined, 600, noon)).toEqual(noon)
    const once = countAsk(undefined, 600, noon)
    expect(notBefore(once, 600, after(10))).toEqual(after(30))
    const twice = countAsk(once, 600, after(30))
    const thrice = countAsk(twice, 600, after(60))
    expect([once.count, twice.count, thrice.count]).toEqual([1, 2, 3])
    expect(notBefore(thrice, 600, after(100))).toBeUndefined()
    expect(notBefore(thrice, 600, after(660))).toEqual(after(660))
    expect(countAsk(thrice, 600, after(660))).toEqual({ at: after(660), count: 1 })
  })
})

import { describe, expect, it } from 'vitest'
import { createTestClock, systemClock } from '../src/clock.ts'

describe('a clock', () => {
  it('stands still in tests until it is moved', () => {
    const clock = createTestClock(new Date('2026-11-22T08:00:00Z'))
    const before = clock.monotonicMs()
    clock.advance(1_500)
    expect(clock.now()).toEqual(new Date('2026-11-22T08:00:01.500Z'))
    expect(clock.monotonicMs() - before).toBe(1_500)
  })

  it('lets the wall step back while durations go on', () => {
    const clock = createTestClock(new Date('2026-11-22T08:00:00Z'))
    clock.advance(1_000)
    clock.set(new Date('2026-11-22T07:00:00Z'))
    expect(clock.monotonicMs()).toBe(1_000)
    clock.advance(1)
    expect(clock.now()).toEqual(new Date('2026-11-22T07:00:00.001Z'))
  })

  it('gives a Date that nobody can change for others', () => {
    const clock = createTestClock(new Date(0))
    clock.now().setFullYear(1999)
    expect(clock.now()).toEqual(new Date(0))
  })

  it('is the real one at the edges', () => {
    const before = Date.now()
    expect(systemClock.now().getTime()).toBeGreaterThanOrEqual(before)
    const start = systemClock.monotonicMs()
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(start)
  })
})

// The real time, for the edges only (decision: time is an argument). `monotonicMs` never jumps; use it for durations.

export type Clock = {
  /** The wall clock. */
  now(): Date
  /** Milliseconds since some fixed point, with fractions; never goes back. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
}

export type TestClock = Clock & {
  /** Moves both clocks forward. */
  advance(milliseconds: number): void
  /** Sets the wall clock alone, as an operator or NTP would; the monotonic one goes on. */
  set(now: Date): void
}

/** A clock that stands still until it is moved. */
export function createTestClock(start: Date): TestClock {
  let wall = start.getTime()
  let monotonic = 0
  return {
    now: () => new Date(wall),
    monotonicMs: () => monotonic,
    advance(milliseconds) {
      wall += milliseconds
      monotonic += milliseconds
    },
    set(now) {
      wall = now.getTime()
    },
  }
}

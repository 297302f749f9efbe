import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BatchLateError } from '../../src/aaa/batch-deadline.ts'
import { createBatcher } from '../../src/aaa/batch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A batcher with a deadline of 200 ms, whose runs are ended by the test. */
function underTest(options: { ms?: () => number | undefined } = {}) {
  const runs: { items: number[]; finish(): void; fail(): void }[] = []
  const late: [number, number][] = []
  const batcher = createBatcher<number, number>({
    lanes: 1,
    run: (items) =>
      new Promise((resolve, reject) => {
        const finish = (): void => resolve(items.map((item) => item * 10))
        runs.push({ items, finish, fail: () => reject(new Error('gone')) })
      }),
    deadline: {
      ms: options.ms ?? (() => 200),
      monotonicMs: () => performance.now(),
      late: (item, result) => void late.push([item, result]),
    },
  })
  /** What became of an item: its result, the name of its error, or that it is not known yet. */
  const submit = (item: number, since?: number) => {
    const seen: { fate: number | string } = { fate: 'waits' }
    batcher.submit(item, since).then(
      (result) => (seen.fate = result),
      (error: Error) => (seen.fate = error.name),
    )
    return seen
  }
  return { batcher, runs, late, submit }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('the deadline of a batcher', () => {
  it('rejects what has no result in time, on its way or waiting, and lets the others be', async () => {
    const { runs, submit, late } = underTest()
    const onItsWay = submit(1)
    await pass(1)
    expect(runs[0]!.items).toEqual([1])
    const waiting = submit(2)
    await pass(150)
    const later = submit(3)
    await pass(60)
    expect([onItsWay.fate, waiting.fate, later.fate]).toEqual([BatchLateError.name, BatchLateError.name, 'waits'])
    runs[0]!.finish()
    await pass(1)
    // What waited and was given up is not sent any more; what was sent is told of.
    expect(runs[1]!.items).toEqual([3])
    expect(late).toEqual([[1, 10]])
    runs[1]!.finish()
    await pass(1)
    expect(later.fate).toBe(30)
  })

  it('tells nothing of a late batch that failed', async () => {
    const { runs, submit, late } = underTest()
    const seen = submit(1)
    await pass(250)
    runs[0]!.fail()
    await pass(1)
    expect([seen.fate, late]).toEqual([BatchLateError.name, []])
  })

  it('counts the time that an item has waited elsewhere', async () => {
    const { submit } = underTest()
    const seen = submit(1, performance.now() - 190)
    await pass(15)
    expect(seen.fate).toBe(BatchLateError.name)
  })

  it('has one timer, and none when nothing is under way', async () => {
    const { runs, submit } = underTest()
    for (let item = 0; item < 50; item += 1) submit(item)
    await pass(1)
    expect(vi.getTimerCount()).toBe(1)
    runs[0]!.finish()
    await pass(250)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is none while it is undefined', async () => {
    const { runs, submit } = underTest({ ms: () => undefined })
    const seen = submit(1)
    await pass(60_000)
    expect([seen.fate, vi.getTimerCount()]).toEqual(['waits', 0])
    runs[0]!.finish()
    await pass(1)
    expect(seen.fate).toBe(10)
  })

  it('does not keep a closing batcher from its end', async () => {
    const { batcher, runs, submit } = underTest()
    submit(1)
    await pass(1)
    submit(2)
    const closed = batcher.close()
    await pass(250)
    runs[0]!.finish()
    await closed
    expect(runs).toHaveLength(1)
  })
})

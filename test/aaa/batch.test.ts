import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchStaleError, staleBy } from '../../src/aaa/batch-stale.ts'
import { createTestClock } from '../../src/clock.ts'
import { BatchError, BatchRefusedError, createBatcher, createLanes } from '../../src/aaa/batch.ts'
import type { BatcherOptions } from '../../src/aaa/batch.ts'

type Run = { items: number[]; lane: number; finish(results?: unknown): void; fail(error: Error): void }

/** A batcher whose runs are ended by the test; results are the items times ten. */
function underTest(options: Partial<BatcherOptions<number, number>> = {}) {
  const runs: Run[] = []
  const batcher = createBatcher<number, number>({
    lanes: 1,
    run: (items, lane) =>
      new Promise((resolve, reject) => {
        runs.push({
          items,
          lane,
          finish: (results = items.map((item) => item * 10)) => resolve(results as number[]),
          fail: reject,
        })
      }),
    ...options,
  })
  return { batcher, runs, batches: () => runs.map((run) => run.items) }
}

/** The event loop has turned: what was to be sent has been sent. */
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe('createBatcher', () => {
  it('sends what came in one turn of the event loop together, and answers each with its own result', async () => {
    const { batcher, runs, batches } = underTest()
    const answers = [1, 2, 3].map((item) => batcher.submit(item))
    expect(batcher.waiting()).toBe(3)
    await turn()
    expect(batches()).toEqual([[1, 2, 3]])
    expect(batcher.waiting()).toBe(0)
    runs[0]!.finish()
    expect(await Promise.all(answers)).toEqual([10, 20, 30])
  })

  it('sends what came meanwhile as soon as the lane is free, at most so many', async () => {
    const { batcher, runs, batches } = underTest({ maximum: 3 })
    const answers = [batcher.submit(1)]
    await turn()
    answers.push(...[2, 3, 4, 5, 6].map((item) => batcher.submit(item)))
    await turn()
    expect(batches()).toEqual([[1]])
    runs[0]!.finish()
    await answers[0]
    await turn()
    expect(batches()).toEqual([[1], [2, 3, 4]])
    runs[1]!.finish()
    await answers[3]
    await turn()
    expect(batches().at(-1)).toEqual([5, 6])
    runs[2]!.finish()
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50, 60])
  })

  it('takes into the next batch what comes while the answers of the last are worked on', async () => {
    const { batcher, runs, batches } = underTest()
    const answered = batcher.submit(1).then(() => batcher.submit(3))
    await turn()
    void batcher.submit(2)
    runs[0]!.finish()
    await turn()
    expect(batches()).toEqual([[1], [2, 3]])
    runs[1]!.finish()
    expect(await answered).toBe(30)
  })

  it('takes turns with another batcher on the same lanes', async () => {
    const lanes = createLanes(1)
    const one = underTest({ lanes })
    const other = underTest({ lanes })
    void one.batcher.submit(1)
    await turn()
    void other.batcher.submit(7)
    void one.batcher.submit(2)
    await turn()
    expect([one.batches(), other.batches()]).toEqual([[[1]], []])
    one.runs[0]!.finish()
    await turn()
    expect([one.batches(), other.batches()]).toEqual([[[1]], [[7]]])
    other.runs[0]!.finish()
    await turn()
    expect(one.batches()).toEqual([[1], [2]])
  })

  it('runs as many batches at once as it has lanes', async () => {
    const { batcher, runs } = underTest({ lanes: 2 })
    for (const item of [1, 2, 3]) {
      void batcher.submit(item)
      await turn()
    }
    expect(runs.map((run) => run.items)).toEqual([[1], [2]])
    expect(new Set(runs.map((run) => run.lane)).size).toBe(2)
    runs[1]!.finish()
    await turn()
    expect(runs.map((run) => run.items)).toEqual([[1], [2], [3]])
  })

  it('opens a second lane only for as many items as are on their way', async () => {
    const { batcher, runs, batches } = underTest({ lanes: 2 })
    for (const item of [1, 2, 3]) void batcher.submit(item)
    await turn()
    void batcher.submit(4)
    void batcher.submit(5)
    await turn()
    expect(batches()).toEqual([[1, 2, 3]])
    void batcher.submit(6)
    await turn()
    expect(batches()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    void batcher.submit(7)
    runs[0]!.finish()
    runs[1]!.finish()
    await turn()
    expect(batches().at(-1)).toEqual([7])
  })

  it('has one item of a key on its way at a time, on whatever lane', async () => {
    const { batcher, runs, batches } = underTest({ lanes: 2, keyOf: (item) => String(item % 10) })
    void batcher.submit(1)
    await turn()
    void batcher.submit(11)
    await turn()
    expect(batches()).toEqual([[1]])
    void batcher.submit(2)
    await turn()
    expect(batches()).toEqual([[1], [2]])
    runs[0]!.finish()
    await turn()
    expect(batches()).toEqual([[1], [2], [11]])
  })

  it('has at most one item of a key in a batch, and keeps their order', async () => {
    const { batcher, runs, batches } = underTest({ keyOf: (item) => String(item % 10) })
    const answers = [1, 11, 2, 21, 12].map((item) => batcher.submit(item))
    for (const expected of [[1, 2], [11, 12], [21]]) {
      await turn()
      expect(batches().at(-1)).toEqual(expected)
      runs.at(-1)!.finish()
    }
    expect(await Promise.all(answers)).toEqual([10, 110, 20, 210, 120])
  })

  it('rejects the items of a run that fails, and no others', async () => {
    const { batcher, runs } = underTest()
    const first = Promise.allSettled([batcher.submit(1), batcher.submit(2)])
    await turn()
    const second = batcher.submit(3)
    const cause = new Error('the database is away')
    runs[0]!.fail(cause)
    for (const result of await first) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'BatchError', cause } })
    }
    await turn()
    runs[1]!.finish()
    expect(await second).toBe(30)
  })

  it('rejects the items of a run that throws at once, or that answers another number of them', async () => {
    const thrower = createBatcher<number, number>({
      lanes: 1,
      run: () => {
        throw new Error('at once')
      },
    })
    await expect(thrower.submit(1)).rejects.toThrow(BatchError)
    const { batcher, runs } = underTest()
    const answer = batcher.submit(1)
    await turn()
    runs[0]!.finish([1, 2])
    await expect(answer).rejects.toThrow(BatchError)
  })

  it('refuses what is too much to wait', async () => {
    const { batcher } = underTest({ maximumWaiting: 2 })
    void batcher.submit(1)
    void batcher.submit(2)
    await expect(batcher.submit(3)).rejects.toThrow(BatchRefusedError)
    await turn()
    void batcher.submit(4)
    expect(batcher.waiting()).toBe(1)
  })

  it('finishes what it took when it is closed, and takes no more', async () => {
    const { batcher, runs } = underTest({ maximum: 1 })
    const answers = [batcher.submit(1), batcher.submit(2)]
    let closed = false
    const closing = batcher.close().then(() => (closed = true))
    await expect(batcher.submit(3)).rejects.toThrow(BatchRefusedError)
    await turn()
    runs[0]!.finish()
    await answers[0]
    await turn()
    expect(closed).toBe(false)
    runs[1]!.finish()
    await closing
    expect(await Promise.all(answers)).toEqual([10, 20])
    await expect(createBatcher<number, number>({ lanes: 1, run: async () => [] }).close()).resolves.toBeUndefined()
  })

  it('answers every item once, by key in order, whatever the lanes and sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(7), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 9 }),
        async (keys, lanes, maximum) => {
          const seen: number[][] = Array.from({ length: 8 }, () => [])
          const batcher = createBatcher<[number, number], number>({
            lanes,
            maximum,
            keyOf: ([key]) => String(key),
            run: async (items) => {
              expect(items.length).toBeLessThanOrEqual(maximum)
              expect(new Set(items.map(([key]) => key)).size).toBe(items.length)
              for (const [key, number] of items) seen[key]!.push(number)
              await turn()
              return items.map(([, number]) => number)
            },
          })
          const answers = await Promise.all(keys.map((key, number) => batcher.submit([key, number])))
          expect(answers).toEqual(keys.map((_, number) => number))
          for (const numbers of seen) expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('what nobody waits for any more', () => {
  it('costs no statement: it is left out when the batch is taken, and told so', async () => {
    let now = 0
    const { batcher, runs, batches } = underTest({ isStale: (until) => until < now })
    const first = batcher.submit(1_000)
    await turn()
    const ends = Promise.allSettled([10, 20, 30, 1_000].map((until) => batcher.submit(until)))
    now = 25
    runs[0]!.finish()
    await first
    await turn()
    expect(batches()).toEqual([[1_000], [30, 1_000]])
    // What is on its way is not called back.
    now = 500
    runs[1]!.finish()
    const told = (await ends).map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as Error).name))
    expect(told).toEqual(['BatchStaleError', 'BatchStaleError', 300, 10_000])
  })

  it('gives its lane back where nothing is left, and lets the batcher close', async () => {
    const { batcher, runs, batches } = underTest({ isStale: (until) => until < 100 })
    const stale = [1, 2].map((until) => batcher.submit(until))
    await Promise.all(stale.map((one) => expect(one).rejects.toBeInstanceOf(BatchStaleError)))
    const fresh = batcher.submit(200)
    const closed = batcher.close()
    await turn()
    expect(batches()).toEqual([[200]])
    runs[0]!.finish()
    expect(await fresh).toBe(2_000)
    await closed
    const other = underTest({ isStale: () => true })
    const lost = other.batcher.submit(1)
    const ended = other.batcher.close()
    await expect(lost).rejects.toBeInstanceOf(BatchStaleError)
    await ended
    expect(other.runs).toEqual([])
  })

  it('whatever waits for however long: each item is either answered or stale, and none is both late and taken', async () => {
    const item = fc.record({ until: fc.nat(100), at: fc.nat(100) })
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), async (items, maximum) => {
        let now = 0
        const taken: number[] = []
        const batcher = createBatcher<number, number>({
          lanes: 1,
          maximum,
          isStale: (until) => until < now,
          async run(batch) {
            for (const until of batch) expect(until).toBeGreaterThanOrEqual(now)
            taken.push(...batch)
            return batch
          },
        })
        const results: Promise<unknown>[] = []
        for (const { until, at } of items.toSorted((a, b) => a.at - b.at)) {
          if (at > now) await turn()
          now = at
          results.push(batcher.submit(until).catch((error: Error) => error.name))
        }
        await batcher.close()
        const ended = await Promise.all(results)
        const stale = ended.filter((result) => result === 'BatchStaleError').length
        expect(stale + taken.length).toBe(items.length)
      }),
      { numRuns: 100 },
    )
  })

  it('has its time by the clock that is given', () => {
    const clock = createTestClock(new Date('2026-03-01T12:00:00Z'))
    const isStale = staleBy(clock)
    expect([{}, { untilMs: 0 }, { untilMs: 5_000 }].map(isStale)).toEqual([false, false, false])
    clock.advance(5_000)
    expect([{}, { untilMs: 0 }, { untilMs: 5_000 }].map(isStale)).toEqual([false, true, false])
  })
})

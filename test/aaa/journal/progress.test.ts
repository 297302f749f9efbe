import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendAll, openTestJournal, readAll, useDirectories } from '../../support/journal.ts'
import { createMemoryFiles } from '../../support/memory-files.ts'
import { numbersOf, range } from '../../support/numbered-records.ts'

const newDirectory = useDirectories()

describe('after a promotion', () => {
  it('what was drained in the time asked for is offered again, in order, and progress goes on from there', async () => {
    const directory = newDirectory()
    const { journal, clock } = await openTestJournal(directory)
    await appendAll(journal, range(1, 60), 2_000)
    const inFirst = numbersOf(await readAll(journal)).length
    expect(inFirst).toBe(60)
    await journal.done(40n)
    clock.advance(10 * 60_000)
    await journal.done(60n)
    clock.advance(60_000)
    const after = await journal.reoffer(5 * 60_000)
    const again = numbersOf(await readAll(journal))
    // Whole segments: a little more than what was drained in the last five minutes, never less.
    expect(again.at(-1)).toBe(60)
    expect(again[0]).toBeLessThanOrEqual(41)
    expect(again[0]).toBeGreaterThan(1)
    expect(BigInt(again[0]!)).toBe(after + 1n)
    expect(journal.backlog().records).toBe(again.length)
    await journal.done(60n)
    expect(await journal.read(0n, 10)).toEqual([])
    await journal.close()
  })

  it('holds through a restart in the middle of it', async () => {
    const directory = newDirectory()
    const first = await openTestJournal(directory)
    await appendAll(first.journal, range(1, 30))
    await first.journal.done(30n)
    expect(await first.journal.reoffer(60_000)).toBe(0n)
    await first.journal.done(12n)
    await first.journal.close()
    const second = await openTestJournal(directory)
    expect(numbersOf(await readAll(second.journal))).toEqual(range(13, 30))
    await second.journal.close()
  })

  it('what was drained before a restart is kept and offered too', async () => {
    const directory = newDirectory()
    const first = await openTestJournal(directory)
    await appendAll(first.journal, range(1, 30))
    await first.journal.done(30n)
    await first.journal.close()
    const second = await openTestJournal(directory)
    expect(await second.journal.read(0n, 100)).toEqual([])
    await second.journal.reoffer(60_000)
    expect(numbersOf(await readAll(second.journal))).toEqual(range(1, 30))
    await second.journal.close()
  })

  it('costs a start no reading of what is kept for it: of each drained segment the first record is enough', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const sizes = { files, segmentOctets: 1 << 20, capOctets: 16 << 20 }
    const first = await openTestJournal(directory, sizes)
    await appendAll(first.journal, range(1, 2_000), 2_000)
    await first.journal.done(2_000n)
    await first.journal.close()
    const drained = files.names().filter((name) => name.includes('.segment')).length - 1
    expect(drained).toBeGreaterThan(2)
    let octets = 0
    files.readable = (_name, from, to) => ((octets += to - from), true)
    const second = await openTestJournal(directory, sizes)
    // The last one is read to its end.
    expect(octets).toBeLessThan(drained * 80_000 + (2 << 20))
    await second.journal.reoffer(60_000)
    expect(numbersOf(await readAll(second.journal))).toEqual(range(1, 2_000))
    await second.journal.close()
  })

  it('nothing of the segment that is written is offered again but what was done lately', async () => {
    const { journal, clock } = await openTestJournal(newDirectory())
    await appendAll(journal, range(1, 20))
    await journal.done(20n)
    clock.advance(20 * 60_000)
    expect(await journal.reoffer(15 * 60_000)).toBe(20n)
    await appendAll(journal, range(21, 30))
    await journal.done(25n)
    clock.advance(60_000)
    await journal.done(30n)
    expect(await journal.reoffer(30_000)).toBe(25n)
    expect(numbersOf(await readAll(journal))).toEqual(range(26, 30))
    await journal.done(30n)
    expect(await journal.reoffer(15 * 60_000)).toBe(20n)
    expect(numbersOf(await readAll(journal))).toEqual(range(21, 30))
    await journal.close()
  })

  it('whatever was called done in the time asked for is offered again, and little else', async () => {
    const step = fc.record({
      appended: fc.integer({ min: 0, max: 40 }),
      done: fc.integer({ min: 0, max: 60 }),
      ms: fc.integer({ min: 0, max: 400_000 }),
      sinceMs: fc.option(fc.integer({ min: 0, max: 15 * 60_000 }), { nil: undefined, freq: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const { journal, clock } = await openTestJournal(newDirectory(), { files: createMemoryFiles() })
        /** When each was last called done. */
        const doneAt = new Map<number, number>()
        let [last, done] = [0, 0]
        for (const { appended, done: more, ms, sinceMs } of steps) {
          await appendAll(journal, range(last + 1, last + appended), 1_500)
          last += appended
          const through = Math.min(last, done + more)
          for (const n of range(done + 1, through)) doneAt.set(n, clock.monotonicMs())
          done = through
          await journal.done(BigInt(through))
          clock.advance(ms)
          if (sinceMs === undefined) continue
          const after = Number(await journal.reoffer(sinceMs))
          const since = clock.monotonicMs() - sinceMs
          for (const n of range(1, after)) expect(doneAt.get(n)!, `${n} of ${last}`).toBeLessThan(since)
          const before = Math.max(...[...doneAt.values()].filter((at) => at < since))
          for (const n of range(after + 1, done)) expect(doneAt.get(n)!).toBeGreaterThan(before - 1_000)
          done = after
          for (const n of range(after + 1, last)) doneAt.delete(n)
          expect(numbersOf(await readAll(journal))).toEqual(range(after + 1, last))
        }
        await journal.close()
      }),
      { numRuns: 40 },
    )
  })

  it('nothing is offered again where nothing is kept', async () => {
    const { journal, clock } = await openTestJournal(newDirectory())
    expect(await journal.reoffer(60_000)).toBe(0n)
    await appendAll(journal, [1])
    clock.advance(1)
    expect(await journal.reoffer(60_000)).toBe(0n)
    expect(numbersOf(await readAll(journal))).toEqual([1])
    await journal.close()
  })
})

import { describe, expect, it } from 'vitest'
import { JournalFullError, JournalWriteError } from '../../../src/aaa/journal/errors.ts'
import type { Journal } from '../../../src/aaa/journal/journal.ts'
import { appendAll, openTestJournal, readAll, useDirectories } from '../../support/journal.ts'
import { createMemoryFiles, systemError } from '../../support/memory-files.ts'
import type { Operation } from '../../support/memory-files.ts'
import { numbered, numbersOf, range, smallSegment } from '../../support/numbered-records.ts'

const newDirectory = useDirectories()

/** Appends one after another until the journal refuses; which numbers it took, and with what it refused. */
async function appendUntilRefused(
  journal: Journal,
  from: number,
  octets: number,
): Promise<{ taken: number[]; error: unknown }> {
  const taken: number[] = []
  for (let n = from; n < from + 100_000; n++) {
    try {
      await journal.append(numbered(n, octets))
    } catch (error) {
      return { taken, error }
    }
    taken.push(n)
  }
  throw new Error('the journal never refused')
}

describe('F26: the journal is full', () => {
  it('by its cap: it refuses from then on, tells at 50 %, 80 % and then once, and keeps all that it took', async () => {
    const { journal, troubles } = await openTestJournal(newDirectory(), { capOctets: 10 * smallSegment + 1_000 })
    const { taken, error } = await appendUntilRefused(journal, 1, 2_000)
    expect(error).toBeInstanceOf(JournalFullError)
    expect(error).toMatchObject({ because: 'cap' })
    expect(journal.backlog()).toMatchObject({ records: taken.length, shareOfCap: 1 })
    for (let again = 0; again < 20; again++) {
      await expect(journal.append(numbered(9_999))).rejects.toThrow(JournalFullError)
    }
    expect(troubles).toMatchObject([
      { kind: 'filling', share: 0.5 },
      { kind: 'filling', share: 0.8 },
      { kind: 'full', because: 'cap', backlog: { records: taken.length } },
    ])
    // All ten segments were used, but for what the last record of each did not fill.
    expect(taken.length * 2_000).toBeGreaterThan(8 * smallSegment)
    expect(numbersOf(await readAll(journal))).toEqual(taken)
    await journal.close()
  })

  it('takes records again as soon as a segment is replayed, and tells again when it fills up again', async () => {
    const { journal, troubles } = await openTestJournal(newDirectory(), { capOctets: 4 * smallSegment })
    const { taken } = await appendUntilRefused(journal, 1, 2_000)
    await journal.done(BigInt(taken.length - 10))
    expect(journal.backlog().shareOfCap).toBeLessThan(0.5)
    const second = await appendUntilRefused(journal, taken.length + 1, 2_000)
    expect(second.taken.length).toBeGreaterThan(50)
    expect(numbersOf(await readAll(journal))).toEqual([...taken.slice(-10), ...second.taken])
    expect(troubles.map(({ kind }) => kind)).toEqual(['filling', 'filling', 'full', 'filling', 'filling', 'full'])
    await journal.close()
  })

  it('gives up what it only keeps for a promotion before it refuses', async () => {
    const files = createMemoryFiles()
    const { journal } = await openTestJournal(newDirectory(), { files, capOctets: 4 * smallSegment })
    for (let n = 1; n <= 1_000; n++) {
      await journal.append(numbered(n, 2_000))
      await journal.done(BigInt(n))
      const inUse = files.names().filter((name) => /segment$|blank$/.test(name)).length
      expect(inUse).toBeLessThanOrEqual(4)
    }
    await journal.close()
  })

  it('by the disk, which is met when room is made and not when a record is written', async () => {
    const files = createMemoryFiles()
    const { journal, troubles, clock } = await openTestJournal(newDirectory(), { files })
    await journal.append(numbered(1, 2_000))
    // From now on no file can be made; the segment that is written and the one ahead have their room.
    files.failure = (operation) => (operation === 'create' ? systemError('ENOSPC') : undefined)
    const { taken, error } = await appendUntilRefused(journal, 2, 2_000)
    expect(error).toMatchObject({ because: 'disk' })
    expect(taken.length * 2_000).toBeGreaterThan(smallSegment)
    expect(journal.backlog().shareOfCap).toBe(1)
    await expect(journal.append(numbered(5_000))).rejects.toThrow(JournalFullError)
    expect(troubles).toMatchObject([{ kind: 'full', because: 'disk' }])
    files.failure = () => undefined
    clock.advance(1_000)
    await appendAll(journal, [7_001, 7_002])
    expect(journal.backlog().shareOfCap).toBeLessThan(0.5)
    expect(numbersOf(await readAll(journal))).toEqual([1, ...taken, 7_001, 7_002])
    await journal.close()
  })

  it('by a disk that is full from the start: it opens, refuses, and works once there is room', async () => {
    const files = createMemoryFiles()
    let full = true
    files.failure = (operation, name) =>
      full && operation === 'write' && name.endsWith('.blank') ? systemError('ENOSPC') : undefined
    const { journal, clock, troubles } = await openTestJournal(newDirectory(), { files })
    await expect(journal.append(numbered(1))).rejects.toThrow(JournalFullError)
    expect(files.names().filter((name) => name.endsWith('.blank'))).toEqual([])
    expect(troubles).toMatchObject([{ kind: 'full', because: 'disk' }])
    full = false
    await expect(journal.append(numbered(1))).rejects.toThrow(JournalFullError)
    clock.advance(1_000)
    await journal.append(numbered(2))
    expect(numbersOf(await readAll(journal))).toEqual([2])
    await journal.close()
  })
})

describe('a disk that refused', () => {
  it('F26: full, with nothing in the journal, is asked again, and takes when there is room', async () => {
    const files = createMemoryFiles()
    let full = true
    files.failure = (operation, name) =>
      full && operation === 'write' && name.endsWith('.blank') ? systemError('ENOSPC') : undefined
    const { journal, clock } = await openTestJournal(newDirectory(), { files })
    await expect(journal.append(numbered(1))).rejects.toThrow(JournalFullError)
    expect([journal.refuses(), await journal.check(), journal.refuses()]).toEqual([true, false, true])
    expect(journal.backlog()).toMatchObject({ records: 0, shareOfCap: 1 })
    full = false
    // Nobody appends: it must be seen all the same.
    expect([await journal.check(), journal.refuses()]).toEqual([true, false])
    expect(journal.backlog().shareOfCap).toBe(0)
    clock.advance(1_000)
    await appendAll(journal, [2, 3])
    expect(numbersOf(await readAll(journal))).toEqual([2, 3])
    await journal.close()
  })

  it('F27: stays one that refuses until it takes something, be it what it is asked with', async () => {
    const files = createMemoryFiles()
    const { journal, clock } = await openTestJournal(newDirectory(), { files })
    await appendAll(journal, range(1, 5))
    expect([await journal.check(), journal.refuses()]).toEqual([true, false])
    files.failure = (operation, name) =>
      operation === 'sync' && !name.includes('progress') ? systemError('EIO') : undefined
    await expect(journal.append(numbered(6))).rejects.toThrow(JournalWriteError)
    expect([await journal.check(), journal.refuses()]).toEqual([false, true])
    files.failure = () => undefined
    expect(journal.refuses()).toBe(true)
    expect([await journal.check(), journal.refuses()]).toEqual([true, false])
    clock.advance(1_000)
    await appendAll(journal, range(7, 80), 2_000)
    expect(numbersOf(await readAll(journal))).toEqual([...range(1, 5), ...range(7, 80)])
    await journal.close()
  })

  it('may be asked at any time, and its last segment given up: what is appended meanwhile is all there', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal, troubles } = await openTestJournal(directory, { files })
    const asked = async (): Promise<void> => {
      for (let n = 0; n < 60; n++) {
        expect(await journal.check()).toBe(true)
        if (n % 3 === 0) await journal.makeRoom()
      }
    }
    const appended = async (): Promise<void> => {
      for (const n of range(1, 400)) await journal.append(numbered(n, 2_000))
    }
    await Promise.all([asked(), appended()])
    expect(numbersOf(await readAll(journal))).toEqual(range(1, 400))
    await journal.close()
    const again = await openTestJournal(directory, { files })
    expect(numbersOf(await readAll(again.journal))).toEqual(range(1, 400))
    expect([...troubles, ...again.troubles]).toEqual([])
    await again.journal.close()
  })

  it('has nothing to do with a cap that is reached', async () => {
    const { journal } = await openTestJournal(newDirectory(), { capOctets: 2 * smallSegment })
    await appendUntilRefused(journal, 1, 2_000)
    expect([await journal.check(), journal.refuses()]).toEqual([true, true])
    await journal.close()
  })
})

describe('F26: a full disk and progress', () => {
  it('do not wait for each other: what is replayed can be called done, also after a restart, and its room is used', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const first = await openTestJournal(directory, { files })
    await first.journal.append(numbered(1, 2_000))
    const room = () => files.names().filter((name) => /segment|blank/.test(name)).length
    // No file more than there are now, and no octet for any other.
    files.failure = (operation, name) => {
      if (operation !== 'create') return undefined
      return !name.endsWith('.blank') || room() >= 2 ? systemError('ENOSPC') : undefined
    }
    const { taken } = await appendUntilRefused(first.journal, 2, 2_000)
    await first.journal.done(5n)
    await first.journal.close()
    const second = await openTestJournal(directory, { files })
    expect(numbersOf(await readAll(second.journal))).toEqual(taken.slice(4))
    await expect(second.journal.append(numbered(1))).rejects.toThrow(JournalFullError)
    await second.journal.done(BigInt(taken.length))
    second.clock.advance(1_000)
    await second.journal.append(numbered(3_000))
    expect(numbersOf(await readAll(second.journal))).toEqual([taken.at(-1), 3_000])
    await second.journal.close()
  })

  it('nothing is taken while there is no room to say what is done', async () => {
    const files = createMemoryFiles()
    files.failure = (operation, name) =>
      operation === 'create' && name.includes('progress') ? systemError('ENOSPC') : undefined
    const { journal, clock } = await openTestJournal(newDirectory(), { files })
    await expect(journal.append(numbered(1))).rejects.toThrow(JournalFullError)
    files.failure = () => undefined
    clock.advance(1_000)
    await journal.append(numbered(2))
    await journal.done(1n)
    expect(await readAll(journal)).toEqual([])
    await journal.close()
  })
})

describe('F27: the disk fails', () => {
  /** Fails the next so many operations on segments with EIO, and counts how many of each file failed. */
  function failNext(operation: Operation, times: number) {
    const files = createMemoryFiles()
    const failed: string[] = []
    let left = 0
    files.failure = (one, name) => {
      if (one !== operation || left === 0 || name.includes('progress')) return undefined
      left -= 1
      failed.push(name)
      return systemError('EIO')
    }
    return { files, failed, arm: () => (left = times) }
  }

  it.each<Operation>(['sync', 'write'])(
    'once at %s: that segment is never written again, and those that wait are acknowledged from a fresh one',
    async (operation) => {
      const directory = newDirectory()
      const { files, failed, arm } = failNext(operation, 1)
      const { journal, troubles } = await openTestJournal(directory, { files })
      await appendAll(journal, range(1, 5))
      // The blank one ahead is made by now, so that the error meets the segment that is written.
      await expect.poll(() => files.names().some((name) => name.endsWith('.blank'))).toBe(true)
      arm()
      await appendAll(journal, range(6, 20))
      expect(failed).toHaveLength(1)
      expect(troubles).toMatchObject([{ kind: 'write-failed', error: { code: 'EIO' } }])
      expect(files.names().filter((name) => name.endsWith('.segment'))).toHaveLength(2)
      expect(numbersOf(await readAll(journal))).toEqual(range(1, 20))
      await journal.close()
      // What the failed write had left in the old segment is not read a second time.
      const again = await openTestJournal(directory, { files })
      expect(numbersOf(await readAll(again.journal))).toEqual(range(1, 20))
      expect(again.troubles).toEqual([])
      await again.journal.close()
    },
  )

  it('twice: who waits is refused, and nothing that was refused is told as durable', async () => {
    const { files, arm } = failNext('sync', 2)
    const { journal, troubles, clock } = await openTestJournal(newDirectory(), { files })
    await appendAll(journal, range(1, 5))
    await expect.poll(() => files.names().some((name) => name.endsWith('.blank'))).toBe(true)
    arm()
    const results = await Promise.allSettled(range(6, 10).map((n) => journal.append(numbered(n))))
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
    await expect(journal.append(numbered(11))).rejects.toThrow(JournalWriteError)
    expect(troubles).toHaveLength(1)
    expect(numbersOf(await readAll(journal))).toEqual(range(1, 5))
    clock.advance(1_000)
    await appendAll(journal, [12])
    expect(numbersOf(await readAll(journal))).toEqual([...range(1, 5), 12])
    await journal.close()
  })

  it('for a long time: it is left alone for a second each time, takes no more room, and is told of once', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal, troubles, clock } = await openTestJournal(directory, { files })
    await appendAll(journal, range(1, 5))
    let broken = true
    files.failure = (operation, name) =>
      broken && operation === 'sync' && !name.includes('progress') ? systemError('EIO') : undefined
    for (let second = 0; second < 30; second++) {
      for (let n = 0; n < 10; n++) await expect(journal.append(numbered(n))).rejects.toThrow(JournalWriteError)
      clock.advance(1_000)
    }
    expect(troubles).toHaveLength(1)
    expect(files.counts.get('sync')!).toBeLessThan(200)
    expect(files.names().filter((name) => /segment|blank/.test(name)).length).toBeLessThanOrEqual(2)
    broken = false
    await appendAll(journal, range(6, 9))
    expect(numbersOf(await readAll(journal))).toEqual(range(1, 9))
    await journal.close()
  })

  it('when the name of a fresh segment is synced: nothing is acknowledged out of it', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal, clock } = await openTestJournal(directory, { files })
    files.failure = (operation) => (operation === 'syncDirectory' ? systemError('EIO') : undefined)
    await expect(journal.append(numbered(1))).rejects.toThrow(JournalWriteError)
    files.failure = () => undefined
    clock.advance(1_000)
    await journal.append(numbered(2))
    expect(numbersOf(await readAll(journal))).toEqual([2])
    await journal.close()
  })

  it('when a drained segment is removed: progress stands, and the file is done with at the next start', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal, troubles, clock } = await openTestJournal(directory, { files })
    await appendAll(journal, range(1, 60), 2_000)
    await journal.done(60n)
    clock.advance(16 * 60_000)
    files.failure = (operation, name) =>
      operation === 'remove' && name.endsWith('.segment') ? systemError('EIO') : undefined
    await journal.done(60n)
    expect(troubles[0]).toMatchObject({ kind: 'write-failed' })
    expect(journal.backlog().records).toBe(0)
    await journal.close()
    files.failure = () => undefined
    const again = await openTestJournal(directory, { files })
    expect(await readAll(again.journal)).toEqual([])
    await again.journal.close()
  })
})

describe('a disk that stands still', () => {
  it('is not asked to remember more than could ever be in time', async () => {
    const files = createMemoryFiles()
    const { promise: still, resolve: go } = Promise.withResolvers<void>()
    const { journal } = await openTestJournal(newDirectory(), {
      files: {
        ...files,
        create: async (name) => {
          const file = await files.create(name)
          return { ...file, sync: () => (name.endsWith('.blank') ? still.then(file.sync) : file.sync()) }
        },
      },
    })
    const waiting = Array.from({ length: 20_000 }, (_, n) => journal.append(numbered(n, 4)))
    await expect(journal.append(numbered(20_001, 4))).rejects.toThrow('does not keep up')
    go()
    await Promise.all(waiting)
    expect(journal.backlog().records).toBe(20_000)
    await journal.close()
  })
})

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JournalHeldError, JournalRecordError, JournalWriteError } from '../../../src/aaa/journal/errors.ts'
import { armFailPoint } from '../../../src/fail-points.ts'
import { createMemoryFiles } from '../../support/memory-files.ts'
import { appendAll, openTestJournal, readAll, useDirectories } from '../../support/journal.ts'
import { journalStart, numbered, numbersOf, range, smallSegment } from '../../support/numbered-records.ts'

const newDirectory = useDirectories()
const segmentsIn = (directory: string) => readdirSync(directory).filter((name) => name.endsWith('.segment'))

describe('what was appended', () => {
  it('is read in order with all that belongs to it, until it is done', async () => {
    const { journal, troubles } = await openTestJournal(newDirectory())
    await appendAll(journal, range(1, 40))
    const records = await journal.read(0n, 25)
    expect(numbersOf(records)).toEqual(range(1, 25))
    expect(records.map(({ sequence }) => sequence)).toEqual(range(1, 25).map(BigInt))
    expect(numbersOf(await journal.read(25n, 100))).toEqual(range(26, 40))
    await journal.done(30n)
    expect(numbersOf(await readAll(journal))).toEqual(range(31, 40))
    await journal.done(40n)
    expect(await journal.read(0n, 10)).toEqual([])
    await journal.close()
    expect(troubles).toEqual([])
  })

  it('is there in the next process that opens the directory, and new sequences follow the old', async () => {
    const directory = newDirectory()
    const first = await openTestJournal(directory)
    await appendAll(first.journal, range(1, 10))
    await first.journal.done(4n)
    await first.journal.close()
    const second = await openTestJournal(directory)
    expect(second.journal.backlog()).toMatchObject({ records: 6, oldest: numbered(1).receivedAt })
    await appendAll(second.journal, range(11, 12))
    const records = await readAll(second.journal, 3)
    expect(numbersOf(records)).toEqual(range(5, 12))
    expect(records.at(-1)?.sequence).toBe(12n)
    await second.journal.close()
    expect([...first.troubles, ...second.troubles]).toEqual([])
  })

  it('shares one fdatasync with all that waited at the time', async () => {
    const files = createMemoryFiles()
    const { journal } = await openTestJournal(newDirectory(), { files })
    await appendAll(journal, [1])
    const before = files.counts.get('sync')!
    await appendAll(journal, range(2, 65))
    expect(files.counts.get('sync')! - before).toBeLessThanOrEqual(2)
    expect(numbersOf(await readAll(journal))).toEqual(range(1, 65))
    await journal.close()
  })

  it('is not acknowledged before the fdatasync has ended', async () => {
    const { journal } = await openTestJournal(newDirectory())
    const release = armFailPoint('journal_before_fsync', 'pause')
    let acknowledged = false
    const appended = journal.append(numbered(1)).then(() => (acknowledged = true))
    await new Promise((resolve) => void setTimeout(resolve, 30))
    expect(acknowledged).toBe(false)
    expect(await journal.read(0n, 10)).toEqual([])
    release()
    await appended
    expect(numbersOf(await journal.read(0n, 10))).toEqual([1])
    await journal.close()
  })

  it('is read again once, whatever was appended, done, rotated and opened anew in between', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('append' as const),
          count: fc.integer({ min: 1, max: 60 }),
          octets: fc.integer({ min: 4, max: 4_000 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('done' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
    )
    const directory = newDirectory()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const files = createMemoryFiles()
        let { journal, troubles } = await openTestJournal(directory, { files })
        let [appended, done] = [0, 0]
        for (const one of steps) {
          if (one.kind === 'append') {
            await appendAll(journal, range(appended + 1, appended + one.count), one.octets)
            appended += one.count
          } else if (one.kind === 'done') {
            done += Math.floor((appended - done) * one.share)
            await journal.done(BigInt(done))
          } else {
            await journal.close()
            ;({ journal, troubles } = await openTestJournal(directory, { files }))
          }
          expect(journal.backlog().records).toBe(appended - done)
        }
        expect(numbersOf(await readAll(journal, 37))).toEqual(range(done + 1, appended))
        expect(troubles.filter(({ kind }) => kind !== 'filling')).toEqual([])
        await journal.close()
      }),
      { numRuns: 60 },
    )
  })

  it('is refused when it does not fit the format, and what else waits is not', async () => {
    const { journal } = await openTestJournal(newDirectory())
    const tooLong = journal.append({ ...numbered(1), packet: Buffer.alloc(5_000) })
    const fine = journal.append(numbered(2))
    await expect(tooLong).rejects.toThrow(JournalRecordError)
    await fine
    expect(numbersOf(await readAll(journal))).toEqual([2])
    await journal.close()
  })

  it('may be longer than a group: the records that wait are written in several', async () => {
    const { journal } = await openTestJournal(newDirectory())
    await appendAll(journal, range(1, 200), 4_000)
    expect(numbersOf(await readAll(journal))).toEqual(range(1, 200))
    await journal.close()
  })
})

describe('closing', () => {
  it('waits for the appends that are under way, refuses later ones, and may be asked twice', async () => {
    const directory = newDirectory()
    const { journal } = await openTestJournal(directory)
    const under = appendAll(journal, range(1, 5))
    const closed = journal.close()
    await expect(journal.append(numbered(6))).rejects.toThrow(JournalWriteError)
    await Promise.all([under, closed, journal.close()])
    const again = await openTestJournal(directory)
    expect(numbersOf(await readAll(again.journal))).toEqual(range(1, 5))
    await again.journal.close()
  })

  it('leaves no blank segment and no hold behind', async () => {
    const directory = newDirectory()
    const { journal } = await openTestJournal(directory)
    await journal.append(numbered(1))
    await journal.close()
    expect(readdirSync(directory).toSorted()).toEqual(['00000000000000000001.segment', 'progress'])
  })
})

describe('the directory', () => {
  it('is made for us alone, and so are its files', async () => {
    const directory = join(newDirectory(), 'state', 'journal-0')
    const { journal } = await openTestJournal(directory)
    await journal.append(numbered(1))
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600)
    await journal.close()
  })

  it('is for one journal at a time', async () => {
    const directory = newDirectory()
    const { journal } = await openTestJournal(directory)
    await expect(openTestJournal(directory)).rejects.toThrow(JournalHeldError)
    await journal.append(numbered(1))
    await journal.close()
    const again = await openTestJournal(directory)
    expect(numbersOf(await readAll(again.journal))).toEqual([1])
    await again.journal.close()
  })

  it('is let go when it cannot be read', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    files.failure = (operation) => (operation === 'list' ? new Error('not today') : undefined)
    await expect(openTestJournal(directory, { files })).rejects.toThrow('not today')
    files.failure = () => undefined
    const { journal } = await openTestJournal(directory, { files })
    await journal.close()
  })

  it('needs room for two segments of a sensible size', async () => {
    const directory = newDirectory()
    await expect(openTestJournal(directory, { capOctets: 2 * smallSegment - 1 })).rejects.toThrow('capOctets')
    await expect(openTestJournal(directory, { segmentOctets: 1_000 })).rejects.toThrow('segmentOctets')
  })

  it('takes no more room at rest than what is in it needs: segments without records are removed', async () => {
    const directory = newDirectory()
    for (let round = 0; round < 3; round++) {
      const { journal } = await openTestJournal(directory)
      await journal.close()
    }
    expect(segmentsIn(directory)).toEqual([])
  })
})

describe('what is done', () => {
  it('is kept for 15 minutes in whole segments, and then removed', async () => {
    const directory = newDirectory()
    const { journal, clock } = await openTestJournal(directory)
    await appendAll(journal, range(1, 60), 2_000)
    const before = segmentsIn(directory)
    expect(before.length).toBeGreaterThan(2)
    await journal.done(60n)
    clock.advance(14 * 60_000)
    await journal.done(60n)
    expect(segmentsIn(directory)).toEqual(before)
    clock.advance(60_000)
    await journal.done(60n)
    // The one that is written stays.
    expect(segmentsIn(directory)).toEqual(before.slice(-1))
    await appendAll(journal, range(61, 62))
    expect(numbersOf(await readAll(journal))).toEqual([61, 62])
    await journal.close()
  })

  it('cannot be more than what is on the disk', async () => {
    const { journal } = await openTestJournal(newDirectory())
    await appendAll(journal, range(1, 3))
    await journal.done(1_000_000n)
    await appendAll(journal, range(4, 5))
    expect(numbersOf(await readAll(journal))).toEqual([4, 5])
    await journal.close()
  })

  it('is told to who comes late without going back', async () => {
    const { journal } = await openTestJournal(newDirectory())
    await appendAll(journal, range(1, 9))
    await Promise.all([journal.done(7n), journal.done(3n)])
    expect(numbersOf(await readAll(journal))).toEqual([8, 9])
    await journal.close()
  })

  it('counts only when the mark is on the disk', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal } = await openTestJournal(directory, { files })
    await appendAll(journal, range(1, 9))
    files.failure = (operation, name) =>
      operation === 'sync' && name.includes('progress') ? new Error('no') : undefined
    await expect(journal.done(5n)).rejects.toThrow(JournalWriteError)
    expect(journal.backlog().records).toBe(9)
    files.failure = () => undefined
    await journal.done(5n)
    expect(numbersOf(await readAll(journal))).toEqual(range(6, 9))
    await journal.close()
  })
})

describe('the backlog', () => {
  it('tells how many records and octets wait, and since about when', async () => {
    const { journal } = await openTestJournal(newDirectory())
    expect(journal.backlog()).toEqual({ records: 0, octets: 0, shareOfCap: 0, oldest: undefined })
    await appendAll(journal, [1])
    await appendAll(journal, range(2, 300))
    const full = journal.backlog()
    expect(full).toMatchObject({ records: 300, oldest: numbered(1).receivedAt })
    expect(full.octets).toBeGreaterThan(300 * 100)
    await journal.done(290n)
    const rest = journal.backlog()
    expect(rest.records).toBe(10)
    expect(rest.octets).toBeLessThan(full.octets / 20)
    // To within the waypoints: never younger than it is.
    expect(rest.oldest!.getTime()).toBeLessThanOrEqual(numbered(291).receivedAt.getTime())
    expect(rest.oldest!.getTime()).toBeGreaterThanOrEqual(journalStart.getTime())
    await journal.done(300n)
    expect(journal.backlog()).toEqual({ records: 0, octets: 0, shareOfCap: 0, oldest: undefined })
    await journal.close()
  })
})

describe('a journal beside another', () => {
  it('knows nothing of files that are not its own', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    files.put(join(directory, 'notes.txt'), Buffer.from('hello'))
    files.put(join(directory, '123.segment'), Buffer.alloc(10))
    const { journal, troubles } = await openTestJournal(directory, { files })
    await journal.append(numbered(1))
    await journal.close()
    expect(files.names()).toContain(join(directory, 'notes.txt'))
    expect(troubles).toEqual([])
    expect(existsSync(join(directory, 'notes.txt'))).toBe(false)
  })
})

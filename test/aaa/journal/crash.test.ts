import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JournalWriteError } from '../../../src/aaa/journal/errors.ts'
import { armFailPoint } from '../../../src/fail-points.ts'
import type { JournalMessage } from '../../support/journal-process.ts'
import { appendAll, openTestJournal, readAll, useDirectories } from '../../support/journal.ts'
import { createMemoryFiles } from '../../support/memory-files.ts'
import { numbered, numbersOf, range } from '../../support/numbered-records.ts'

const newDirectory = useDirectories()
const program = fileURLToPath(new URL('../../support/journal-process.ts', import.meta.url))

type Life = { acknowledged: number[]; marking: number; marked: number }

/** A process that appends from this number on and is killed after so many acknowledgements, or by its fail point. */
async function liveAndDie(directory: string, start: number, after: number, failPoints: string): Promise<Life> {
  const child = fork(program, [directory, String(start), failPoints])
  const life: Life = { acknowledged: [], marking: 0, marked: 0 }
  child.on('message', (message: JournalMessage) => {
    if ('acknowledged' in message) life.acknowledged.push(message.acknowledged)
    if ('marking' in message) life.marking = message.marking
    if ('marked' in message) life.marked = message.marked
    if (life.acknowledged.length >= after) child.kill('SIGKILL')
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  return life
}

describe('F03: a process that is killed with -9', () => {
  it(
    'at any of 50 moments loses nothing that was acknowledged, and nothing is read twice',
    {
      timeout: 240_000,
    },
    async () => {
      const halves = [range(0, 24), range(25, 49)]
      const acknowledged = await Promise.all(halves.map((rounds) => killAndRead(newDirectory(), rounds)))
      expect(Math.min(...acknowledged)).toBeGreaterThan(500)
    },
  )
})

const points = ['', 'journal_before_fsync', '', 'journal_after_fsync', 'journal_before_mark']

/** One directory, and a process in it that is killed in every round; what it was promised is asked for after each. How many promises. */
async function killAndRead(directory: string, rounds: readonly number[]): Promise<number> {
  let promises = 0
  let start = 1
  let left: number[] = []
  for (const round of rounds) {
    const point = points[round % points.length]!
    const hit = 1 + ((round * 7) % 23)
    const life = await liveAndDie(directory, start, 5 + ((round * 37) % 200), point && `${point}=kill@${hit}`)
    promises += life.acknowledged.length
    const { journal, troubles } = await openTestJournal(directory, { capOctets: 2 ** 40 })
    const read = numbersOf(await readAll(journal))
    expect(new Set(read).size).toBe(read.length)
    expect(read).toEqual(read.toSorted((a, b) => a - b))
    const have = new Set(read)
    // What was told to be marked is not read again; what was about to be may or may not.
    const owed = [...left, ...life.acknowledged].filter((n) => n > life.marking)
    expect(owed.filter((n) => !have.has(n))).toEqual([])
    expect(read.filter((n) => n <= life.marked)).toEqual([])
    expect(troubles).toEqual([])
    if (round % 4 === 3) await journal.done((await journal.read(0n, 10_000)).at(-1)?.sequence ?? 0n)
    left = numbersOf(await readAll(journal))
    await journal.close()
    start = Math.max(start, ...life.acknowledged, ...read) + 1
  }
  return promises
}

describe('a fail point that throws', () => {
  it('before the fdatasync: nothing is acknowledged; the disk is left alone for a second and asked again', async () => {
    const { journal, troubles, clock } = await openTestJournal(newDirectory())
    await appendAll(journal, range(1, 5))
    const disarm = armFailPoint('journal_before_fsync', 'throw')
    await expect(journal.append(numbered(6))).rejects.toThrow(JournalWriteError)
    disarm()
    await expect(journal.append(numbered(6))).rejects.toThrow(JournalWriteError)
    clock.advance(1_000)
    await appendAll(journal, range(7, 8))
    expect(numbersOf(await readAll(journal))).toEqual([...range(1, 5), 7, 8])
    expect(troubles).toMatchObject([{ kind: 'write-failed' }])
    await journal.close()
  })

  it('after it: the record is there although nobody heard so', async () => {
    const { journal } = await openTestJournal(newDirectory())
    const disarm = armFailPoint('journal_after_fsync', 'throw')
    await expect(journal.append(numbered(1))).rejects.toThrow(JournalWriteError)
    disarm()
    expect(numbersOf(await readAll(journal))).toEqual([1])
    await journal.append(numbered(2))
    expect(numbersOf(await readAll(journal))).toEqual([1, 2])
    await journal.close()
  })

  it('before the mark: nothing is done, and it can be asked again', async () => {
    const { journal } = await openTestJournal(newDirectory())
    await appendAll(journal, range(1, 3))
    const disarm = armFailPoint('journal_before_mark', 'throw')
    await expect(journal.done(2n)).rejects.toThrow(JournalWriteError)
    disarm()
    expect(journal.backlog().records).toBe(3)
    await journal.done(2n)
    expect(numbersOf(await readAll(journal))).toEqual([3])
    await journal.close()
  })
})

describe('a loss of power', () => {
  it('after a kill takes nothing of what the next process had found: it brought it to the disk first', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal } = await openTestJournal(directory, { files })
    await appendAll(journal, range(1, 5))
    // The moment before the fdatasync of the next ones: written, and not yet on the disk.
    let killed: typeof files | undefined
    files.failure = (operation, name) => {
      if (operation === 'sync' && name.endsWith('.blank') && files.counts.get('write')! > 5) killed ??= files.clone()
      return undefined
    }
    await appendAll(journal, range(6, 9))
    await journal.close()
    const next = await openTestJournal(directory, { files: killed! })
    const found = numbersOf(await readAll(next.journal))
    expect(found).toEqual(range(1, 9))
    const dark = killed!.clone()
    await next.journal.close()
    dark.losePower(() => false)
    const last = await openTestJournal(directory, { files: dark })
    expect(numbersOf(await readAll(last.journal))).toEqual(found)
    await last.journal.close()
  })

  it('at any moment loses nothing that was acknowledged, whatever sectors and names got to the disk', async () => {
    const directory = newDirectory()
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant('append' as const),
          count: fc.integer({ min: 1, max: 40 }),
          octets: fc.integer({ min: 4, max: 3_000 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('done' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('power' as const),
          at: fc.nat(40),
          chances: fc.infiniteStream(fc.boolean()),
        }),
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        let files = createMemoryFiles()
        let opened = await openTestJournal(directory, { files })
        let next = 1
        const acknowledged = new Set<number>()
        for (const one of steps) {
          const { journal } = opened
          if (one.kind === 'append') {
            const numbers = range(next, next + one.count - 1)
            next += one.count
            await appendAll(journal, numbers, one.octets)
            for (const n of numbers) acknowledged.add(n)
          } else if (one.kind === 'done') {
            const waiting = await readAll(journal)
            const through = waiting[Math.floor((waiting.length - 1) * one.share)]
            if (through === undefined) continue
            await journal.done(through.sequence)
            for (const n of numbersOf(waiting.filter(({ sequence }) => sequence <= through.sequence)))
              acknowledged.delete(n)
          } else {
            // The disk as it stands after so many operations of an append, what was not synced of it left to chance.
            let countdown = one.at
            let dark: typeof files | undefined
            files.failure = () => {
              if (countdown-- === 0) dark = files.clone()
              return undefined
            }
            const numbers = range(next, next + 19)
            next += 20
            await Promise.all(
              numbers.map(async (n) => {
                await journal.append(numbered(n, 500))
                if (dark === undefined) acknowledged.add(n)
              }),
            )
            await journal.close()
            files = dark ?? files
            files.failure = () => undefined
            files.losePower(() => one.chances.next().value!)
            opened = await openTestJournal(directory, { files })
          }
          const read = numbersOf(await readAll(opened.journal))
          expect(new Set(read).size).toBe(read.length)
          expect([...acknowledged].filter((n) => !read.includes(n))).toEqual([])
        }
        await opened.journal.close()
      }),
      { numRuns: 150 },
    )
  })
})

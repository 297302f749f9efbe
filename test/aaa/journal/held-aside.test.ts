import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SetAside } from '../../../src/aaa/accounting-replay.ts'
import { createHeldAside, heldPauseMs } from '../../../src/aaa/journal/held-aside.ts'
import type { HeldAside } from '../../../src/aaa/journal/held-aside.ts'
import { writeSetAside } from '../../../src/aaa/journal/set-aside.ts'
import { createTestClock } from '../../../src/clock.ts'
import type { TestClock } from '../../../src/clock.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { silentLog } from '../../support/database.ts'
import { appendAll, openTestJournal, useDirectories } from '../../support/journal.ts'
import { createMemoryFiles, systemError } from '../../support/memory-files.ts'
import { journalStart, numbered, range } from '../../support/numbered-records.ts'

const newDirectory = useDirectories()

let clock: TestClock
let held: HeldAside
let marks: bigint[]
let written: number[]
let calls: number
let rooms: number
let room: number
let refusal: Error | undefined
let metrics: ReturnType<typeof createMetrics>

/** The disk takes so many records of `room` at once, or refuses with `refusal`; room can be made `rooms` times. */
beforeEach(() => {
  clock = createTestClock(journalStart)
  ;[marks, written, calls, rooms, room, refusal] = [[], [], 0, 0, Infinity, undefined]
  metrics = createMetrics()
  const setAside = async (those: readonly SetAside[]): Promise<void> => {
    calls += 1
    if (refusal !== undefined) throw refusal
    if (those.length > room) throw systemError('ENOSPC')
    room -= those.length
    written.push(...those.map(({ record }) => Number(record.sequence)))
  }
  const makeRoom = async (): Promise<boolean> => {
    if (rooms === 0) return false
    rooms -= 1
    room += 50
    return true
  }
  const done = async (through: bigint): Promise<void> => void marks.push(through)
  held = createHeldAside({ journal: { done, makeRoom }, setAside, clock, log: silentLog, metrics })
})

const aside = (numbers: readonly number[]): SetAside[] =>
  numbers.map((n) => ({ record: { ...numbered(n), sequence: BigInt(n) }, reason: 'no' }))
const counted = async () => (await metrics.journalSetAside.get()).values[0]!.value

describe('what Postgres refuses', () => {
  it('is set aside before it is called done', async () => {
    await held.pass(9n, aside([3, 5]))
    expect([written, marks, held.count(), held.after()]).toEqual([[3, 5], [9n], 0, 0n])
    expect(await counted()).toBe(2)
  })

  it('stays in the journal where the disk is full: done ends before it, and the replay goes on behind it', async () => {
    room = 0
    await held.pass(9n, aside([3, 5]))
    expect([written, marks, held.count(), held.after()]).toEqual([[], [2n, 2n], 2, 9n])
    await held.pass(20n, [])
    expect([marks.at(-1), held.after()]).toEqual([2n, 20n])
    // The disk is left alone for a while, then asked again.
    expect(calls).toBe(1)
    clock.advance(heldPauseMs)
    room = 2
    await held.retry()
    expect([written, marks.at(-1), held.count(), held.after()]).toEqual([[3, 5], 20n, 0, 0n])
    expect(await counted()).toBe(2)
  })

  it('has room made for it, after what is done before it was marked', async () => {
    ;[room, rooms] = [0, 1]
    await held.pass(9n, aside([3]))
    expect([written, marks, rooms]).toEqual([[3], [2n, 9n], 0])
  })

  it('has no room made for it where the disk is not full but refuses', async () => {
    ;[refusal, rooms] = [systemError('EIO'), 1]
    await held.pass(9n, aside([3]))
    expect([held.count(), rooms]).toEqual([1, 1])
  })

  it('goes piece by piece, so that a disk with little room takes some of it', async () => {
    room = 120
    await held.pass(200n, aside(range(1, 200)))
    expect([written, held.count(), marks.at(-1)]).toEqual([range(1, 100), 100, 100n])
  })

  it('is no more than memory holds', async () => {
    room = 0
    await held.pass(1_999n, aside(range(1, 1_999)))
    expect(held.isFull()).toBe(false)
    await held.pass(2_000n, aside([2_000]))
    expect(held.isFull()).toBe(true)
  })

  it('is forgotten when everything is read again: Postgres refuses it once more', async () => {
    room = 0
    await held.pass(9n, aside([3]))
    held.forget()
    expect([held.count(), held.after()]).toEqual([0, 0n])
    clock.advance(heldPauseMs)
    await held.retry()
    expect(calls).toBe(1)
  })

  it('is never behind what is called done, nor set aside twice or out of order, whatever the disk has room for', async () => {
    const step = fc.record({ count: fc.integer({ min: 1, max: 80 }), refused: fc.nat(80), freed: fc.nat(60) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const { journal, clock: wall } = await openTestJournal(newDirectory(), { files: createMemoryFiles() })
        const on: number[] = []
        let free = 0
        const setAside = async (those: readonly SetAside[]): Promise<void> => {
          if (those.length > free) throw systemError('ENOSPC')
          free -= those.length
          on.push(...those.map(({ record }) => Number(record.sequence)))
        }
        const one = createHeldAside({ journal, setAside, clock: wall, log: silentLog, metrics })
        const refused: number[] = []
        let last = 0
        for (const { count, refused: some, freed } of steps) {
          await appendAll(journal, range(last + 1, last + count))
          const bad = range(last + 1, last + count).filter((n) => n % 81 < some)
          refused.push(...bad)
          last += count
          free += freed
          await one.pass(BigInt(last), aside(bad))
          wall.advance(heldPauseMs)
          await one.retry()
          // What is not beside the journal is still in it.
          const left = await journal.read(0n, 1)
          const first = refused[on.length]
          expect(left[0]?.sequence).toBe(first === undefined ? undefined : BigInt(first))
        }
        free = Infinity
        wall.advance(heldPauseMs)
        await one.retry()
        expect(on).toEqual(refused)
        expect(await journal.read(0n, 1)).toEqual([])
        await journal.close()
      }),
      { numRuns: 25 },
    )
  })
})

describe('a disk that is full of the journal itself', () => {
  it('gives up what is only kept, and the segment ahead, for what must be set aside', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal, clock: wall } = await openTestJournal(directory, { files })
    await appendAll(journal, range(1, 60), 2_000)
    await expect.poll(() => files.names().some((name) => name.endsWith('.blank'))).toBe(true)
    const inUse = () => files.names().filter((name) => /segment$|blank$/.test(name)).length
    const before = inUse()
    // Only a segment that is given up makes room for one line.
    files.failure = (operation, name) =>
      operation === 'write' && name.endsWith('.jsonl') && inUse() > before - 2 ? systemError('ENOSPC') : undefined
    const setAside = (those: readonly SetAside[]) => writeSetAside(directory, those, files)
    const one = createHeldAside({ journal, setAside, clock: wall, log: silentLog, metrics })
    const batch = await journal.read(0n, 40)
    await one.pass(40n, [{ record: batch[39]!, reason: 'no' }])
    expect(one.count()).toBe(0)
    expect(inUse()).toBe(before - 2)
    expect((await journal.read(0n, 1))[0]!.sequence).toBe(41n)
    // And goes on to take records.
    await appendAll(journal, range(61, 62), 2_000)
    await journal.close()
  })
})

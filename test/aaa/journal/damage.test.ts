import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { recordOctets } from '../../../src/aaa/journal/record.ts'
import { dataStart } from '../../../src/aaa/journal/segment.ts'
import { openTestJournal, appendAll, readAll, useDirectories } from '../../support/journal.ts'
import { createMemoryFiles, systemError } from '../../support/memory-files.ts'
import type { MemoryFiles } from '../../support/memory-files.ts'
import { numbered, numbersOf, range, smallSegment } from '../../support/numbered-records.ts'

const newDirectory = useDirectories()
const segmentsOf = (files: MemoryFiles) => files.names().filter((name) => name.includes('.segment'))

/** A disk on which a process left these records, undrained, in as many segments as they take. */
async function filled(directory: string, numbers: readonly number[], octets: number): Promise<MemoryFiles> {
  const files = createMemoryFiles()
  const { journal } = await openTestJournal(directory, { files })
  for (const n of numbers) await journal.append(numbered(n, octets))
  await journal.close()
  return files
}

/** Where the records from 1 to `count` begin in the first segment, and where the last one ends. */
function endsOf(count: number, octets: number): number[] {
  let end = dataStart
  return [end, ...range(1, count).map((n) => (end += recordOctets(numbered(n, octets))))]
}

/** What the next process finds. */
async function found(directory: string, files: MemoryFiles) {
  const { journal, troubles } = await openTestJournal(directory, { files })
  const numbers = numbersOf(await readAll(journal))
  const backlog = journal.backlog()
  await journal.close()
  return { numbers, troubles, backlog }
}

describe('F28: a segment that was cut', () => {
  it(
    'at any octet gives the records before the cut, in silence, and takes new ones',
    { timeout: 120_000 },
    async () => {
      const directory = newDirectory()
      const whole = await filled(directory, range(1, 12), 90)
      const [name] = segmentsOf(whole)
      const octets = whole.octetsOf(name!)
      const ends = endsOf(12, 90)
      // A process that was killed leaves no word of how far it had written.
      const files = createMemoryFiles()
      for (let cut = dataStart; cut <= ends.at(-1)! + 40; cut++) {
        for (const old of files.names()) await files.remove(old)
        files.put(name!, Buffer.from(octets.subarray(0, cut)))
        const { journal, troubles } = await openTestJournal(directory, { files })
        const intact = ends.filter((end) => end <= cut).length - 1
        expect(numbersOf(await journal.read(0n, 100)), `cut at ${cut}`).toEqual(range(1, intact))
        await journal.append(numbered(77))
        expect(numbersOf(await journal.read(0n, 100)), `cut at ${cut}`).toEqual([...range(1, intact), 77])
        expect(troubles).toEqual([])
        await journal.close()
      }
    },
  )

  it('and then written on in a fresh one says no word about the torn tail, now or at any later start', async () => {
    const directory = newDirectory()
    const files = await filled(directory, range(1, 5), 90)
    const [name] = segmentsOf(files)
    const end = range(1, 5).reduce((sum, n) => sum + recordOctets(numbered(n, 90)), dataStart)
    await files.remove(join(directory, 'progress'))
    files.put(name!, Buffer.from(files.octetsOf(name!).fill(0xee, end - 7)))
    const { journal, troubles } = await openTestJournal(directory, { files })
    await journal.append(numbered(6))
    await journal.close()
    expect(troubles).toEqual([])
    expect(await found(directory, files)).toMatchObject({ numbers: [1, 2, 3, 4, 6], troubles: [] })
  })

  it('inside its header, or to nothing, does not stop the others', async () => {
    const directory = newDirectory()
    for (const cut of [0, 1, 39, 40, 4_095, 4_096, 4_136, dataStart]) {
      const files = await filled(directory, range(1, 60), 2_000)
      const [first, second] = segmentsOf(files)
      const lost = Number(/(\d{20})/.exec(second!)![1]) - 1
      files.put(first!, Buffer.from(files.octetsOf(first!).subarray(0, cut)))
      const { numbers, troubles, backlog } = await found(directory, files)
      expect(numbers).toEqual(range(lost + 1, 60))
      expect(troubles).toMatchObject([{ kind: 'damaged', records: lost }])
      expect(backlog.records).toBe(60 - lost)
    }
  })
})

describe('F29: bit rot', () => {
  it(
    'at every 151st octet of an old segment: the record that it hit is missing and told of, all others are read',
    { timeout: 120_000 },
    async () => {
      const directory = newDirectory()
      const files = await filled(directory, range(1, 300), 300)
      const [first, second] = segmentsOf(files)
      const octets = Buffer.from(files.octetsOf(first!))
      const inFirst = Number(/(\d{20})/.exec(second!)![1]) - 1
      const ends = endsOf(inFirst, 300)
      let hits = 0
      for (let at = 0; at < octets.length; at += 151) {
        const spoilt = files.clone()
        spoilt.put(first!, Buffer.from(octets))
        spoilt.octetsOf(first!)[at]! ^= 1 << (at % 8)
        const result = await found(directory, spoilt)
        const hit = ends.findIndex((end, n) => at >= end && at < (ends[n + 1] ?? 0)) + 1
        expect(result.numbers, `octet ${at}`).toEqual(range(1, 300).filter((n) => n !== hit))
        if (hit > 0) {
          hits += 1
          expect(result.troubles).toEqual([
            { kind: 'damaged', file: `${first}.damaged`, records: 1, octets: ends[hit]! - ends[hit - 1]! },
          ])
          expect(segmentsOf(spoilt)).toContain(`${first}.damaged`)
          expect(result.backlog.records).toBe(299)
        } else {
          // A header that is damaged is told of, with no record lost; beyond the last record there is nothing to lose.
          const inHeader = at % 4_096 < 40 && at < dataStart
          expect(result.troubles).toMatchObject(inHeader ? [{ kind: 'damaged', records: 0 }] : [])
        }
      }
      expect(hits).toBeGreaterThan(300)
    },
  )

  it('over many records in a row counts all of them, and their octets', async () => {
    const directory = newDirectory()
    const files = await filled(directory, range(1, 300), 300)
    const [first] = segmentsOf(files)
    const size = recordOctets(numbered(20, 300))
    files.octetsOf(first!).fill(0xff, dataStart + 10 * size, dataStart + 20 * size)
    const { numbers, troubles } = await found(directory, files)
    const lost = range(1, 300).filter((n) => !numbers.includes(n))
    expect(lost.length).toBeGreaterThanOrEqual(10)
    expect(lost).toEqual(range(lost[0]!, lost.at(-1)!))
    expect(troubles).toMatchObject([{ kind: 'damaged', records: lost.length }])
  })

  it('of the last records, which only a clean end can tell from a torn tail, is told of', async () => {
    const directory = newDirectory()
    const files = await filled(directory, range(1, 20), 100)
    const [first] = segmentsOf(files)
    const end = range(1, 20).reduce((sum, n) => sum + recordOctets(numbered(n, 100)), dataStart)
    files.octetsOf(first!)[end - 5]! ^= 4
    const size = recordOctets(numbered(20, 100))
    const { numbers, troubles } = await found(directory, files)
    expect(numbers).toEqual(range(1, 19))
    expect(troubles).toEqual([{ kind: 'damaged', file: `${first}.damaged`, records: 1, octets: size }])
  })

  it('of what is done already is nobody’s loss', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const before = await openTestJournal(directory, { files })
    await appendAll(before.journal, range(1, 20))
    await before.journal.done(20n)
    await before.journal.close()
    const [first] = segmentsOf(files)
    files.octetsOf(first!).fill(0xff, dataStart + 50, dataStart + 500)
    expect(await found(directory, files)).toMatchObject({ numbers: [], troubles: [], backlog: { records: 0 } })
  })

  it('that comes while the journal is open is found when it is read: put aside, told once, the rest is read', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal, troubles } = await openTestJournal(directory, { files })
    await appendAll(journal, range(1, 300), 300)
    const [first] = segmentsOf(files)
    const size = recordOctets(numbered(1, 300))
    files.octetsOf(first!)[dataStart + 100 * size]! ^= 1
    const read = numbersOf(await readAll(journal))
    expect(read).toHaveLength(299)
    expect(numbersOf(await readAll(journal, 7))).toEqual(read)
    expect(troubles).toMatchObject([{ kind: 'damaged', file: `${first}.damaged`, records: 1 }])
    expect(journal.backlog().records).toBe(299)
    await journal.done(300n)
    expect(journal.backlog().records).toBe(0)
    await appendAll(journal, range(301, 302))
    expect(numbersOf(await readAll(journal))).toEqual([301, 302])
    await journal.close()
  })

  it.each(['rename', 'syncDirectory'] as const)(
    'is told of also where the disk refuses its new name at %s',
    async (operation) => {
      const directory = newDirectory()
      const files = createMemoryFiles()
      const { journal, troubles, clock } = await openTestJournal(directory, { files })
      await appendAll(journal, range(1, 300), 300)
      const [first] = segmentsOf(files)
      files.octetsOf(first!)[dataStart + 100 * recordOctets(numbered(1, 300))]! ^= 1
      files.failure = (one) => (one === operation ? systemError('EROFS') : undefined)
      const read = numbersOf(await readAll(journal))
      expect(read).toHaveLength(299)
      const file = operation === 'rename' ? first : `${first}.damaged`
      expect(troubles).toMatchObject([
        { kind: 'write-failed', error: { code: 'EROFS' } },
        { kind: 'damaged', file, records: 1 },
      ])
      expect(numbersOf(await readAll(journal, 7))).toEqual(read)
      expect(troubles).toHaveLength(2)
      // When all of it is done it gets the name by which it stays.
      files.failure = () => undefined
      await journal.done(300n)
      clock.advance(16 * 60_000)
      await journal.done(300n)
      expect(segmentsOf(files)[0]).toBe(`${first}.damaged`)
      await journal.close()
      expect(await found(directory, files)).toMatchObject({ numbers: [], troubles: [] })
      expect(segmentsOf(files)).toContain(`${first}.damaged`)
    },
  )

  it('keeps no journal from being opened on a disk that refuses its new name', async () => {
    const directory = newDirectory()
    const files = await filled(directory, range(1, 300), 300)
    const [first] = segmentsOf(files)
    files.octetsOf(first!)[dataStart + 1_000]! ^= 1
    files.failure = (operation) => (operation === 'rename' ? systemError('EROFS') : undefined)
    const { numbers, troubles } = await found(directory, files)
    expect(numbers).toHaveLength(299)
    expect(troubles).toMatchObject([{ kind: 'write-failed' }, { kind: 'damaged', file: first, records: 1 }])
  })

  it('is told of at every start until the segment is replayed, and the file stays then', async () => {
    const directory = newDirectory()
    const files = await filled(directory, range(1, 300), 300)
    const [first] = segmentsOf(files)
    files.octetsOf(first!)[dataStart + 1_000]! ^= 1
    expect((await found(directory, files)).troubles).toHaveLength(1)
    expect((await found(directory, files)).troubles).toMatchObject([{ records: 1, file: `${first}.damaged` }])
    const { journal, clock } = await openTestJournal(directory, { files })
    await journal.done(300n)
    clock.advance(16 * 60_000)
    await journal.done(300n)
    await journal.close()
    expect(await found(directory, files)).toMatchObject({ numbers: [], troubles: [] })
    expect(segmentsOf(files)).toEqual([`${first}.damaged`])
  })

  it('of both headers of the last segment leaves a file that is kept and told of', async () => {
    const directory = newDirectory()
    const files = await filled(directory, range(1, 20), 100)
    const [first] = segmentsOf(files)
    await files.remove(join(directory, 'progress'))
    for (const at of [3, 4_099]) files.octetsOf(first!)[at]! ^= 1
    const { numbers, troubles } = await found(directory, files)
    expect(numbers).toEqual([])
    expect(troubles).toMatchObject([{ kind: 'damaged', file: `${first}.damaged`, records: 0 }])
    expect(troubles[0]).toHaveProperty(
      'octets',
      expect.closeTo(
        range(1, 20).reduce((sum, n) => sum + recordOctets(numbered(n, 100)), 0),
        -1,
      ),
    )
    const { journal } = await openTestJournal(directory, { files })
    await appendAll(journal, range(21, 22))
    await journal.close()
    expect((await found(directory, files)).numbers).toEqual([21, 22])
    expect(segmentsOf(files)).toContain(`${first}.damaged`)
  })

  it('that is a page which the disk cannot read costs the records in it and no others', async () => {
    const directory = newDirectory()
    const whole = await filled(directory, range(1, 300), 300)
    const [first] = segmentsOf(whole)
    const size = recordOctets(numbered(1, 300))
    // The page from 16,384 on: reading anything in it fails.
    whole.readable = (name, from, to) => !name.startsWith(first!) || to <= 16_384 || from >= 20_480
    const { numbers, troubles } = await found(directory, whole)
    const lost = range(1, 300).filter((n) => !numbers.includes(n))
    expect(lost.length).toBeGreaterThanOrEqual(Math.floor(4_096 / size))
    expect(lost.length).toBeLessThanOrEqual(Math.ceil(4_096 / size) + 2)
    expect(troubles).toMatchObject([{ kind: 'damaged', records: lost.length }])
  })

  it('of the disk as a whole is an error of who opens it, not an empty journal', async () => {
    const directory = newDirectory()
    const files = await filled(directory, range(1, 20), 100)
    files.failure = (operation) => (operation === 'read' ? systemError('ENXIO') : undefined)
    await expect(found(directory, files)).rejects.toThrow('ENXIO')
  })
})

describe('segments that somebody removed', () => {
  it('before they were replayed are told of by their number of records', async () => {
    const directory = newDirectory()
    const files = await filled(directory, range(1, 400), 300)
    const [first, second, third] = segmentsOf(files)
    const firstOf = (name: string) => Number(/(\d{20})/.exec(name)![1])
    const inFront = files.clone()
    await inFront.remove(first!)
    const lost = firstOf(second!) - 1
    expect(await found(directory, inFront)).toMatchObject({
      numbers: range(lost + 1, 400),
      troubles: [{ kind: 'damaged', file: directory, records: lost }],
    })
    const between = files.clone()
    await between.remove(second!)
    expect((await found(directory, between)).troubles).toMatchObject([
      { kind: 'damaged', records: firstOf(third!) - firstOf(second!) },
    ])
    const all = files.clone()
    for (const name of segmentsOf(all)) await all.remove(name)
    expect((await found(directory, all)).troubles).toMatchObject([{ kind: 'damaged', records: 400 }])
  })

  it('are no loss when nothing was left in them', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal } = await openTestJournal(directory, { files })
    await appendAll(journal, range(1, 20))
    await journal.done(20n)
    await journal.close()
    for (const name of segmentsOf(files)) await files.remove(name)
    expect(await found(directory, files)).toMatchObject({ numbers: [], troubles: [] })
  })

  it('leave sequences that go on, so that nothing new is taken for done', async () => {
    const directory = newDirectory()
    const files = createMemoryFiles()
    const { journal } = await openTestJournal(directory, { files })
    await appendAll(journal, range(1, 20))
    await journal.done(20n)
    await journal.close()
    for (const name of segmentsOf(files)) await files.remove(name)
    const next = await openTestJournal(directory, { files, segmentOctets: smallSegment })
    await next.journal.append(numbered(21))
    expect((await next.journal.read(0n, 5)).map(({ sequence }) => sequence)).toEqual([21n])
    await next.journal.close()
  })
})

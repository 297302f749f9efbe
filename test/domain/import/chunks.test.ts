import { describe, expect, it } from 'vitest'
import { readAhead, readChunks, readHeaderRow } from '../../../src/domain/import/chunks.ts'
import type { FileRow } from '../../../src/domain/import/file-error.ts'
import type { RowSource } from '../../../src/domain/import/source.ts'

const limits = { maximumRows: 100, maximumOctets: 1e6 }
const row = (line: number, ...cells: string[]): FileRow => ({ line, cells })

/** Rows in the batches that a file happens to come in. */
function sourceOf(...batches: FileRow[][]): RowSource {
  return {
    async *rows() {
      yield* batches
    },
  }
}

async function all<T>(generator: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of generator) found.push(one)
  return found
}

describe('the rows of a file', () => {
  it('are below its first row that is not empty, however the file came', async () => {
    const source = sourceOf([], [row(3, 'username')], [row(4, 'a'), row(5, 'b')], [], [row(9, 'c')])
    expect(await readHeaderRow(source, limits)).toEqual(['username'])
    const chunks = await all(readChunks(source, limits, { size: 2 }))
    expect(chunks.map((chunk) => chunk.map(({ line }) => line))).toEqual([[4, 5], [9]])
  })

  it('are no chunk where there are none, and a whole last one is not followed by an empty one', async () => {
    expect(await all(readChunks(sourceOf([row(1, 'h')]), limits, { size: 2 }))).toEqual([])
    expect(await all(readChunks(sourceOf([row(1, 'h'), row(2, 'a'), row(3, 'b')]), limits, { size: 2 }))).toHaveLength(
      1,
    )
    await expect(readHeaderRow(sourceOf([], []), limits)).rejects.toThrow('the file is empty')
  })

  it('of a spreadsheet are as wide as the header: blanks are added, or taken away, and values never', async () => {
    const source = sourceOf([
      row(1, 'a', 'b', 'c'),
      row(2, '1'),
      row(3, '1', '2', '3', '', ''),
      row(4, '1', '', '', '', 'x'),
    ])
    const [chunk] = await all(readChunks(source, limits, { size: 9, width: 3 }))
    expect(chunk!.map(({ cells }) => cells)).toEqual([
      ['1', '', ''],
      ['1', '2', '3'],
      ['1', '', '', '', 'x'],
    ])
  })
})

describe('reading ahead', () => {
  it('gives the same, one ahead and no more', async () => {
    let read = 0
    async function* numbers(): AsyncGenerator<number> {
      for (read = 1; read <= 5; read += 1) yield read
    }
    const seen: number[][] = []
    for await (const one of readAhead(numbers())) {
      await new Promise(setImmediate)
      seen.push([one, read])
    }
    expect(seen).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 6],
    ])
  })

  it('throws what reading throws, behind what was read before it, and nothing unhandled where nobody comes for it', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1
      throw new Error('the file is damaged')
    }
    const seen: number[] = []
    const reading = async () => {
      for await (const one of readAhead(failing())) seen.push(one)
    }
    await expect(reading()).rejects.toThrow('the file is damaged')
    expect(seen).toEqual([1])
    for await (const one of readAhead(failing())) {
      expect(one).toBe(1)
      break
    }
    await new Promise(setImmediate)
  })

  it('closes the file where nobody reads on', async () => {
    let isClosed = false
    async function* source(): AsyncGenerator<number> {
      try {
        for (let at = 0; ; at += 1) yield at
      } finally {
        isClosed = true
      }
    }
    for await (const one of readAhead(source())) if (one === 2) break
    expect(isClosed).toBe(true)
  })
})

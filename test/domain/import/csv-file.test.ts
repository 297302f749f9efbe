import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCsv } from '../../../src/domain/import/csv-file.ts'

const limits = { maximumRows: 1_000, maximumOctets: 1_000_000 }

async function* octets(content: string | Uint8Array, chunk: number): AsyncGenerator<Uint8Array> {
  const all = typeof content === 'string' ? Buffer.from(content) : content
  for (let at = 0; at < all.length; at += chunk) yield all.subarray(at, at + chunk)
}

async function read(
  content: string | Uint8Array,
  chunk = 7,
  changes: Partial<typeof limits> = {},
): Promise<[number, ...string[]][]> {
  const rows: [number, ...string[]][] = []
  await readCsv(octets(content, chunk), { ...limits, ...changes }, (line, cells) => rows.push([line, ...cells]))
  return rows
}

describe('a CSV file (RFC 4180)', () => {
  it('is read with its lines, whatever ends them', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      expect(await read(['a,b', '1,2', '', '3,4', ''].join(end))).toEqual([
        [1, 'a', 'b'],
        [2, '1', '2'],
        [4, '3', '4'],
      ])
    }
    expect(await read('a,b\n1,2')).toHaveLength(2)
  })

  it('has quotes around cells with commas, quotes and line ends; a row is known by its first line', async () => {
    expect(await read('a,b\n"1, ""one""","x\ny"\n3,4\n')).toEqual([
      [1, 'a', 'b'],
      [2, '1, "one"', 'x\ny'],
      [4, '3', '4'],
    ])
  })

  it('may begin with a byte order mark, and may be cut anywhere on its way', async () => {
    for (const chunk of [1, 2, 3, 64])
      expect(await read('\uFEFFä,b\n€,😀\n', chunk)).toEqual([
        [1, 'ä', 'b'],
        [2, '€', '😀'],
      ])
  })

  it('has semicolons where its header has no comma', async () => {
    expect(await read('a;b\n1,5;2\n')).toEqual([
      [1, 'a', 'b'],
      [2, '1,5', '2'],
    ])
    expect(await read('a,b\n1;5,2\n')).toEqual([
      [1, 'a', 'b'],
      [2, '1;5', '2'],
    ])
  })

  it('gives back every table that was written by the rules', async () => {
    const cell = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0') && !text.includes('\uFEFF'))
    const written = (text: string) => `"${text.toWellFormed().replaceAll('"', '""')}"`
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (table, chunk) => {
          const rows = await read(`a,b\r\n${table.map((row) => `${row.map(written).join(',')}\r\n`).join('')}`, chunk)
          expect(rows.slice(1).map(([, ...cells]) => cells)).toEqual(
            table.map((row) => row.map((text) => text.toWellFormed())),
          )
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('what is no such file is refused with its line, and never repeated', () => {
  it.each([
    ['a,b\n1,2\n"x,y\n', 3, 'never closed'],
    ['a,b\n1,se"cret\n', 2, 'a quote stands inside a cell'],
    ['a,b\n1,"se"cret\n', 2, 'a quote stands inside a cell'],
    [Buffer.from('a,b\n1,\xff2\n', 'latin1'), 2, 'not UTF-8'],
    [Buffer.from('\uFEFFa,b\n', 'utf16le'), 1, 'UTF-16'],
    ['a,b\n1,\0\n', 2, 'NUL'],
    ['PK\u0003\u0004xlsx', 1, 'spreadsheet'],
    ['<html><table>\n', 1, 'web page'],
    [`a,b\n"${'x'.repeat(70_000)}"\n`, 2, 'longer than'],
  ])('%j', async (content, line, reason) => {
    const reading = read(content, 1_000)
    await expect(reading).rejects.toMatchObject({
      name: 'ImportFileError',
      message: expect.stringContaining(reason) as string,
    })
    await expect(reading).rejects.not.toThrow('cret')
    await expect(reading).rejects.toMatchObject({ line })
  })

  it('as is one that is too large, before it is read whole', async () => {
    let sent = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += 1
        yield Buffer.from('a,b\n'.repeat(100))
      }
    }
    await expect(readCsv(endless(), { maximumRows: 10, maximumOctets: 1e9 }, () => undefined)).rejects.toThrow(
      'more than 10 rows',
    )
    await expect(readCsv(endless(), { maximumRows: 1e9, maximumOctets: 10_000 }, () => undefined)).rejects.toThrow(
      'more than 0 MB',
    )
    expect(sent).toBeLessThan(2_000)
  })
})

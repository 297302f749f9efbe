import { execFileSync } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { readXlsx } from 'hucre/xlsx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvFile } from '../../../src/domain/export/csv.ts'
import { fileName, none } from '../../../src/domain/export/table.ts'
import type { CellKind, Table, TableValue } from '../../../src/domain/export/table.ts'
import { escapeXml, xlsxFile } from '../../../src/domain/export/xlsx.ts'
import { unprotectText } from '../../../src/domain/export/cell.ts'
import { csvRows } from '../../../src/domain/import/csv-file.ts'
import type { FileRow } from '../../../src/domain/import/file-error.ts'
import { xlsxRows } from '../../../src/domain/import/xlsx-file.ts'

const limits = { maximumRows: 1_000_000, maximumOctets: 200_000_000 }
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-table-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function tableOf(rows: readonly (readonly TableValue[])[], kinds: readonly CellKind[]): Table {
  const columns = kinds.map((kind, at) => ({ name: `column ${at}`, kind, width: 12 }))
  return {
    columns,
    batches: (async function* () {
      for (let at = 0; at < rows.length; at += 3) yield rows.slice(at, at + 3)
    })(),
  }
}

async function octetsOf(file: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of file) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function collect(batches: AsyncIterable<FileRow[]>): Promise<string[][]> {
  const rows: string[][] = []
  for await (const batch of batches) rows.push(...batch.map(({ cells }) => cells))
  return rows
}

async function readBack(octets: Buffer): Promise<string[][]> {
  const path = join(folder, 'file.xlsx')
  await writeFile(path, octets)
  const file = await open(path)
  try {
    return await collect(xlsxRows(file, limits))
  } finally {
    await file.close()
  }
}

async function* once(octets: Buffer): AsyncGenerator<Buffer> {
  yield octets
}

// What Postgres can hold as text: no NUL, no half of a character.
const value = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constantFrom('=1+1', "'=x", 'none', '_x000D_', '<&>"', ' a ', '\r\n'),
  )
  .map((text) => text.replaceAll('\0', ''))
const rows = fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 10 })

describe('RFC 4180: a CSV file', () => {
  it('gives every text back', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (table) => {
        const octets = await octetsOf(csvFile(tableOf(table, ['text', 'text', 'text']), { bom: true }))
        const [, ...found] = await collect(csvRows(once(octets), limits, 'utf-8'))
        expect(found.map((row) => row.map(unprotectText))).toEqual(table)
      }),
    )
  })

  it('has CRLF, a header, quotes where they are needed, and the mark of UTF-8 where it is wanted', async () => {
    const table = () =>
      tableOf(
        [
          ['a,b', 'c"d', null],
          [none, ' e', '-5'],
          ['=f', '-5', '-5'],
        ],
        ['text', 'text', 'number'],
      )
    const text = (await octetsOf(csvFile(table(), { bom: false }))).toString()
    expect(text).toBe('column 0,column 1,column 2\r\n"a,b","c""d",\r\nnone," e",-5\r\n"\'=f","\'-5",-5\r\n')
    expect((await octetsOf(csvFile(table(), { bom: true }))).subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]))
  })
})

describe('ECMA-376: a spreadsheet', () => {
  it('gives every text back', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (table) => {
        const octets = await octetsOf(xlsxFile(tableOf(table, ['text', 'text', 'text'])))
        const [, ...found] = await readBack(octets)
        const expected = table.filter((row) => row.some((text) => text !== ''))
        const width = (row: readonly string[]) => [...row, '', '', ''].slice(0, 3)
        expect(found.map((row) => width(row).map(unprotectText))).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  it('has numbers as numbers, negative ones too, and everything else as text', async () => {
    const table = tableOf(
      [
        ['+49301', '-12.50', '=1+1'],
        [none, '12345678901234567890', '-x'],
      ],
      ['text', 'number', 'number'],
    )
    const octets = await octetsOf(xlsxFile(table))
    const book = await readXlsx(octets)
    expect(book.sheets[0]!.rows).toEqual([
      ['column 0', 'column 1', 'column 2'],
      ['+49301', -12.5, '=1+1'],
      ['none', '12345678901234567890', '-x'],
    ])
  })

  it('is a zip archive that others find whole', async () => {
    const path = join(folder, 'whole.xlsx')
    await writeFile(path, await octetsOf(xlsxFile(tableOf([['ü😀', 'b']], ['text', 'text']))))
    const list = execFileSync('python3', ['-m', 'zipfile', '-t', path]).toString()
    expect(list).toContain('Done testing')
  })

  it('goes on in another sheet where one is full', async () => {
    const table = tableOf(
      Array.from({ length: 25 }, (_, at) => [String(at)]),
      ['number'],
    )
    const octets = await octetsOf(xlsxFile(table, { sheetRows: 11 }))
    const book = await readXlsx(octets)
    expect(book.sheets.map(({ rows: sheet }) => sheet.length)).toEqual([11, 11, 6])
    expect(book.sheets.map(({ rows: sheet }) => sheet[0]![0])).toEqual(['column 0', 'column 0', 'column 0'])
    expect(book.sheets[2]!.rows.at(-1)).toEqual([24])
  })

  it('cuts what no cell can hold', async () => {
    const [, row] = await readBack(await octetsOf(xlsxFile(tableOf([['😀'.repeat(20_000)]], ['text']))))
    expect(row![0]!.length).toBe(32_767)
    expect(row![0]!.endsWith('…')).toBe(true)
  })

  it('writes what XML cannot hold in the way of ECMA-376 §22.9.2.19', () => {
    expect(escapeXml('a\u0001\r_x000D_<&>\ufffe')).toBe('a_x0001__x000D__x005F_x000D_&lt;&amp;&gt;_xFFFE_')
    expect(escapeXml('\ud800')).toBe('\ufffd')
  })
})

describe('W34: the name of a file', () => {
  it('is made of nothing that anybody typed', () => {
    const at = new Date('2026-11-22T12:00:00.123Z')
    expect(fileName('access-log', 'csv', at)).toBe('gatehouse-access-log-2026-11-22T120000Z.csv')
    expect(fileName('a"\r\nSet-Cookie: x', 'xlsx', at)).toMatch(/^[a-zA-Z0-9.-]+$/)
  })
})

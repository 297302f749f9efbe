// The writers below the exports, against readers of others: zip archives read by hand from APPNOTE, CSV by csv-parse, cells by
// what a spreadsheet would do with them.
import { crc32, inflateRawSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvFile, csvLine } from '../../../src/domain/export/csv.ts'
import { none } from '../../../src/domain/export/table.ts'
import type { Table, TableRow } from '../../../src/domain/export/table.ts'
import { escapeXml, rowXml, xlsxFile } from '../../../src/domain/export/xlsx.ts'
import { createZipWriter } from '../../../src/domain/export/zip.ts'

type ZipEntry = { name: string; text: string; offset: number }

/** Reads an archive from its end as APPNOTE 4.3.16 has it, and checks each number that it holds. */
function readZip(octets: Buffer): ZipEntry[] {
  const end = octets.length - 22
  expect(octets.readUInt32LE(end)).toBe(0x0605_4b50)
  const count = octets.readUInt16LE(end + 10)
  expect(octets.readUInt16LE(end + 8)).toBe(count)
  const directory = octets.readUInt32LE(end + 16)
  expect(directory + octets.readUInt32LE(end + 12)).toBe(end)
  const entries: ZipEntry[] = []
  let at = directory
  for (let index = 0; index < count; index += 1) {
    expect(octets.readUInt32LE(at)).toBe(0x0201_4b50)
    const [crc, packed, size] = [16, 20, 24].map((field) => octets.readUInt32LE(at + field)) as [number, number, number]
    const nameLength = octets.readUInt16LE(at + 28)
    const offset = octets.readUInt32LE(at + 42)
    const name = octets.toString('utf8', at + 46, at + 46 + nameLength)
    const start = offset + 30 + octets.readUInt16LE(offset + 26) + octets.readUInt16LE(offset + 28)
    expect(octets.readUInt32LE(offset)).toBe(0x0403_4b50)
    expect(octets.toString('utf8', offset + 30, offset + 30 + nameLength)).toBe(name)
    const content = inflateRawSync(octets.subarray(start, start + packed))
    expect([content.length, crc32(content)]).toEqual([size, crc])
    const descriptor = start + packed
    expect([0, 4, 8, 12].map((field) => octets.readUInt32LE(descriptor + field))).toEqual([
      0x0807_4b50,
      crc,
      packed,
      size,
    ])
    entries.push({ name, text: content.toString(), offset })
    at += 46 + nameLength + octets.readUInt16LE(at + 30) + octets.readUInt16LE(at + 32)
  }
  expect(at).toBe(end)
  return entries
}

async function zipOf(files: readonly (readonly [name: string, pieces: readonly string[]])[]): Promise<Buffer> {
  const zip = createZipWriter()
  const chunks: Buffer[] = []
  for (const [name, pieces] of files) {
    chunks.push(zip.begin(name))
    for (const piece of pieces) chunks.push(...(await zip.write(piece)))
    chunks.push(...(await zip.end()))
  }
  chunks.push(zip.finish())
  return Buffer.concat(chunks)
}

const text = fc.string({ unit: 'grapheme' })

describe('APPNOTE 4.3: a zip archive', () => {
  it('holds every entry whole, whatever its name and in however many pieces it came', async () => {
    const files = fc.array(
      fc.tuple(
        text.filter((name) => name !== ''),
        fc.array(text, { maxLength: 6 }),
      ),
      { maxLength: 5 },
    )
    await fc.assert(
      fc.asyncProperty(files, async (wanted) => {
        const found = readZip(await zipOf(wanted))
        expect(found.map(({ name, text: content }) => [name, content])).toEqual(
          wanted.map(([name, pieces]) => [name, pieces.join('')]),
        )
      }),
      { numRuns: 40 },
    )
  })

  it('may be empty, and may have empty entries', async () => {
    expect(readZip(await zipOf([]))).toEqual([])
    expect(
      readZip(
        await zipOf([
          ['empty', []],
          ['blank', ['', '']],
        ]),
      ),
    ).toMatchObject([{ text: '' }, { text: '' }])
  })

  it('counts octets and not characters, and keeps what deflates badly', async () => {
    const noise = Array.from({ length: 40_000 }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7919) % 20_000))).join(
      '',
    )
    const zip = createZipWriter()
    zip.begin('noise')
    await zip.write(noise)
    expect(zip.size()).toBe(Buffer.byteLength(noise))
    zip.destroy()
    expect(readZip(await zipOf([['noise', [noise, noise]]]))[0]!.text).toBe(noise + noise)
  })

  it('is the same octet for octet when it is made again', async () => {
    const files = [['a', ['x'.repeat(70_000)]] as const, ['b', ['y']] as const]
    expect(await zipOf(files)).toEqual(await zipOf(files))
  })
})

async function fileOf(file: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of file) chunks.push(chunk)
  return Buffer.concat(chunks)
}
function table(rows: readonly TableRow[], names: readonly string[] = ['first', 'second']): Table {
  const columns = names.map((name) => ({ name, kind: 'text' as const, width: 10 }))
  return {
    columns,
    batches: (async function* () {
      yield rows
      yield []
    })(),
  }
}

describe('RFC 4180: a CSV file read by others', () => {
  const value = fc.oneof(text, fc.constantFrom('"', '""', ',', '\r\n', '\n', ';', "'", '=1', '\t', ' x', 'x '))

  it('has as many cells in each row as it has columns, whatever is in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { maxLength: 8 }), async (rows) => {
        const octets = await fileOf(csvFile(table(rows), { bom: false }))
        const read = parse(octets, { record_delimiter: '\r\n', relax_column_count: false })
        expect(read).toHaveLength(rows.length + 1)
        for (const row of read.slice(1)) for (const cell of row) expect(cell).not.toMatch(/^[=+\-@\t\r\n]/)
      }),
      { numRuns: 60 },
    )
  })

  it('has a header only where there are no rows, and protects that too', async () => {
    expect((await fileOf(csvFile(table([], ['=cmd', 'a,b']), { bom: false }))).toString()).toBe(`"'=cmd","a,b"\r\n`)
  })

  it.each([
    [[null, null], ',\r\n'],
    [[none, 'none'], `none,"'none"\r\n`],
    [['a;b', 'c'], '"a;b",c\r\n'],
    [['+491701234567', '@handle'], `"'+491701234567","'@handle"\r\n`],
    [['＝1', '－1'], `"'＝1","'－1"\r\n`],
    [["'quoted'", "O'Neil"], `"'quoted'",O'Neil\r\n`],
    [['a'], 'a,\r\n'],
  ] as const)('%j is the line %j', (row, line) => {
    expect(csvLine(row, ['text', 'text'])).toBe(line)
  })

  it('leaves negative numbers numbers in a column of numbers, and formulas never', () => {
    expect(csvLine(['-12.50', '-12.50'], ['number', 'text'])).toBe(`-12.50,"'-12.50"\r\n`)
    expect(csvLine(['-1+1', '=1'], ['number', 'number'])).toBe(`"'-1+1","'=1"\r\n`)
  })
})

describe('ECMA-376: the XML of a spreadsheet', () => {
  const column = (kind: 'text' | 'number') => [{ name: 'x', kind, width: 1 }]

  it('has no character that XML forbids, and no markup of a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const xml = escapeXml(value)
        // oxlint-disable-next-line no-control-regex
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff<>]/)
        expect(xml.isWellFormed()).toBe(true)
        expect(xml.replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&')
      }),
    )
  })

  it.each([
    ['number', '12', '<row><c><v>12</v></c></row>'],
    ['number', '-0.5', '<row><c><v>-0.5</v></c></row>'],
    ['number', '', '<row><c/></row>'],
    ['number', null, '<row><c/></row>'],
    ['number', '1234567890123456', '<row><c s="1" t="inlineStr"><is><t>1234567890123456</t></is></c></row>'],
    ['number', '1e5', '<row><c s="1" t="inlineStr"><is><t>1e5</t></is></c></row>'],
    ['text', '12', '<row><c s="1" t="inlineStr"><is><t>12</t></is></c></row>'],
    ['text', ' a', '<row><c s="1" t="inlineStr"><is><t xml:space="preserve"> a</t></is></c></row>'],
    ['text', '<b>&', '<row><c s="1" t="inlineStr"><is><t>&lt;b&gt;&amp;</t></is></c></row>'],
    ['text', 'none', `<row><c s="1" t="inlineStr"><is><t>'none</t></is></c></row>`],
    ['text', none, '<row><c s="1" t="inlineStr"><is><t>none</t></is></c></row>'],
  ] as const)('of a %s %j is %s', (kind, value, xml) => {
    expect(rowXml([value], column(kind))).toBe(xml)
  })

  it('is a book whose parts all refer to parts that are there', async () => {
    const parts = readZip(
      await fileOf(
        xlsxFile(
          table([
            ['a', 'b'],
            ['c', 'd'],
            ['e', 'f'],
          ]),
          { sheetRows: 2 },
        ),
      ),
    )
    const names = parts.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    const relations = parts.find(({ name }) => name === 'xl/_rels/workbook.xml.rels')!.text
    const targets = [...relations.matchAll(/Id="(rId\d+)"[^>]*Target="([^"]+)"/g)]
    for (const [, , target] of targets) expect(names).toContain(`xl/${target}`)
    const book = parts.find(({ name }) => name === 'xl/workbook.xml')!.text
    const used = [...book.matchAll(/r:id="(rId\d+)"/g)].map((match) => match[1])
    expect(used).toHaveLength(3)
    for (const id of used) expect(targets.map((match) => match[1])).toContain(id)
    const types = parts.find(({ name }) => name === '[Content_Types].xml')!.text
    for (const [, part] of types.matchAll(/PartName="\/([^"]+)"/g)) expect(names).toContain(part)
  })

  it('frees what it holds when nobody reads on', async () => {
    const rows = Array.from({ length: 1_000 }, (_, at): TableRow => [String(at), 'x'.repeat(200)])
    let isEnded = false
    const endless: Table = {
      ...table([]),
      batches: (async function* () {
        try {
          for (;;) yield rows
        } finally {
          isEnded = true
        }
      })(),
    }
    let octets = 0
    for await (const chunk of xlsxFile(endless)) {
      octets += chunk.length
      if (octets > 100_000) break
    }
    expect(isEnded).toBe(true)
  })
})

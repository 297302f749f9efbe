import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { writeXlsx } from 'hucre/xlsx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ImportFileError } from '../../../src/domain/import/file-error.ts'
import type { FileLimits, FileRow } from '../../../src/domain/import/file-error.ts'
import { xlsxRows } from '../../../src/domain/import/xlsx-file.ts'
import { book, relations, sheetOf, workbook, zip } from '../../support/zip-archive.ts'

const limits: FileLimits = { maximumRows: 1_000, maximumOctets: 2_000_000 }
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-xlsx-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(octets: Uint8Array, own: FileLimits = limits): Promise<FileRow[]> {
  const path = join(folder, 'file.xlsx')
  await writeFile(path, octets)
  const file = await open(path)
  try {
    const rows: FileRow[] = []
    for await (const batch of xlsxRows(file, own)) rows.push(...batch)
    return rows
  } finally {
    await file.close()
  }
}

const cells = async (octets: Uint8Array): Promise<string[][]> => (await read(octets)).map((row) => row.cells)

describe('the first sheet of a spreadsheet', () => {
  it('is read as what a person sees', async () => {
    const octets = await writeXlsx({
      sheets: [
        {
          name: 'One',
          rows: [
            ['username', 'phone', 'expires_at', 'enabled'],
            ['  ada ', '+49301234', new Date('2027-01-31T00:00:00Z'), true],
            ['a<b>&"c"', 4930123456789, new Date('2027-01-31T18:30:00Z'), false],
            ['', 0.5, null, null],
          ],
        },
        { name: 'Two', rows: [['other']] },
      ],
    })
    expect(await cells(octets)).toEqual([
      ['username', 'phone', 'expires_at', 'enabled'],
      ['  ada ', '+49301234', '2027-01-31', 'true'],
      ['a<b>&"c"', '4930123456789', '2027-01-31T18:30:00', 'false'],
      ['', '0.5'],
    ])
  })

  it('has cells where their references say, and tells rows as the program shows them', async () => {
    const rows =
      '<row r="3"><c r="B3" t="inlineStr"><is><t>b</t></is></c><c><v>7</v></c></row><row r="9"><c r="A9" t="s"><v>1</v></c></row>'
    const shared =
      '<sst><si><t>no</t></si><si><r><t>sha</t></r><r><t xml:space="preserve">red </t></r><rPh><t>x</t></rPh></si></sst>'
    expect(await read(book(sheetOf(rows), [{ name: 'xl/sharedStrings.xml', text: shared }]))).toEqual([
      { line: 3, cells: ['', 'b', '7'] },
      { line: 9, cells: ['shared '] },
    ])
  })

  it('has entities, CDATA, comments and escapes', async () => {
    const rows =
      '<?pi x?><!-- <row> --><row><c t="inlineStr"><is><t>&lt;&#65;&#x1F600;&amp;_x000D_</t></is></c>' +
      '<c t="inlineStr"><is><t><![CDATA[<x>]]></t></is></c><c t="str"><v>f</v></c><c t="e"><v>#N/A</v></c></row>'
    expect(await cells(book(sheetOf(rows)))).toEqual([['<A😀&\r', '<x>', 'f', '#N/A']])
  })

  it('may lie stored, and behind a comment', async () => {
    const octets = zip(
      [
        { name: 'xl/workbook.xml', text: workbook, method: 0 },
        { name: 'xl/_rels/workbook.xml.rels', text: relations, method: 0 },
        { name: 'xl/worksheets/sheet1.xml', text: sheetOf('<row><c><v>1</v></c></row>'), method: 0 },
      ],
      'a comment',
    )
    expect(await cells(octets)).toEqual([['1']])
  })

  it('counts days from 1904 where it says so', async () => {
    const octets = zip([
      { name: 'xl/workbook.xml', text: workbook.replace('<sheets>', '<workbookPr date1904="1"/><sheets>') },
      { name: 'xl/_rels/workbook.xml.rels', text: relations },
      {
        name: 'xl/styles.xml',
        text: '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
      },
      {
        name: 'xl/worksheets/sheet1.xml',
        text: sheetOf('<row><c s="1"><v>44956</v></c><c s="0"><v>44956</v></c><c s="1"><v>5</v></c></row>'),
      },
    ])
    expect(await cells(octets)).toEqual([['2027-01-31', '44956', '5']])
  })
})

describe('W29: a spreadsheet that is a trap', () => {
  const bomb = Buffer.alloc(5_000_000, ' ')

  it.each<[string, () => Uint8Array, string]>([
    ['of a thousand to one', () => book(bomb), 'more than 2 MB when it is unpacked'],
    ['that lies about its size', () => book(bomb, [], { size: 100 }), 'an entry is larger than it says'],
    ['that promises more than there is', () => book(sheetOf(''), [], { size: 1_000_000 }), 'shorter than it says'],
    [
      'of many entries',
      () => zip(Array.from({ length: 1_001 }, (_, at) => ({ name: `e${at}`, text: '' }))),
      'it has too many entries',
    ],
    [
      'of many entries that are large together',
      () => zip(Array.from({ length: 100 }, (_, at) => ({ name: `e${at}`, text: '', size: 100_000 }))),
      'more than 2 MB when it is unpacked',
    ],
    ['whose entries overlap', () => book(sheetOf(''), [{ name: 'other', text: 'x', offset: 0 }]), 'entries overlap'],
    [
      'with one name twice',
      () => book(sheetOf(''), [{ name: 'xl/workbook.xml', text: '' }]),
      'two entries have one name',
    ],
    ['that is encrypted', () => book(sheetOf(''), [], { flags: 1 }), 'it is encrypted'],
    ['packed in another way', () => book(sheetOf(''), [{ name: 'x', text: '', method: 12 }]), 'not known here'],
    [
      'with a billion laughs',
      () =>
        book(`<!DOCTYPE x [<!ENTITY a "&b;&b;">]>${sheetOf('<row><c t="inlineStr"><is><t>&a;</t></is></c></row>')}`),
      'it declares a document type',
    ],
    [
      'with an entity of its own',
      () => book(sheetOf('<row><c t="inlineStr"><is><t>&xxe;</t></is></c></row>')),
      'an entity that is not known',
    ],
    ['with a cell at XFD1048576', () => book(sheetOf('<row><c r="XFD1"><v>1</v></c></row>')), 'beyond the 250 columns'],
    ['with a row beyond the last', () => book(sheetOf('<row r="1048577"/>')), 'out of order'],
    ['with rows backwards', () => book(sheetOf('<row r="2"/><row r="1"/>')), 'out of order'],
    ['with cells backwards', () => book(sheetOf('<row><c r="B1"/><c r="A1"/></row>')), 'out of order'],
    [
      'with a text of a megabyte',
      () => book(sheetOf(`<row><c t="inlineStr"><is><t>${'x'.repeat(1_000_000)}</t></is></c></row>`)),
      'too long',
    ],
    ['with a tag that never ends', () => book(`<worksheet ${'x'.repeat(500_000)}`), 'too long'],
    ['that is nested without end', () => book('<a>'.repeat(100)), 'nested too deeply'],
    ['that is cut off', () => book('<worksheet><sheetData>'), 'cut off'],
    ['that is not UTF-8', () => book(Buffer.from([0x3c, 0xff, 0xfe])), 'not UTF-8'],
    ['without a sheet', () => zip([{ name: 'xl/workbook.xml', text: workbook }]), 'a part of it is missing'],
    ['that is no zip at all', () => Buffer.from('<html>'.repeat(20)), 'it has no directory'],
    ['that is too short', () => Buffer.from('PK'), 'it is too short'],
    [
      'that says where to write',
      () =>
        zip([
          { name: '../../etc/passwd', text: 'x' },
          { name: '/xl/workbook.xml', text: workbook },
        ]),
      'a part of it is missing',
    ],
    [
      'whose sheet is elsewhere on this machine',
      () =>
        zip([
          { name: 'xl/workbook.xml', text: workbook },
          {
            name: 'xl/_rels/workbook.xml.rels',
            text: relations.replace('worksheets/sheet1.xml', '../../../etc/passwd'),
          },
        ]),
      'a part of it is missing',
    ],
  ])('%s is refused', async (_what, make, reason) => {
    const attempt = read(make())
    await expect(attempt).rejects.toThrow(ImportFileError)
    await expect(attempt).rejects.toThrow(reason)
  })

  it('with a long shared text that a thousand cells name is refused', async () => {
    const shared = `<sst><si><t>${'x'.repeat(30_000)}</t></si></sst>`
    const rows = '<row><c t="s"><v>0</v></c></row>'.repeat(900)
    await expect(read(book(sheetOf(rows), [{ name: 'xl/sharedStrings.xml', text: shared }]))).rejects.toThrow(
      'too many characters',
    )
  })

  it('has no more rows than it may', async () => {
    await expect(read(book(sheetOf('<row><c><v>1</v></c></row>'.repeat(1_002))))).rejects.toThrow('more than 1000 rows')
  })

  it('of any octets is rows or a reason, and nothing else', async () => {
    const good = book(sheetOf('<row><c t="inlineStr"><is><t>a</t></is></c><c><v>1</v></c></row>'))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }), async (changes) => {
        const octets = Buffer.from(good)
        for (const [at, octet] of changes) octets[at] = octet
        await read(octets).catch((error: unknown) => expect(error).toBeInstanceOf(ImportFileError))
      }),
      { numRuns: 300 },
    )
  })
})

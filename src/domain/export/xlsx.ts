// A table as a spreadsheet (ECMA-376, SpreadsheetML) written as a stream: texts inline, so that nothing must be remembered until
// the end; numbers as numbers, everything else as text; the header row stays in sight.

import { isPlainNumber, noneMark, protectTypedText } from './cell.ts'
import { none } from './table.ts'
import type { Table, TableColumn, TableRow } from './table.ts'
import { createZipWriter } from './zip.ts'
import type { ZipWriter } from './zip.ts'

/** Rows of a sheet, the header among them: the most that Excel takes. */
const sheetRows = 1_048_576
/** A sheet that is larger unpacked goes on in the next: an entry of a plain zip ends at 4 GiB. */
const sheetOctets = 3_500_000_000
/** Characters that a cell may hold in Excel. */
const cellCharacters = 32_767

export type XlsxLimits = { sheetRows: number }

/** The octets of the file, batch by batch. Throws ZipTooLargeError. */
export async function* xlsxFile(table: Table, limits: XlsxLimits = { sheetRows }): AsyncGenerator<Buffer> {
  const zip = createZipWriter()
  try {
    let sheets = 1
    let rows = 1
    yield* begin(zip, sheets, table.columns)
    for await (const batch of table.batches) {
      let text = ''
      for (const row of batch) {
        if (rows >= limits.sheetRows || zip.size() > sheetOctets) {
          yield* put(await zip.write(text))
          yield* end(zip)
          text = ''
          sheets += 1
          rows = 1
          yield* begin(zip, sheets, table.columns)
        }
        rows += 1
        text += rowXml(row, table.columns)
      }
      if (text !== '') yield* put(await zip.write(text))
    }
    yield* end(zip)
    for (const [name, xml] of bookParts(sheets)) {
      yield zip.begin(name)
      yield* put(await zip.write(xml))
      yield* put(await zip.end())
    }
    yield zip.finish()
  } finally {
    zip.destroy()
  }
}

async function* begin(zip: ZipWriter, sheet: number, columns: readonly TableColumn[]): AsyncGenerator<Buffer> {
  yield zip.begin(`xl/worksheets/sheet${sheet}.xml`)
  const widths = columns.map(
    ({ width }, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`,
  )
  const header = columns.map(({ name }) => textCell(name, 2)).join('')
  yield* put(
    await zip.write(
      `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0">` +
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>' +
        `<cols>${widths.join('')}</cols><sheetData><row>${header}</row>`,
    ),
  )
}

async function* end(zip: ZipWriter): AsyncGenerator<Buffer> {
  yield* put(await zip.write('</sheetData></worksheet>'))
  yield* put(await zip.end())
}

function* put(chunks: Buffer[]): Generator<Buffer> {
  yield* chunks
}

/** One row. Cells need no reference: without one they stand in order (§18.3.1.4). */
export function rowXml(row: TableRow, columns: readonly TableColumn[]): string {
  let xml = '<row>'
  for (let at = 0; at < columns.length; at += 1) {
    const value = row[at] ?? ''
    if (value === '') xml += '<c/>'
    else if (value === none) xml += noneCell
    else if (columns[at]!.kind === 'number' && isExactNumber(value)) xml += `<c><v>${value}</v></c>`
    else xml += textCell(value, 1)
  }
  return `${xml}</row>`
}

/** A spreadsheet computes in doubles: what has more than 15 digits stays text, lest digits of it be lost. */
function isExactNumber(value: string): boolean {
  return value.length <= 15 && isPlainNumber(value)
}

function textCell(value: string, style: 1 | 2): string {
  const text = escapeXml(cut(protectTypedText(value)))
  const space = /^\s|\s$|[\n\t]/.test(text) ? ' xml:space="preserve"' : ''
  return `<c s="${style}" t="inlineStr"><is><t${space}>${text}</t></is></c>`
}

const noneCell = `<c s="1" t="inlineStr"><is><t>${noneMark}</t></is></c>`

function cut(text: string): string {
  return text.length <= cellCharacters ? text : `${text.slice(0, cellCharacters - 1).toWellFormed()}…`
}

const needsEscape = /[&<>\ufffe\uffff\p{Cs}]|[^\P{Cc}\t\n]|_x[0-9A-Fa-f]{4}_/u

/**
 * A text as XML. What XML cannot hold is written `_xHHHH_` (ECMA-376 §22.9.2.19), and what looks like that has its first
 * character written so.
 */
export function escapeXml(text: string): string {
  if (!needsEscape.test(text)) return text
  return text
    .toWellFormed()
    .replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replaceAll(/[^\P{Cc}\t\n]|[\ufffe\uffff]/gu, (character) => {
      const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
      return `_x${code}_`
    })
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const packageRelations = 'http://schemas.openxmlformats.org/package/2006/relationships'
const contentType = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** Everything but the sheets, which are numbered from 1. */
function bookParts(sheets: number): [name: string, xml: string][] {
  const numbers = Array.from({ length: sheets }, (_, at) => at + 1)
  const overrides = numbers.map(
    (at) => `<Override PartName="/xl/worksheets/sheet${at}.xml" ContentType="${contentType}.worksheet+xml"/>`,
  )
  const names = numbers.map((at) => `<sheet name="Sheet${at}" sheetId="${at}" r:id="rId${at}"/>`)
  const links = numbers.map(
    (at) => `<Relationship Id="rId${at}" Type="${relations}/worksheet" Target="worksheets/sheet${at}.xml"/>`,
  )
  return [
    ['xl/styles.xml', stylesXml],
    [
      'xl/workbook.xml',
      `${declaration}<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>${names.join('')}</sheets></workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      `${declaration}<Relationships xmlns="${packageRelations}">${links.join('')}` +
        `<Relationship Id="rId${sheets + 1}" Type="${relations}/styles" Target="styles.xml"/></Relationships>`,
    ],
    [
      '_rels/.rels',
      `${declaration}<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" ` +
        `Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ],
    [
      '[Content_Types].xml',
      `${declaration}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
        '<Default Extension="xml" ContentType="application/xml"/>' +
        `<Override PartName="/xl/workbook.xml" ContentType="${contentType}.sheet.main+xml"/>` +
        `<Override PartName="/xl/styles.xml" ContentType="${contentType}.styles+xml"/>${overrides.join('')}</Types>`,
    ],
  ]
}

/** Formats of cells: 0 general; 1 text (number format 49), so that an edited phone number stays one; 2 the same in bold. */
const stylesXml =
  `${declaration}<styleSheet xmlns="${main}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>` +
  '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>' +
  '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>' +
  '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3">' +
  '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' +
  '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
  '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>' +
  '</cellXfs></styleSheet>'

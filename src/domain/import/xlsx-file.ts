// Reads the first sheet of a spreadsheet (ECMA-376, SpreadsheetML) as rows of text, as a stream and within limits: of what is
// unpacked, of shared texts, of rows, and of cells in a row.

import type { FileHandle } from 'node:fs/promises'
import { ImportFileError, maximumRecord } from './file-error.ts'
import type { FileLimits, FileRow } from './file-error.ts'
import { createDateReader, dateStyles } from './xlsx-date.ts'
import { createXmlReader } from './xml.ts'
import type { XmlHandler } from './xml.ts'
import { openZip } from './zip-file.ts'
import type { ZipFile } from './zip-file.ts'

/** Columns that a file may have; Excel's own limit is 16,384. */
const maximumColumns = 250
const maximumSheetRow = 1_048_576

/** The rows that are not empty, the header first, in batches of what one piece of the file held. Throws ImportFileError. */
export async function* xlsxRows(file: FileHandle, limits: FileLimits): AsyncGenerator<FileRow[]> {
  const zip = await openZip(file, { maximumUnpacked: limits.maximumOctets })
  const book = await readBook(zip)
  const texts = zip.has(sharedName) ? await readSharedTexts(zip) : []
  const styles = zip.has(stylesName) ? await readDateStyles(zip) : new Set<number>()
  const sheet = createSheetReader({ texts, isDate: (style) => styles.has(style), since1904: book.since1904, limits })
  const reader = createXmlReader(sheet.handler)
  for await (const chunk of zip.entry(book.sheet)) {
    reader.write(chunk)
    yield sheet.take()
  }
  reader.end()
  yield sheet.take()
}

const sharedName = 'xl/sharedStrings.xml'
const stylesName = 'xl/styles.xml'

async function readPart(zip: ZipFile, name: string, handler: Partial<XmlHandler>): Promise<void> {
  const reader = createXmlReader({ open: nothing, text: nothing, close: nothing, ...handler })
  for await (const chunk of zip.entry(name)) reader.write(chunk)
  reader.end()
}

function nothing(): void {
  // Not of interest.
}

/** The name of the first sheet's part, and how days are counted. */
async function readBook(zip: ZipFile): Promise<{ sheet: string; since1904: boolean }> {
  let first: string | undefined
  let since1904 = false
  await readPart(zip, 'xl/workbook.xml', {
    open(name, attribute) {
      if (name === 'sheet') first ??= attribute('\\w+:id') ?? ''
      if (name === 'workbookPr') since1904 = ['1', 'true'].includes(attribute('date1904') ?? '')
    },
  })
  let target = 'worksheets/sheet1.xml'
  await readPart(zip, 'xl/_rels/workbook.xml.rels', {
    open(name, attribute) {
      if (name === 'Relationship' && attribute('Id') === first) target = attribute('Target') ?? target
    },
  })
  // A name to look for inside of the archive; nothing on this machine is ever opened by it.
  return { sheet: target.startsWith('/') ? target.slice(1) : `xl/${target}`, since1904 }
}

/** Texts that cells refer to by number; the count of unpacked octets bounds them. */
async function readSharedTexts(zip: ZipFile): Promise<string[]> {
  const texts: string[] = []
  const collector = createTextCollector()
  await readPart(zip, sharedName, {
    open: (name) => collector.open(name),
    text: (text) => collector.text(text),
    close(name) {
      collector.close(name)
      if (name === 'si') texts.push(collector.take())
    },
  })
  return texts
}

async function readDateStyles(zip: ZipFile): Promise<ReadonlySet<number>> {
  const styles = dateStyles()
  await readPart(zip, stylesName, { open: styles.open, close: styles.close })
  return styles.found
}

/** The text of all `t` inside of a cell or shared text, but for readings of it (`rPh`). */
function createTextCollector() {
  let text = ''
  let isText = false
  let phonetic = 0
  return {
    open(name: string): void {
      if (name === 't') isText = true
      if (name === 'rPh') phonetic += 1
    },
    text(part: string): void {
      if (!isText || phonetic > 0) return
      text += part
      if (text.length > maximumRecord) throw tooLong(1)
    },
    close(name: string): void {
      if (name === 't') isText = false
      if (name === 'rPh') phonetic -= 1
    },
    take(): string {
      const taken = unescapeText(text)
      text = ''
      return taken
    },
  }
}

function tooLong(line: number): ImportFileError {
  return new ImportFileError(line, `a cell has more than ${maximumRecord} characters`)
}

/** `_x000D_` and its like (ECMA-376 §22.9.2.19). */
function unescapeText(text: string): string {
  if (!text.includes('_x')) return text
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_whole, code: string) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  )
}

type SheetInput = {
  texts: readonly string[]
  isDate(style: number): boolean
  since1904: boolean
  limits: FileLimits
}

type Cell = { column: number; type: string; style: number; value: string }

/** What a person sees in a cell. */
function cellText(
  { type, style, value }: Cell,
  { texts, isDate }: SheetInput,
  { inline, showDate }: { inline(): string; showDate(serial: number): string },
): string {
  if (type === 's') return texts[Number(value)] ?? ''
  if (type === 'inlineStr') return inline()
  if (type === 'b') return value === '1' ? 'true' : 'false'
  if (type === 'str' || type === 'e' || type === 'd') return unescapeText(value)
  if (value === '' || !Number.isFinite(Number(value))) return value
  return isDate(style) ? showDate(Number(value)) : plainNumber(value)
}

/** Collects rows as their elements end. */
function createSheetReader(input: SheetInput) {
  const { limits } = input
  const collector = createTextCollector()
  const showDate = createDateReader(input.since1904)
  let rows: FileRow[] = []
  let count = -1
  let characters = 0
  let line = 0
  let cells: string[] = []
  let cell: Cell | undefined
  let isValue = false

  const endCell = (ended: Cell): void => {
    const text = cellText(ended, input, { inline: () => collector.take(), showDate })
    characters += text.length
    // One long shared text may be named by a million cells.
    if (characters > limits.maximumOctets) throw new ImportFileError(line, 'the cells have too many characters')
    while (cells.length < ended.column) cells.push('')
    cells[ended.column] = text
  }
  const endRow = (): void => {
    if (cells.every((text) => text === '')) return
    count += 1
    if (count > limits.maximumRows) throw new ImportFileError(line, `the file has more than ${limits.maximumRows} rows`)
    rows.push({ line, cells })
  }
  const handler: XmlHandler = {
    open(name, attribute) {
      if (name === 'row') {
        line = nextLine(line, attribute('r'))
        cells = []
      } else if (name === 'c') {
        const column = columnOf(attribute('r'), cells.length, line)
        cell = { column, type: attribute('t') ?? 'n', style: Number(attribute('s') ?? 0), value: '' }
      } else if (name === 'v') isValue = true
      else collector.open(name)
    },
    text(text) {
      if (isValue && cell !== undefined) {
        cell.value += text
        if (cell.value.length > maximumRecord) throw tooLong(line)
      } else collector.text(text)
    },
    close(name) {
      if (name === 'c' && cell !== undefined) {
        endCell(cell)
        cell = undefined
      } else if (name === 'v') isValue = false
      else if (name === 'row') endRow()
      else collector.close(name)
    },
  }
  return {
    handler,
    take(): FileRow[] {
      const taken = rows
      rows = []
      return taken
    },
  }
}

/** Rows come in order; one that does not say where it stands is the next. */
function nextLine(line: number, reference: string | undefined): number {
  const next = reference === undefined ? line + 1 : Number(reference)
  if (!Number.isInteger(next) || next <= line || next > maximumSheetRow) {
    throw new ImportFileError(line + 1, 'the rows of the sheet are out of order')
  }
  return next
}

/** The place of a cell such as `AB12`, from 0; without a reference the next. */
function columnOf(reference: string | undefined, next: number, line: number): number {
  let column = next
  const letters = reference === undefined ? undefined : /^[A-Z]{1,3}/.exec(reference)?.[0]
  if (letters !== undefined) {
    column = 0
    for (const letter of letters) column = column * 26 + letter.codePointAt(0)! - 64
    column -= 1
  }
  if (column >= maximumColumns || column < next) {
    throw new ImportFileError(line, `a cell is out of order or beyond the ${maximumColumns} columns that are read`)
  }
  return column
}

/** `4.93E+10` as a person would type it. */
function plainNumber(value: string): string {
  return /^-?\d+(\.\d+)?$/.test(value) ? value : String(Number(value))
}

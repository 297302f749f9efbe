// Reads a CSV file (RFC 4180) as a stream: UTF-8 with or without byte order mark, LF or CRLF, commas, or semicolons where the
// header line has no comma. Whatever is no such file is refused with the line where it shows, never with what stood there:
// a misread cell may be a password.

import { pipeline } from 'node:stream/promises'
import { TextDecoder } from 'node:util'
import { CsvError, parse } from 'csv-parse'

/** The file itself cannot be read as CSV, or is larger than allowed. */
export class ImportFileError extends Error {
  override readonly name = 'ImportFileError'
  readonly line: number

  constructor(line: number, reason: string) {
    super(reason)
    this.line = line
  }
}

export type FileLimits = { maximumRows: number; maximumOctets: number }

/** A row as it stands: its first line in the file (1 is the header) and its cells. */
export type OnRow = (line: number, cells: string[]) => void

/** No record of ours is longer; a quote that is never closed would swallow the file. */
const maximumRecord = 64 * 1024
const byteOrderMark = /^\uFEFF/

/** Calls `onRow` for each row that is not empty, the header first. Throws ImportFileError, or what reading throws. */
export async function readCsv(source: AsyncIterable<Uint8Array>, limits: FileLimits, onRow: OnRow): Promise<void> {
  const texts = decode(source, limits.maximumOctets)
  const { start, delimiter } = await readStart(texts)
  let line = 1
  let rows = -1
  const parser = parse({
    delimiter,
    relax_column_count: true,
    max_record_size: maximumRecord,
    record_delimiter: ['\r\n', '\n', '\r'],
    // Inside the parser, so that `line` is where it stands; nothing is handed on.
    on_record: (record: string[], { lines }) => {
      if (record.length > 1 || record[0] !== '') {
        rows += 1
        if (rows > limits.maximumRows)
          throw new ImportFileError(line, `the file has more than ${limits.maximumRows} rows`)
        onRow(line, record)
      }
      line = lines + 1
      return null
    },
  })
  try {
    await pipeline(chain(start, texts), parser.resume())
  } catch (error) {
    throw error instanceof CsvError ? explain(error, line) : error
  }
}

async function* decode(source: AsyncIterable<Uint8Array>, maximumOctets: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let line = 1
  let octets = 0
  for await (const chunk of source) {
    if (octets === 0) refuseForeignFormat(chunk)
    octets += chunk.length
    if (octets > maximumOctets)
      throw new ImportFileError(line, `the file has more than ${Math.floor(maximumOctets / 1e6)} MB`)
    const text = decodeChunk(decoder, chunk, line)
    const nul = text.indexOf('\0')
    if (nul !== -1)
      throw new ImportFileError(line + lineEnds(text, nul), 'there is a NUL character here: this is no CSV file')
    yield text
    line += lineEnds(text)
  }
  // What is left of a character that was cut off.
  yield decodeChunk(decoder, undefined, line)
}

function decodeChunk(decoder: TextDecoder, chunk: Uint8Array | undefined, line: number): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined })
  } catch {
    // Once more without complaint, to see where the first bad octet is; good enough where a character was cut in two.
    const shown = new TextDecoder().decode(chunk)
    const at = line + lineEnds(shown, shown.indexOf('\uFFFD'))
    throw new ImportFileError(at, 'the text near this line is not UTF-8; save the file as "CSV UTF-8"')
  }
}

function lineEnds(text: string, until = text.length): number {
  return text.slice(0, Math.max(0, until)).split('\n').length - 1
}

function refuseForeignFormat(chunk: Uint8Array): void {
  const [first, second] = chunk
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new ImportFileError(1, 'the file is UTF-16; save it as "CSV UTF-8"')
  }
  if (first === 0x50 && second === 0x4b)
    throw new ImportFileError(1, 'the file is a spreadsheet; save it as "CSV UTF-8"')
}

/** The text up to the end of the header line, and what parts its cells. */
async function readStart(texts: AsyncGenerator<string>): Promise<{ start: string; delimiter: ',' | ';' }> {
  let start = ''
  while (!/[\r\n]/.test(start) && start.length < maximumRecord) {
    const next = await texts.next()
    if (next.done === true) break
    start += next.value
  }
  start = start.replace(byteOrderMark, '')
  const header = start.split(/[\r\n]/, 1)[0]!
  if (/^\s*<(!doctype|html|table|\?xml)/i.test(header)) throw new ImportFileError(1, 'the file is a web page, not CSV')
  return { start, delimiter: header.includes(';') && !header.includes(',') ? ';' : ',' }
}

async function* chain(start: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (start !== '') yield start
  yield* rest
}

/** In our words: those of csv-parse repeat the cell. */
function explain(error: CsvError, line: number): ImportFileError {
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return new ImportFileError(line, 'a quote that opens here is never closed')
    case 'CSV_MAX_RECORD_SIZE':
      return new ImportFileError(line, `the row is longer than ${maximumRecord} characters: is a quote never closed?`)
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return new ImportFileError(line, 'a quote stands inside a cell; quotes go around the cell and are doubled inside')
    default:
      return new ImportFileError(line, `the row cannot be read (${error.code})`)
  }
}

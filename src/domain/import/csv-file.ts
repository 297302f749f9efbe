// Reads a CSV file (RFC 4180) as a stream: LF or CRLF, cells apart by comma, semicolon or tab, whichever the header line has
// most. Whatever is no such file is refused with the line where it shows, never with what stood there: a misread cell may be
// a password.

import { TextDecoder } from 'node:util'
import { CsvError, parse } from 'csv-parse'
import type { Encoding } from './encoding.ts'
import { ImportFileError, maximumRecord } from './file-error.ts'
import type { FileLimits, FileRow } from './file-error.ts'

/** Called with each row that is not empty, the header first. */
export type OnRow = (line: number, cells: string[]) => void

const byteOrderMark = /^\uFEFF/
const delimiters = [',', ';', '\t'] as const

/** Calls `onRow` for each row that is not empty, the header first. Throws ImportFileError, or what reading throws. */
export async function readCsv(source: AsyncIterable<Uint8Array>, limits: FileLimits, onRow: OnRow): Promise<void> {
  for await (const rows of csvRows(source, limits, 'utf-8')) {
    for (const { line, cells } of rows) onRow(line, cells)
  }
}

/** The rows that are not empty, the header first, in batches of what one chunk of the file held. Throws as `readCsv`. */
export async function* csvRows(
  source: AsyncIterable<Uint8Array>,
  limits: FileLimits,
  encoding: Encoding,
): AsyncGenerator<FileRow[]> {
  const texts = decode(source, limits.maximumOctets, encoding)
  const { start, delimiter } = await readStart(texts)
  const reader = createReader(delimiter)
  let count = -1
  try {
    for await (const text of chain(start, texts)) {
      const rows = await reader.write(text)
      count += rows.length
      if (count > limits.maximumRows) throw tooManyRows(rows, count, limits)
      yield rows
    }
    const rows = await reader.end()
    count += rows.length
    if (count > limits.maximumRows) throw tooManyRows(rows, count, limits)
    yield rows
  } finally {
    reader.destroy()
  }
}

function tooManyRows(rows: readonly FileRow[], count: number, { maximumRows }: FileLimits): ImportFileError {
  const first = rows[rows.length - (count - maximumRows)]
  return new ImportFileError(first?.line ?? 1, `the file has more than ${maximumRows} rows`)
}

/** csv-parse, fed by hand, so that whoever takes the rows sets the pace. */
function createReader(delimiter: string) {
  let rows: FileRow[] = []
  let line = 1
  const parser = parse({
    delimiter,
    relax_column_count: true,
    max_record_size: maximumRecord,
    record_delimiter: ['\r\n', '\n', '\r'],
    // Inside the parser, so that `line` is where it stands; nothing is handed on.
    on_record: (record: string[], { lines }) => {
      if (record.length > 1 || record[0] !== '') rows.push({ line, cells: record })
      line = lines + 1
      return null
    },
  })
  parser.resume()
  let failure: Error | undefined
  const failed = new Promise<never>((_resolve, reject) => {
    parser.on('error', (error) => {
      failure = error instanceof CsvError ? explain(error, line) : error
      reject(failure)
    })
  })
  // Told where it is awaited.
  failed.catch(() => undefined)
  const take = (): FileRow[] => {
    if (failure !== undefined) throw failure
    const taken = rows
    rows = []
    return taken
  }
  return {
    async write(text: string): Promise<FileRow[]> {
      await Promise.race([failed, new Promise<void>((resolve) => parser.write(text, () => resolve()))])
      return take()
    },
    async end(): Promise<FileRow[]> {
      await Promise.race([
        failed,
        new Promise<void>((resolve) => {
          parser.once('end', resolve)
          parser.end()
        }),
      ])
      return take()
    },
    destroy: () => parser.destroy(),
  }
}

async function* decode(
  source: AsyncIterable<Uint8Array>,
  maximumOctets: number,
  encoding: Encoding,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  let line = 1
  let octets = 0
  for await (const chunk of source) {
    if (octets === 0) refuseForeignFormat(chunk, encoding)
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
    const shown = new TextDecoder(decoder.encoding).decode(chunk)
    const at = line + lineEnds(shown, shown.indexOf('\uFFFD'))
    const name = decoder.encoding.toUpperCase()
    throw new ImportFileError(at, `the text near this line is not ${name}; save the file as "CSV UTF-8"`)
  }
}

function lineEnds(text: string, until = text.length): number {
  return text.slice(0, Math.max(0, until)).split('\n').length - 1
}

function refuseForeignFormat(chunk: Uint8Array, encoding: Encoding): void {
  const [first, second] = chunk
  const hasWideMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  if (hasWideMark && !encoding.startsWith('utf-16')) {
    throw new ImportFileError(1, 'the file is UTF-16; save it as "CSV UTF-8"')
  }
  if (first === 0x50 && second === 0x4b)
    throw new ImportFileError(1, 'the file is a spreadsheet; save it as "CSV UTF-8"')
}

/** The text up to the end of the header line, and what parts its cells. */
async function readStart(texts: AsyncGenerator<string>): Promise<{ start: string; delimiter: string }> {
  let start = ''
  while (!/[\r\n]/.test(start) && start.length < maximumRecord) {
    const next = await texts.next()
    if (next.done === true) break
    start += next.value
  }
  start = start.replace(byteOrderMark, '')
  const header = start.split(/[\r\n]/, 1)[0]!
  if (/^\s*<(!doctype|html|table|\?xml)/i.test(header)) throw new ImportFileError(1, 'the file is a web page, not CSV')
  const bare = header.replaceAll(/"[^"]*"/g, '')
  const counts = delimiters.map((delimiter) => bare.split(delimiter).length)
  return { start, delimiter: delimiters[counts.indexOf(Math.max(...counts))]! }
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

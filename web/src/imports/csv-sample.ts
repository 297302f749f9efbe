// The first rows of a CSV file, to show what its columns hold. The server reads the file itself, by its own rules.

const mostOctets = 262_144
const delimiters = [',', ';', '\t'] as const

/** The first rows, the header first. */
export async function csvSample(file: Blob, rows: number): Promise<string[][]> {
  const text = decode(new Uint8Array(await file.slice(0, mostOctets).arrayBuffer()))
  return parse(text, delimiterOf(text), rows)
}

function decode(octets: Uint8Array): string {
  const [first, second] = octets
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(octets)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(octets)
  try {
    // As a piece of a stream: its last letter may be cut.
    return new TextDecoder('utf-8', { fatal: true }).decode(octets, { stream: true })
  } catch {
    return new TextDecoder('windows-1252').decode(octets)
  }
}

/** Whichever the first line has most, outside of quotes. */
function delimiterOf(text: string): string {
  const line = (/^[^\r\n]*/.exec(text)?.[0] ?? '').replaceAll(/"[^"]*"/g, '')
  const counts = delimiters.map((delimiter) => line.split(delimiter).length)
  return delimiters[counts.indexOf(Math.max(...counts))]!
}

/** RFC 4180; a row that is cut off by the end of the piece may be short. */
function parse(text: string, delimiter: string, most: number): string[][] {
  const rows: string[][] = []
  let cells: string[] = []
  let cell = ''
  let isQuoted = false
  const endRow = () => {
    cells.push(cell)
    if (cells.length > 1 || cells[0] !== '') rows.push(cells)
    cells = []
    cell = ''
  }
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const letter = text[at]!
    if (isQuoted) {
      if (letter !== '"') cell += letter
      else if (text[at + 1] === '"') {
        cell += '"'
        at += 1
      } else isQuoted = false
    } else if (letter === '"') isQuoted = true
    else if (letter === delimiter) {
      cells.push(cell)
      cell = ''
    } else if (letter === '\n' || letter === '\r') endRow()
    else cell += letter
  }
  if (rows.length < most && (cell !== '' || cells.length > 0)) endRow()
  return rows
}

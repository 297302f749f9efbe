// The first rows of the first sheet of an XLSX file, to show what its columns hold; days are shown as the numbers they are kept
// as. The server reads the file itself.
import { openZip, zipText, type Zip } from './zip-part.ts'

const mostOctets = 2_000_000

/** The first rows, the header first. Throws where it is no spreadsheet. */
export async function xlsxSample(file: Blob, rows: number): Promise<string[][]> {
  const zip = await openZip(file)
  const sheet = await zipText(zip, await firstSheet(zip), mostOctets)
  if (sheet === undefined) throw new Error('no spreadsheet')
  const shared = matches(await zipText(zip, 'xl/sharedStrings.xml', mostOctets), /<si>(.*?)<\/si>/gs).map(textOf)
  return matches(sheet, /<row\b[^>]*>(.*?)<\/row>/gs)
    .map((row) => cellsOf(row, shared))
    .filter((cells) => cells.some((cell) => cell !== ''))
    .slice(0, rows)
}

async function firstSheet(zip: Zip): Promise<string> {
  const book = (await zipText(zip, 'xl/workbook.xml', mostOctets)) ?? ''
  const id = /<sheet\b[^>]*\b\w+:id="([^"]*)"/.exec(book)?.[1]
  const relations = (await zipText(zip, 'xl/_rels/workbook.xml.rels', mostOctets)) ?? ''
  const tag = matches(relations, /(<Relationship\b[^>]*>)/g).find((one) => one.includes(`Id="${id}"`))
  const target = /Target="([^"]*)"/.exec(tag ?? '')?.[1] ?? 'worksheets/sheet1.xml'
  return target.startsWith('/') ? target.slice(1) : `xl/${target}`
}

function matches(text: string | undefined, pattern: RegExp): string[] {
  return [...(text ?? '').matchAll(pattern)].map((match) => match[1] ?? '')
}

function cellsOf(row: string, shared: readonly string[]): string[] {
  const cells: string[] = []
  for (const match of row.matchAll(/<c\b([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)) {
    const [, attributes = '', inner = ''] = match
    const letters = /\br="([A-Z]+)\d*"/.exec(attributes)?.[1]
    const at = letters === undefined ? cells.length : columnOf(letters)
    const value = /<v>(.*?)<\/v>/s.exec(inner)?.[1] ?? ''
    const isShared = attributes.includes('t="s"')
    while (cells.length < at) cells.push('')
    cells[at] = isShared ? (shared[Number(value)] ?? '') : inner.includes('<is>') ? textOf(inner) : plain(value)
  }
  return cells
}

/** `A` is 0, `AA` is 26. */
function columnOf(letters: string): number {
  return [...letters].reduce((sum, letter) => sum * 26 + letter.codePointAt(0)! - 64, 0) - 1
}

function textOf(xml: string): string {
  return matches(xml.replaceAll(/<rPh\b.*?<\/rPh>/gs, ''), /<t\b[^>]*>(.*?)<\/t>/gs)
    .map(plain)
    .join('')
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function plain(text: string): string {
  return text.replaceAll(/&(#x?)?(\w+);/g, (whole, kind: string | undefined, name: string) => {
    if (kind === undefined) return entities[name] ?? whole
    return String.fromCodePoint(Number.parseInt(name, kind === '#x' ? 16 : 10))
  })
}

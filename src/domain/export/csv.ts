// A table as a CSV file (RFC 4180): UTF-8, a header row, CRLF, and no cell that a spreadsheet would run as a formula.

import { isPlainNumber, noneMark, protectText } from './cell.ts'
import { none } from './table.ts'
import type { CellKind, Table, TableRow } from './table.ts'

export type CsvOptions = {
  /** Begins the file with a byte order mark, without which Excel takes UTF-8 for Windows-1252. */
  bom: boolean
}

/** Any cell but a plain one: what must be quoted or protected. */
const special = /^[\s'=+\-@\0＝＋－＠]|[",;\r\n\t]|\s$|^none$/

/** The octets of the file, batch by batch. */
export async function* csvFile(table: Table, options: CsvOptions): AsyncGenerator<Buffer> {
  const header = table.columns.map(({ name }) => csvCell(name, 'text')).join(',')
  yield Buffer.from(`${options.bom ? '\uFEFF' : ''}${header}\r\n`)
  const kinds = table.columns.map(({ kind }) => kind)
  for await (const rows of table.batches) {
    let text = ''
    for (const row of rows) text += csvLine(row, kinds)
    if (text !== '') yield Buffer.from(text)
  }
}

/** One line with its end. */
export function csvLine(row: TableRow, kinds: readonly CellKind[]): string {
  let line = ''
  for (let at = 0; at < kinds.length; at += 1) {
    const value = row[at] ?? ''
    if (at > 0) line += ','
    if (value === '') continue
    if (value === none) line += noneMark
    else line += special.test(value) ? csvCell(value, kinds[at]!) : value
  }
  return `${line}\r\n`
}

function csvCell(value: string, kind: CellKind): string {
  if (kind === 'number' && isPlainNumber(value)) return value
  const shown = protectText(value)
  return special.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown
}

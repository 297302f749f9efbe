// The file of a re-binding: CSV with username and the new parts of each. An empty cell leaves a part as it is, a dash unbinds it.

import { readPart } from './binding.ts'
import type { Binding, Groups, PartName } from './binding.ts'
import { FieldError, quote } from './field.ts'
import { readCsv } from './import/csv-file.ts'
import type { ImportError } from './import/error.ts'
import { ImportFileError } from './import/file-error.ts'
import type { FileLimits } from './import/file-error.ts'
import { canonicalUsername } from './username.ts'

/** A row that can be read; `line` as a text editor counts, the header is 1. */
export type RebindRow = { line: number; username: string; parts: Partial<Binding> }

const columns = {
  nas_group: 'group',
  interface: 'interface',
  port: 'port',
  s_vlan: 's-vlan',
  c_vlan: 'c-vlan',
  circuit_id: 'circuit-id',
} as const satisfies Record<string, PartName>

type Column = keyof typeof columns | 'username'

/** The rows, and every error by line. Does not throw for what stands in the file. */
export async function readRebindFile(
  source: AsyncIterable<Uint8Array>,
  limits: FileLimits,
  groups: Groups,
): Promise<{ rows: RebindRow[]; errors: ImportError[] }> {
  const rows: RebindRow[] = []
  const errors: ImportError[] = []
  const lines = new Map<string, number>()
  let header: Column[] | undefined
  try {
    await readCsv(source, limits, (line, cells) => {
      if (header === undefined) {
        header = readHeader(cells)
        return
      }
      const row = readRow(header, line, cells, { groups, errors })
      const earlier = lines.get(row.username)
      if (row.username === '') errors.push({ line, field: 'username', reason: 'is empty' })
      else if (earlier !== undefined) {
        errors.push({ line, field: 'username', reason: `${quote(row.username)} is in line ${earlier} already` })
      } else rows.push(row)
      lines.set(row.username, earlier ?? line)
    })
    if (header === undefined) throw new ImportFileError(1, 'the file is empty: the first line names the columns')
  } catch (error) {
    if (!(error instanceof ImportFileError)) throw error
    return { rows: [], errors: [{ line: error.line, field: 'file', reason: error.message }] }
  }
  return { rows, errors }
}

function readHeader(cells: readonly string[]): Column[] {
  const names = cells.map((cell) => cell.trim().toLowerCase())
  const isColumn = (name: string): name is Column => name === 'username' || Object.hasOwn(columns, name)
  const header = names.filter(isColumn)
  const unknown = names.filter((name) => !isColumn(name))
  if (unknown.length > 0) {
    const known = ['username', ...Object.keys(columns)].join(', ')
    throw new ImportFileError(1, `no such column: ${unknown.map(quote).join(', ')}; there are ${known}`)
  }
  if (new Set(header).size < header.length) throw new ImportFileError(1, 'the header names a column twice')
  if (!header.includes('username')) throw new ImportFileError(1, 'the header lacks username')
  if (header.length === 1) throw new ImportFileError(1, 'the header names no part that could change')
  return header
}

function readRow(
  header: readonly Column[],
  line: number,
  cells: readonly string[],
  { groups, errors }: { groups: Groups; errors: ImportError[] },
): RebindRow {
  const row: RebindRow = { line, username: '', parts: {} }
  if (cells.length !== header.length) {
    errors.push({ line, field: 'row', reason: `has ${cells.length} cells, the header has ${header.length}` })
  }
  for (const [at, column] of header.entries()) {
    const cell = (cells[at] ?? '').trim()
    if (column === 'username') row.username = canonicalUsername(cell)
    else if (cell !== '') {
      try {
        Object.assign(row.parts, readPart(columns[column], column, cell === '-' ? '' : cell, groups))
      } catch (error) {
        if (!(error instanceof FieldError)) throw error
        errors.push({ line, field: error.field, reason: error.reason })
      }
    }
  }
  return row
}

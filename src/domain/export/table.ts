// A table on its way into a file: its columns, its rows in batches as text, and what a file of either format is called.

/** `number`: written without protection, and as a number in a spreadsheet. Everything else is text. */
export type CellKind = 'text' | 'number'

export type TableColumn = {
  /** In the header row. */
  name: string
  kind: CellKind
  /** In characters, for a spreadsheet. */
  width: number
}

/** There is no value, where an empty cell would say that none is named. */
export const none: unique symbol = Symbol('none')

/** One value for each column; null is an empty cell. */
export type TableValue = string | null | typeof none
export type TableRow = readonly TableValue[]

export type Table = {
  columns: readonly TableColumn[]
  batches: AsyncIterable<readonly TableRow[]>
}

export const fileFormats = ['csv', 'xlsx'] as const
export type FileFormat = (typeof fileFormats)[number]

/** Content types by format (RFC 7111; ECMA-376). */
export const contentTypes: Readonly<Record<FileFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}

/** The name of a file made at an instant: `gatehouse-subscribers-2026-11-22T120000Z.csv`. Nothing that anybody typed is in it. */
export function fileName(noun: string, format: FileFormat, now: Date): string {
  const at = now.toISOString().replaceAll(':', '').slice(0, 17)
  return `gatehouse-${noun.replaceAll(/[^a-z0-9-]/g, '-')}-${at}Z.${format}`
}

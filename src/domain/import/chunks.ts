// The rows of a file below its header, in chunks of one size, each read while the one before it is worked on.

import { ImportFileError } from './file-error.ts'
import type { FileLimits, FileRow } from './file-error.ts'
import type { RowSource } from './source.ts'

/** The first row of the file. Throws ImportFileError where there is none. */
export async function readHeaderRow(source: RowSource, limits: FileLimits): Promise<string[]> {
  for await (const rows of source.rows(limits)) {
    if (rows[0] !== undefined) return rows[0].cells
  }
  throw new ImportFileError(1, 'the file is empty: the first line names the columns')
}

/** The other rows. Of a spreadsheet (`width`) rows end with their last cell that is not empty. */
export async function* readChunks(
  source: RowSource,
  limits: FileLimits,
  options: { size: number; width?: number | undefined },
): AsyncGenerator<FileRow[]> {
  let chunk: FileRow[] = []
  let isHeader = true
  for await (const rows of source.rows(limits)) {
    for (const row of rows) {
      if (isHeader) {
        isHeader = false
        continue
      }
      chunk.push(options.width === undefined ? row : padded(row, options.width))
      if (chunk.length < options.size) continue
      yield chunk
      chunk = []
    }
  }
  if (chunk.length > 0) yield chunk
}

function padded({ line, cells }: FileRow, width: number): FileRow {
  const kept = cells.slice(0, Math.max(width, cells.findLastIndex((cell) => cell !== '') + 1))
  while (kept.length < width) kept.push('')
  return { line, cells: kept }
}

/** The same one after the other, with the next already on its way: it is read while the database is busy with this one. */
export async function* readAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  const ask = (): Promise<IteratorResult<T>> => {
    const next = source.next()
    // Told where it is awaited.
    next.catch(() => undefined)
    return next
  }
  let next = ask()
  try {
    for (;;) {
      const result = await next
      if (result.done === true) return
      next = ask()
      yield result.value
    }
  } finally {
    await source.return(undefined)
  }
}

// What is wrong with a file as a whole, rather than with one row of it.

/** The file itself cannot be read as what it says it is, or is larger than allowed. */
export class ImportFileError extends Error {
  override readonly name = 'ImportFileError'
  readonly line: number

  constructor(line: number, reason: string) {
    super(reason)
    this.line = line
  }
}

export type FileLimits = { maximumRows: number; maximumOctets: number }

/** A row as it stands: its first line in the file (1 is the header), or its row in a sheet, and its cells. */
export type FileRow = { line: number; cells: string[] }

/** No record of ours is longer; a quote that is never closed would swallow the file. */
export const maximumRecord = 64 * 1024

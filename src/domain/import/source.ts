// A file of subscribers as rows, read as often as is needed: once to check, once to write, so that memory does not grow with it.

import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { detectEncoding } from './encoding.ts'
import type { Encoding } from './encoding.ts'
import { csvRows } from './csv-file.ts'
import { ImportFileError } from './file-error.ts'
import type { FileLimits, FileRow } from './file-error.ts'
import { xlsxRows } from './xlsx-file.ts'

export type RowSource = {
  /** Not UTF-8 as it should be. */
  encoding?: Encoding
  /** The rows that are not empty, the header first. Throws ImportFileError. */
  rows(limits: FileLimits): AsyncGenerator<FileRow[]>
}

/** What was sent to us, gathered in memory up to the limit. Throws ImportFileError. */
export async function sourceOfStream(stream: AsyncIterable<Uint8Array>, limits: FileLimits): Promise<RowSource> {
  const chunks: Uint8Array[] = []
  let octets = 0
  for await (const chunk of stream) {
    octets += chunk.length
    if (octets > limits.maximumOctets) throw tooManyOctets(limits)
    chunks.push(chunk)
  }
  return csvSource(() => again(chunks))
}

/** A file that lies on this machine. */
export async function sourceOfFile(path: string, format: 'csv' | 'xlsx'): Promise<RowSource> {
  if (format === 'csv') return csvSource(() => createReadStream(path))
  return {
    async *rows(limits) {
      const file = await open(path)
      try {
        yield* xlsxRows(file, limits)
      } finally {
        await file.close()
      }
    },
  }
}

/** The error of a file that is larger than it may be. */
export function tooManyOctets({ maximumOctets }: FileLimits): ImportFileError {
  return new ImportFileError(1, `the file has more than ${Math.floor(maximumOctets / 1e6)} MB`)
}

async function csvSource(read: () => AsyncIterable<Uint8Array>): Promise<RowSource> {
  const encoding = await detectEncoding(read())
  return { encoding, rows: (limits) => csvRows(read(), limits, encoding) }
}

async function* again(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

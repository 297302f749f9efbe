// In which encoding a text file is: what its byte order mark says, else UTF-8 where all of it is that, else Windows-1252, as
// spreadsheets of the western world save "CSV" without asking.

import { TextDecoder } from 'node:util'

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/** The encoding of a file; reads all of it where it has no byte order mark. */
export async function detectEncoding(source: AsyncIterable<Uint8Array>): Promise<Encoding> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let start = Buffer.alloc(0)
  let isUtf8 = true
  for await (const chunk of source) {
    if (start.length < 3) {
      start = Buffer.concat([start, chunk.subarray(0, 3)])
      const marked = start.length < 2 ? undefined : encodingOfMark(start)
      if (marked !== undefined) return marked
    }
    isUtf8 = isUtf8 && decodes(decoder, chunk)
    // Half a byte order mark is no UTF-8 either.
    if (!isUtf8 && start.length >= 2) return 'windows-1252'
  }
  return isUtf8 && decodes(decoder, undefined) ? 'utf-8' : 'windows-1252'
}

function encodingOfMark([first, second]: Uint8Array): Encoding | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return undefined
}

function decodes(decoder: TextDecoder, chunk: Uint8Array | undefined): boolean {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined })
    return true
  } catch {
    return false
  }
}

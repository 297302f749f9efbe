// Takes a file that is sent, into the folder of files under a name of our own, counting while it comes: a file that is too large
// is broken off, not stored.

import { createHash, randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ImportFileError } from './file-error.ts'
import type { ReceivedFile } from './run.ts'
import { tooManyOctets } from './source.ts'

/** Stores what comes. Throws ImportFileError where it is too large or empty; then nothing is left of it. */
export async function receiveFile(
  stream: AsyncIterable<Uint8Array>,
  input: { folder: string; format: 'csv' | 'xlsx'; maximumOctets: number },
): Promise<ReceivedFile> {
  const { folder, format, maximumOctets } = input
  // Nothing that the sender says is in the name (W33).
  const name = `import-${randomUUID()}.${format}`
  const path = join(folder, name)
  const hash = createHash('sha256')
  let octets = 0
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      octets += chunk.length
      if (octets > maximumOctets) throw tooManyOctets({ maximumOctets, maximumRows: 0 })
      hash.update(chunk)
      yield chunk
    }
  }
  // Open before anything can fail: a stream that opens it by itself may make it after it was removed.
  const file = await open(path, 'wx', 0o600)
  try {
    await pipeline(stream, counted, file.createWriteStream())
    if (octets === 0) throw new ImportFileError(1, 'the file is empty')
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
  return { name, format, octets, hash: hash.digest() }
}

/** Removes a file of ours; one that is gone is fine. */
export async function removeFile(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true })
}

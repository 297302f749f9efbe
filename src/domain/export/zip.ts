// A zip archive written as a stream (APPNOTE 6.3.10): each entry deflated while its size is not known yet, its sizes behind it in
// a data descriptor (§4.3.9), the directory at the end. No ZIP64: what outgrows 4 GiB is refused.

import { crc32, createDeflateRaw } from 'node:zlib'
import type { DeflateRaw } from 'node:zlib'

/** The archive or one entry of it would outgrow what a plain zip can say. */
export class ZipTooLargeError extends Error {
  override readonly name = 'ZipTooLargeError'

  constructor() {
    super('the file would have more than 4 GiB: ask for fewer columns, or for CSV')
  }
}

const largest = 0xffff_ffff
/** Deflated (§4.4.5), sizes in a descriptor and names in UTF-8 (§4.4.4), version 2.0 (§4.4.3). */
const flags = 0x0808
const method = 8
const version = 20
/** 1980-01-01: the same content gives the same file. */
const dosDate = 0x21

type Entry = { name: string; crc: number; packed: number; size: number; offset: number }

export type ZipWriter = {
  /** Begins an entry; the one before must have ended. */
  begin(name: string): Buffer
  /** Takes text of the entry, and gives what has been deflated meanwhile. */
  write(text: string): Promise<Buffer[]>
  /** Ends the entry. */
  end(): Promise<Buffer[]>
  /** The directory. */
  finish(): Buffer
  /** Octets of the entry so far, not deflated. */
  size(): number
  /** Frees what a broken off entry holds. */
  destroy(): void
}

/** Makes a writer. Throws ZipTooLargeError from `end` and `finish`. */
export function createZipWriter(): ZipWriter {
  const entries: Entry[] = []
  let offset = 0
  let entry: Entry | undefined
  let deflating: Deflating | undefined
  const put = (octets: Buffer): Buffer => {
    offset += octets.length
    return octets
  }
  const putPacked = (chunks: Buffer[]): Buffer[] => {
    for (const chunk of chunks) entry!.packed += chunk.length
    return chunks.map(put)
  }
  return {
    begin(name) {
      entry = { name, crc: 0, packed: 0, size: 0, offset }
      deflating = createDeflating()
      return put(localHeader(name))
    },
    async write(text) {
      const octets = Buffer.from(text)
      entry!.crc = crc32(octets, entry!.crc)
      entry!.size += octets.length
      return putPacked(await deflating!.write(octets))
    },
    async end() {
      const chunks = putPacked(await deflating!.end())
      if (entry!.size > largest || offset > largest) throw new ZipTooLargeError()
      entries.push(entry!)
      return [...chunks, put(descriptor(entry!))]
    },
    finish() {
      const directory = Buffer.concat(entries.map(directoryHeader))
      if (offset + directory.length > largest) throw new ZipTooLargeError()
      return Buffer.concat([directory, endOfDirectory(entries.length, directory.length, offset)])
    },
    size: () => entry?.size ?? 0,
    destroy: () => deflating?.destroy(),
  }
}

type Deflating = { write(octets: Buffer): Promise<Buffer[]>; end(): Promise<Buffer[]>; destroy(): void }

/** zlib in its own thread: while it packs one piece the next is made, and no more than one piece waits. */
function createDeflating(): Deflating {
  const stream: DeflateRaw = createDeflateRaw({ level: 1, memLevel: 9, chunkSize: 256 * 1024 })
  let packed: Buffer[] = []
  let failure: Error | undefined
  let before: Promise<void> = Promise.resolve()
  stream.on('data', (chunk: Buffer) => packed.push(chunk))
  stream.on('error', (error) => (failure = error))
  const take = (): Buffer[] => {
    if (failure !== undefined) throw failure
    const taken = packed
    packed = []
    return taken
  }
  return {
    async write(octets) {
      await before
      before = new Promise((resolve) => stream.write(octets, () => resolve()))
      return take()
    },
    async end() {
      await before
      await new Promise<void>((resolve) => {
        stream.once('end', resolve).once('close', resolve)
        stream.end()
      })
      return take()
    },
    destroy: () => stream.destroy(),
  }
}

/** §4.3.7. */
function localHeader(name: string): Buffer {
  const octets = Buffer.from(name)
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x0403_4b50, 0)
  header.writeUInt16LE(version, 4)
  header.writeUInt16LE(flags, 6)
  header.writeUInt16LE(method, 8)
  header.writeUInt16LE(dosDate, 12)
  header.writeUInt16LE(octets.length, 26)
  return Buffer.concat([header, octets])
}

/** §4.3.9. */
function descriptor({ crc, packed, size }: Entry): Buffer {
  const octets = Buffer.alloc(16)
  octets.writeUInt32LE(0x0807_4b50, 0)
  octets.writeUInt32LE(crc, 4)
  octets.writeUInt32LE(packed, 8)
  octets.writeUInt32LE(size, 12)
  return octets
}

/** §4.3.12. */
function directoryHeader(entry: Entry): Buffer {
  const name = Buffer.from(entry.name)
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x0201_4b50, 0)
  header.writeUInt16LE(version, 4)
  header.writeUInt16LE(version, 6)
  header.writeUInt16LE(flags, 8)
  header.writeUInt16LE(method, 10)
  header.writeUInt16LE(dosDate, 14)
  header.writeUInt32LE(entry.crc, 16)
  header.writeUInt32LE(entry.packed, 20)
  header.writeUInt32LE(entry.size, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt32LE(entry.offset, 42)
  return Buffer.concat([header, name])
}

/** §4.3.16. */
function endOfDirectory(count: number, length: number, offset: number): Buffer {
  const octets = Buffer.alloc(22)
  octets.writeUInt32LE(0x0605_4b50, 0)
  octets.writeUInt16LE(count, 8)
  octets.writeUInt16LE(count, 10)
  octets.writeUInt32LE(length, 12)
  octets.writeUInt32LE(offset, 16)
  return octets
}

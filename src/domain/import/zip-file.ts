// Reads entries of a zip archive in a file, trusting nothing that it says of itself (APPNOTE 6.3.10): the directory is checked
// before anything is unpacked, what is unpacked is counted while it comes, and entries are found by name, never written by it.

import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { ImportFileError } from './file-error.ts'

export type ZipLimits = {
  /** Octets of all entries together that may be unpacked. */
  maximumUnpacked: number
}

export type ZipFile = {
  has(name: string): boolean
  /** The unpacked octets of an entry. Throws ImportFileError where it is damaged or is more than it says, or than allowed. */
  entry(name: string): AsyncGenerator<Buffer>
}

type Entry = { name: string; method: number; packed: number; size: number; offset: number; end: number }

const maximumEntries = 1_000
const maximumDirectory = 1_000_000
const endLength = 22
/** The comment behind the directory may have so many octets (§4.3.16). */
const longestComment = 65_535
const localLength = 30
const pieceLength = 64 * 1024
const stored = 0
const deflated = 8

/** Opens an archive. Throws ImportFileError for what is none, or is not to be unpacked. */
export async function openZip(file: FileHandle, limits: ZipLimits): Promise<ZipFile> {
  const { size } = await file.stat()
  const directory = await readDirectory(file, size)
  const entries = readEntries(directory.octets, directory.count, directory.offset)
  const declared = entries.reduce((sum, entry) => sum + entry.size, 0)
  if (declared > limits.maximumUnpacked) throw tooLarge(limits)
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  if (byName.size < entries.length) throw broken('two entries have one name')
  const budget = { left: limits.maximumUnpacked }
  return {
    has: (name) => byName.has(name),
    async *entry(name) {
      const found = byName.get(name)
      if (found === undefined) throw broken('a part of it is missing')
      let left = found.size
      for await (const chunk of unpack(file, found)) {
        left -= chunk.length
        budget.left -= chunk.length
        // Whatever the directory said (W29).
        if (left < 0) throw broken('an entry is larger than it says')
        if (budget.left < 0) throw tooLarge(limits)
        yield chunk
      }
      if (left !== 0) throw broken('an entry is shorter than it says')
    },
  }
}

function broken(why: string): ImportFileError {
  return new ImportFileError(1, `the file is no spreadsheet that can be read: ${why}`)
}

function tooLarge({ maximumUnpacked }: ZipLimits): ImportFileError {
  return new ImportFileError(1, `the file has more than ${Math.floor(maximumUnpacked / 1e6)} MB when it is unpacked`)
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const octets = Buffer.alloc(length)
  const { bytesRead } = await file.read(octets, 0, length, position)
  if (bytesRead < length) throw broken('it is cut off')
  return octets
}

/** §4.3.16: the end of the directory is in the last octets of the file. */
async function readDirectory(file: FileHandle, size: number) {
  if (size < endLength) throw broken('it is too short')
  const length = Math.min(size, endLength + longestComment)
  const tail = await read(file, size - length, length)
  const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  if (at === -1 || at + endLength > tail.length) throw broken('it has no directory')
  const count = tail.readUInt16LE(at + 10)
  const octets = tail.readUInt32LE(at + 12)
  const offset = tail.readUInt32LE(at + 16)
  if (tail.readUInt16LE(at + 4) !== 0 || tail.readUInt16LE(at + 8) !== count) throw broken('it has several parts')
  // ZIP64 says so by the largest number, which is beyond these limits anyway.
  if (count > maximumEntries || octets > maximumDirectory) throw broken('it has too many entries')
  if (offset + octets > size - length + at) throw broken('its directory is elsewhere')
  return { octets: await read(file, offset, octets), count, offset }
}

/** §4.3.12; no entry may reach into another or into the directory. */
function readEntries(octets: Buffer, count: number, directoryOffset: number): Entry[] {
  const entries: Entry[] = []
  let at = 0
  for (let number = 0; number < count; number += 1) {
    if (at + 46 > octets.length || octets.readUInt32LE(at) !== 0x0201_4b50) throw broken('its directory is damaged')
    const nameLength = octets.readUInt16LE(at + 28)
    const entry = {
      name: octets.toString('utf8', at + 46, at + 46 + nameLength),
      method: octets.readUInt16LE(at + 10),
      packed: octets.readUInt32LE(at + 20),
      size: octets.readUInt32LE(at + 24),
      offset: octets.readUInt32LE(at + 42),
      end: directoryOffset,
    }
    if ((octets.readUInt16LE(at + 8) & 1) !== 0) throw broken('it is encrypted')
    if (entry.method !== stored && entry.method !== deflated)
      throw broken('it is packed in a way that is not known here')
    entries.push(entry)
    at += 46 + nameLength + octets.readUInt16LE(at + 30) + octets.readUInt16LE(at + 32)
  }
  const sorted = entries.toSorted((one, other) => one.offset - other.offset)
  for (const [index, entry] of sorted.entries()) {
    entry.end = sorted[index + 1]?.offset ?? directoryOffset
    if (entry.offset + localLength + entry.packed > entry.end) throw broken('its entries overlap')
  }
  return entries
}

async function* unpack(file: FileHandle, entry: Entry): AsyncGenerator<Buffer> {
  const header = await read(file, entry.offset, localLength)
  if (header.readUInt32LE(0) !== 0x0403_4b50) throw broken('an entry is not where it should be')
  const start = entry.offset + localLength + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (start + entry.packed > entry.end) throw broken('its entries overlap')
  if (entry.packed === 0) return
  const packed = readRange(file, start, entry.packed)
  if (entry.method === stored) {
    yield* packed
    return
  }
  const inflate = createInflateRaw({ chunkSize: pieceLength })
  const source = Readable.from(packed)
  source.on('error', (error) => inflate.destroy(error))
  try {
    for await (const chunk of source.pipe(inflate)) yield chunk as Buffer
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw broken('it is damaged')
    throw error
  } finally {
    source.destroy()
    inflate.destroy()
  }
}

async function* readRange(file: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < length; at += pieceLength) {
    yield await read(file, start + at, Math.min(pieceLength, length - at))
  }
}

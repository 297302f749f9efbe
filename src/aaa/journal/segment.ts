// One segment: a file whose room was really written when it was made, so that a full disk is met then and not when a NAS waits.
// Two copies of the header, a page apart, hold the id without which no record could be told from noise; then come records.

import { randomBytes } from 'node:crypto'
import * as path from 'node:path'
import { crc32 } from 'node:zlib'
import type { JournalFile, JournalFiles } from './files.ts'
import { readWindow, segmentKey } from './record.ts'
import type { Found, SegmentKey } from './record.ts'

/** Where the first record begins. */
export const dataStart = 8_192
const headerCopies = [0, 4_096]
const magic = Buffer.from('GHACCT\r\n')
const version = 1
const headerOctets = 40
const page = 4_096
/** Room is written, and segments are searched, in pieces of this size. */
const pieceOctets = 1 << 20

/** Sequences from one to another, both included. */
export type Range = { readonly from: bigint; readonly to: bigint }

/** A place to begin reading at. */
export type Waypoint = { readonly sequence: bigint; readonly at: number; readonly receivedAt: Date }
/** Every so many records. */
const waypointEvery = 64n

/** What is known of a segment. `last` is first - 1 while it has no record; `end` is where its durable records end. */
export type Segment = {
  path: string
  readonly first: bigint
  /** undefined: both copies of the header are damaged, nothing can be read. */
  readonly key: SegmentKey | undefined
  last: bigint
  end: number
  readonly waypoints: Waypoint[]
  missing: Range[]
  damaged: boolean
  /** Monotonic time at which all of it was done. */
  drainedAt: number | undefined
}

const nameEnding = '.segment'
const damagedEnding = '.damaged'
export const blankEnding = '.blank'

/** The name of the segment that begins with this sequence. They sort in order. */
export function segmentName(first: bigint): string {
  return `${String(first).padStart(20, '0')}${nameEnding}`
}

/** Which sequence the name says, and whether it is one that was found damaged; undefined: not a segment. */
export function parseSegmentName(name: string): { first: bigint; damaged: boolean } | undefined {
  const [, digits, ending] = /^(\d{20})\.segment(\.damaged)?$/.exec(name) ?? []
  return digits === undefined ? undefined : { first: BigInt(digits), damaged: ending !== undefined }
}

/** The name under which a damaged segment is kept. */
export function damagedName(name: string): string {
  return name.endsWith(damagedEnding) ? name : `${name}${damagedEnding}`
}

/** Makes a file whose whole room is on the disk. Leaves nothing behind when that fails. */
export async function makeBlank(files: JournalFiles, name: string, octets: number): Promise<JournalFile> {
  const file = await files.create(name)
  try {
    const zeros = Buffer.alloc(Math.min(pieceOctets, octets))
    for (let at = 0; at < octets; at += zeros.length) {
      await file.write(zeros.subarray(0, Math.min(zeros.length, octets - at)), at)
      // Piece by piece: what the disk gets at once would hold up the records that others sync meanwhile.
      await file.sync()
    }
    return file
  } catch (error) {
    await file.close().catch(() => undefined)
    await files.remove(name).catch(() => undefined)
    throw error
  }
}

/** Makes a blank file the segment that begins with `first`: header, then its name, both on the disk before a record is written. */
export async function beginSegment(
  files: JournalFiles,
  blank: { readonly file: JournalFile; readonly path: string },
  first: bigint,
): Promise<{ segment: Segment; key: SegmentKey }> {
  const id = randomBytes(16)
  const header = encodeHeader(first, id)
  for (const at of headerCopies) await blank.file.write(header, at)
  await blank.file.sync()
  const directory = path.dirname(blank.path)
  const name = path.join(directory, segmentName(first))
  await files.rename(blank.path, name)
  await files.syncDirectory(directory)
  const key = segmentKey(id)
  return { segment: newSegment(name, first, key, false), key }
}

/** A segment of which no record is known yet. */
export function newSegment(name: string, first: bigint, key: SegmentKey | undefined, damaged: boolean): Segment {
  const nothing = { waypoints: [], missing: [], drainedAt: undefined }
  return { path: name, first, key, last: first - 1n, end: dataStart, damaged, ...nothing }
}

function encodeHeader(first: bigint, id: Buffer): Buffer {
  const header = Buffer.alloc(headerOctets)
  magic.copy(header)
  header.writeUInt32LE(version, 8)
  header.writeBigUInt64LE(first, 12)
  id.copy(header, 20)
  header.writeUInt32LE(crc32(header.subarray(0, 36)), 36)
  return header
}

/** What the header says; `whole` is false when one of its two copies does not verify, undefined is given when none does. */
export async function readHeader(
  file: JournalFile,
): Promise<{ first: bigint; key: SegmentKey; whole: boolean } | undefined> {
  const copies = await Promise.all(
    headerCopies.map(async (at) => decodeHeader(await readAround(file, at, headerOctets))),
  )
  const good = copies.find((copy) => copy !== undefined)
  if (good === undefined) return undefined
  return { first: good.first, key: segmentKey(good.id), whole: copies.every((copy) => copy?.id.equals(good.id)) }
}

function decodeHeader(octets: Buffer): { first: bigint; id: Buffer } | undefined {
  if (octets.length < headerOctets || !octets.subarray(0, magic.length).equals(magic)) return undefined
  if (octets.readUInt32LE(8) !== version || octets.readUInt32LE(36) !== crc32(octets.subarray(0, 36))) return undefined
  return { first: octets.readBigUInt64LE(12), id: octets.subarray(20, 36) }
}

/** Every record between two offsets of the file that verifies, window by window. Ends at the end of the file. */
export async function* walkRecords(
  file: JournalFile,
  key: SegmentKey,
  bounds: { readonly from: number; readonly to: number; readonly windowOctets?: number },
): AsyncGenerator<Found[]> {
  const { from, to, windowOctets = pieceOctets } = bounds
  for (let at = from; at < to;) {
    const wanted = Math.min(windowOctets, to - at)
    const octets = await readAround(file, at, wanted)
    const last = octets.length < wanted || at + wanted === to
    const { found, next } = readWindow(octets, at, last, key)
    if (found.length > 0) yield found
    if (last) return
    at = next
  }
}

/** Reads octets; a page that the disk cannot read any more comes as zeros, so that what lies around it is still had. */
async function readAround(file: JournalFile, at: number, wanted: number): Promise<Buffer> {
  const octets = Buffer.alloc(wanted)
  try {
    return octets.subarray(0, await file.read(octets, at))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error
  }
  let have = 0
  for (let from = 0; from < wanted; from += page) {
    const piece = octets.subarray(from, Math.min(wanted, from + page))
    try {
      have = from + (await file.read(piece, at + from))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error
      piece.fill(0)
      have = from + piece.length
    }
    if (have < from + piece.length) break
  }
  return octets.subarray(0, have)
}

/** How many octets lie between `from` and the last one of the file that is not zero. */
export async function usedAfter(file: JournalFile, from: number): Promise<number> {
  const size = await file.size()
  let used = 0
  for (let at = from; at < size; at += pieceOctets) {
    const octets = await readAround(file, at, Math.min(pieceOctets, size - at))
    const end = octets.findLastIndex((octet) => octet !== 0)
    if (end >= 0) used = at + end + 1 - from
  }
  return used
}

/** Remembers every so many records where one begins. */
export function noteWaypoint({ waypoints }: Segment, here: Waypoint): void {
  const before = waypoints.at(-1)
  if (before === undefined || here.sequence >= before.sequence + waypointEvery) waypoints.push(here)
}

/** How many sequences the ranges hold beyond `after`. */
export function countBeyond(ranges: readonly Range[], after: bigint): bigint {
  return ranges.reduce((sum, { from, to }) => {
    const start = from > after ? from : after + 1n
    return to < start ? sum : sum + to - start + 1n
  }, 0n)
}

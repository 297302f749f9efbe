// What a directory holds after whatever happened: a clean end, kill -9 at any moment, power loss, rot. A tail that was cut was
// never acknowledged and is left alone in silence; a record that is missing although something proves that it had been on the disk
// is told of, and its file is put aside under another name, from which all other records are still read.

import * as path from 'node:path'
import type { JournalFile, JournalFiles } from './files.ts'
import type { JournalTrouble } from './journal.ts'
import type { Progress } from './mark.ts'
import { putAside } from './put-aside.ts'
import type { Found } from './record.ts'
import {
  blankEnding,
  countBeyond,
  dataStart,
  newSegment,
  noteWaypoint,
  parseSegmentName,
  readHeader,
  usedAfter,
  walkRecords,
} from './segment.ts'
import type { Segment } from './segment.ts'

export type Recovered = {
  /** In order; all of them closed. */
  readonly segments: Segment[]
  /** No record with this sequence or a later one was ever acknowledged. */
  readonly next: bigint
  readonly done: bigint
}

export type RecoverOptions = {
  readonly files: JournalFiles
  readonly directory: string
  readonly progress: Progress
  onTrouble(trouble: JournalTrouble): void
}

/** Reads all segments of a directory that this process holds. Throws only where the file system refuses as a whole. */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { files, directory, progress } = options
  const names = await files.list(directory)
  for (const name of names) if (name.endsWith(blankEnding)) await files.remove(path.join(directory, name))
  const present = names
    .flatMap((name) => ({ name, ...parseSegmentName(name) }))
    .flatMap(({ name, first, damaged }) => (first === undefined ? [] : [{ name, first, damaged: damaged === true }]))
    .toSorted((one, other) => Number(one.first - other.first) || Number(other.damaged) - Number(one.damaged))

  const segments: Segment[] = []
  for (const [at, { name, first, damaged }] of present.entries()) {
    const bound = present[at + 1]?.first
    const segment = await recoverOne(options, { name: path.join(directory, name), first, damaged, bound })
    if (segment !== undefined) segments.push(segment)
  }
  const known = segments.at(-1)?.last ?? 0n
  const next = [known, progress.done, progress.written].reduce((most, each) => (each > most ? each : most)) + 1n
  return { segments, next, done: lostInFront(options, segments[0]?.first ?? next) }
}

/** Segments that somebody took away before they were replayed. Returns what counts as done. */
function lostInFront({ directory, progress, onTrouble }: RecoverOptions, first: bigint): bigint {
  const lost = first - 1n - progress.done
  // Without a mark nothing says that there was something in front.
  if (lost <= 0n || progress.written === 0n) return progress.done
  onTrouble({ kind: 'damaged', file: directory, records: Number(lost), octets: 0 })
  return first - 1n
}

type Present = { name: string; first: bigint; damaged: boolean; bound: bigint | undefined }

async function recoverOne(options: RecoverOptions, present: Present): Promise<Segment | undefined> {
  const { files, directory, progress, onTrouble } = options
  const file = await files.open(present.name)
  try {
    const drained = await glanceAt(file, present, progress)
    if (drained !== undefined) return drained
    const { segment, lostOctets, headerWhole, unreadable } = await countRecords(file, present, progress)
    const lost = Number(countBeyond(segment.missing, progress.done))
    const empty = segment.last < segment.first
    if ((segment.last > progress.done || unreadable) && (lost > 0 || !headerWhole)) {
      await putAside(options, segment)
      // One that holds nothing to replay was told of when it got its name.
      if (!empty || !present.damaged) {
        onTrouble({ kind: 'damaged', file: segment.path, records: lost, octets: lostOctets })
      }
    }
    if (empty && !segment.damaged) {
      await files.remove(segment.path)
      await files.syncDirectory(directory)
    }
    // What a killed process had written and not synced is taken for what it looks like, so it must get to the disk now.
    if (!empty && present.bound === undefined) await syncOrTell(file, segment.path, onTrouble)
    return empty ? undefined : segment
  } finally {
    await file.close()
  }
}

/** Enough for the longest record. */
const glanceOctets = 64 * 1024

/**
 * A segment of which all is done, that another one follows, by its first record alone; undefined: it must be read. To read all that
 * is kept for the case of a promotion would make each start of a process that dies often slower than the one before. What is
 * missing in it is found where it is offered again.
 */
async function glanceAt(
  file: JournalFile,
  { name, first, damaged, bound }: Present,
  { done }: Progress,
): Promise<Segment | undefined> {
  if (bound === undefined || bound - 1n > done || bound === first || damaged) return undefined
  const header = await readHeader(file)
  if (header?.whole !== true || header.first !== first) return undefined
  const end = await file.size()
  const bounds = { from: dataStart, to: end, windowOctets: glanceOctets }
  for await (const [found] of walkRecords(file, header.key, bounds)) {
    if (found?.record.sequence !== first) return undefined
    const segment = newSegment(name, first, header.key, false)
    noteWaypoint(segment, { sequence: first, at: found.at, receivedAt: found.record.receivedAt })
    return Object.assign(segment, { last: bound - 1n, end })
  }
  return undefined
}

async function syncOrTell(file: JournalFile, name: string, onTrouble: RecoverOptions['onTrouble']): Promise<void> {
  try {
    await file.sync()
  } catch (error) {
    onTrouble({ kind: 'write-failed', file: name, error })
  }
}

/** `unreadable`: there is something in it, and nothing says how many records. */
type Counted = { segment: Segment; lostOctets: number; headerWhole: boolean; unreadable: boolean }

async function countRecords(file: JournalFile, present: Present, { written }: Progress): Promise<Counted> {
  const { first, bound } = present
  const header = await readHeader(file)
  const segment = newSegment(present.name, first, header?.key, present.damaged)
  const counted = {
    segment,
    lostOctets: 0,
    headerWhole: header?.whole === true && header.first === first,
    unreadable: false,
  }
  const size = await file.size()
  if (header !== undefined) {
    for await (const window of walkRecords(file, header.key, { from: dataStart, to: size })) {
      for (const found of window) count(counted, found, bound)
    }
  }
  // The next segment was begun when all that belongs into this one was on the disk.
  const proven = bound === undefined ? written : bound - 1n
  if (proven > segment.last || header === undefined) counted.lostOctets += await usedAfter(file, segment.end)
  counted.unreadable = header === undefined && bound === undefined && counted.lostOctets > 0
  if (proven > segment.last) {
    segment.missing.push({ from: segment.last + 1n, to: proven })
    segment.last = proven
    segment.end = size
  }
  return counted
}

function count(counted: Counted, { record, at, next }: Found, bound: bigint | undefined): void {
  const { segment } = counted
  const { sequence, receivedAt } = record
  // Those from the bound on were written again to the next segment, after an error in this one.
  if (sequence <= segment.last || (bound !== undefined && sequence >= bound)) return
  if (sequence > segment.last + 1n) {
    segment.missing.push({ from: segment.last + 1n, to: sequence - 1n })
    counted.lostOctets += at - segment.end
  }
  noteWaypoint(segment, { sequence, at, receivedAt })
  segment.last = sequence
  segment.end = next
}

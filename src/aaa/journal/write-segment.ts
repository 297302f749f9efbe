// The segment that is written. One in which a write or an fdatasync failed is never written again: the kernel may have dropped the
// pages and would say yes the next time. What comes then goes to a fresh one, whose first sequence says where the old one ends.

import * as path from 'node:path'
import { failPoint } from '../../fail-points.ts'
import { dispose } from './blanks.ts'
import type { Blanks } from './blanks.ts'
import { JournalFullError } from './errors.ts'
import type { JournalFile, JournalFiles } from './files.ts'
import type { JournalTrouble, NewRecord } from './journal.ts'
import { writeRecord } from './record.ts'
import type { SegmentKey } from './record.ts'
import { beginSegment, noteWaypoint, segmentName } from './segment.ts'
import type { Segment } from './segment.ts'
import type { Keeper, Shelf } from './shelf.ts'

/** One write and one fdatasync take so much at most: the last of a long queue does not wait for all of it. */
const groupOctets = 1 << 20

export type Sized = { readonly record: NewRecord; readonly octets: number }

export type SegmentWriter = {
  /**
   * Puts as many of the records as fit, at least one, on the disk; how many. Throws JournalFullError where there is no room, and
   * what the file system said where it failed: then none of them is durable.
   */
  put(records: readonly Sized[]): Promise<number>
  close(): Promise<void>
}

export type SegmentWriterOptions = {
  readonly files: JournalFiles
  readonly directory: string
  readonly segmentOctets: number
  readonly shelf: Shelf
  readonly keeper: Keeper
  readonly blanks: Blanks
  onTrouble(trouble: JournalTrouble): void
}

type Active = { readonly file: JournalFile; readonly segment: Segment; readonly key: SegmentKey }

/** Writes to the segments of a shelf, after all that it has. */
export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { directory, shelf, keeper, blanks, segmentOctets } = options
  const buffer = Buffer.allocUnsafe(Math.min(groupOctets, segmentOctets))
  let active: Active | undefined

  const leave = async (): Promise<void> => {
    const file = active?.file
    active = undefined
    shelf.active = undefined
    // It was synced, or is not trusted any more: nothing is lost by an error here.
    await file?.close().catch(() => undefined)
  }
  const failed = (file: string, error: unknown): void => {
    if (!shelf.failing) options.onTrouble({ kind: 'write-failed', file, error })
    shelf.failing = true
  }
  const activeWithRoom = async (octets: number): Promise<Active> => {
    if (active !== undefined && active.segment.end + octets <= segmentOctets) return active
    await leave()
    try {
      active = await begin(options)
      return active
    } catch (error) {
      if (!(error instanceof JournalFullError)) failed(directory, error)
      throw error
    }
  }

  return {
    async put(records) {
      const { file, segment, key } = await activeWithRoom(records[0]!.octets)
      const group = encodeGroup(buffer, records, { room: segmentOctets - segment.end, after: segment.last, key })
      try {
        await file.write(buffer.subarray(0, group.octets), segment.end)
        await failPoint('journal_before_fsync')
        await file.sync()
      } catch (error) {
        failed(segment.path, error)
        await leave()
        if (segment.last < segment.first) await keeper.discard(segment)
        throw error
      }
      shelf.failing = false
      advance(shelf, segment, { ...group, receivedAt: records[0]!.record.receivedAt })
      keeper.look()
      return group.count
    },
    async close() {
      await leave()
      await blanks.close()
    },
  }
}

async function begin({ files, directory, shelf, blanks }: SegmentWriterOptions): Promise<Active> {
  const blank = await blanks.take()
  const first = shelf.durable + 1n
  try {
    const { segment, key } = await beginSegment(files, blank, first)
    shelf.segments.push(segment)
    shelf.active = segment
    shelf.full = undefined
    blanks.prepare()
    return { file: blank.file, segment, key }
  } catch (error) {
    await dispose(files, blank.file, [blank.path, path.join(directory, segmentName(first))])
    throw error
  }
}

type Group = { readonly count: number; readonly octets: number }

function advance(shelf: Shelf, segment: Segment, { count, octets, receivedAt }: Group & { receivedAt: Date }): void {
  noteWaypoint(segment, { sequence: segment.last + 1n, at: segment.end, receivedAt })
  segment.last += BigInt(count)
  segment.end += octets
  shelf.durable = segment.last
}

type Place = { readonly room: number; readonly after: bigint; readonly key: SegmentKey }

function encodeGroup(buffer: Buffer, records: readonly Sized[], { room, after, key }: Place): Group {
  const limit = Math.min(room, buffer.length)
  let [count, octets] = [0, 0]
  for (const { record, octets: size } of records) {
    if (octets + size > limit) break
    count += 1
    octets = writeRecord(buffer, octets, { ...record, sequence: after + BigInt(count) }, key)
  }
  return { count, octets }
}

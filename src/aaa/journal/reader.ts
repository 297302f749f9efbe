// Reads records that are not done, in order, from the segments that hold them. Rot that came after the journal was opened is found
// here: the file is put aside, told of, and everything else in it is still read.

import type { JournalFile, JournalFiles } from './files.ts'
import type { JournalRecord, JournalTrouble } from './journal.ts'
import { putAside } from './put-aside.ts'
import { usedAfter, walkRecords } from './segment.ts'
import type { Range, Segment } from './segment.ts'

/** About what a batch of replay takes. */
const windowOctets = 256 * 1024

export type ReaderOptions = { readonly files: JournalFiles; onTrouble(trouble: JournalTrouble): void }

/** The records of these segments with a sequence of `from` or later, at most `maximum`. */
export async function readRecords(
  options: ReaderOptions,
  segments: readonly Segment[],
  from: bigint,
  maximum: number,
): Promise<JournalRecord[]> {
  const records: JournalRecord[] = []
  // A list of our own: while we wait for the disk, drained segments may be taken from the front of theirs.
  for (const segment of segments.filter(({ last, key }) => last >= from && key !== undefined)) {
    if (records.length >= maximum) break
    await readSegment(options, segment, { from, maximum, records })
  }
  return records
}

type Reading = { readonly from: bigint; readonly maximum: number; readonly records: JournalRecord[] }

async function readSegment({ files, onTrouble }: ReaderOptions, segment: Segment, reading: Reading): Promise<void> {
  const file = await files.open(segment.path)
  try {
    const { gaps, lostOctets } = await collect(file, segment, reading)
    const lost = gaps.reduce((sum, { from, to }) => sum + Number(to - from) + 1, 0)
    if (lost === 0) return
    segment.missing.push(...gaps)
    await putAside({ files, onTrouble }, segment)
    onTrouble({ kind: 'damaged', file: segment.path, records: lost, octets: lostOctets })
  } finally {
    await file.close()
  }
}

type Collected = { readonly gaps: Range[]; readonly lostOctets: number }

async function collect(file: JournalFile, segment: Segment, { from, maximum, records }: Reading): Promise<Collected> {
  const { key, last, end, missing } = segment
  const start = segment.waypoints.findLast(({ sequence }) => sequence <= from) ?? segment.waypoints[0]
  const gaps: Range[] = []
  let lostOctets = 0
  if (key === undefined || start === undefined) return { gaps, lostOctets }
  let expected = start.sequence
  let at = start.at
  const arriveAt = (sequence: bigint, place: number): void => {
    const unknown = without({ from: expected, to: sequence - 1n }, missing)
    if (unknown.length > 0) lostOctets += place - at
    gaps.push(...unknown)
  }
  for await (const window of walkRecords(file, key, { from: start.at, to: end, windowOctets })) {
    for (const { record, at: place, next } of window) {
      if (record.sequence < expected || record.sequence > last) continue
      arriveAt(record.sequence, place)
      expected = record.sequence + 1n
      at = next
      if (record.sequence >= from) records.push(record)
      if (records.length >= maximum) return { gaps, lostOctets }
    }
  }
  if (expected <= last) arriveAt(last + 1n, Math.min(end, at + (await usedAfter(file, at))))
  return { gaps, lostOctets }
}

/** The parts of a range that are in none of the others. */
function without(range: Range, others: readonly Range[]): Range[] {
  if (range.from > range.to) return []
  const other = others.find(({ from, to }) => from <= range.to && to >= range.from)
  if (other === undefined) return [range]
  const [before, after] = [
    { from: range.from, to: other.from - 1n },
    { from: other.to + 1n, to: range.to },
  ]
  return [...without(before, others), ...without(after, others)]
}

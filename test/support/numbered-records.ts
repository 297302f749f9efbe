// Journal records of which everything follows from their number, so that a test knows one again wherever it comes from.

import type { JournalRecord, NewRecord } from '../../src/aaa/journal/journal.ts'

/** The smallest that is allowed. */
export const smallSegment = 64 * 1024
export const journalStart = new Date('2026-11-22T20:00:00.000Z')

/** The n-th record: everything in it follows from the number. */
export function numbered(n: number, octets = 100): NewRecord {
  const packet = Buffer.alloc(octets, n % 251)
  packet.writeUInt32BE(n, 0)
  const username = n % 7 === 0 ? undefined : `subscriber-${n}`
  return { receivedAt: new Date(journalStart.getTime() + n), nasId: BigInt(n % 13), username, packet }
}

/** Which numbers these records have. Throws if one is not as `numbered` made it. */
export function numbersOf(records: readonly JournalRecord[]): number[] {
  return records.map(({ sequence, ...record }) => {
    const n = record.packet.readUInt32BE(0)
    const made = numbered(n, record.packet.length)
    const same =
      made.packet.equals(record.packet) &&
      made.username === record.username &&
      made.nasId === record.nasId &&
      made.receivedAt.getTime() === record.receivedAt.getTime()
    if (!same) throw new Error(`record ${sequence} is not number ${n} as it was made`)
    return n
  })
}

/** The whole numbers from one to another, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

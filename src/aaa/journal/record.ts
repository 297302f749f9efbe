// One journal record as octets, and back. The reader takes whatever a disk may hold: it never throws, and what does not verify is
// no record.

import { crc32 } from 'node:zlib'
import { maximumLength } from '../../radius/packet.ts'
import { JournalRecordError } from './errors.ts'
import type { JournalRecord, NewRecord } from './journal.ts'

// marker (4) | checksum (4) | length of all (4) | sequence (8) | received, ms (8) | NAS id (8) |
// length of username (2, 65535: none) | username | packet. Numbers are little-endian.
//
// The checksum is CRC-32, which Node has, over all behind it. It starts from the segment's random id, and so does the marker:
// nobody outside knows them, so a NAS cannot send a packet that would be taken for a record when a damaged segment is searched.
const headOctets = 38
const covered = 8
const maximumUsername = 1_024
const noUsername = 0xffff
/** How many octets the longest record has. */
export const maximumRecordOctets: number = headOctets + maximumUsername + maximumLength

/** What the records of one segment are marked and checked with. */
export type SegmentKey = { readonly marker: Buffer; readonly seed: number }

/** The key of a segment, from the 16 octets of its id. */
export function segmentKey(id: Buffer): SegmentKey {
  return { marker: id.subarray(0, 4), seed: crc32(id) }
}

/** How many octets the record will take. Throws JournalRecordError that names the field. */
export function recordOctets({ username, packet, nasId }: NewRecord): number {
  const name = username === undefined ? 0 : Buffer.byteLength(username)
  if (name > maximumUsername) throw new JournalRecordError(`username has ${name} octets: ${maximumUsername} at most`)
  if (packet.length > maximumLength) {
    throw new JournalRecordError(`packet has ${packet.length} octets: ${maximumLength} at most`)
  }
  if (BigInt.asIntN(64, nasId) !== nasId) throw new JournalRecordError('nasId is out of range')
  return headOctets + name + packet.length
}

/** Writes the record at `at`; returns where the next one begins. The target has room for it (`recordOctets`). */
export function writeRecord(target: Buffer, at: number, record: JournalRecord, key: SegmentKey): number {
  const { username, packet } = record
  const name = username === undefined ? 0 : target.write(username, at + headOctets)
  const next = at + headOctets + name + packet.length
  key.marker.copy(target, at)
  target.writeUInt32LE(next - at, at + 8)
  target.writeBigUInt64LE(record.sequence, at + 12)
  target.writeBigInt64LE(BigInt(record.receivedAt.getTime()), at + 20)
  target.writeBigInt64LE(record.nasId, at + 28)
  target.writeUInt16LE(username === undefined ? noUsername : name, at + 36)
  packet.copy(target, at + headOctets + name)
  target.writeUInt32LE(crc32(target.subarray(at + covered, next), key.seed), at + 4)
  return next
}

/** A record that verified, where it was, and where the next one should be. */
export type Found = { readonly record: JournalRecord; readonly at: number; readonly next: number }

/** Reads the record that begins at `at`; undefined: there is none, or not all of it. The packet is a copy. Never throws. */
export function readRecord(octets: Buffer, at: number, key: SegmentKey): Found | undefined {
  if (at + headOctets > octets.length) return undefined
  if (key.marker.compare(octets, at, at + 4) !== 0) return undefined
  const length = octets.readUInt32LE(at + 8)
  const next = at + length
  if (length < headOctets || length > maximumRecordOctets || next > octets.length) return undefined
  if (crc32(octets.subarray(at + covered, next), key.seed) !== octets.readUInt32LE(at + 4)) return undefined
  const named = octets.readUInt16LE(at + 36)
  const packetAt = at + headOctets + (named === noUsername ? 0 : named)
  // Cannot be in what we wrote; a checksum that holds by chance must not make a record out of nothing.
  if (packetAt > next) return undefined
  const record = {
    sequence: octets.readBigUInt64LE(at + 12),
    receivedAt: new Date(Number(octets.readBigInt64LE(at + 20))),
    nasId: octets.readBigInt64LE(at + 28),
    username: named === noUsername ? undefined : octets.toString('utf8', at + headOctets, packetAt),
    packet: Buffer.from(octets.subarray(packetAt, next)),
  }
  return { record, at, next }
}

/** The records in a window of a segment, and where the next window begins. */
export type WindowRead = { readonly found: Found[]; readonly next: number }

/**
 * Finds every record in `octets`; where one does not verify, the next that does is searched. `base` is where the window lies in its
 * file; unless it is the `last`, a record that may reach beyond its end is left to the next one. Linear in the octets as long as
 * the marker is not known to who wrote them. Never throws.
 */
export function readWindow(octets: Buffer, base: number, last: boolean, key: SegmentKey): WindowRead {
  const found: Found[] = []
  const until = last ? octets.length : octets.length - maximumRecordOctets
  let at = 0
  while (at < until) {
    const here = readRecord(octets, at, key)
    if (here === undefined) {
      const candidate = octets.indexOf(key.marker, at + 1)
      at = candidate === -1 ? Math.max(at + 1, octets.length - key.marker.length + 1) : candidate
    } else {
      found.push({ ...here, at: base + here.at, next: base + here.next })
      at = here.next
    }
  }
  return { found, next: base + at }
}

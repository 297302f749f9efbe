// The snapshot on the disk of this instance, so that it can start while Postgres is away. Written beside and renamed into place,
// read as a whole or not at all: every part is sealed for its place in exactly this file, and the last one says that it is the last.
//
// Layout: magic (8 octets) | length of the head (4) | head, JSON in the clear: form, file, data keys wrapped by the key file
//   | parts, each: kind (1 octet: 1 records, 2 end) | length (4) | sealed
// Records inside a part: length (4) | octets. The end: v8.serialize of SnapshotEnd. All numbers little-endian.

import { createHash, randomBytes } from 'node:crypto'
import * as fs from 'node:fs/promises'
import * as path from 'node:path'
import { deserialize, serialize } from 'node:v8'
import type { Mark } from '../../domain/change-log.ts'
import { openLocal, sealLocal } from '../../domain/data-key.ts'
import type { DataKeyRow, Keyring, Place } from '../../domain/data-key.ts'
import type { House } from '../../domain/house.ts'
import { snapshotLayout } from '../../domain/snapshot-rows.ts'
import type { SnapshotPlans } from '../../domain/snapshot-rows.ts'

const magic = Buffer.from('GHSNAP\0\x01')
/** What comes beside the records. */
export type SnapshotEnd = {
  /** Undefined in a file of a process that never read it. */
  readonly house: House | undefined
  readonly plans: SnapshotPlans
  /** Everything that changed after it may be missing. */
  readonly mark: Mark
  readonly seenAt: Date
  readonly subscribers: number
}

type Head = { layout: string; file: string; keys: { id: number; wrapped: string; print: string; retired: boolean }[] }
const kinds = { records: 1, end: 2 } as const
/** Records are gathered up to this length, so that memory stays flat. */
const partOctets = 256 * 1024
const longestHead = 1024 * 1024
const longestPart = 256 * 1024 * 1024

/** A file that is not to be read: damaged, cut, of another installation or of a release that wrote other rows. */
export class SnapshotFileError extends Error {
  override name = 'SnapshotFileError'
}

type Written = { keyring: Keyring; dataKeys: readonly DataKeyRow[]; records: Iterable<Buffer>; end: SnapshotEnd }

/**
 * Writes a new file in place of the old one; the old one stays until the new one is on the disk. `end` is made for what was true
 * when the writing began, its count of subscribers apart. Throws what the file system throws.
 */
export async function writeSnapshotFile(file: string, { keyring, dataKeys, records, end }: Written): Promise<void> {
  const temporary = temporaryOf(file)
  const head = Buffer.from(JSON.stringify(headOf(dataKeys)))
  const handle = await fs.open(temporary, 'w', 0o600)
  try {
    // Not `write`, which may write a part only.
    await handle.appendFile(Buffer.concat([magic, uint32(head.length), head]))
    let [number, subscribers] = [0, 0]
    const seal = (kind: keyof typeof kinds, octets: Buffer): Promise<unknown> => {
      const sealed = sealLocal(keyring, placeOf(head, number++, kind), octets)
      return handle.appendFile(Buffer.concat([Buffer.of(kinds[kind]), uint32(sealed.length), sealed]))
    }
    let [part, length] = [[] as Buffer[], 0]
    for (const record of records) {
      // A copy: the store may move it while a part is on its way.
      part.push(uint32(record.length), Buffer.from(record))
      length += record.length
      subscribers += 1
      if (length < partOctets) continue
      await seal('records', Buffer.concat(part))
      part = []
      length = 0
    }
    if (part.length > 0) await seal('records', Buffer.concat(part))
    await seal('end', serialize({ ...end, subscribers }))
    await handle.sync()
  } catch (error) {
    // It may have filled the disk, which is the accounting journal's too.
    await handle.truncate(0).catch(() => undefined)
    throw error
  } finally {
    await handle.close()
  }
  await fs.rename(temporary, file)
  await syncDirectory(path.dirname(file))
}

function temporaryOf(file: string): string {
  return `${file}.tmp`
}

/** Removes what was written of one when its process was killed. */
export function removeUnfinished(file: string): Promise<void> {
  return fs.rm(temporaryOf(file), { force: true })
}

/**
 * Reads a file; each record is given to `keep`, valid until it returns. What was kept must be thrown away when this throws:
 * SnapshotFileError, what `openKeys` throws, or what the file system throws (ENOENT: there is none).
 */
export async function readSnapshotFile(
  file: string,
  openKeys: (rows: DataKeyRow[]) => Keyring,
  keep: (record: Buffer) => void,
): Promise<{ keyring: Keyring; end: SnapshotEnd }> {
  const handle = await fs.open(file, 'r')
  try {
    const read = createReader(handle)
    if (!(await read(magic.length)).equals(magic)) throw new SnapshotFileError('it is no snapshot of this release')
    const head = await read(await readLength(read, longestHead))
    const keyring = openKeys(readHead(head))
    let subscribers = 0
    for (let number = 0; ; number++) {
      const kind = kindOf(await read(1))
      const octets = openPart(keyring, placeOf(head, number, kind), await read(await readLength(read, longestPart)))
      if (kind === 'records') {
        subscribers += keepRecords(octets, keep)
        continue
      }
      const end = deserialize(octets) as SnapshotEnd
      if (end.subscribers !== subscribers) throw new SnapshotFileError('it does not hold what its end says')
      if ((await handle.read(Buffer.alloc(1), 0, 1)).bytesRead > 0) {
        throw new SnapshotFileError('something stands behind its end')
      }
      return { keyring, end }
    }
  } finally {
    await handle.close()
  }
}

/** Another file each time: parts of one do not open in the other. */
function headOf(dataKeys: readonly DataKeyRow[]): Head {
  return {
    layout: snapshotLayout,
    file: randomBytes(16).toString('hex'),
    keys: dataKeys.map((row) => ({
      id: row.id,
      wrapped: row.wrapped.toString('base64'),
      print: row.key_fingerprint.toString('base64'),
      retired: row.retired_at !== null,
    })),
  }
}

function readHead(octets: Buffer): DataKeyRow[] {
  let head: Head
  try {
    head = JSON.parse(octets.toString()) as Head
    if (head.layout === snapshotLayout) return head.keys.map(readKey)
  } catch (cause) {
    throw new SnapshotFileError('its head is damaged', { cause })
  }
  throw new SnapshotFileError('it was written by another release')
}

function readKey({ id, wrapped, print, retired }: Head['keys'][number]): DataKeyRow {
  return {
    id,
    wrapped: Buffer.from(wrapped, 'base64'),
    key_fingerprint: Buffer.from(print, 'base64'),
    retired_at: retired ? new Date(0) : null,
  }
}

/** The head is part of every place: with another head no part opens. */
function placeOf(head: Buffer, number: number, kind: string): Place {
  return { table: 'snapshot', row: `${createHash('sha256').update(head).digest('hex')}/${number}`, column: kind }
}

function kindOf([octet]: Buffer): keyof typeof kinds {
  if (octet === kinds.records) return 'records'
  if (octet === kinds.end) return 'end'
  throw new SnapshotFileError('a kind of part in it is damaged')
}

function openPart(keyring: Keyring, place: Place, sealed: Buffer): Buffer {
  try {
    return openLocal(keyring, place, sealed)
  } catch (cause) {
    throw new SnapshotFileError('a part of it cannot be opened', { cause })
  }
}

function keepRecords(octets: Buffer, keep: (record: Buffer) => void): number {
  let [at, count] = [0, 0]
  for (; at < octets.length; count++) {
    const start = at + 4
    at = start + octets.readUInt32LE(at)
    keep(octets.subarray(start, at))
  }
  return count
}

type Read = (length: number) => Promise<Buffer>

function createReader(handle: fs.FileHandle): Read {
  return async (length) => {
    const octets = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await handle.read(octets, filled, length - filled)
      if (bytesRead === 0) throw new SnapshotFileError('it is cut')
      filled += bytesRead
    }
    return octets
  }
}

/** A length that no file of ours has would only take memory. */
async function readLength(read: Read, longest: number): Promise<number> {
  const length = (await read(4)).readUInt32LE()
  if (length > longest) throw new SnapshotFileError('a length in it is damaged')
  return length
}

function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32LE(value)
  return octets
}

/** The new name too must survive a power cut. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

// How far the journal was replayed, in a file of two slots that are written in turn: a write that is cut leaves the other. A mark
// that is lost or old does no harm, for what is replayed twice changes nothing; so it is the only state that may be lost.

import * as path from 'node:path'
import { crc32 } from 'node:zlib'
import type { JournalFile, JournalFiles } from './files.ts'
import { createQueue } from './one-at-a-time.ts'

/** `done`: committed in Postgres through here. `written`: the journal had durable records through here when this was said. */
export type Progress = { readonly done: bigint; readonly written: bigint }

export type Mark = {
  /** Has room on the disk for what will be written: without it nothing may be taken, for it could never be called done. */
  prepare(): Promise<void>
  /** Resolves when it is on the disk. */
  write(progress: Progress): Promise<void>
  close(): Promise<void>
}

const fileName = 'progress'
const magic = 0x4b_52_41_4d
const slotOctets = 32
/** In different pages, so that one torn page cannot take both. */
const slots = [0, 4_096] as const
const fileOctets = 8_192

/** Opens the mark of a directory and says what it holds; nothing is known: zeros. */
export async function openMark(files: JournalFiles, directory: string): Promise<{ mark: Mark; progress: Progress }> {
  const name = path.join(directory, fileName)
  const present = await openPresent(files, name)
  const { generation: newest, progress } = present?.slot ?? nothing
  let generation = newest
  // One that is there is written on: on a full disk no other could be made.
  let file = present?.file
  let last = progress

  const remake = async (octets: Buffer, slot: number): Promise<void> => {
    const fresh = `${name}.new`
    await files.remove(fresh)
    const made = await files.create(fresh)
    try {
      const whole = Buffer.alloc(fileOctets)
      octets.copy(whole, slot)
      await made.write(whole, 0)
      await made.sync()
      await files.rename(fresh, name)
      await files.syncDirectory(directory)
    } catch (error) {
      await made.close().catch(() => undefined)
      throw error
    }
    file = made
  }

  const write = async (next: Progress): Promise<void> => {
    generation += 1n
    last = next
    const octets = encodeSlot(generation, next)
    const slot = slots[Number(generation % 2n)]!
    // Also after an error: an fdatasync that failed is never asked again of the same file.
    if (file === undefined) return remake(octets, slot)
    const current = file
    try {
      await current.write(octets, slot)
      await current.sync()
    } catch (error) {
      file = undefined
      await current.close().catch(() => undefined)
      throw error
    }
  }
  const prepare = async (): Promise<void> => {
    if (file === undefined) await write(last)
  }
  // Who prepares a segment and who marks progress know nothing of each other.
  const oneAtATime = createQueue()
  const mark = {
    prepare: () => oneAtATime(prepare),
    write: (next: Progress) => oneAtATime(() => write(next)),
    close: () => oneAtATime(async () => file?.close()),
  }
  return { mark, progress }
}

function encodeSlot(generation: bigint, { done, written }: Progress): Buffer {
  const octets = Buffer.alloc(slotOctets)
  octets.writeUInt32LE(magic, 0)
  octets.writeBigUInt64LE(generation, 8)
  octets.writeBigUInt64LE(done, 16)
  octets.writeBigUInt64LE(written, 24)
  octets.writeUInt32LE(crc32(octets.subarray(8)), 4)
  return octets
}

type Slot = { readonly generation: bigint; readonly progress: Progress }

const nothing: Slot = { generation: 0n, progress: { done: 0n, written: 0n } }

/** The file with what it says; undefined if there is none that says anything. */
async function openPresent(files: JournalFiles, name: string): Promise<{ file: JournalFile; slot: Slot } | undefined> {
  let file: JournalFile | undefined
  try {
    file = await files.open(name)
    const octets = Buffer.alloc(fileOctets)
    const whole = (await file.read(octets, 0)) === fileOctets
    const good = slots.map((at) => decodeSlot(octets, at)).filter((slot) => slot !== undefined)
    const slot = good.reduce((best, one) => (one.generation > best.generation ? one : best), nothing)
    if (whole && good.length > 0) return { file, slot }
  } catch (error) {
    // Unreadable is as good as lost: everything that is kept is offered again.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EIO') throw error
  }
  await file?.close()
  return undefined
}

function decodeSlot(octets: Buffer, at: number): Slot | undefined {
  const slot = octets.subarray(at, at + slotOctets)
  if (slot.readUInt32LE(0) !== magic || slot.readUInt32LE(4) !== crc32(slot.subarray(8))) return undefined
  const progress = { done: slot.readBigUInt64LE(16), written: slot.readBigUInt64LE(24) }
  return { generation: slot.readBigUInt64LE(8), progress }
}

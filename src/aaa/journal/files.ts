// What the journal asks of the file system, and nothing else: a test can put another in its place and let it fail.

import * as fs from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

export type JournalFile = {
  /** Writes all of the octets at this offset. */
  write(octets: Uint8Array, at: number): Promise<void>
  /** fdatasync. After an error the file must not be trusted with anything new: the kernel may have dropped the pages. */
  sync(): Promise<void>
  /** Fills the target from this offset; how many octets there were. */
  read(target: Uint8Array, at: number): Promise<number>
  size(): Promise<number>
  /** Lets go what lies beyond so many octets. */
  truncate(octets: number): Promise<void>
  close(): Promise<void>
}

export type JournalFiles = {
  /** A file that was not there, mode 0600. */
  create(path: string): Promise<JournalFile>
  /** For reading and writing. */
  open(path: string): Promise<JournalFile>
  /** Names in a directory, in no order. */
  list(directory: string): Promise<string[]>
  /** Takes the place of what had the name. */
  rename(from: string, to: string): Promise<void>
  /** Fine if it is gone already. */
  remove(path: string): Promise<void>
  /** Names that were made, changed or removed are on the disk. */
  syncDirectory(directory: string): Promise<void>
  makeDirectory(directory: string): Promise<void>
}

/** The real file system. */
export const nodeFiles: JournalFiles = {
  create: async (path) => fileOf(await fs.open(path, 'wx+', 0o600)),
  open: async (path) => fileOf(await fs.open(path, 'r+')),
  list: (directory) => fs.readdir(directory),
  rename: fs.rename,
  remove: (path) => fs.rm(path, { force: true }),
  async syncDirectory(directory) {
    const handle = await fs.open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  async makeDirectory(directory) {
    await fs.mkdir(directory, { recursive: true, mode: 0o700 })
  },
}

function fileOf(handle: FileHandle): JournalFile {
  return {
    async write(octets, at) {
      // write(2) may take less than all, above all on a disk that is nearly full.
      for (let written = 0; written < octets.length;) {
        written += (await handle.write(octets, written, octets.length - written, at + written)).bytesWritten
      }
    },
    sync: () => handle.datasync(),
    async read(target, at) {
      let have = 0
      while (have < target.length) {
        const { bytesRead } = await handle.read(target, have, target.length - have, at + have)
        if (bytesRead === 0) break
        have += bytesRead
      }
      return have
    },
    size: async () => (await handle.stat()).size,
    truncate: (octets) => handle.truncate(octets),
    close: () => handle.close(),
  }
}

/** Whether the disk or the quota is used up. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

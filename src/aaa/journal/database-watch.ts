// Which database has what the journal called done. Another one (a standby that was promoted, a backup that was put in its place) may
// lack what was committed last; so it is kept beside the journal, for that may happen while this process is not there.

import * as path from 'node:path'
import type { JournalFiles } from './files.ts'
import { createQueue } from './one-at-a-time.ts'

/** The name of the file in the directory of the journal. */
export const databaseFile = 'database'
/** A system identifier and a timeline are shorter. */
const mostOctets = 256

export type DatabaseWatch = {
  /** To be called every few seconds. */
  look(): Promise<void>
  /** Resolves when the look that is under way has ended. */
  settled(): Promise<void>
}

export type DatabaseWatchOptions = {
  readonly files: JournalFiles
  readonly directory: string
  /** Undefined while nobody knows. */
  database(): string | undefined
  /** True when what is kept is offered again, durably; false: not now. */
  onOther(): Promise<boolean>
  /** The file could not be written: it is tried again. */
  onTrouble(error: unknown): void
}

/** Reads which one it was. A file that cannot be read is none: then only another one after this one is noticed. */
export async function watchDatabase(options: DatabaseWatchOptions): Promise<DatabaseWatch> {
  const { files, directory } = options
  const file = path.join(directory, databaseFile)
  let written = await read(files, file)
  let current = written
  let seen: string | undefined
  let pending = 0
  let settled: Promise<void> = Promise.resolve()
  const oneAtATime = createQueue()
  const follow = async (found: string): Promise<void> => {
    if (current !== undefined && found !== current && !(await options.onOther())) return
    current = found
    if (written !== found) await write(files, directory, file, found)
    written = found
  }
  return {
    // Compared at once: what it was between two looks that overlap must not be overlooked.
    look() {
      const found = options.database()
      if (found === undefined || (found === seen && (pending > 0 || found === written))) return settled
      seen = found
      pending += 1
      settled = oneAtATime(() => follow(found))
        .catch(options.onTrouble)
        .finally(() => (pending -= 1))
      return settled
    },
    settled: () => settled,
  }
}

async function read(files: JournalFiles, name: string): Promise<string | undefined> {
  try {
    const file = await files.open(name)
    try {
      const octets = Buffer.alloc(mostOctets)
      const text = octets.subarray(0, await file.read(octets, 0)).toString()
      return text.endsWith('\n') ? text.slice(0, -1) : undefined
    } finally {
      await file.close()
    }
  } catch {
    return undefined
  }
}

async function write(files: JournalFiles, directory: string, name: string, database: string): Promise<void> {
  const fresh = `${name}.new`
  await files.remove(fresh)
  const file = await files.create(fresh)
  try {
    await file.write(Buffer.from(`${database}\n`), 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await files.rename(fresh, name)
  await files.syncDirectory(directory)
}

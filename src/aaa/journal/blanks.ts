// One blank segment ahead, made in the background, so that no append waits for its room to be written.

import * as path from 'node:path'
import { JournalFullError } from './errors.ts'
import { isDiskFull } from './files.ts'
import type { JournalFile, JournalFiles } from './files.ts'
import type { Mark } from './mark.ts'
import { createQueue } from './one-at-a-time.ts'
import { blankEnding, makeBlank } from './segment.ts'
import type { Keeper, Shelf } from './shelf.ts'

/** A page, as it is in a blank segment. */
const noOctets = Buffer.alloc(4_096)

export type Blank = { readonly file: JournalFile; readonly path: string }

export type Blanks = {
  /** The next one. Throws JournalFullError when there is no room for it (and the shelf says so), or what the file system said. */
  take(): Promise<Blank>
  /** Has one made. Why that may fail is told when it is needed. */
  prepare(): void
  /** Whether the disk takes a next one, asked by writing to it: false where it is full or refuses. Never rejects. */
  check(): Promise<boolean>
  /** Gives its room back to the disk; false: there is none. */
  giveUp(): Promise<boolean>
  close(): Promise<void>
}

export type BlanksOptions = {
  readonly files: JournalFiles
  readonly directory: string
  readonly segmentOctets: number
  readonly maximumSegments: number
  readonly shelf: Shelf
  readonly keeper: Keeper
  readonly mark: Mark
}

/** Makes blank segments within the cap; drained segments that are only kept for a while give way to them. */
export function createBlanks(options: BlanksOptions): Blanks {
  const { files, shelf, keeper } = options
  const make = createMaker(options)
  let ready: Promise<Blank | undefined> | undefined

  const give = async (): Promise<Blank> => {
    try {
      const prepared = await ready
      ready = undefined
      return prepared ?? (await make())
    } catch (error) {
      if (error instanceof JournalFullError) shelf.full = error.because
      keeper.look()
      throw error
    }
  }
  // While `ready` is set nobody else makes one: it is cleared last.
  const giveUp = async (): Promise<boolean> => {
    if (ready === undefined) return false
    const blank = await ready
    if (blank !== undefined) await dispose(files, blank.file, [blank.path])
    ready = undefined
    return blank !== undefined
  }
  const check = async (): Promise<boolean> => {
    try {
      const prepared = ready === undefined ? undefined : await ready
      // One that was ready says nothing of the disk of today. The header comes to this place when it is taken.
      if (prepared !== undefined) await touch(prepared.file)
      else await remake()
      return true
    } catch (error) {
      await giveUp()
      return error instanceof JournalFullError && error.because === 'cap'
    }
  }
  const remake = async (): Promise<void> => {
    const making = make()
    ready = making.catch(() => undefined)
    await making
  }
  // Nobody may take one that is being asked about or given up.
  const oneAtATime = createQueue()
  return {
    take: () => oneAtATime(give),
    prepare() {
      ready ??= make().catch(() => undefined)
    },
    check: () => oneAtATime(check),
    giveUp: () => oneAtATime(giveUp),
    close: async () => void (await oneAtATime(giveUp)),
  }
}

/** Makes one, whatever has to give way to it. Throws JournalFullError, or what the file system said. */
function createMaker(options: BlanksOptions): () => Promise<Blank> {
  const { files, directory, segmentOctets, maximumSegments, shelf, keeper, mark } = options
  const name = path.join(directory, `next${blankEnding}`)
  return async () => {
    while (shelf.segments.length >= maximumSegments) {
      if (!(await keeper.evict())) throw new JournalFullError('cap')
    }
    for (;;) {
      try {
        await mark.prepare()
        await files.remove(name)
        return { file: await makeBlank(files, name, segmentOctets), path: name }
      } catch (error) {
        if (!isDiskFull(error)) throw error
        if (!(await keeper.evict())) throw new JournalFullError('disk', { cause: error })
      }
    }
  }
}

async function touch(file: JournalFile): Promise<void> {
  await file.write(noOctets, 0)
  await file.sync()
}

/** Gives up a file and the names that it may have. */
export async function dispose(files: JournalFiles, file: JournalFile, names: string[]): Promise<void> {
  await file.close().catch(() => undefined)
  for (const name of names) await files.remove(name).catch(() => undefined)
}

// One blank segment ahead, made in the background, so that no append waits for its room to be written.

import * as path from 'node:path'
import { JournalFullError } from './errors.ts'
import { isDiskFull } from './files.ts'
import type { JournalFile, JournalFiles } from './files.ts'
import type { Mark } from './mark.ts'
import { blankEnding, makeBlank } from './segment.ts'
import type { Keeper, Shelf } from './shelf.ts'

export type Blank = { readonly file: JournalFile; readonly path: string }

export type Blanks = {
  /** The next one. Throws JournalFullError when there is no room for it (and the shelf says so), or what the file system said. */
  take(): Promise<Blank>
  /** Has one made. Why that may fail is told when it is needed. */
  prepare(): void
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
  const { files, directory, segmentOctets, maximumSegments, shelf, keeper, mark } = options
  const name = path.join(directory, `next${blankEnding}`)
  let ready: Promise<Blank | undefined> | undefined

  const make = async (): Promise<Blank> => {
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
  return {
    async take() {
      const prepared = await ready
      ready = undefined
      try {
        return prepared ?? (await make())
      } catch (error) {
        if (error instanceof JournalFullError) shelf.full = error.because
        keeper.look()
        throw error
      }
    },
    prepare() {
      ready ??= make().catch(() => undefined)
    },
    async close() {
      const blank = await ready
      if (blank !== undefined) await dispose(files, blank.file, [blank.path])
    },
  }
}

/** Gives up a file and the names that it may have. */
export async function dispose(files: JournalFiles, file: JournalFile, names: string[]): Promise<void> {
  await file.close().catch(() => undefined)
  for (const name of names) await files.remove(name).catch(() => undefined)
}

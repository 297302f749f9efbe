// A damaged segment gets another name: by that it is told from the others, and never removed by us.

import * as path from 'node:path'
import type { JournalFiles } from './files.ts'
import type { JournalTrouble } from './journal.ts'
import { damagedName } from './segment.ts'
import type { Segment } from './segment.ts'

export type PutAsideOptions = { readonly files: JournalFiles; onTrouble(trouble: JournalTrouble): void }

/**
 * Renames the file of a segment. Never rejects: a disk that refuses that must not keep the loss from being told, nor the rest of
 * the file from being read. The file has its old name then, and is renamed before it would be removed, or at the next start.
 */
export async function putAside({ files, onTrouble }: PutAsideOptions, segment: Segment): Promise<void> {
  const name = damagedName(segment.path)
  segment.damaged = true
  if (name === segment.path) return
  try {
    await files.rename(segment.path, name)
    segment.path = name
    await files.syncDirectory(path.dirname(name))
  } catch (error) {
    onTrouble({ kind: 'write-failed', file: segment.path, error })
  }
}

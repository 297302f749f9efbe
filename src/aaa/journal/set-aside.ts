// Records of the journal that can never be stored, each a line of JSON in a file beside it: for a person who wants to know what was
// lost. The packet is as the journal keeps it, without secrets (strip-secrets.ts).

import { join } from 'node:path'
import type { SetAside } from '../accounting-replay.ts'
import { nodeFiles } from './files.ts'
import type { JournalFile, JournalFiles } from './files.ts'

/** The name of the file in the directory of the journal. */
export const setAsideFile = 'set-aside.jsonl'

/**
 * Appends them; they and the name of the file are on the disk when it resolves. Rejects with errors of the file system: then the
 * file is as it was, as far as the disk allows that.
 */
export async function writeSetAside(
  directory: string,
  those: readonly SetAside[],
  files: JournalFiles = nodeFiles,
): Promise<void> {
  const lines = those.map(({ record, reason }) => JSON.stringify(lineOf(record, reason)) + '\n').join('')
  const file = await openOrCreate(files, join(directory, setAsideFile))
  try {
    const size = await file.size()
    try {
      await file.write(Buffer.from((await endsInLine(file, size)) ? lines : `\n${lines}`), size)
      await file.sync()
    } catch (error) {
      await file.truncate(size).catch(() => undefined)
      throw error
    }
  } finally {
    await file.close()
  }
  await files.syncDirectory(directory)
}

async function openOrCreate(files: JournalFiles, name: string): Promise<JournalFile> {
  try {
    return await files.open(name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return files.create(name)
  }
}

/** A line that was cut, by a kill or a full disk, must not spoil the next one. */
async function endsInLine(file: JournalFile, size: number): Promise<boolean> {
  if (size === 0) return true
  const last = Buffer.alloc(1)
  await file.read(last, size - 1)
  return last.equals(newLine)
}

const newLine = Buffer.from('\n')

function lineOf(record: SetAside['record'], reason: string) {
  return {
    sequence: record.sequence.toString(),
    received_at: record.receivedAt.toISOString(),
    nas_id: record.nasId.toString(),
    username: record.username,
    reason,
    packet: record.packet.toString('hex'),
  }
}

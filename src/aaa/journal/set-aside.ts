// Records of the journal that can never be stored, each a line of JSON in a file beside it: for a person who wants to know what was
// lost. The packet is as the journal keeps it, without secrets (strip-secrets.ts).

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { SetAside } from '../accounting-replay.ts'

/** The name of the file in the directory of the journal. */
export const setAsideFile = 'set-aside.jsonl'

/** Appends them; on the disk when it resolves. Rejects with errors of the file system. */
export async function writeSetAside(directory: string, those: readonly SetAside[]): Promise<void> {
  const lines = those.map(({ record, reason }) => JSON.stringify(lineOf(record, reason)) + '\n')
  const file = await open(join(directory, setAsideFile), 'a', 0o600)
  try {
    await file.appendFile(lines.join(''))
    await file.datasync()
  } finally {
    await file.close()
  }
}

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

// Journals for tests: small ones, whose troubles are kept, and everything that is still to be replayed.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openJournal } from '../../src/aaa/journal/journal.ts'
import type { Journal, JournalOptions, JournalRecord, JournalTrouble } from '../../src/aaa/journal/journal.ts'
import { createTestClock } from '../../src/clock.ts'
import type { TestClock } from '../../src/clock.ts'
import { journalStart, numbered, smallSegment } from './numbered-records.ts'

/** A new directory for each call, removed when the file's tests have ended. */
export function useDirectories(): () => string {
  const made: string[] = []
  afterAll(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true })
  })
  return () => {
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-journal-'))
    made.push(directory)
    return directory
  }
}

export type TestJournal = { journal: Journal; troubles: JournalTrouble[]; clock: TestClock }

/** Opens a journal of small segments whose troubles are kept. */
export async function openTestJournal(directory: string, options: Partial<JournalOptions> = {}): Promise<TestJournal> {
  const clock = createTestClock(journalStart)
  const troubles: JournalTrouble[] = []
  const journal = await openJournal({
    directory,
    capOctets: 64 * smallSegment,
    segmentOctets: smallSegment,
    clock,
    onTrouble: (trouble) => troubles.push(trouble),
    ...options,
  })
  return { journal, troubles, clock }
}

/** Appends these numbers at once. */
export async function appendAll(journal: Journal, numbers: readonly number[], octets?: number): Promise<void> {
  await Promise.all(numbers.map((n) => journal.append(numbered(n, octets))))
}

/** Everything that is not done, read in batches; fails if sequences do not rise. */
export async function readAll(journal: Journal, batch = 100): Promise<JournalRecord[]> {
  const all: JournalRecord[] = []
  for (let after = 0n; ;) {
    const records = await journal.read(after, batch)
    if (records.length === 0) return all
    for (const record of records) {
      if (record.sequence <= after) throw new Error(`${record.sequence} was read after ${after}`)
      after = record.sequence
      all.push(record)
    }
  }
}

// The accounting suite runs over every place where a record may be durable (docs/decisions/0033-accounting-journal.md): what is
// acknowledged is the same, and when nothing is left in the journal so are the books.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Replayer, SetAside } from '../../src/aaa/accounting-replay.ts'
import { openJournal, type Journal } from '../../src/aaa/journal/journal.ts'
import { startReplay, type Replay } from '../../src/aaa/journal/replay.ts'
import { systemClock } from '../../src/clock.ts'
import type { Breaker } from '../../src/db/breaker.ts'
import { accountingSinks } from '../../src/domain/setting.ts'
import { createMetrics } from '../../src/metrics.ts'
import { silentLog } from './database.ts'

/** For `describe.each`. */
export const everySink = accountingSinks.map((sink) => ({ sink }))

export type TestBreaker = Breaker & { open(): void; shut(): void }

/** A breaker that the test opens and closes; work passes by it without a deadline. */
export function createTestBreaker(): TestBreaker {
  const listeners = new Set<(open: boolean) => void>()
  let isOpen = false
  const set = (open: boolean): void => {
    isOpen = open
    for (const listener of listeners) listener(open)
  }
  return {
    isOpen: () => isOpen,
    run: (work) => (isOpen ? Promise.reject(new Error('not asked')) : work()),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => listeners.clear(),
    open: () => set(true),
    shut: () => set(false),
  }
}

export type TestJournal = {
  readonly journal: Journal
  readonly breaker: TestBreaker
  readonly directory: string
  /** What the replay could never store. */
  readonly aside: SetAside[]
  readonly metrics: ReturnType<typeof createMetrics>
  replay(record: Replayer, liveWaiting?: () => number): Replay
  poke(): void
  drained(): Promise<void>
  close(): Promise<void>
}

/** A journal in a directory of its own, with small segments. */
export async function openTestJournal(): Promise<TestJournal> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-journal-'))
  const onTrouble = (): void => undefined
  const journal = await openJournal({
    directory,
    capOctets: 4 << 20,
    segmentOctets: 256 << 10,
    clock: systemClock,
    onTrouble,
  })
  const breaker = createTestBreaker()
  const aside: SetAside[] = []
  const metrics = createMetrics()
  let replay: Replay | undefined
  return {
    journal,
    breaker,
    directory,
    aside,
    metrics,
    replay(record, liveWaiting = () => 0) {
      const setAside = (those: readonly SetAside[]) => Promise.resolve(void aside.push(...those))
      const options = { journal, record, setAside, breaker, liveWaiting, clock: systemClock, log: silentLog, metrics }
      replay = startReplay(options)
      return replay
    },
    poke: () => replay?.poke(),
    drained: () => replay?.drained() ?? Promise.resolve(),
    async close() {
      await replay?.close()
      await journal.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

// The journals of a RADIUS process: its own, which is tried again where it cannot be opened (until then accounting is acknowledged by
// Postgres alone), and, for the first process of an instance, those that processes left behind which are no more: acknowledged
// records lie there, and nobody else would ever replay them.

import { readdir } from 'node:fs/promises'
import type { Replayer } from '../accounting-replay.ts'
import { findLeftBehind } from '../left-behind.ts'
import { createJournalGauges } from './gauges.ts'
import type { NewRecord } from './journal.ts'
import { catchUp, createTries, openRunningJournal } from './running.ts'
import type { CaughtUp, RunningJournal, RunningJournalOptions } from './running.ts'
import { parseSegmentName } from './segment.ts'
import { watchWaterLines } from './water-line.ts'

export type JournalsOptions = Omit<
  RunningJournalOptions,
  'signal' | 'tries' | 'cannotOpen' | 'gauges' | 'drainOnly'
> & {
  /** How many RADIUS processes the instance has; undefined: nothing is taken over. */
  readonly workers?: number | undefined
  /** Between two tries to open a journal: the first, and the longest that it grows to. */
  readonly openPauseMs?: { readonly first: number; readonly most: number }
}

type How = { record: Replayer; liveWaiting(): number }

export type Journals = {
  /** Whether records are taken: its own is open. */
  isOpen(): boolean
  /** Rejects while it is not open. */
  append(record: NewRecord): Promise<void>
  /** There is something new: the replay looks. */
  onKept(): void
  /** When the oldest record of all was received that is not in Postgres yet; undefined: all are, of those that are open. */
  oldest(): Date | undefined
  /** The same, with the journals of the other processes of the instance. */
  oldestOfAll(): Date | undefined
  /** Waits at most so many milliseconds until Postgres has what is in the journals of the instance now. */
  catchUp(withinMs: number): Promise<CaughtUp>
  /** Begins to replay: those that are open, and the others as soon as they are. Once. */
  replay(how: How): void
  /** Resolves when nothing is left in those that are open. */
  drained(): Promise<void>
  /** Whether its own takes records. */
  hasRoom(): boolean
  /** To be called every few seconds, as that of one journal. */
  measure(): void
  close(): Promise<void>
}

const ownPauseMs = { first: 1_000, most: 60_000 }

/** Opens them. Its own was tried when this resolves, with patience where another process holds it. */
export async function openJournals(options: JournalsOptions): Promise<Journals> {
  const gauges = createJournalGauges(options)
  const open = (more: Partial<RunningJournalOptions>): Keeping => keepOpening({ ...options, gauges, ...more })
  const own = open({})
  const takenOver = await leftBehind(options)
  const all = [own, ...takenOver.map((worker) => open({ worker, drainOnly: true }))]
  await own.tried
  const opened = (): Opened[] => all.flatMap((one) => one.current() ?? [])
  const oldest = (): Date | undefined =>
    opened()
      .flatMap(({ journal }) => journal.oldest() ?? [])
      .toSorted((one, other) => one.getTime() - other.getTime())[0]
  const elsewhere = watchWaterLines(options.stateDirectory, options.clock)
  const oldestOfAll = (): Date | undefined => {
    const [here, there] = [oldest(), elsewhere()]
    return here === undefined || (there !== undefined && there < here) ? there : here
  }
  return {
    isOpen: () => own.current() !== undefined,
    append: async (record) => {
      const current = own.current()
      if (current === undefined) throw new Error('the journal is not open')
      return current.journal.append(record)
    },
    onKept: () => own.current()?.journal.onKept(),
    oldest,
    oldestOfAll,
    catchUp: (withinMs) => catchUp(oldestOfAll, options, withinMs),
    replay: (how) => {
      for (const one of all) one.replay(how)
    },
    drained: async () => void (await Promise.all(opened().map(({ drained }) => drained()))),
    hasRoom: () => own.current()?.journal.hasRoom() === true,
    measure: () => {
      for (const one of all) one.measure()
    },
    close: async () => void (await Promise.all(all.map((one) => one.close()))),
  }
}

/** The numbers of processes that are no more and left segments. */
async function leftBehind(options: JournalsOptions): Promise<number[]> {
  const { log } = options
  try {
    const journals = (await findLeftBehind(options)).filter(({ kind }) => kind === 'journal')
    const found: number[] = []
    for (const { worker, path } of journals) if (await hasSegments(path)) found.push(worker)
    if (found.length > 0)
      log.info({ journals: found }, 'accounting journals of processes that are no more are taken over')
    return found
  } catch (error) {
    log.error({ error }, 'whether processes that are no more left accounting journals behind cannot be seen')
    return []
  }
}

async function hasSegments(directory: string): Promise<boolean> {
  return (await readdir(directory)).some((name) => parseSegmentName(name) !== undefined)
}

type Opened = { readonly journal: RunningJournal; drained(): Promise<void> }

type Keeping = {
  /** Resolves when it was tried for the first time. */
  readonly tried: Promise<void>
  current(): Opened | undefined
  replay(how: How): void
  measure(): void
  close(): Promise<void>
}

/** Opens a journal, after a growing pause each time that it cannot be. The alarm stands until it is open. */
function keepOpening(options: RunningJournalOptions & Pick<JournalsOptions, 'openPauseMs'>): Keeping {
  const { first, most } = options.openPauseMs ?? ownPauseMs
  const closing = new AbortController()
  const { signal } = closing
  const tries = createTries(options)
  const { alarms } = tries
  let how: How | undefined
  let opened: Opened | undefined
  let timer: NodeJS.Timeout | undefined
  let pause: number | undefined

  const cannotOpen = (error: unknown): void => {
    if (pause !== undefined || signal.aborted) return
    if (options.drainOnly === true) alarms.cannotTakeOver(error)
    else alarms.cannotOpen(error)
  }
  const begin = (by: How): void => {
    how = by
    if (opened === undefined) return
    const replay = opened.journal.replay(by)
    opened = { ...opened, drained: replay.drained }
  }
  const attempt = async (patienceMs?: number): Promise<void> => {
    const journal = await openRunningJournal({ ...options, signal, tries, cannotOpen }, patienceMs)
    if (journal !== undefined) {
      opened = { journal, drained: () => Promise.resolve() }
      if (how !== undefined && !signal.aborted) begin(how)
      return
    }
    if (signal.aborted) return
    pause = pause === undefined ? first : Math.min(pause * 2, most)
    timer = setTimeout(() => void (trying = attempt(0)), pause)
  }
  const tried = attempt()
  let trying = tried
  return {
    tried,
    current: () => opened,
    replay: begin,
    measure: () => (opened === undefined ? alarms.look({ share: 1, refuses: true }) : opened.journal.measure()),
    async close() {
      closing.abort()
      clearTimeout(timer)
      await trying
      await (opened === undefined ? alarms.close() : opened.journal.close())
    },
  }
}

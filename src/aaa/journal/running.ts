// One journal with what belongs to it: its replay, its metrics, its alarms. Which journals a RADIUS process runs, and what it does
// while its own cannot be opened: journals.ts.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Breaker } from '../../db/breaker.ts'
import type { Pool } from '../../db/pool.ts'
import type { Logger } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import type { Replayer, SetAside } from '../accounting-replay.ts'
import { createJournalAlarms } from './alarms.ts'
import type { JournalAlarms } from './alarms.ts'
import { JournalHeldError } from './errors.ts'
import { watchDatabase } from './database-watch.ts'
import { nodeFiles } from './files.ts'
import type { JournalFiles } from './files.ts'
import { createJournalGauges } from './gauges.ts'
import type { JournalGauges } from './gauges.ts'
import { openJournal } from './journal.ts'
import type { Journal, JournalTrouble, NewRecord } from './journal.ts'
import { startReplay } from './replay.ts'
import type { Replay } from './replay.ts'
import { writeSetAside } from './set-aside.ts'
import { openWaterLine } from './water-line.ts'

/** How much disk it may take, and in which pieces. */
export type JournalSize = { readonly capOctets: number; readonly segmentOctets?: number }

/** What tries to open a journal share: its alarms, and which losses were told of. Whoever made it closes the alarms of a failure. */
export type Tries = { readonly alarms: JournalAlarms; readonly told: Set<string> }

export type RunningJournalOptions = {
  /** Holds the journals of all RADIUS processes of the instance. */
  readonly stateDirectory: string
  /** Which of them this is, from 1. */
  readonly worker: number
  /** The host: with the number of the process it is what alarms name. */
  readonly host: string
  readonly journalSize?: JournalSize | undefined
  /** Which database Postgres is: told at each `measure`; another one may lack what was committed last (promotion). */
  database(): string | undefined
  /** Of alarms. */
  readonly pool: Pool
  readonly breaker: Breaker
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** Ends the wait for another process that holds it. */
  readonly signal?: AbortSignal
  /** Shared by all tries to open it; its own by default. */
  readonly tries?: Tries
  /** Told of why it could not be opened. */
  cannotOpen?(error: unknown): void
  /** Of the process: its own by default. */
  readonly gauges?: JournalGauges
  /** Nothing will be appended, it is only to be replayed. */
  readonly drainOnly?: boolean
  /** The real file system by default. */
  readonly files?: JournalFiles
}

/** Whether Postgres has what the journal held at a moment; `nothing`: it held nothing. */
export type CaughtUp = 'nothing' | 'done' | 'behind'

export type RunningJournal = {
  append(record: NewRecord): Promise<void>
  /** There is something new: the replay looks. */
  onKept(): void
  /** When the oldest record was received that is not in Postgres yet; undefined: all are. */
  oldest(): Date | undefined
  /** Waits at most so many milliseconds until Postgres has what is in it now. */
  catchUp(withinMs: number): Promise<CaughtUp>
  /** Begins to replay, by what records a batch. Once; its `close` ends with that of the journal. */
  replay(how: { record: Replayer; liveWaiting(): number }): Replay
  /** Whether it takes records: there is room, and the disk did not refuse the last ones. */
  hasRoom(): boolean
  /**
   * Sets the gauges, asks the disk again where it refused, and looks whether alarms are over and the database is another one. To
   * be called every few seconds.
   */
  measure(): void
  close(): Promise<void>
}

/** So long the process before this one, whose supervisor was killed, may take to end. */
const heldPatienceMs = 15_000
const heldPauseMs = 200
/** A batch of the replay takes a few milliseconds. */
const lookAgainMs = 5
/** So long a disk that refused is left alone: to ask it may write a whole segment. */
const checkPauseMs = 15_000

/** Some millions of records: days of a small ISP, hours of a large one. */
const ownSize: JournalSize = { capOctets: 2 * 1024 ** 3 }

/** The directory of a journal, by the number of its process. */
export function journalDirectory(stateDirectory: string, worker: number): string {
  return join(stateDirectory, `journal-${worker}`)
}

/**
 * Opens a journal; one that another process holds is waited for so long, as that may be about to end. Undefined, and `cannotOpen` is
 * told, where the directory cannot be used or stays held.
 */
export async function openRunningJournal(
  options: RunningJournalOptions,
  patienceMs = heldPatienceMs,
): Promise<RunningJournal | undefined> {
  const { clock } = options
  const until = clock.monotonicMs() + patienceMs
  try {
    for (;;) {
      const opened = await openOrThrow(options).catch((error: unknown) => {
        if (!(error instanceof JournalHeldError) || clock.monotonicMs() >= until) throw error
        if (options.signal?.aborted) throw error
        return undefined
      })
      if (opened !== undefined) return opened
      await sleep(heldPauseMs)
    }
  } catch (error) {
    options.cannotOpen?.(error)
    return undefined
  }
}

async function openOrThrow(options: RunningJournalOptions): Promise<RunningJournal> {
  const { stateDirectory, worker, breaker, clock, log, metrics, drainOnly = false, files = nodeFiles } = options
  const directory = journalDirectory(stateDirectory, worker)
  const { journal, alarms } = await openWithAlarms(options, { directory, drainOnly, files })
  const aside = createAside({ alarms, write: (those) => writeSetAside(directory, those, files) })
  const disk = createDiskWatch(journal, clock, drainOnly)
  const gauges = options.gauges ?? createJournalGauges(options)
  const line = openWaterLine(directory)
  const setGauges = (): void => {
    const backlog = journal.backlog()
    gauges.set(worker, backlog)
    line.set(backlog.oldest)
  }
  setGauges()
  let replay: Replay | undefined
  let closing = false
  const databaseWatch = await watchDatabase({
    files,
    directory,
    database: options.database,
    async onOther() {
      await replay?.reofferAll()
      // At the end nothing is offered any more.
      return replay !== undefined && !closing
    },
    onTrouble: (error) =>
      log.warn({ error, directory }, 'which database has the records of the journal cannot be kept'),
  })
  return {
    // Before it is acknowledged.
    append: async (record) => {
      await journal.append(record)
      line.rise(record.receivedAt)
    },
    onKept: () => replay?.poke(),
    hasRoom: () => !journal.refuses() && journal.backlog().shareOfCap < 1,
    oldest: () => journal.backlog().oldest,
    catchUp: (withinMs) => catchUp(() => journal.backlog().oldest, options, withinMs),
    replay(how) {
      const setAside = aside.put
      replay = startReplay({ ...how, journal, setAside, onChange: setGauges, breaker, clock, log, metrics })
      return replay
    },
    measure() {
      setGauges()
      disk.look()
      alarms.look({ share: journal.backlog().shareOfCap, refuses: disk.refuses() || aside.fails() })
      void databaseWatch.look()
    },
    async close() {
      closing = true
      await replay?.close()
      await databaseWatch.settled()
      await alarms.close()
      setGauges()
      line.close()
      await journal.close()
    },
  }
}

type Where = { readonly directory: string; readonly drainOnly: boolean; readonly files: JournalFiles }

async function openWithAlarms(
  options: RunningJournalOptions,
  where: Where,
): Promise<{ journal: Journal; alarms: JournalAlarms }> {
  const { alarms, told } = options.tries ?? createTries(options)
  let isOpen = false
  const onTrouble = (trouble: JournalTrouble): void => {
    const name = trouble.kind === 'damaged' ? `${trouble.file} ${trouble.records}` : undefined
    // Each try finds the same again.
    if (!isOpen && name !== undefined && told.has(name)) return
    if (name !== undefined) told.add(name)
    alarms.tell(trouble)
  }
  const size = options.journalSize ?? ownSize
  try {
    const journal = await openJournal({ ...size, ...where, clock: options.clock, onTrouble })
    isOpen = true
    return { journal, alarms }
  } catch (error) {
    if (options.tries === undefined) await alarms.close()
    throw error
  }
}

/** For the first try. */
export function createTries(options: RunningJournalOptions): Tries {
  const directory = journalDirectory(options.stateDirectory, options.worker)
  return { alarms: createJournalAlarms({ ...options, directory }), told: new Set() }
}

/** Sets records aside, with an alarm when that begins to fail and one for what was lost. */
function createAside(to: { alarms: JournalAlarms; write(those: readonly SetAside[]): Promise<void> }) {
  let fails = false
  return {
    fails: () => fails,
    async put(those: readonly SetAside[]): Promise<void> {
      try {
        await to.write(those)
      } catch (error) {
        if (!fails) to.alarms.cannotSetAside(error)
        fails = true
        throw error
      }
      fails = false
      to.alarms.setAside()
    },
  }
}

/**
 * Whether the disk of a journal refuses: asked when it did, and once at the beginning, for an alarm that an earlier process left. A
 * journal that takes nothing needs no disk.
 */
function createDiskWatch(journal: Pick<Journal, 'refuses' | 'check'>, clock: Clock, drainOnly: boolean) {
  let known = drainOnly
  let askedAt = -Infinity
  let asking = false
  const ask = async (): Promise<void> => {
    asking = true
    known = await journal.check()
    asking = false
  }
  return {
    refuses: () => !known || journal.refuses(),
    look(): void {
      const now = clock.monotonicMs()
      if (drainOnly || asking || (known && !journal.refuses()) || now - askedAt < checkPauseMs) return
      askedAt = now
      void ask()
    },
  }
}

/** Until what was in the journal at the call is not the oldest in it any more. */
export async function catchUp(
  oldest: () => Date | undefined,
  { breaker, clock }: Pick<RunningJournalOptions, 'breaker' | 'clock'>,
  withinMs: number,
): Promise<CaughtUp> {
  const [asked, until] = [clock.now(), clock.monotonicMs() + withinMs]
  const waits = (): boolean => {
    const found = oldest()
    return found !== undefined && found <= asked
  }
  if (!waits()) return 'nothing'
  while (waits()) {
    if (breaker.isOpen() || clock.monotonicMs() >= until) return 'behind'
    await sleep(lookAgainMs)
  }
  return 'done'
}

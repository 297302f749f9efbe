// The journal of a RADIUS process with what belongs to it: its replay, its metrics, and the alarms that stand as long as it is
// filling up. An alarm is written when Postgres can be asked; the log has it at once.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Breaker } from '../../db/breaker.ts'
import { createKysely } from '../../db/pool.ts'
import type { Pool } from '../../db/pool.ts'
import type { Database } from '../../db/schema.ts'
import { clearAlarm, raiseAlarm } from '../../domain/alarm.ts'
import type { Logger } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import type { Replayer } from '../accounting-replay.ts'
import { JournalHeldError } from './errors.ts'
import { openJournal } from './journal.ts'
import type { JournalTrouble, NewRecord } from './journal.ts'
import { startReplay } from './replay.ts'
import type { Replay } from './replay.ts'
import { setAsideFile, writeSetAside } from './set-aside.ts'

/** How much disk it may take, and in which pieces. */
export type JournalSize = { readonly capOctets: number; readonly segmentOctets?: number }

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
  /** Whether it takes records: there is room. */
  hasRoom(): boolean
  /** Sets the gauges, and looks whether alarms are over and the database is another one. To be called every few seconds. */
  measure(): void
  close(): Promise<void>
}

/** `loss` stays until a person clears it; the other ends with its cause. */
const kinds = { trouble: 'accounting-journal', loss: 'accounting-journal-loss' } as const
type AlarmKind = (typeof kinds)[keyof typeof kinds]

/** So long the process before this one, whose supervisor was killed, may take to end. */
const heldPatienceMs = 15_000
const heldPauseMs = 200
/** A batch of the replay takes a few milliseconds. */
const lookAgainMs = 5

/** Some millions of records: days of a small ISP, hours of a large one. */
const ownSize: JournalSize = { capOctets: 2 * 1024 ** 3 }
const damaged =
  'a file of the accounting journal is damaged: acknowledged records in it are lost; it was put aside under this name'

/**
 * Opens the journal of this process. Undefined, and a line in the log, where the directory cannot be used or another process
 * holds it: then accounting is acknowledged by Postgres alone, and logins go on.
 */
export async function openRunningJournal(options: RunningJournalOptions): Promise<RunningJournal | undefined> {
  const { clock } = options
  const until = clock.monotonicMs() + heldPatienceMs
  try {
    for (;;) {
      const opened = await openOrThrow(options).catch((error: unknown) => {
        if (error instanceof JournalHeldError && clock.monotonicMs() < until) return undefined
        throw error
      })
      if (opened !== undefined) return opened
      await sleep(heldPauseMs)
    }
  } catch (error) {
    options.log.error(
      { error },
      'the accounting journal cannot be opened: without Postgres no accounting is acknowledged',
    )
    return undefined
  }
}

async function openOrThrow(options: RunningJournalOptions): Promise<RunningJournal> {
  const { stateDirectory, worker, breaker, clock, log, metrics } = options
  const directory = join(stateDirectory, `journal-${worker}`)
  const alarms = createAlarms(options)
  const onTrouble = (trouble: JournalTrouble): void => {
    const [kind, text] = [trouble.kind === 'damaged' ? kinds.loss : kinds.trouble, sentenceOf(trouble)]
    metrics.alarms.labels(kind).inc()
    log.error({ ...fieldsOf(trouble), directory }, text)
    alarms.raise(kind, text)
  }
  const journal = await openJournal({ ...(options.journalSize ?? ownSize), directory, clock, onTrouble })
  const setAside = async (those: Parameters<typeof writeSetAside>[1]): Promise<void> => {
    await writeSetAside(directory, those)
    metrics.alarms.labels(kinds.loss).inc()
    alarms.raise(kinds.loss, neverStored)
  }
  const setGauges = (): void => {
    const { records, octets, oldest, shareOfCap } = journal.backlog()
    metrics.journalRecords.set(records)
    metrics.journalOctets.set(octets)
    metrics.journalAge.set(oldest === undefined ? 0 : Math.max(0, (clock.now().getTime() - oldest.getTime()) / 1000))
    metrics.journalShare.set(shareOfCap)
  }
  let replay: Replay | undefined
  let database: string | undefined
  const lookWhichDatabase = (): void => {
    const found = options.database()
    if (database !== undefined && found !== database) void replay?.reofferAll()
    database = found ?? database
  }
  return {
    append: (record) => journal.append(record),
    onKept: () => replay?.poke(),
    hasRoom: () => journal.backlog().shareOfCap < 1,
    oldest: () => journal.backlog().oldest,
    catchUp: (withinMs) => catchUp(() => journal.backlog().oldest, options, withinMs),
    replay(how) {
      replay = startReplay({ ...how, journal, setAside, onChange: setGauges, breaker, clock, log, metrics })
      return replay
    },
    measure() {
      setGauges()
      alarms.look(journal.backlog().shareOfCap)
      lookWhichDatabase()
    },
    async close() {
      await replay?.close()
      await alarms.close()
      await journal.close()
    },
  }
}

/** Until what was in the journal at the call is not the oldest in it any more. */
async function catchUp(
  oldest: () => Date | undefined,
  { breaker, clock }: RunningJournalOptions,
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

const neverStored = `records of the accounting journal can never be stored: they are in ${setAsideFile} beside it`

function sentenceOf(trouble: JournalTrouble): string {
  if (trouble.kind === 'filling') {
    return `the accounting journal is filled to ${trouble.share * 100} %: when it is full no accounting is acknowledged; see to Postgres`
  }
  if (trouble.kind === 'full') {
    const because = trouble.because === 'disk' ? 'its disk is full' : 'its size is limited'
    return `the accounting journal takes nothing more, for ${because}: no accounting is acknowledged; logins go on; see to Postgres`
  }
  if (trouble.kind === 'write-failed') return 'the accounting journal could not be written: see to the disk'
  return damaged
}

function fieldsOf(trouble: JournalTrouble): object {
  if (trouble.kind === 'filling' || trouble.kind === 'full') return { records: trouble.backlog.records }
  if (trouble.kind === 'write-failed') return { file: trouble.file, error: trouble.error }
  return { file: trouble.file, lost_records: trouble.records, lost_octets: trouble.octets }
}

/** Below this an alarm about a journal that fills is over. */
const overBelow = 0.25

/** The alarms of one journal, raised and cleared as soon as Postgres can be asked. */
function createAlarms({ host, worker, pool, breaker, clock, log }: RunningJournalOptions) {
  const subject = `${host} journal-${worker}`
  const wanted = new Map<AlarmKind, string>()
  // An earlier process may have left one.
  let stands = true
  let writing: Promise<void> | undefined
  const write = async (): Promise<void> => {
    for (const [kind, text] of wanted) {
      if (breaker.isOpen()) return
      await raiseAlarm(pool, { kind, subject, text }, clock.now())
      if (wanted.get(kind) === text) wanted.delete(kind)
      if (kind === kinds.trouble) stands = true
    }
  }
  const failed = (error: unknown): void => {
    log.warn({ error }, 'an alarm about the accounting journal could not be written yet')
  }
  const tryToWrite = (): void =>
    void (writing ??= write()
      .catch(failed)
      .finally(() => (writing = undefined)))
  const clear = (): void => {
    stands = false
    clearAlarm(createKysely<Database>(pool), { kind: kinds.trouble, subject }, clock.now()).catch(() => (stands = true))
  }
  const stopListening = breaker.onChange((open) => {
    if (!open) tryToWrite()
  })
  return {
    raise(kind: AlarmKind, text: string): void {
      wanted.set(kind, text)
      tryToWrite()
    },
    /** Writes what could not be written, and clears the alarm when the journal has room again. */
    look(share: number): void {
      if (wanted.size > 0) tryToWrite()
      else if (stands && share < overBelow && !breaker.isOpen()) clear()
    },
    async close(): Promise<void> {
      stopListening()
      await writing
    },
  }
}

// The alarms of one journal: in the log at once, in Postgres as soon as that can be asked. The one about a journal that is filling up
// or a disk that refuses ends with its cause; the one about lost records stays until a person clears it.

import type { Clock } from '../../clock.ts'
import type { Breaker } from '../../db/breaker.ts'
import { createKysely } from '../../db/pool.ts'
import type { Pool } from '../../db/pool.ts'
import type { Database } from '../../db/schema.ts'
import { clearAlarm, raiseAlarm } from '../../domain/alarm.ts'
import type { Logger } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import type { JournalTrouble } from './journal.ts'
import { setAsideFile } from './set-aside.ts'

export type JournalAlarmsOptions = {
  /** With the number of the process it is what alarms name. */
  readonly host: string
  readonly worker: number
  readonly directory: string
  readonly pool: Pool
  readonly breaker: Breaker
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

export type JournalAlarms = {
  /** What the journal tells of. */
  tell(trouble: JournalTrouble): void
  /** It cannot be opened. */
  cannotOpen(error: unknown): void
  /** One that a process left behind which is no more cannot be opened. */
  cannotTakeOver(error: unknown): void
  /** Records that can never be stored lie beside it now. */
  setAside(): void
  /** They cannot be put there. */
  cannotSetAside(error: unknown): void
  /** Writes what could not be written yet, and ends the alarm when the journal has room and the disk has been calm for a while. */
  look(now: { readonly share: number; readonly refuses: boolean }): void
  close(): Promise<void>
}

const kinds = { trouble: 'accounting-journal', loss: 'accounting-journal-loss' } as const
type AlarmKind = (typeof kinds)[keyof typeof kinds]

/** Below this an alarm about a journal that fills is over. */
const overBelow = 0.25
/** A disk that refused a write and took the next is not well: so long after the last refusal it counts as such. */
const calmMs = 10 * 60_000

const sentences = {
  'write-failed': 'the accounting journal could not be written: see to the disk',
  damaged:
    'a file of the accounting journal is damaged: acknowledged records in it are lost; it was put aside under this name',
  cannotOpen:
    'the accounting journal cannot be opened: without Postgres no accounting is acknowledged; it is tried again',
  cannotTakeOver:
    'the accounting journal of a process that is no more cannot be opened: acknowledged records in it wait; it is tried again',
  setAside: `records of the accounting journal can never be stored: they are in ${setAsideFile} beside it`,
  cannotSetAside:
    'records of the accounting journal can never be stored, and the disk does not take them beside it: it keeps them until there is room',
}

/** Makes them. */
export function createJournalAlarms(options: JournalAlarmsOptions): JournalAlarms {
  const { directory, clock, log, metrics } = options
  const book = createBook(options)
  let refusedAt = -Infinity
  const raise = (kind: AlarmKind, text: string, fields: object): void => {
    metrics.alarms.labels(kind).inc()
    log.error({ ...fields, directory }, text)
    book.raise(kind, text)
  }
  const refused = (text: string, fields: object): void => {
    refusedAt = clock.monotonicMs()
    raise(kinds.trouble, text, fields)
  }
  return {
    tell(trouble) {
      const [text, fields] = [sentenceOf(trouble), fieldsOf(trouble)]
      if (trouble.kind === 'write-failed') refused(text, fields)
      else raise(trouble.kind === 'damaged' ? kinds.loss : kinds.trouble, text, fields)
    },
    cannotOpen: (error) => raise(kinds.trouble, sentences.cannotOpen, { error }),
    cannotTakeOver: (error) => raise(kinds.trouble, sentences.cannotTakeOver, { error }),
    setAside: () => raise(kinds.loss, sentences.setAside, {}),
    cannotSetAside: (error) => refused(sentences.cannotSetAside, { error }),
    look({ share, refuses }) {
      const isCalm = clock.monotonicMs() - refusedAt >= calmMs
      book.look(share < overBelow && !refuses && isCalm)
    },
    close: book.close,
  }
}

function sentenceOf(trouble: JournalTrouble): string {
  if (trouble.kind === 'filling') {
    return `the accounting journal is filled to ${trouble.share * 100} %: when it is full no accounting is acknowledged; see to Postgres`
  }
  if (trouble.kind === 'full') {
    const because = trouble.because === 'disk' ? 'its disk is full' : 'its size is limited'
    return `the accounting journal takes nothing more, for ${because}: no accounting is acknowledged; logins go on; see to Postgres`
  }
  return sentences[trouble.kind]
}

function fieldsOf(trouble: JournalTrouble): object {
  if (trouble.kind === 'filling' || trouble.kind === 'full') return { records: trouble.backlog.records }
  if (trouble.kind === 'write-failed') return { file: trouble.file, error: trouble.error }
  return { file: trouble.file, lost_records: trouble.records, lost_octets: trouble.octets }
}

/** The rows: raised and cleared as soon as Postgres can be asked. */
function createBook({ host, worker, pool, breaker, clock, log }: JournalAlarmsOptions) {
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
    /** Writes what could not be written; clears the alarm about trouble when that is over. */
    look(isOver: boolean): void {
      if (wanted.size > 0) tryToWrite()
      else if (stands && isOver && !breaker.isOpen()) clear()
    },
    async close(): Promise<void> {
      stopListening()
      await writing
    },
  }
}

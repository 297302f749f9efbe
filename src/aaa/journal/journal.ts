// Accounting on the local disk, for when Postgres does not take it in time: what was appended may be acknowledged to the NAS
// (RFC 2866 §4.1), and is read again until it is committed. Why it is built so: docs/decisions/0033-accounting-journal.md.

import type { Clock } from '../../clock.ts'
import { createBlanks } from './blanks.ts'
import type { Blanks } from './blanks.ts'
import { JournalWriteError } from './errors.ts'
import { nodeFiles } from './files.ts'
import type { JournalFiles } from './files.ts'
import { holdDirectory } from './hold.ts'
import { openMark } from './mark.ts'
import type { Mark } from './mark.ts'
import { createQueue } from './one-at-a-time.ts'
import { endProgress, markDone, reoffer } from './progress.ts'
import type { ProgressOptions } from './progress.ts'
import { readRecords } from './reader.ts'
import { recover } from './recover.ts'
import type { Recovered } from './recover.ts'
import { createKeeper, noteDrained } from './shelf.ts'
import type { Shelf } from './shelf.ts'
import { createSegmentWriter } from './write-segment.ts'
import { createWriter } from './writer.ts'
import type { Writer } from './writer.ts'

const minimumSegment = 64 * 1024
/** How often drained segments are looked over. */
const sweepMs = 60_000

export type JournalRecord = {
  /** Counts up by one for each record, over all segments and restarts. */
  readonly sequence: bigint
  readonly receivedAt: Date
  readonly nasId: bigint
  readonly username: string | undefined
  /** The whole RADIUS packet, as `stripSecrets` leaves it. */
  readonly packet: Buffer
}

export type NewRecord = Omit<JournalRecord, 'sequence'>

export type Backlog = {
  readonly records: number
  readonly octets: number
  /** 0 to 1; 1 while the journal takes nothing more, be it for the cap or for a full disk. */
  readonly shareOfCap: number
  /** When the oldest record was received, to within some dozens of records; undefined: nothing is left. */
  readonly oldest: Date | undefined
}

/** What an operator must hear of. Each is told once, and again only after it was over. */
export type JournalTrouble =
  | { readonly kind: 'filling'; readonly share: 0.5 | 0.8; readonly backlog: Backlog }
  | { readonly kind: 'full'; readonly because: 'cap' | 'disk'; readonly backlog: Backlog }
  /** A segment could not be written; its records that had been acknowledged are safe, new ones go to another. */
  | { readonly kind: 'write-failed'; readonly file: string; readonly error: unknown }
  /**
   * Acknowledged records that cannot be read any more. The file has this name, which ends in `.damaged` unless the disk refused
   * that, and stays for who looks into it.
   */
  | { readonly kind: 'damaged'; readonly file: string; readonly records: number; readonly octets: number }

export type Journal = {
  /**
   * Resolves when the record is on the disk (fdatasync, shared by all that wait). Rejects JournalFullError (cap reached, or the
   * disk is full) or JournalWriteError: then it is not durable and must not be acknowledged. JournalRecordError: too long.
   */
  append(record: NewRecord): Promise<void>
  /** The oldest records not yet marked done, in order, at most `maximum`, starting after `after`. */
  read(after: bigint, maximum: number): Promise<JournalRecord[]>
  /** Everything up to and including this sequence is committed in Postgres: progress is made durable, whole segments are let go. */
  done(through: bigint): Promise<void>
  /**
   * Offers again what was called done in the last `sinceMs` (15 minutes at most) and a little more: what was done in the second
   * before, and, where it was done before this process opened the journal, every segment that is kept. For a Postgres that may
   * have lost what it had committed. Returns the sequence to read after; replaying goes on from there, also after a restart.
   */
  reoffer(sinceMs: number): Promise<bigint>
  /** What is still to be replayed. */
  backlog(): Backlog
  /** Whether the next append is likely to be refused: the cap is reached, the disk is full, or refused the last records. */
  refuses(): boolean
  /** Asks the disk whether it takes records now, by writing to it; where it does, `refuses` is over. Never rejects. */
  check(): Promise<boolean>
  /** Gives disk back: what is kept for `reoffer`, oldest first, then the segment ahead; false: there is nothing to give. */
  makeRoom(): Promise<boolean>
  /** Waits for the appends that are under way. Records that come later are refused with JournalWriteError. */
  close(): Promise<void>
}

export type JournalOptions = {
  /** Made with mode 0700 if need be. One process at a time. */
  readonly directory: string
  /** How much disk the segments may take, including those kept for `reoffer`; at least two segments. */
  readonly capOctets: number
  /** 16 MiB by default. */
  readonly segmentOctets?: number
  readonly clock: Clock
  /** Nothing will be appended: no room is taken ahead. */
  readonly drainOnly?: boolean
  onTrouble(trouble: JournalTrouble): void
  /** The real file system by default. */
  readonly files?: JournalFiles
}

/** Opens or makes the journal of one process. Throws JournalHeldError; errors of the file system where it cannot be read. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { directory, onTrouble, files = nodeFiles, segmentOctets = 16 << 20 } = options
  const maximumSegments = Math.floor(options.capOctets / segmentOctets)
  if (segmentOctets < minimumSegment) throw new RangeError(`segmentOctets: ${minimumSegment} at least`)
  if (maximumSegments < 2) throw new RangeError('capOctets: two segments at least')
  await files.makeDirectory(directory)
  const release = holdDirectory(directory)
  try {
    const { mark, progress } = await openMark(files, directory)
    try {
      const recovered = await recover({ files, directory, progress, onTrouble })
      return assemble(begin({ options, files, segmentOctets, maximumSegments, mark, recovered, release }))
    } catch (error) {
      await mark.close()
      throw error
    }
  } catch (error) {
    release()
    throw error
  }
}

type Found = Pick<Parts, 'options' | 'files' | 'release'> & {
  readonly segmentOctets: number
  readonly maximumSegments: number
  readonly mark: Mark
  readonly recovered: Recovered
}

function begin({ options, files, segmentOctets, maximumSegments, mark, recovered, release }: Found): Parts {
  const { directory, clock, onTrouble } = options
  const { segments, next, done } = recovered
  const empty = { active: undefined, full: undefined, failing: false, passed: [] }
  const shelf: Shelf = { segments, done, durable: next - 1n, ...empty }
  const place = { files, directory, clock, segmentOctets, shelf, onTrouble }
  const keeper = createKeeper({ ...place, capOctets: maximumSegments * segmentOctets })
  const blanks = createBlanks({ ...place, maximumSegments, keeper, mark })
  noteDrained(shelf, clock.monotonicMs())
  if (options.drainOnly !== true) blanks.prepare()
  keeper.look()
  const writer = createWriter(createSegmentWriter({ ...place, keeper, blanks }), clock)
  return { options, files, writer, blanks, progress: { shelf, keeper, mark, clock }, release }
}

type Parts = {
  readonly options: JournalOptions
  readonly files: JournalFiles
  readonly writer: Writer
  readonly blanks: Blanks
  readonly progress: ProgressOptions
  release(): void
}

function assemble({ options, files, writer, blanks, progress, release }: Parts): Journal {
  const { shelf, keeper } = progress
  // Reading, progress and its taking back must see the same segments.
  const oneAtATime = createQueue()
  const marked = <T>(work: () => Promise<T>): Promise<T> =>
    oneAtATime(work).catch((error: unknown) => {
      throw new JournalWriteError('the progress of the journal could not be written', { cause: error })
    })
  const timer = setInterval(() => void oneAtATime(keeper.letGo), sweepMs)
  timer.unref()
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    clearInterval(timer)
    await writer.close()
    try {
      await oneAtATime(() => endProgress(progress))
    } catch (error) {
      // The next process is only told less exactly what was lost, if anything was.
      options.onTrouble({ kind: 'write-failed', file: options.directory, error })
    } finally {
      release()
    }
  }
  return {
    append: writer.append,
    read: (after, maximum) =>
      oneAtATime(() => {
        const from = (after > shelf.done ? after : shelf.done) + 1n
        return readRecords({ files, onTrouble: options.onTrouble }, shelf.segments, from, maximum)
      }),
    done: (through) => marked(() => markDone(progress, through)),
    reoffer: (sinceMs) => marked(() => reoffer(progress, sinceMs)),
    backlog: keeper.backlog,
    refuses: () => shelf.full !== undefined || shelf.failing,
    async check() {
      const takes = await blanks.check()
      if (takes) noteThatItTakes(progress)
      return takes
    },
    makeRoom: async () => (await oneAtATime(keeper.evict)) || blanks.giveUp(),
    close: () => (closing ??= close()),
  }
}

function noteThatItTakes({ shelf, keeper }: ProgressOptions): void {
  shelf.failing = false
  if (shelf.full === 'disk') shelf.full = undefined
  keeper.look()
}

// The segments of a journal in order, and how far they are replayed: what is left, what is kept for a while, what may go.

import type { Clock } from '../../clock.ts'
import type { JournalFiles } from './files.ts'
import type { Backlog, JournalTrouble } from './journal.ts'
import { putAside } from './put-aside.ts'
import { countBeyond, dataStart } from './segment.ts'
import type { Segment } from './segment.ts'

/** Drained segments are kept so long: a standby that is promoted may lack what was committed last. */
export const keptMs = 15 * 60_000
const levels = [0.5, 0.8] as const
/** A level is told again only after the journal had fallen below this part of it. */
const rearm = 0.8

export type Shelf = {
  /** In order; the last one may be the one that is written. */
  readonly segments: Segment[]
  /** The sequence through which all is committed. */
  done: bigint
  /** The last sequence that is on the disk. */
  durable: bigint
  /** Which one is written: it stays whatever is done of it. */
  active: Segment | undefined
  /** Why nothing more is taken. */
  full: 'cap' | 'disk' | undefined
  /** The disk refused the last write of records. */
  failing: boolean
  /** How far it was done at monotonic times of the last 15 minutes, oldest first; not before this process opened it. */
  readonly passed: { readonly at: number; readonly done: bigint }[]
}

export type Keeper = {
  backlog(): Backlog
  /** Tells what must be told by now. */
  look(): void
  /** Removes what was drained long enough ago. */
  letGo(): Promise<void>
  /** Removes a segment in which nothing is durable. */
  discard(segment: Segment): Promise<void>
  /** Removes the oldest drained segment, as its room is needed; false: there is none. */
  evict(): Promise<boolean>
}

export type KeeperOptions = {
  readonly shelf: Shelf
  readonly files: JournalFiles
  readonly clock: Clock
  /** Of which a share is told. */
  readonly capOctets: number
  readonly segmentOctets: number
  onTrouble(trouble: JournalTrouble): void
}

/** Keeps a shelf: watches how full it is, and removes what is over. */
export function createKeeper(options: KeeperOptions): Keeper {
  const { shelf, clock } = options
  const backlog = (): Backlog => measure(options)
  return {
    backlog,
    look: createAlarm(shelf, backlog, options.onTrouble),
    letGo() {
      noteDrained(shelf, clock.monotonicMs())
      const before = clock.monotonicMs() - keptMs
      return remove(
        options,
        shelf.segments.filter(({ drainedAt }) => drainedAt !== undefined && drainedAt <= before),
      )
    },
    discard: (segment) => remove(options, [segment]),
    async evict() {
      noteDrained(shelf, clock.monotonicMs())
      const oldest = shelf.segments.find(({ drainedAt }) => drainedAt !== undefined)
      if (oldest !== undefined) await remove(options, [oldest])
      return oldest !== undefined
    },
  }
}

/** Notes when segments were drained that were not so before. */
export function noteDrained({ segments, done, active }: Shelf, nowMs: number): void {
  for (const segment of segments) if (segment.last <= done && segment !== active) segment.drainedAt ??= nowMs
}

async function remove({ shelf, files, onTrouble }: KeeperOptions, gone: Segment[]): Promise<void> {
  // All at once, before anything is awaited: nobody may begin to read one of them meanwhile.
  for (const segment of gone)
    if (shelf.segments.includes(segment)) shelf.segments.splice(shelf.segments.indexOf(segment), 1)
  for (const segment of gone) {
    // Damaged ones stay on the disk for who looks into it, under the name that keeps them from being removed at a later start.
    if (segment.damaged) {
      await putAside({ files, onTrouble }, segment)
      continue
    }
    // What cannot be removed is found again, as done, by who opens the directory next.
    await files.remove(segment.path).catch((error: unknown) => {
      onTrouble({ kind: 'write-failed', file: segment.path, error })
    })
  }
}

function measure({ shelf, segmentOctets, capOctets }: KeeperOptions): Backlog {
  const { segments, done, active, full } = shelf
  let [records, octets, taken] = [0n, 0, 0]
  let oldest: Date | undefined
  for (const segment of segments) {
    const begun = segment.first - 1n > done ? segment.first - 1n : done
    const left = segment.last - begun
    const readable = segment.last <= done ? 0n : left - countBeyond(segment.missing, done)
    if (readable === 0n) continue
    records += readable
    octets += Math.round(((segment.end - dataStart) * Number(left)) / Number(segment.last - segment.first + 1n))
    taken += segment === active ? segment.end : segmentOctets
    oldest ??= receivedAbout(segment, begun + 1n)
  }
  const shareOfCap = full === undefined ? Math.min(1, taken / capOctets) : 1
  return { records: Number(records), octets, shareOfCap, oldest }
}

function receivedAbout({ waypoints }: Segment, sequence: bigint): Date | undefined {
  return (waypoints.findLast((point) => point.sequence <= sequence) ?? waypoints[0])?.receivedAt
}

function createAlarm(shelf: Shelf, backlog: () => Backlog, onTrouble: KeeperOptions['onTrouble']): () => void {
  const told = new Set<number>()
  let toldFull = false
  return () => {
    const { full } = shelf
    const now = backlog()
    if (full !== undefined && !toldFull) onTrouble({ kind: 'full', because: full, backlog: now })
    toldFull = full !== undefined
    // The share is 1 then, whatever is in it.
    if (toldFull) return
    for (const share of levels) {
      if (now.shareOfCap < share * rearm) told.delete(share)
      if (now.shareOfCap < share || told.has(share)) continue
      told.add(share)
      onTrouble({ kind: 'filling', share, backlog: now })
    }
  }
}

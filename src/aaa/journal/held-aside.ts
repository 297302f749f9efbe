// Records that Postgres refuses, until they lie beside the journal (set-aside.ts). Where the disk does not take them there, they stay
// in the journal: progress ends before the first of them, the replay goes on behind it, and the disk is asked again. So a full disk
// neither loses one nor stops the others.

import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import type { SetAside } from '../accounting-replay.ts'
import { isDiskFull } from './files.ts'
import type { Journal } from './journal.ts'

export type HeldAsideOptions = {
  readonly journal: Pick<Journal, 'done' | 'makeRoom'>
  /** Durable when it resolves; rejects where the disk does not take them. */
  setAside(those: readonly SetAside[]): Promise<void>
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly log: Pick<Logger, 'warn'>
  readonly metrics: Pick<Metrics, 'journalSetAside'>
}

export type HeldAside = {
  /** Everything up to this sequence is committed but for these: they are set aside, and progress is marked as far as it goes. */
  pass(through: bigint, aside: readonly SetAside[]): Promise<void>
  /** Asks the disk again, where something is held and the last time is long enough ago. */
  retry(): Promise<void>
  /** How many are held. */
  count(): number
  /** So many are held that no more may be read. */
  isFull(): boolean
  /** The sequence after which to go on reading; 0: where the journal says. */
  after(): bigint
  /** Everything is read again from where the journal says. */
  forget(): void
}

/** Written at once: a disk with little room takes some of them, and each piece that is done may free more. */
const pieceRecords = 50
/** A few megaoctets of memory. More in a row and no room for them: nothing goes on until a person has seen to the disk. */
const maximumHeld = 2_000
/** So long a disk that refused is left alone. */
export const heldPauseMs = 5_000

/** Makes it, with nothing held. */
export function createHeldAside({ journal, setAside, clock, log, metrics }: HeldAsideOptions): HeldAside {
  let held: SetAside[] = []
  let through = 0n
  let notBefore = -Infinity
  let told = false

  const mark = (): Promise<void> => journal.done(held.length === 0 ? through : held[0]!.record.sequence - 1n)
  const writePiece = async (piece: readonly SetAside[]): Promise<void> => {
    for (;;) {
      try {
        return await setAside(piece)
      } catch (error) {
        // What is done before them may be let go, and its room be used.
        await mark()
        if (!isDiskFull(error) || !(await journal.makeRoom())) throw error
      }
    }
  }
  const writeAll = async (): Promise<void> => {
    while (held.length > 0) {
      const piece = held.slice(0, pieceRecords)
      await writePiece(piece)
      held = held.slice(piece.length)
      metrics.journalSetAside.inc(piece.length)
    }
  }
  const write = async (): Promise<void> => {
    const [before, reason] = [held.length, held[0]!.reason]
    try {
      await writeAll()
      told = false
    } catch (error) {
      notBefore = clock.monotonicMs() + heldPauseMs
      if (!told)
        log.warn({ error, records: held.length }, 'records that can never be stored cannot be set aside either')
      told = true
    }
    const records = before - held.length
    if (records > 0) log.warn({ records, reason }, 'records of the journal can never be stored')
  }
  const isDue = (): boolean => held.length > 0 && clock.monotonicMs() >= notBefore

  return {
    async pass(last, aside) {
      held = [...held, ...aside]
      through = last
      if (isDue()) await write()
      await mark()
    },
    async retry() {
      if (!isDue()) return
      await write()
      await mark()
    },
    count: () => held.length,
    isFull: () => held.length >= maximumHeld,
    after: () => (held.length === 0 ? 0n : through),
    forget: () => (held = []),
  }
}

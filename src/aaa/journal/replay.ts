// Takes what the journal kept into Postgres: in its order, one batch at a time, marked done after the commit. It begins when
// Postgres answers, lets live traffic go first, and a record that can never be stored is set aside (held-aside.ts) and holds
// nobody up. Whatever comes twice is recorded once, so it may begin anew at any record.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Breaker } from '../../db/breaker.ts'
import type { Logger } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import type { Replayer, SetAside } from '../accounting-replay.ts'
import { createHeldAside, heldPauseMs } from './held-aside.ts'
import type { HeldAside } from './held-aside.ts'
import type { Journal, JournalRecord } from './journal.ts'

export type ReplayOptions = {
  readonly journal: Pick<Journal, 'read' | 'done' | 'reoffer' | 'backlog' | 'makeRoom'>
  readonly record: Replayer
  /** Durable when it resolves; rejects where the disk does not take them. */
  setAside(those: readonly SetAside[]): Promise<void>
  readonly breaker: Pick<Breaker, 'isOpen' | 'onChange'>
  /** How many live records wait for Postgres. */
  liveWaiting(): number
  /** Called whenever something came into the journal or was done. */
  onChange?(): void
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly metrics: Pick<Metrics, 'journalReplayed' | 'journalSetAside'>
}

export type Replay = {
  /** There is something new in the journal. */
  poke(): void
  /** Resolves when nothing is left in the journal that was in it. */
  drained(): Promise<void>
  /** Offers again what was drained in the last 15 minutes: for a Postgres that may have lost commits. */
  reofferAll(): Promise<void>
  /** Ends after the batch that is under way. */
  close(): Promise<void>
}

/** What a standby that is not synchronous may lack, with room; the journal keeps no more. */
const reofferMs = 15 * 60_000
const batchSize = 500
/** The same while live records wait: they must not wait long behind one of ours. */
const smallBatch = 100
/** A batch counts as heard when its last record was: so far apart may they be. */
const longestSpanMs = 30_000
const hourMs = 3_600_000
/** Between two tries where Postgres answers but does not take a batch. */
const pauseMs = { first: 100, most: 5_000 }

/** Starts to replay; what is in the journal already is the first. */
export function startReplay(options: ReplayOptions): Replay {
  const { journal, breaker, log } = options
  const signal = createSignal()
  const held = createHeldAside(options)
  const step = createStep(options, held)
  const ending = new AbortController()
  const waiters: (() => void)[] = []
  const reoffers: (() => void)[] = []

  const turn = async (): Promise<void> => {
    options.onChange?.()
    // Between two batches: what is marked done would not be offered again.
    if (reoffers.length > 0) {
      await journal.reoffer(reofferMs)
      held.forget()
      log.info({ records: journal.backlog().records }, 'what the journal drained lately is replayed again')
      resolveAll(reoffers)
    }
    if (breaker.isOpen()) return signal.wait()
    await held.retry()
    const maximum = options.liveWaiting() > 0 ? smallBatch : batchSize
    const batch = held.isFull() ? [] : await journal.read(held.after(), maximum)
    if (batch.length > 0) return step(firstStretch(batch))
    if (held.count() > 0) return signal.wait(heldPauseMs)
    resolveAll(waiters)
    return signal.wait()
  }
  const run = async (): Promise<void> => {
    let pause: number = pauseMs.first
    while (!ending.signal.aborted) {
      try {
        await turn()
        pause = pauseMs.first
      } catch (error) {
        const { records } = journal.backlog()
        if (!breaker.isOpen()) log.warn({ error, records }, 'the journal is not replayed yet')
        await signal.wait(pause)
        pause = Math.min(pause * 2, pauseMs.most)
      }
    }
  }
  const stopListening = breaker.onChange(signal.give)
  const running = run()
  const promise = (resolvers: (() => void)[]): Promise<void> =>
    new Promise((resolve) => {
      resolvers.push(resolve)
      signal.give()
    })

  return {
    poke: signal.give,
    drained: () => promise(waiters),
    reofferAll: () => promise(reoffers),
    async close() {
      ending.abort()
      stopListening()
      signal.give()
      await running
      resolveAll(waiters)
      resolveAll(reoffers)
    },
  }
}

function resolveAll(resolvers: (() => void)[]): void {
  for (const resolve of resolvers.splice(0)) resolve()
}

/** One batch: recorded, what is refused set aside, marked done; then live traffic has its share. */
function createStep({ record, liveWaiting, clock, metrics }: ReplayOptions, held: HeldAside) {
  return async (batch: readonly JournalRecord[]): Promise<void> => {
    const began = clock.monotonicMs()
    const aside = await record(batch)
    await held.pass(batch.at(-1)!.sequence, aside)
    metrics.journalReplayed.inc(batch.length - aside.length)
    // Half of the time at most is ours while others wait; with batches of 100 that still is thousands a second.
    if (liveWaiting() > 0) await sleep(clock.monotonicMs() - began, undefined, { ref: false })
  }
}

/** The first records that lie in one hour and close together. */
function firstStretch(batch: readonly JournalRecord[]): readonly JournalRecord[] {
  const first = batch[0]!.receivedAt.getTime()
  const end = batch.findIndex(({ receivedAt }) => {
    const at = receivedAt.getTime()
    return Math.floor(at / hourMs) !== Math.floor(first / hourMs) || at - first > longestSpanMs
  })
  return end < 0 ? batch : batch.slice(0, end)
}

/** A signal that is kept until somebody waits for it. */
function createSignal() {
  let given = false
  let wake: (() => void) | undefined
  return {
    give(): void {
      given = true
      wake?.()
    },
    /** Resolves at the signal, or after so many milliseconds. */
    wait(ms?: number): Promise<void> {
      return new Promise((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(() => wake?.(), ms).unref()
        wake = () => {
          clearTimeout(timer)
          wake = undefined
          given = false
          resolve()
        }
        if (given) wake()
      })
    },
  }
}

// Group commit: all records that wait share one write and one fdatasync, without a timer. What the disk refuses is tried once more,
// in a fresh segment (write-segment.ts), and refused to who waits when that fails too.

import type { Clock } from '../../clock.ts'
import { failPoint } from '../../fail-points.ts'
import { JournalFullError, JournalWriteError } from './errors.ts'
import type { NewRecord } from './journal.ts'
import { recordOctets } from './record.ts'
import type { SegmentWriter, Sized } from './write-segment.ts'

/** More than this cannot be in time any more: the disk stands still. */
const maximumWaiting = 20_000
/** After the disk refused it is left alone for so long. */
const pauseMs = 1_000

export type Writer = {
  /** As `Journal.append`. */
  append(record: NewRecord): Promise<void>
  close(): Promise<void>
}

type Waiting = Sized & { resolve(): void; reject(error: Error): void }

/** Gathers records for the segment that is written. */
export function createWriter(store: SegmentWriter, clock: Clock): Writer {
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined
  let closed = false
  let refusal: { error: Error; until: number } | undefined

  const refuse = (error: Error): void => {
    const refused = waiting
    waiting = []
    for (const { reject } of refused) reject(error)
    const byDisk = !(error instanceof JournalFullError && error.because === 'cap')
    refusal = byDisk ? { error, until: clock.monotonicMs() + pauseMs } : undefined
  }
  const accept = async (count: number): Promise<void> => {
    const written = waiting.slice(0, count)
    waiting = waiting.slice(count)
    refusal = undefined
    try {
      // Who dies here leaves records that are replayed although nobody heard that they were taken: that changes nothing.
      await failPoint('journal_after_fsync')
      for (const { resolve } of written) resolve()
    } catch (error) {
      for (const { reject } of written) reject(asRefusal(error))
    }
  }
  const writeGroup = async (tries: number): Promise<void> => {
    let count: number
    try {
      count = await store.put(waiting)
    } catch (error) {
      if (error instanceof JournalFullError || tries === 2) return refuse(asRefusal(error))
      return writeGroup(tries + 1)
    }
    await accept(count)
  }
  const run = async (): Promise<void> => {
    // Those that come in the same turn share the first group.
    await Promise.resolve()
    while (waiting.length > 0) await writeGroup(1)
    running = undefined
  }

  return {
    async append(record) {
      if (closed) throw new JournalWriteError('the journal is closed')
      if (waiting.length >= maximumWaiting) throw new JournalWriteError('the disk does not keep up')
      if (refusal !== undefined && clock.monotonicMs() < refusal.until) throw refusal.error
      const octets = recordOctets(record)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ record, octets, resolve, reject })
      running ??= run()
      return promise
    },
    async close() {
      closed = true
      await running
      await store.close()
    },
  }
}

function asRefusal(error: unknown): Error {
  if (error instanceof JournalFullError) return error
  return new JournalWriteError('the record could not be written', { cause: error })
}

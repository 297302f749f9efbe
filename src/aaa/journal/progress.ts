// Progress of the replay: forward when Postgres has committed, back when Postgres may have lost what it had.

import type { Clock } from '../../clock.ts'
import { failPoint } from '../../fail-points.ts'
import type { Mark } from './mark.ts'
import type { Keeper, Shelf } from './shelf.ts'

export type ProgressOptions = {
  readonly shelf: Shelf
  readonly keeper: Keeper
  readonly mark: Mark
  readonly clock: Clock
}

/** Makes durable that all is committed through here, and lets go what is over. Nothing that is not yet durable can be done. */
export async function markDone({ shelf, keeper, mark }: ProgressOptions, through: bigint): Promise<void> {
  const to = through < shelf.durable ? through : shelf.durable
  if (to > shelf.done) {
    await failPoint('journal_before_mark')
    await mark.write({ done: to, written: shelf.durable })
    shelf.done = to
  }
  await keeper.letGo()
  // The room of a drained segment can be had.
  if (shelf.segments.some(({ drainedAt }) => drainedAt !== undefined)) shelf.full = undefined
  keeper.look()
}

/** Takes progress back to before the first segment that was drained in the last `sinceMs`. Returns what is done now. */
export async function reoffer({ shelf, mark, clock }: ProgressOptions, sinceMs: number): Promise<bigint> {
  const since = clock.monotonicMs() - sinceMs
  const again = shelf.segments.find(({ drainedAt = Infinity }) => drainedAt >= since)
  if (again === undefined || again.first > shelf.done) return shelf.done
  const done = again.first - 1n
  // Before the mark is awaited, so that none of them is removed meanwhile.
  for (const segment of shelf.segments) if (segment.last > done) segment.drainedAt = undefined
  shelf.done = done
  await mark.write({ done, written: shelf.durable })
  return done
}

/** Says how far the journal got, for who opens it next. */
export async function endProgress({ shelf, mark }: ProgressOptions): Promise<void> {
  try {
    if (shelf.segments.length > 0) await mark.write({ done: shelf.done, written: shelf.durable })
  } finally {
    await mark.close()
  }
}

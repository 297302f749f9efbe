// Progress of the replay: forward when Postgres has committed, back when Postgres may have lost what it had.

import type { Clock } from '../../clock.ts'
import { failPoint } from '../../fail-points.ts'
import type { Mark } from './mark.ts'
import { keptMs } from './shelf.ts'
import type { Keeper, Shelf } from './shelf.ts'

/** So close together are the times at which it is remembered how far it was done. */
const rememberedMs = 1_000

export type ProgressOptions = {
  readonly shelf: Shelf
  readonly keeper: Keeper
  readonly mark: Mark
  readonly clock: Clock
}

/** Makes durable that all is committed through here, and lets go what is over. Nothing that is not yet durable can be done. */
export async function markDone(options: ProgressOptions, through: bigint): Promise<void> {
  const { shelf, keeper, mark, clock } = options
  const to = through < shelf.durable ? through : shelf.durable
  if (to > shelf.done) {
    await failPoint('journal_before_mark')
    await mark.write({ done: to, written: shelf.durable })
    shelf.done = to
    remember(shelf, clock.monotonicMs())
  }
  await keeper.letGo()
  // The room of a drained segment can be had.
  if (shelf.segments.some(({ drainedAt }) => drainedAt !== undefined)) shelf.full = undefined
  keeper.look()
}

function remember({ passed, done }: Shelf, at: number): void {
  if (at - (passed.at(-1)?.at ?? -Infinity) >= rememberedMs) passed.push({ at, done })
  // The newest of those that are too old stays: it says where the last 15 minutes begin.
  while (passed.length > 1 && passed[1]!.at <= at - keptMs) passed.shift()
}

/**
 * Takes progress back to where it was `sinceMs` ago, to within a second and never later; to all that is kept where this process
 * does not know that. Returns what is done now.
 */
export async function reoffer({ shelf, mark, clock }: ProgressOptions, sinceMs: number): Promise<bigint> {
  const since = clock.monotonicMs() - sinceMs
  const known = shelf.passed.findLast(({ at }) => at < since)?.done ?? 0n
  const kept = shelf.segments.find(({ last, drainedAt = Infinity }) => last > known && drainedAt >= since)
  if (kept === undefined) return shelf.done
  const done = kept.first - 1n > known ? kept.first - 1n : known
  if (done >= shelf.done) return shelf.done
  // Before the mark is awaited, so that none of them is removed meanwhile.
  for (const segment of shelf.segments) if (segment.last > done) segment.drainedAt = undefined
  shelf.done = done
  shelf.passed.splice(shelf.passed.findLastIndex((place) => place.done <= done) + 1)
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

// How long an item of a batcher waits for its result. One timer for all that is under way, set for the oldest: an item costs no
// timer of its own, and an idle batcher has none.

/** No result within the deadline. Of an item whose batch was on its way the deed goes on; one that still waited is dropped. */
export class BatchLateError extends Error {
  override readonly name = 'BatchLateError'
}

export type BatchDeadline<T, R> = {
  /** Undefined: none at present. */
  ms(): number | undefined
  monotonicMs(): number
  /** The result of an item that was rejected with BatchLateError while its batch was on its way. */
  late(item: T, result: R): void
}

type Late = { readonly since: number; late: boolean; readonly reject: (error: Error) => void }

/** Rejects what was submitted at `bound` or before; gives the others. */
export function rejectLate<E extends Late>(entries: readonly E[], bound: number): E[] {
  return entries.filter((entry) => {
    if (entry.late || entry.since > bound) return !entry.late
    entry.late = true
    entry.reject(new BatchLateError('there was no result in time'))
    return false
  })
}

/** Keeps the timer. `rejectWaiting` ends what waits and is as old as the bound, and gives the rest of it. */
export function createWatch<T, R, E extends Late>(
  deadline: BatchDeadline<T, R> | undefined,
  rejectWaiting: (bound: number) => readonly E[],
) {
  const onTheWay = new Set<readonly E[]>()
  let timer: NodeJS.Timeout | undefined
  const set = (since: number): void => {
    const ms = deadline?.ms()
    if (ms === undefined) return
    timer = setTimeout(look, Math.max(1, since + ms - deadline!.monotonicMs())).unref()
  }
  const look = (): void => {
    timer = undefined
    const ms = deadline!.ms()
    if (ms === undefined) return
    const bound = deadline!.monotonicMs() - ms
    let oldest = Infinity
    for (const { since } of rejectWaiting(bound)) oldest = Math.min(oldest, since)
    for (const batch of onTheWay) for (const { since } of rejectLate(batch, bound)) oldest = Math.min(oldest, since)
    if (oldest < Infinity) set(oldest)
  }
  return {
    /** Batches that run: the batcher adds and deletes them. */
    onTheWay,
    now: (): number => deadline?.monotonicMs() ?? 0,
    begin(since: number): void {
      if (timer === undefined) set(since)
    },
  }
}

// Gathers what waits and runs it together: one statement for many requests is what makes the database fast enough. There is
// no timer: a lane that is free takes all that has come since, so a single request waits for nobody and a storm shares.
// A statement costs about 360 µs of CPU however few rows it has (170 in Postgres, 190 here) and 20 a row: on two cores four
// lanes with batches of 8 make a request twice as dear as batches of 20 and more.

import { createWatch, rejectLate } from './batch-deadline.ts'
import type { BatchDeadline } from './batch-deadline.ts'
import { withoutStale } from './batch-stale.ts'

/** The run of a batch failed, or answered another number of items: its items, and no others, are rejected with this. */
export class BatchError extends Error {
  override readonly name = 'BatchError'
}

/** More waits than may, or the batcher is closed: the item was not taken. */
export class BatchRefusedError extends Error {
  override readonly name = 'BatchRefusedError'
}

export type BatcherOptions<T, R> = {
  /** How many batches may run at once; or lanes shared with other batchers, which then take turns. */
  readonly lanes: number | Lanes
  /** Items of one batch at most. */
  readonly maximum?: number
  /** Items that may wait; more are refused, so that a storm sheds what nobody will hear any more (RFC 5080 §2.2.3). */
  readonly maximumWaiting?: number
  /** The results in the order of the items. */
  run(items: T[], lane: number): Promise<R[]>
  /** Of a key one item is on its way at a time; the next of it waits for a later batch, in order. */
  keyOf?(item: T): string
  /** Whether nobody waits for an item any more, asked when a batch is taken: then it costs no statement. */
  isStale?(item: T): boolean
  /** How long an item waits for its result, from when it was submitted. Without one it waits as long as it takes. */
  readonly deadline?: BatchDeadline<T, R>
}

export type Batcher<T, R> = {
  /**
   * Rejects with `BatchError`, `BatchRefusedError`, `BatchStaleError` (batch-stale.ts) or `BatchLateError` (batch-deadline.ts). `since`: when the deadline
   * of this item began, by its clock; now where it is left out.
   */
  submit(item: T, since?: number): Promise<R>
  /** How many items wait for a lane. */
  waiting(): number
  /** Takes no more items; resolves when all that were taken are done. */
  close(): Promise<void>
}

/** So many need not wait for a larger batch: its fixed cost is small beside theirs, and it may be a slow one. */
const enoughForALane = 40
const defaults = { maximum: 500, maximumWaiting: 20_000 }

type Waiting<T, R> = {
  readonly item: T
  readonly key: string | undefined
  readonly resolve: (result: R) => void
  readonly reject: (error: Error) => void
  readonly since: number
  late: boolean
}

/** How many statements may be on their way at once. Whoever asked first is served first. */
export type Lanes = {
  readonly count: number
  /** `start` is called when a lane is free; it must give the lane back. */
  take(start: (lane: number) => void): void
  give(lane: number): void
}

/** Makes lanes to be shared. */
export function createLanes(count: number): Lanes {
  const free = Array.from({ length: count }, (_, lane) => lane)
  const asking: ((lane: number) => void)[] = []
  let scheduled = false
  // Not at once: what the sockets have already received in this turn of the event loop belongs into the same batch.
  const schedule = (): void => {
    if (scheduled || free.length === 0 || asking.length === 0) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      while (free.length > 0 && asking.length > 0) asking.shift()!(free.pop()!)
    })
  }
  return {
    count,
    take(start) {
      asking.push(start)
      schedule()
    },
    give(lane) {
      free.push(lane)
      schedule()
    },
  }
}

/** Makes a batcher; it holds no resources of its own. */
export function createBatcher<T, R>(options: BatcherOptions<T, R>): Batcher<T, R> {
  const { maximum = defaults.maximum, maximumWaiting = defaults.maximumWaiting } = options
  const lanes = typeof options.lanes === 'number' ? createLanes(options.lanes) : options.lanes
  const keysOnTheirWay = new Set<string>()
  let queue: Waiting<T, R>[] = []
  let running = 0
  let asked = false
  let closed = false
  const idle = Promise.withResolvers<void>()
  const lookIdle = (): void => {
    if (closed && running === 0 && queue.length === 0) idle.resolve()
  }
  const watch = createWatch<T, R, Waiting<T, R>>(options.deadline, (bound) => {
    queue = rejectLate(queue, bound)
    lookIdle()
    return queue
  })

  // A second lane opens only for about as many items as are on their way already: while one batch waits for the disk another
  // of its size may run, but a large batch is never split into small ones.
  const ask = (): void => {
    if (asked || queue.length === 0 || queue.length < Math.min(running, enoughForALane)) return
    asked = true
    lanes.take((lane) => {
      asked = false
      const { batch, kept } = takeBatch(withoutStale(queue, options.isStale), keysOnTheirWay, maximum)
      queue = kept
      if (batch.length > 0) void runBatch(batch, lane)
      else lanes.give(lane)
      lookIdle()
      if (batch.length > 0) ask()
    })
  }

  const runBatch = async (batch: Waiting<T, R>[], lane: number): Promise<void> => {
    running += batch.length
    watch.onTheWay.add(batch)
    const outcome = await attempt(batch, (items) => options.run(items, lane))
    running -= batch.length
    watch.onTheWay.delete(batch)
    for (const { key } of batch) if (key !== undefined) keysOnTheirWay.delete(key)
    lanes.give(lane)
    settle(batch, outcome, options.deadline)
    ask()
    lookIdle()
  }

  return {
    submit(item, since = watch.now()) {
      if (closed || queue.length >= maximumWaiting) return Promise.reject(refusal(closed, queue.length))
      return new Promise<R>((resolve, reject) => {
        queue.push({ item, key: options.keyOf?.(item), resolve, reject, since, late: false })
        watch.begin(since)
        ask()
      })
    },
    waiting: () => queue.length,
    close() {
      closed = true
      lookIdle()
      return idle.promise
    },
  }
}

function refusal(closed: boolean, waiting: number): BatchRefusedError {
  return new BatchRefusedError(closed ? 'the batcher is closed' : `${waiting} items wait already`)
}

/**
 * The first items of the queue, of each key only the first and none that is on its way (the batch's keys are noted as such);
 * what is kept keeps its order.
 */
function takeBatch<W extends { readonly key: string | undefined }>(
  queue: readonly W[],
  keysOnTheirWay: Set<string>,
  maximum: number,
): { batch: W[]; kept: W[] } {
  const batch: W[] = []
  const kept: W[] = []
  let at = 0
  for (; at < queue.length && batch.length < maximum; at++) {
    const entry = queue[at]!
    if (entry.key !== undefined && keysOnTheirWay.has(entry.key)) {
      kept.push(entry)
      continue
    }
    if (entry.key !== undefined) keysOnTheirWay.add(entry.key)
    batch.push(entry)
  }
  return { batch, kept: kept.concat(queue.slice(at)) }
}

async function attempt<T, R>(
  batch: readonly Waiting<T, R>[],
  run: (items: T[]) => Promise<R[]>,
): Promise<R[] | BatchError> {
  try {
    const results = await run(batch.map((entry) => entry.item))
    if (results.length === batch.length) return results
    return new BatchError(`${results.length} results for a batch of ${batch.length}`)
  } catch (cause) {
    return new BatchError(`a batch of ${batch.length} failed`, { cause })
  }
}

function settle<T, R>(
  batch: readonly Waiting<T, R>[],
  outcome: R[] | BatchError,
  deadline: BatchDeadline<T, R> | undefined,
): void {
  for (const [i, entry] of batch.entries()) {
    if (outcome instanceof BatchError) entry.reject(outcome)
    else if (entry.late) deadline?.late(entry.item, outcome[i]!)
    else entry.resolve(outcome[i]!)
  }
}

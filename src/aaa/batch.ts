// Gathers what waits and runs it together: one statement for many requests is what makes the database fast enough. There is
// no timer: a lane that is free takes all that has come since, so a single request waits for nobody and a storm shares.
// A statement costs about 360 µs of CPU however few rows it has (170 in Postgres, 190 here) and 20 a row: on two cores four
// lanes with batches of 8 make a request twice as dear as batches of 20 and more.

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
}

export type Batcher<T, R> = {
  /** Rejects with `BatchError` or `BatchRefusedError`. */
  submit(item: T): Promise<R>
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
  let whenIdle: (() => void) | undefined

  // A second lane opens only for about as many items as are on their way already: while one batch waits for the disk another
  // of its size may run, but a large batch is never split into small ones.
  const ask = (): void => {
    if (asked || queue.length === 0 || queue.length < Math.min(running, enoughForALane)) return
    asked = true
    lanes.take((lane) => {
      asked = false
      const { batch, kept } = takeBatch(queue, keysOnTheirWay, maximum)
      queue = kept
      if (batch.length === 0) return lanes.give(lane)
      void runBatch(batch, lane)
      ask()
    })
  }

  const runBatch = async (batch: Waiting<T, R>[], lane: number): Promise<void> => {
    running += batch.length
    const outcome = await attempt(batch, (items) => options.run(items, lane))
    running -= batch.length
    for (const { key } of batch) if (key !== undefined) keysOnTheirWay.delete(key)
    lanes.give(lane)
    settle(batch, outcome)
    ask()
    if (running === 0 && queue.length === 0) whenIdle?.()
  }

  return {
    submit(item) {
      if (closed) return Promise.reject(new BatchRefusedError('the batcher is closed'))
      if (queue.length >= maximumWaiting)
        return Promise.reject(new BatchRefusedError(`${queue.length} items wait already`))
      return new Promise<R>((resolve, reject) => {
        queue.push({ item, key: options.keyOf?.(item), resolve, reject })
        ask()
      })
    },
    waiting: () => queue.length,
    close() {
      closed = true
      if (running === 0 && queue.length === 0) return Promise.resolve()
      return new Promise((resolve) => (whenIdle = resolve))
    },
  }
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

function settle<T, R>(batch: readonly Waiting<T, R>[], outcome: R[] | BatchError): void {
  for (const [i, entry] of batch.entries()) {
    if (outcome instanceof BatchError) entry.reject(outcome)
    else entry.resolve(outcome[i]!)
  }
}

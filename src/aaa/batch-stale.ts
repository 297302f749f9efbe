// Which items of a batcher nobody waits for any more. They cost no statement: in an overload, or after this process stood still,
// answers that come too late would only hold up those that do not (RFC 5080 §2.2.3; F05, F40).

/** Nobody waited for the item any more when its batch was taken: nothing was done for it. */
export class BatchStaleError extends Error {
  override readonly name = 'BatchStaleError'
}

/** Somebody waits for it until then, by the clock of `staleBy`; undefined: for ever. */
export type Patient = { readonly untilMs?: number | undefined }

/** Whether the time of an item is over. */
export function staleBy(clock: { monotonicMs(): number }): (item: Patient) => boolean {
  return ({ untilMs }) => untilMs !== undefined && untilMs < clock.monotonicMs()
}

type Waiting<T> = { readonly item: T; readonly reject: (error: Error) => void }

/** The entries that somebody waits for, in their order; the others are rejected. */
export function withoutStale<T, W extends Waiting<T>>(queue: W[], isStale: ((item: T) => boolean) | undefined): W[] {
  if (isStale === undefined || !queue.some(({ item }) => isStale(item))) return queue
  return queue.filter(({ item, reject }) => {
    const stale = isStale(item)
    if (stale) reject(new BatchStaleError('nobody waits for it any more'))
    return !stale
  })
}

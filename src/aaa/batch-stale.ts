// Which items of a batcher nobody waits for any more. They cost no statement: in an overload, or after this process stood still,
// answers that come too late would only hold up those that do not (RFC 5080 §2.2.3; F05, F40).

/** Nobody waited for the item any more when its batch was taken: nothing was done for it. */
export class BatchStaleError extends Error {
  override readonly name = 'BatchStaleError'
}

/** For whom an item is. */
export type Patient = {
  /** Somebody waits for it until then, by the clock of `staleBy`; undefined: for ever. */
  readonly untilMs?: number | undefined
  /** Becomes over where the answer went out without it. */
  readonly asking?: { readonly isOver: boolean } | undefined
}

/** Whether nobody waits for an item any more. */
export function staleBy(clock: { monotonicMs(): number }): (item: Patient) => boolean {
  return ({ untilMs, asking }) => asking?.isOver === true || (untilMs !== undefined && untilMs < clock.monotonicMs())
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

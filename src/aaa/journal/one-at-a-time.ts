// Deeds that must not overlap, in the order in which they were asked for.

/** A queue: what is given to it runs when all before has ended, however it ended. */
export function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return result
  }
}

// Doing the same to many things, a few at a time.

/**
 * Runs `work` for every item, at most `width` at once, begun in their order. Where one throws nothing more is begun, and its error
 * is thrown once those under way have ended: nothing goes on behind the caller's back.
 */
export async function inLanes<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0
  const failures: unknown[] = []
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const item = items[next++]!
      try {
        await work(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  if (failures.length > 0) throw failures[0]
}

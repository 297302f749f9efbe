// Goodput of a storm: first answers by time, and whether it holds between the ascent and the last who come.

/** The lowest second may not have less than this share of the best. */
export const leastShare = 0.7
/** Of all answers: what comes after them is the end of the storm, where fewer and fewer are left to dial. */
const mainShare = 0.95
const slotsPerSecond = 10

/**
 * First answers in the best second and in the lowest one, between reaching `leastShare` of the best first and the last twentieth
 * of the answers. `slots` are those of each 100 ms. NaN of a storm that was over within a second.
 */
export function goodputOf(slots: readonly number[]): { peak: number; lowest: number } {
  const sum = (some: readonly number[]): number => some.reduce((total, one) => total + one, 0)
  const starts = slots.slice(0, Math.max(0, slots.length - slotsPerSecond + 1)).map((_, at) => at)
  const windows = starts.map((at) => sum(slots.slice(at, at + slotsPerSecond)))
  if (windows.length === 0) return { peak: Number.NaN, lowest: Number.NaN }
  const peak = Math.max(...windows)
  const first = windows.findIndex((answers) => answers >= peak * leastShare)
  const all = sum(slots)
  let end = 0
  for (let answered = 0; end < slots.length && answered < all * mainShare; end += 1) answered += slots[end]!
  const between = windows.slice(first, Math.max(first + 1, end - slotsPerSecond + 1))
  return { peak, lowest: Math.min(...between) }
}

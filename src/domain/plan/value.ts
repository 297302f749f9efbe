// Numbers inside the lists of a plan (schedule, fair use steps): whole, above nothing, and exact in JSON.

/** From, to. */
export type Range = readonly [number, number]

/** A rate in bit/s: what a bigint column and JSON's numbers hold alike. */
const rateRange: Range = [1, Number.MAX_SAFE_INTEGER]
/** A percentage of the plan's rate. */
export const shareRange: Range = [1, 1_000]

/** Whether it is a whole number in the range; default: that of a rate. */
export function checkWhole(value: number, [from, to]: Range = rateRange): boolean {
  return Number.isSafeInteger(value) && value >= from && value <= to
}

// What the times of a run of `enforce` come to: delays between two clocks' readings of the same thing, and their percentiles.

import type { Heard } from './nas-responder.ts'

export type Percentiles = { count: number; p50: number; p99: number; worst: number }

/** Of nothing: zeros. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), worst: sorted.at(-1) ?? 0 }
}

export type Enforced = {
  /** Commit to packet on the wire, and commit to the Stop that is stored; of those that came to it. */
  onWire: Percentiles
  gone: Percentiles
  /** Orders of which no packet came, or no Stop. */
  unheard: number
  notGone: number
  /** From the first commit to the last Stop, in ms. */
  spanMs: number
}

/**
 * `committed`: when the deed upon each subscriber was known to be committed, by its number. A packet may leave before whoever
 * committed hears of it: that is no delay.
 */
export function enforced(committed: ReadonlyMap<number, number>, heard: readonly Heard[]): Enforced {
  const byNumber = new Map(heard.map((one) => [one.number, one]))
  const onWire: number[] = []
  const gone: number[] = []
  let last = 0
  for (const [number, at] of committed) {
    const order = byNumber.get(number)
    if (order !== undefined) onWire.push(Math.max(0, order.heardAt - at))
    if (order?.goneAt === undefined) continue
    gone.push(Math.max(0, order.goneAt - at))
    last = Math.max(last, order.goneAt)
  }
  return {
    onWire: percentiles(onWire),
    gone: percentiles(gone),
    unheard: committed.size - onWire.length,
    notGone: committed.size - gone.length,
    spanMs: gone.length === 0 ? 0 : last - Math.min(...committed.values()),
  }
}

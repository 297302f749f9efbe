// A bad network between NAS and server, by seed: each datagram may be lost, doubled or held back so that others pass it.

import type { Random } from './random.ts'

/** Probabilities, 0 to 1, for one datagram in one direction. */
export type NetworkFaults = {
  loss: number
  duplicate: number
  reorder: number
  /** A reordered copy is held back by up to so many milliseconds. Default 150. */
  holdMs?: number
}

export const perfectNetwork: NetworkFaults = { loss: 0, duplicate: 0, reorder: 0 }

/** Whether every datagram arrives once and at once. */
export function isPerfect({ loss, duplicate, reorder }: NetworkFaults): boolean {
  return loss === 0 && duplicate === 0 && reorder === 0
}

const defaultHoldMs = 150

/** The delay in milliseconds of each copy that arrives: none when the datagram is lost, two when it is doubled. */
export function planDelivery(faults: NetworkFaults, random: Random): number[] {
  if (random.chance(faults.loss)) return []
  const delays = [drawDelay(faults, random)]
  if (random.chance(faults.duplicate)) delays.push(drawDelay(faults, random))
  return delays
}

function drawDelay(faults: NetworkFaults, random: Random): number {
  return random.chance(faults.reorder) ? 1 + random.integer(faults.holdMs ?? defaultHoldMs) : 0
}

// How a bulk run is shown: how far it is, and what became of each subscriber.
import type { BulkRun } from '../api/generated/types.gen.ts'

export const outcomeColours = {
  done: 'green',
  unchanged: 'gray',
  refused: 'orange',
  failed: 'red',
  left: 'gray',
} as const

/** How much of it has been worked on, in percent. */
export function shareOf({ counts: { total, left } }: BulkRun): number {
  return total === 0 ? 100 : ((total - left) / total) * 100
}

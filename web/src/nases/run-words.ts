// The states of a run on a router, as colours.
import type { RouterRun } from '../api/generated/types.gen.ts'

export const runColours: Record<RouterRun['state'], string> = {
  waiting: 'blue',
  running: 'blue',
  done: 'green',
  failed: 'red',
}

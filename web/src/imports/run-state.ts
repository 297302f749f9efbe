// What an import is by now: the colour of its state, and whether it goes on.
import type { GetImportsIdResponse } from '../api/generated/types.gen.ts'

export type ImportRun = GetImportsIdResponse

export const stateColours = {
  waiting: 'gray',
  running: 'blue',
  stopping: 'orange',
  done: 'green',
  refused: 'red',
  stopped: 'gray',
  failed: 'red',
} as const satisfies Record<ImportRun['state'], string>

export const isOpen = ({ finished_at }: Pick<ImportRun, 'finished_at'>): boolean => finished_at === null

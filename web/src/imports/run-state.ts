// What an import is by now: the colour of its state, and whether it goes on.
import type { TFunction } from 'i18next'
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

/** The state in words: a check that found errors was not refused, it did what it was for. */
export function stateWords({ state, dry_run: isCheck }: Pick<ImportRun, 'state' | 'dry_run'>, t: TFunction): string {
  if (isCheck && (state === 'done' || state === 'refused')) return t(`imports.checkState.${state}`)
  return t(`imports.state.${state}`)
}

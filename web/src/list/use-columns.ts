// Which columns are shown, in which order and how wide: kept for each operator in this browser. A saved view has its own.
import { useCallback, useState } from 'react'
import { useMe } from '../sign-in/me.ts'

export type ColumnChoice = {
  /** In the order in which they are shown; undefined: the usual ones. */
  names: readonly string[] | undefined
  widths: Readonly<Record<string, number>>
}

export type Columns = ColumnChoice & {
  setNames(names: readonly string[] | undefined): void
  setWidth(name: string, width: number): void
}

const usual: ColumnChoice = { names: undefined, widths: {} }

export function useColumns(list: string): Columns {
  const { operator_id: operator } = useMe()
  const keptAt = `gatehouse.columns.${operator}.${list}`
  const [kept, setKept] = useState(() => ({ keptAt, choice: read(keptAt) }))
  // Another view or another operator.
  if (kept.keptAt !== keptAt) setKept({ keptAt, choice: read(keptAt) })
  const { choice } = kept
  const change = useCallback(
    (next: (before: ColumnChoice) => ColumnChoice) => {
      const after = next(read(keptAt))
      localStorage.setItem(keptAt, JSON.stringify(after))
      setKept({ keptAt, choice: after })
    },
    [keptAt],
  )
  return {
    ...choice,
    setNames: useCallback((names) => change((before) => ({ ...before, names })), [change]),
    setWidth: useCallback(
      (name, width) => change((before) => ({ ...before, widths: { ...before.widths, [name]: width } })),
      [change],
    ),
  }
}

function read(keptAt: string): ColumnChoice {
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(keptAt) ?? '{}') as Partial<ColumnChoice>) }
  } catch {
    return usual
  }
}

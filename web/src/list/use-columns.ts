// Which columns are shown, in which order and how wide: of this operator in this browser, until a saved view says otherwise.
import { useCallback, useState } from 'react'

export type ColumnChoice = {
  /** In the order in which they are shown; undefined: the usual ones. */
  names: readonly string[] | undefined
  widths: Readonly<Record<string, number>>
}

export function useColumns(list: string): ColumnChoice & {
  setNames(names: readonly string[] | undefined): void
  setWidth(name: string, width: number): void
} {
  const keptAt = `gatehouse.columns.${list}`
  const [choice, setChoice] = useState<ColumnChoice>(() => read(keptAt))
  const change = useCallback(
    (next: (before: ColumnChoice) => ColumnChoice) =>
      setChoice((before) => {
        const after = next(before)
        localStorage.setItem(keptAt, JSON.stringify(after))
        return after
      }),
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
  const usual: ColumnChoice = { names: undefined, widths: {} }
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(keptAt) ?? '{}') as Partial<ColumnChoice>) }
  } catch {
    return usual
  }
}

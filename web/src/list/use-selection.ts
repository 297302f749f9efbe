// Which rows are selected: one by one, a range with Shift, all that are shown, or all that match, whose number only the API knows.
import { useCallback, useMemo, useRef, useState } from 'react'

export type Selection = {
  has(id: number): boolean
  readonly size: number
  readonly ids: readonly number[]
  /** All that the filter means, also those that are not loaded. */
  readonly isAllMatching: boolean
  /** With `range`: everything from the one that was toggled last to this one. */
  toggle(id: number, range: boolean): void
  add(ids: readonly number[]): void
  selectAllMatching(): void
  clear(): void
}

export function useSelection(rows: readonly { id: number }[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<number>>(new Set())
  const [isAllMatching, setAllMatching] = useState(false)
  const last = useRef<number>(undefined)
  const loaded = useRef(rows)
  loaded.current = rows

  const toggle = useCallback((id: number, range: boolean) => {
    setAllMatching(false)
    setIds((before) => {
      const next = new Set(before)
      const [from, to] = [last.current, id].map((each) => loaded.current.findIndex((row) => row.id === each))
      if (range && from !== undefined && from >= 0 && to !== undefined) {
        for (const row of loaded.current.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(row.id)
      } else if (!next.delete(id)) next.add(id)
      return next
    })
    last.current = id
  }, [])

  return useMemo(
    () => ({
      has: (id: number) => isAllMatching || ids.has(id),
      size: ids.size,
      ids: [...ids],
      isAllMatching,
      toggle,
      add: (more: readonly number[]) => setIds((before) => new Set([...before, ...more])),
      selectAllMatching: () => setAllMatching(true),
      clear: () => {
        setAllMatching(false)
        setIds(new Set())
      },
    }),
    [ids, isAllMatching, toggle],
  )
}

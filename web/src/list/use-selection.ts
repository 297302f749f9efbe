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

type State = { ids: ReadonlySet<number>; isAllMatching: boolean }
const none: State = { ids: new Set(), isAllMatching: false }

/** `rows`: all that are loaded, in their order, as rows or as ids. Of another question (`of`) nothing is selected yet. */
export function useSelection(rows: readonly ({ id: number } | number)[], of = ''): Selection {
  const [kept, setKept] = useState({ of, ...none })
  const last = useRef<number>(undefined)
  const loaded = useRef(rows)
  loaded.current = rows
  const state = kept.of === of ? kept : none
  const change = useCallback(
    (next: (before: State) => State) => setKept((before) => ({ of, ...next(before.of === of ? before : none) })),
    [of],
  )

  const toggle = useCallback(
    (id: number, range: boolean) => {
      const ids = (): number[] => loaded.current.map(idOf)
      const anchor = last.current
      change((before) => {
        // Whoever takes one away from all that match goes on with those that are loaded.
        const next = new Set(before.isAllMatching ? ids() : before.ids)
        if (!range || anchor === undefined) {
          if (!next.delete(id)) next.add(id)
          return { ids: next, isAllMatching: false }
        }
        const order = ids()
        const [from, to] = [order.indexOf(anchor), order.indexOf(id)]
        if (from >= 0 && to >= 0) {
          for (const one of order.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one)
        } else next.add(id)
        return { ids: next, isAllMatching: false }
      })
      last.current = id
    },
    [change],
  )

  return useMemo(
    () => ({
      has: (id: number) => state.isAllMatching || state.ids.has(id),
      size: state.ids.size,
      ids: [...state.ids],
      isAllMatching: state.isAllMatching,
      toggle,
      add: (more: readonly number[]) =>
        change((before) => ({ ids: new Set([...before.ids, ...more]), isAllMatching: false })),
      selectAllMatching: () => change((before) => ({ ...before, isAllMatching: true })),
      clear: () => change(() => none),
    }),
    [state, toggle, change],
  )
}

function idOf(row: { id: number } | number): number {
  return typeof row === 'number' ? row : row.id
}

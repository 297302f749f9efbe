// What the list is asked for, as its address says it: search, filters, order, the saved view, what is open.
import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useEffectEvent, useMemo, useRef } from 'react'
import type { SavedView } from '../api/generated/types.gen.ts'
import type { Sort } from '../list/list-table.tsx'
import { subscribersRoute } from '../routes/customers.ts'
import { filterKind } from './filter-kinds.ts'
import type { Filters, ListQuery } from './filter.ts'
import { savedViews, searchOf, usualSort } from './views.ts'

type Change = {
  q?: string | undefined
  sort?: string | undefined
  filter?: Filters | undefined
  view?: number | undefined
  open?: number | undefined
  run?: number | undefined
}
const none: Filters = {}

export function useListQuestion() {
  const { q, sort = usualSort, filter, view: viewId, open, run } = subscribersRoute.useSearch()
  const navigate = subscribersRoute.useNavigate()
  const go = useCallback(
    (change: Change, { isStep = false } = {}) =>
      // The list itself knows where it begins: the router would put it back to where it stood with the question before.
      void navigate({ search: (before) => ({ ...before, ...change }), replace: !isStep, resetScroll: false }),
    [navigate],
  )
  // The same filters are the same object, however often the address is read.
  const text = JSON.stringify(filter ?? none)
  const filters = useMemo(() => known(JSON.parse(text) as Filters), [text])
  const asked = useMemo<ListQuery>(() => ({ ...filters, ...(q ? { search: q } : {}) }), [q, filters])
  const { data: views } = useQuery(savedViews)
  const view = views?.find(({ id }) => id === viewId)
  const choose = useCallback(
    (chosen: SavedView | undefined) =>
      go(
        chosen === undefined ? { view: undefined, q: undefined, filter: undefined, sort: undefined } : searchOf(chosen),
        { isStep: true },
      ),
    [go],
  )
  useFirstView(views, { viewId, isPlain: q === undefined && filter === undefined && viewId === undefined }, go)
  const order: Sort = { by: sort.replace(/^-/, ''), descending: sort.startsWith('-') }
  return { q: q ?? '', sort, order, filters, asked, view, open, run, go, choose }
}

/** What the API would not know is left out: an address may be old. */
function known(filters: Filters): Filters {
  return Object.fromEntries(Object.entries(filters).filter(([name]) => filterKind(name) !== undefined))
}

type First = { viewId: number | undefined; isPlain: boolean }

/** Once, when the list is opened: the view that it begins with, or the one that the address names alone. */
function useFirstView(
  views: readonly SavedView[] | undefined,
  { viewId, isPlain }: First,
  go: (search: ReturnType<typeof searchOf>) => void,
) {
  const isDone = useRef(false)
  const begin = useEffectEvent((all: readonly SavedView[]) => {
    const named = new URLSearchParams(location.search)
    const isAlone = viewId !== undefined && !named.has('q') && !named.has('filter') && !named.has('sort')
    const first = isPlain
      ? all.find((one) => one.is_default)
      : isAlone
        ? all.find(({ id }) => id === viewId)
        : undefined
    if (first !== undefined) go(searchOf(first))
  })
  useEffect(() => {
    if (views === undefined || isDone.current) return
    isDone.current = true
    begin(views)
  }, [views])
}

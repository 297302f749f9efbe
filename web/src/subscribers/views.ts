// Saved views: a filter, an order and columns under a name, one's own and those that are shared.
import { queryOptions } from '@tanstack/react-query'
import { getViews } from '../api/generated/sdk.gen.ts'
import type { SavedView } from '../api/generated/types.gen.ts'
import { filterOf, filtersOf, type Filters, type ListQuery } from './filter.ts'

export const savedViews = queryOptions({
  queryKey: ['views', 'subscriber'],
  queryFn: async () => (await getViews({ query: { noun: 'subscriber' }, throwOnError: true })).data.items,
  staleTime: 60_000,
})

/** What the list shows now, as a view would keep it. */
export type ViewContent = { filter: Record<string, unknown>; sort: string; columns: string[] }

export const usualSort = 'username'

export function contentOf(asked: ListQuery, sort: string, columns: readonly string[] | undefined): ViewContent {
  return { filter: filterOf(asked), sort, columns: [...(columns ?? [])] }
}

/** As the address says it. */
export function searchOf(view: SavedView): {
  view: number
  q: string | undefined
  filter: Filters | undefined
  sort: string | undefined
} {
  const { q, filter } = filtersOf(view.filter)
  return {
    view: view.id,
    q,
    filter: Object.keys(filter).length === 0 ? undefined : filter,
    sort: view.sort ?? undefined,
  }
}

export function isChanged(view: SavedView, content: ViewContent): boolean {
  return (
    inOrder(view.filter) !== inOrder(content.filter) ||
    (view.sort ?? usualSort) !== content.sort ||
    (view.columns.length > 0 && view.columns.join() !== content.columns.join())
  )
}

function inOrder(filter: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(filter).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

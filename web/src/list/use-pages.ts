// Rows of a list page by page: the next page is asked for before the eye gets there.
import { useInfiniteQuery, type QueryKey } from '@tanstack/react-query'
import { useMemo } from 'react'

export type Page<Row> = { items: Row[]; next_cursor: string | null }

/** Of a list whose loaded rows are all kept. */
export type PlainPages<Row> = {
  rows: readonly Row[]
  /** There are more than are loaded. */
  hasMore: boolean
  isLoading: boolean
  /** What is shown belongs to the question before; the answer to the new one is on its way. */
  isStale: boolean
  error: Error | null
  loadMore(): void
  again(): void
  window?: undefined
}

export type Pages<Row> = Omit<PlainPages<Row>, 'window'> & {
  /** Where not all that is loaded is kept (use-page-window.ts): `rows` are then those that are. */
  window?: PageWindow<Row> | undefined
}

export type PageWindow<Row> = {
  /** Of the question: another one begins at the top. */
  name: string
  /** How many rows are known, kept or not. */
  count: number
  /** Of all of them. */
  ids: readonly number[]
  /** Undefined: it is on its way. */
  at(index: number): Row | undefined
  /** What is on screen now. */
  see(first: number, last: number): void
}

export function usePages<Row>(
  key: QueryKey,
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>,
): PlainPages<Row> {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => ask(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: (before) => before,
  })
  const rows = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data])
  return {
    rows,
    hasMore: query.hasNextPage,
    isLoading: query.isPending,
    isStale: query.isPlaceholderData,
    error: query.error,
    loadMore: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage()
    },
    again: () => void query.refetch(),
  }
}

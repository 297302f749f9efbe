// A list that the API answers as a whole, for the one table.
import type { UseQueryResult } from '@tanstack/react-query'
import type { PlainPages } from './use-pages.ts'

/** `rows` where only some of them are shown, or in another order. */
export function wholeList<Row>(
  query: UseQueryResult<readonly Row[]>,
  rows: readonly Row[] = query.data ?? [],
): PlainPages<Row> {
  return {
    rows,
    hasMore: false,
    isLoading: query.isPending,
    isStale: false,
    error: query.error,
    loadMore: () => undefined,
    again: () => void query.refetch(),
  }
}

// The rows, the columns and the number of what the list is asked for.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getSubscribers, getSubscribersColumns, getSubscribersCount } from '../api/generated/sdk.gen.ts'
import type { SavedView, SubscriberRow } from '../api/generated/types.gen.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { useColumns } from '../list/use-columns.ts'
import { usePageWindow } from '../list/use-page-window.ts'
import { useMay } from '../sign-in/me.ts'
import { cardOf, columnsOf, neededColumns } from './columns.tsx'
import type { ListQuery } from './filter.ts'
import { useLiveRows } from './use-live-rows.ts'

const pageSize = 100
/** Who may not hear what happens looks again from time to time. */
const lookMs = 30_000

type Asked = { asked: ListQuery; sort: string; view: SavedView | undefined }

export function useSubscriberList({ asked, sort, view }: Asked) {
  const { t } = useTranslation()
  const instant = useInstant()
  const mayListen = useMay('log.read')
  const known = useQuery({
    queryKey: ['subscriber-columns'],
    queryFn: async () => (await getSubscribersColumns({ throwOnError: true })).data.items,
    staleTime: Infinity,
  })
  const kept = useColumns(view === undefined ? 'subscribers' : `subscribers.view.${view.id}`)
  const ofView = view !== undefined && view.columns.length > 0 ? view.columns : undefined
  const names = kept.names ?? ofView
  const all = useMemo(() => columnsOf(known.data ?? [], t, instant), [known.data, t, instant])
  const columns = useMemo(() => {
    const usual = known.data?.filter((column) => column.usual).map(({ name }) => name) ?? []
    return (names ?? usual).flatMap((name) => all.filter((column) => column.name === name))
  }, [known.data, all, names])
  const shown = useMemo(() => columns.map(({ name }) => name), [columns])
  // The usual ones are known to the API, and hold what every row needs. Others need not wait until all are known.
  const own = names && (known.data === undefined ? names : shown)
  const fields = own && [...new Set([...neededColumns, ...own, ...(own.includes('balance') ? ['currency'] : [])])]
  const chosen = fields && { columns: fields.toSorted().join(',') }
  const key = ['subscribers', 'list', asked, sort, chosen?.columns]
  const pages = usePageWindow<SubscriberRow>({
    key,
    size: pageSize,
    ask: async (cursor, signal) => {
      const query = { ...asked, sort, ...chosen, limit: String(pageSize), ...(cursor && { cursor }) } as ListQuery
      return (await getSubscribers({ query, signal, throwOnError: true })).data
    },
    refetchInterval: mayListen ? false : lookMs,
  })
  useLiveRows(key, chosen, pages)
  const count = useQuery({
    queryKey: ['subscribers', 'count', asked],
    queryFn: async ({ signal }) => (await getSubscribersCount({ query: asked, signal, throwOnError: true })).data,
    placeholderData: keepPreviousData,
    // The rows come first.
    enabled: !pages.isLoading && !pages.isStale,
  })
  const card = useMemo(() => cardOf(t, instant), [t, instant])
  return { pages, count: count.data, columns, all, known: known.data ?? [], shown, kept, card, error: known.error }
}

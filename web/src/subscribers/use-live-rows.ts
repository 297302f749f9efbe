// The rows on screen as things happen to them: who comes and goes is shown at once, and a moment later the whole row as the API
// has it, many of them by one question.
import { useQueryClient, type QueryKey } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'
import { getSubscribers } from '../api/generated/sdk.gen.ts'
import type { SubscriberRow } from '../api/generated/types.gen.ts'
import type { Page, Pages } from '../list/use-pages.ts'
import { useLive } from '../live/use-live.ts'
import type { ListQuery } from './filter.ts'

/** What happens meanwhile is asked for together. */
const waitMs = 800
/** Of one question. */
const mostIds = 300

/** `chosen`: the columns that are not the usual ones. */
export function useLiveRows(key: QueryKey, chosen: { columns: string } | undefined, pages: Pages<SubscriberRow>): void {
  const queries = useQueryClient()
  const waiting = useRef(new Set<number>())
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const patch = (change: (row: SubscriberRow) => SubscriberRow) =>
    queries.setQueriesData<Page<SubscriberRow>>({ queryKey: key }, (page) => {
      if (page === undefined) return page
      const items = page.items.map(change)
      return items.every((row, at) => row === page.items[at]) ? page : { ...page, items }
    })
  const refresh = async (): Promise<void> => {
    timer.current = undefined
    const ids = [...waiting.current].slice(0, mostIds)
    waiting.current.clear()
    const query = { ids: ids.join(','), ...chosen, archived: 'any', limit: String(mostIds), sort: 'id' } as ListQuery
    const { data } = await getSubscribers({ query, throwOnError: true })
    const fresh = new Map(data.items.map((row) => [row.id, row]))
    patch((row) => fresh.get(row.id) ?? row)
  }
  const latest = useRef(refresh)
  latest.current = refresh
  const later = useCallback(() => {
    // A question that fails is no harm: the next event asks again.
    timer.current ??= setTimeout(() => void latest.current().catch(() => undefined), waitMs)
  }, [])
  useEffect(() => () => clearTimeout(timer.current), [])

  useLive(['session-start', 'session-stop', 'audit', 'gap'], (event) => {
    if (event.kind === 'gap') return pages.again()
    const { subscriber_id: id } = event
    if (id == null || !pages.rows.some((row) => row.id === id)) return
    if (event.kind === 'session-start') patch((row) => (row.id === id && !row.online ? { ...row, online: true } : row))
    waiting.current.add(id)
    later()
  })
}

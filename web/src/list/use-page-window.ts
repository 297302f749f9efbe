// Rows of a very long list: only the pages around what is on screen are kept, however far somebody scrolls. Of all others there are
// only the ids, for selecting, and the place where each page begins, for coming back.
import { hashKey, useQueries, useQueryClient, type QueryKey } from '@tanstack/react-query'
import { useCallback, useMemo, useRef, useState } from 'react'
import type { Page, Pages } from './use-pages.ts'

type Ask<Row> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>
type Options<Row> = { key: QueryKey; size: number; ask: Ask<Row>; refetchInterval?: number | false }

/** What is known of a list, whatever of it is kept. */
type Book<Row> = {
  name: string
  /** Where each known page begins. */
  starts: (string | undefined)[]
  ids: number[]
  /** Nothing comes behind the last known page. */
  isWhole: boolean
  /** Of the pages in the window. */
  items: Map<number, readonly Row[]>
}

/** So many rows before and behind those on screen are asked for. */
const ahead = 60
/** A page that was left is kept so long: who turns around finds it. */
const keptMs = 15_000

export function usePageWindow<Row extends { id: number }>({
  key,
  size,
  ask,
  refetchInterval,
}: Options<Row>): Pages<Row> {
  const name = hashKey(key)
  const queries = useQueryClient()
  const [seen, setSeen] = useState({ name, first: 0, last: 0 })
  const book = useRef<Book<Row>>(newBook(name))
  const before = useRef<Book<Row>>(undefined)
  if (book.current.name !== name) {
    if (book.current.items.size > 0) before.current = book.current
    book.current = newBook(name)
  }
  const current = book.current
  // A page beyond the last known one can only be asked for when the one before it is there.
  const known = current.starts.length - 1
  const first = Math.min(seen.name === name ? seen.first : 0, known)
  const last = Math.min(seen.name === name ? seen.last : 0, known)
  const wanted = Array.from({ length: last - first + 1 }, (_, at) => first + at)
  const results = useQueries({
    queries: wanted.map((page) => ({
      queryKey: [...key, current.starts[page] ?? ''],
      queryFn: ({ signal }: { signal: AbortSignal }) => ask(current.starts[page], signal),
      gcTime: keptMs,
      refetchInterval: refetchInterval ?? (false as const),
    })),
  })
  const stamp = results.map(({ dataUpdatedAt }) => dataUpdatedAt).join(' ')
  wanted.forEach((page, at) => writeDown(current, page, size, results[at]?.data))
  for (const page of current.items.keys()) if (page < first || page > last) current.items.delete(page)

  const error = results.find((result) => result.error !== null)?.error ?? null
  const isLoading = current.ids.length === 0 && !current.isWhole && error === null
  const isStale = isLoading && before.current !== undefined
  const shown = isStale ? before.current! : current
  const see = useCallback(
    (from: number, to: number) => {
      const next = {
        name,
        first: Math.max(0, Math.floor((from - ahead) / size)),
        last: Math.floor((to + ahead) / size),
      }
      setSeen((was) => (was.name === name && was.first === next.first && was.last === next.last ? was : next))
    },
    [name, size],
  )
  const again = useCallback(() => void queries.invalidateQueries({ queryKey: key }), [queries, name]) // oxlint-disable-line react/exhaustive-deps -- the name is the key
  return useMemo(
    () => ({
      rows: [...shown.items].toSorted(([one], [other]) => one - other).flatMap(([, items]) => items),
      hasMore: !shown.isWhole,
      isLoading: isLoading && !isStale,
      isStale,
      error,
      loadMore: () => undefined,
      again,
      window: {
        name: shown.name,
        count: shown.ids.length,
        ids: shown.ids,
        at: (index: number) => shown.items.get(Math.floor(index / size))?.[index % size],
        see,
      },
    }),
    // oxlint-disable-next-line react/exhaustive-deps -- the book is written in place; the stamp and the window tell when
    [shown, stamp, first, last, isLoading, isStale, error, again, see, size],
  )
}

function newBook<Row>(name: string): Book<Row> {
  return { name, starts: [undefined], ids: [], isWhole: false, items: new Map() }
}

/** What follows a page that has changed begins elsewhere now, and is asked for again when it is looked at. */
function writeDown<Row extends { id: number }>(
  book: Book<Row>,
  page: number,
  size: number,
  data: Page<Row> | undefined,
): void {
  if (data === undefined || book.items.get(page) === data.items) return
  const { items, next_cursor: next } = data
  book.items.set(page, items)
  items.forEach(({ id }, at) => (book.ids[page * size + at] = id))
  if (next === null) {
    book.isWhole = true
    book.starts.length = page + 1
    book.ids.length = page * size + items.length
    return
  }
  if (book.starts[page + 1] === next) return
  book.isWhole = false
  book.starts.length = page + 1
  book.starts.push(next)
}

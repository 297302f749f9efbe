// Which columns are drawn: a list is often wider than its window, and as long as nobody scrolls aside the cells beyond its edge are
// left out of a list whose cells are only read.
import { useLayoutEffect, useMemo, useState, type RefObject } from 'react'

type Column = { name: string; width: number }

type Seen<Any> = {
  seen: readonly Any[]
  /** Somebody has scrolled aside. */
  isAside: boolean
  onScroll(): void
}

export function useSeenColumns<Any extends Column>(
  list: RefObject<HTMLElement | null>,
  columns: readonly Any[],
  { widths = {}, isOnlyRead }: { widths: Readonly<Record<string, number>> | undefined; isOnlyRead: boolean },
): Seen<Any> {
  const [width, setWidth] = useState(0)
  const [isAside, setAside] = useState(false)
  useLayoutEffect(() => {
    const measure = () => setWidth(list.current!.clientWidth)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(list.current!)
    return () => observer.disconnect()
  }, [list])
  let end = 0
  const beyond = columns.findIndex((column) => {
    const start = end
    end += widths[column.name] ?? column.width
    return start > width
  })
  const many = isAside || !isOnlyRead || beyond < 0 ? columns.length : beyond
  const seen = useMemo(() => columns.slice(0, many), [columns, many])
  return { seen, isAside, onScroll: () => setAside(list.current!.scrollLeft !== 0) }
}

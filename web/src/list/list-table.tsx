// The one table of every list: only the rows on screen are in the document, whatever their number. A grid for the keyboard and for
// readers; on a phone each row is a card. Heads are list-head.tsx, rows list-row.tsx, keys use-grid-keys.ts.
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  useCallback,
  useEffect,
  useEffectEvent,
  useId,
  useMemo,
  useRef,
  useState,
  type MouseEvent,
  type ReactNode,
} from 'react'
import { useTranslation } from 'react-i18next'
import { AgainButton } from './again-button.tsx'
import { ListHead } from './list-head.tsx'
import { ListRow, rowWords, type Place } from './list-row.tsx'
import classes from './list-table.module.css'
import { useGridKeys } from './use-grid-keys.ts'
import type { Pages } from './use-pages.ts'
import { useSeenColumns } from './use-seen-columns.ts'
import { usePhone } from './use-phone.ts'
import type { Selection } from './use-selection.ts'
import { useWays } from './use-ways.ts'

export type ListColumn<Row> = {
  name: string
  title: string
  /** Pixels, until somebody drags it. */
  width: number
  sortable?: boolean
  /** Numbers stand at the end of their cell. */
  isNumber?: boolean
  cell(row: Row): ReactNode
}

export type Sort = { by: string; descending: boolean }

export type ListTableProps<Row extends { id: number }> = {
  label: string
  columns: readonly ListColumn<Row>[]
  pages: Pages<Row>
  nameOf(row: Row): string
  sort?: Sort
  onSort?(sort: Sort): void
  selection?: Selection
  onOpen?(row: Row): void
  /** The menu of a row, to be opened at a place of the window: three dots, right click, menu key. */
  onMenu?(row: Row, at: Place): void
  /** On a phone, in place of the cells. */
  card?(row: Row): ReactNode
  widths?: Readonly<Record<string, number>>
  onWidth?(name: string, width: number): void
  empty: ReactNode
}

const rowHeight = 36
const cardHeight = 62
/** So many rows before the last loaded one the next page is asked for. */
const ahead = 40
/** So many rows are drawn above and below those on screen. */
const overscan = 8

export function ListTable<Row extends { id: number }>(props: ListTableProps<Row>) {
  const { columns, pages, selection, card } = props
  const { rows, hasMore, loadMore, isLoading, isStale, window: kept } = pages
  const { t } = useTranslation()
  const gridId = useId()
  const scroller = useRef<HTMLDivElement>(null)
  const isCards = usePhone() && card !== undefined
  const count = kept?.count ?? rows.length
  const rowAt = useCallback((index: number) => (kept === undefined ? rows[index] : kept.at(index)), [kept, rows])
  const height = isCards ? cardHeight : rowHeight
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan,
  })
  useEffect(() => virtual.measure(), [virtual, height])
  const shown = virtual.getVirtualItems()
  // What is so long has no buttons in its cells, which Tab would go to.
  const isOnlyRead = kept !== undefined
  // A row of it that leaves at one end shows what comes at the other: none is taken away and made anew.
  const pool = isOnlyRead ? Math.ceil((virtual.scrollRect?.height ?? 0) / height) + 2 * overscan + 2 : Infinity
  const slots = shown.toSorted((one, other) => (one.index % pool) - (other.index % pool))
  const [firstShown, lastShown] = [shown[0]?.index ?? 0, shown.at(-1)?.index ?? 0]
  useEffect(() => kept?.see(firstShown, lastShown), [kept, firstShown, lastShown])
  useEffect(() => {
    if (kept === undefined && hasMore && lastShown >= count - ahead) loadMore()
  }, [kept, hasMore, lastShown, count, loadMore])

  const [focused, setFocused] = useState(0)
  // Another question begins at the top.
  const toTop = useEffectEvent(() => {
    setFocused(0)
    if (scroller.current !== null) scroller.current.scrollTop = 0
  })
  const asked = kept?.name
  useEffect(() => toTop(), [asked])

  const { openMenu, ...ways } = useRowWays(props, setFocused)
  const keys = useGridKeys({ count, focused, rowAt, pageIds: () => kept?.ids ?? rows.map(({ id }) => id) }, props, {
    focus(index) {
      setFocused(index)
      virtual.scrollToIndex(index)
    },
    openMenu: (row) => {
      const place = document.getElementById(`${gridId}${focused}`)?.getBoundingClientRect()
      // When the key has been heard by everybody: it would close what it has opened.
      if (place === undefined) return
      const x = document.documentElement.dir === 'rtl' ? place.right - 48 : place.left + 48
      setTimeout(() => openMenu(row, { x, y: place.bottom }))
    },
  })
  const { seen, isAside, onScroll } = useSeenColumns(scroller, columns, { widths: props.widths, isOnlyRead })
  const isMissing = rowAt(focused) === undefined || focused < firstShown || focused > lastShown
  const words = useMemo(() => rowWords(t), [t])

  return (
    <>
      {isLoading && (
        <span role="status" className="visually-hidden">
          {t('list.loading')}
        </span>
      )}
      <div
        ref={scroller}
        className={classes.scroller}
        role="grid"
        aria-label={props.label}
        aria-rowcount={hasMore ? -1 : count + 1}
        aria-colcount={isCards ? undefined : columns.length + (selection ? 1 : 0) + (props.onMenu ? 1 : 0)}
        aria-multiselectable={selection !== undefined}
        aria-busy={isLoading || isStale}
        tabIndex={0}
        aria-activedescendant={isMissing ? undefined : `${gridId}${focused}`}
        onKeyDown={keys}
        onContextMenu={(event) => ways.onContextMenu(event, rowAt)}
        data-stale={isStale || undefined}
        data-cards={isCards || undefined}
        data-aside={isAside || undefined}
        onScroll={onScroll}
      >
        <ListHead {...props} isCards={isCards} />
        <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {slots.map(({ index, start }) => {
            const row = rowAt(index)
            return (
              <ListRow
                key={index % pool}
                id={index === focused ? `${gridId}${index}` : undefined}
                index={index}
                start={start}
                row={row}
                columns={seen}
                columnCount={columns.length}
                card={isCards ? card : undefined}
                isSelected={selection && row ? selection.has(row.id) : undefined}
                words={words}
                {...ways}
                onMenu={props.onMenu && openMenu}
              />
            )
          })}
        </div>
        {isLoading && <LoadingRows />}
        {!isLoading && count === 0 && (
          <div role="row" className={classes.state}>
            <div role="gridcell">{pages.error ? <AgainButton onAgain={pages.again} /> : props.empty}</div>
          </div>
        )}
      </div>
    </>
  )
}

/** What rows call. */
function useRowWays<Row extends { id: number }>(props: ListTableProps<Row>, focus: (index: number) => void) {
  const ways = useWays({
    openMenu: (row: Row, at: Place) => props.onMenu?.(row, at),
    onToggle: (row: Row, range: boolean) => props.selection?.toggle(row.id, range),
    onOpen: (row: Row, index: number, event: MouseEvent) => {
      // Whoever marks text in order to copy it does not want to open.
      if (document.getSelection()?.toString()) return
      focus(index)
      if (props.selection && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        props.selection.toggle(row.id, event.shiftKey)
      } else props.onOpen?.(row)
    },
    nameOf: (row: Row) => props.nameOf(row),
  })
  const onContextMenu = (event: MouseEvent, rowAt: (index: number) => Row | undefined): void => {
    if (props.onMenu === undefined) return
    const element = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-index]') : null
    const row = element === null ? undefined : rowAt(Number(element.dataset['index']))
    if (row === undefined) return
    event.preventDefault()
    focus(Number(element?.dataset['index']))
    props.onMenu(row, { x: event.clientX, y: event.clientY })
  }
  return { ...ways, onContextMenu }
}

const skeletons = Array.from({ length: 14 }, (_, at) => at)

/** For the eye alone. */
function LoadingRows() {
  return (
    <div aria-hidden>
      {skeletons.map((at) => (
        <div key={at} className={classes.skeleton}>
          <div className={classes.bone} style={{ inlineSize: `${40 + ((at * 37) % 50)}%` }} />
        </div>
      ))}
    </div>
  )
}

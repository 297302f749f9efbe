// The one table of every list: only the rows on screen are in the document, whatever their number; heads sort and columns are
// resized; a row opens by click or Enter and is selected by its box, with Shift a range. A grid for the keyboard and for readers.
import { Checkbox, Loader } from '@mantine/core'
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './list-table.module.css'
import type { Pages } from './use-pages.ts'
import type { Selection } from './use-selection.ts'

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

type Props<Row extends { id: number }> = {
  label: string
  columns: readonly ListColumn<Row>[]
  pages: Pages<Row>
  nameOf(row: Row): string
  sort?: Sort
  onSort?(sort: Sort): void
  selection?: Selection
  onOpen?(row: Row): void
  widths?: Readonly<Record<string, number>>
  onWidth?(name: string, width: number): void
  empty: ReactNode
}

const rowHeight = 36
const boxWidth = 40
/** So many rows before the last loaded one the next page is asked for. */
const ahead = 40

export function ListTable<Row extends { id: number }>(props: Props<Row>) {
  const { columns, pages, label, selection, widths = {} } = props
  const { rows, hasMore, loadMore, isLoading, isStale } = pages
  const { t } = useTranslation()
  const scroller = useRef<HTMLDivElement>(null)
  const [focused, setFocused] = useState(0)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  const shown = virtual.getVirtualItems()
  const lastShown = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && lastShown >= rows.length - ahead) loadMore()
  }, [hasMore, lastShown, rows.length, loadMore])

  const template = [selection && `${boxWidth}px`, ...columns.map(({ name, width }) => `${widths[name] ?? width}px`)]
    .filter(Boolean)
    .join(' ')

  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 15,
      PageUp: -15,
      Home: -rows.length,
      End: rows.length,
    }
    const step = steps[event.key]
    const row = rows[focused]
    if (step !== undefined) {
      const next = Math.min(rows.length - 1, Math.max(0, focused + step))
      setFocused(next)
      virtual.scrollToIndex(next)
    } else if (event.key === 'Enter' && row !== undefined) props.onOpen?.(row)
    else if (event.key === ' ' && row !== undefined) selection?.toggle(row.id, event.shiftKey)
    else return
    event.preventDefault()
  }

  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-multiselectable={selection !== undefined}
      aria-busy={isLoading || isStale}
      tabIndex={0}
      aria-activedescendant={rows[focused] && `row-${rows[focused].id}`}
      onKeyDown={move}
      data-stale={isStale || undefined}
    >
      <Head {...props} template={template} />
      <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
        {shown.map(({ index, start }) => {
          const row = rows[index]!
          const isSelected = selection?.has(row.id) ?? false
          const select = (event: MouseEvent) => selection?.toggle(row.id, event.shiftKey)
          return (
            <div
              key={row.id}
              id={`row-${row.id}`}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={selection && isSelected}
              className={classes.row}
              data-focused={index === focused || undefined}
              style={{ transform: `translateY(${start}px)`, gridTemplateColumns: template }}
              onClick={() => {
                setFocused(index)
                props.onOpen?.(row)
              }}
            >
              {selection && (
                // eslint-disable-next-line jsx-a11y/interactive-supports-focus -- the grid has the focus
                <div role="gridcell" className={classes.box} onClick={(event) => event.stopPropagation()}>
                  <Checkbox
                    size="xs"
                    tabIndex={-1}
                    checked={isSelected}
                    onClick={select}
                    onChange={() => undefined}
                    aria-label={t('list.selectRow', { name: props.nameOf(row) })}
                  />
                </div>
              )}
              {columns.map((column) => (
                <div
                  key={column.name}
                  role="gridcell"
                  className={classes.cell}
                  data-number={column.isNumber || undefined}
                >
                  {column.cell(row)}
                </div>
              ))}
            </div>
          )
        })}
      </div>
      {isLoading && (
        <div className={classes.state}>
          <Loader size="sm" aria-label={t('list.loading')} />
        </div>
      )}
      {!isLoading && rows.length === 0 && <div className={classes.state}>{props.empty}</div>}
    </div>
  )
}

function Head<Row extends { id: number }>({
  columns,
  sort,
  onSort,
  selection,
  onWidth,
  pages,
  template,
  widths = {},
}: Props<Row> & { template: string }) {
  const { t } = useTranslation()
  const all = selection !== undefined && pages.rows.length > 0 && pages.rows.every(({ id }) => selection.has(id))
  const some = selection !== undefined && !all && selection.size > 0
  return (
    <div role="rowgroup" className={classes.head}>
      <div role="row" aria-rowindex={1} className={classes.headRow} style={{ gridTemplateColumns: template }}>
        {selection && (
          <div role="columnheader" className={classes.box}>
            <Checkbox
              size="xs"
              checked={all}
              indeterminate={some}
              onChange={() => (all ? selection.clear() : selection.add(pages.rows.map(({ id }) => id)))}
              aria-label={all ? t('list.unselect') : t('list.selectPage')}
            />
          </div>
        )}
        {columns.map(({ name, title, sortable, isNumber, width }) => {
          const order = sort?.by === name ? (sort.descending ? 'descending' : 'ascending') : undefined
          return (
            <div
              key={name}
              role="columnheader"
              aria-sort={order}
              className={classes.headCell}
              data-number={isNumber || undefined}
            >
              {sortable === true && onSort !== undefined ? (
                <button
                  type="button"
                  className={classes.sort}
                  onClick={() => onSort({ by: name, descending: order === 'ascending' })}
                >
                  <span className={classes.title}>{title}</span>
                  {order === 'ascending' && <IconChevronUp size={14} aria-hidden />}
                  {order === 'descending' && <IconChevronDown size={14} aria-hidden />}
                </button>
              ) : (
                <span className={classes.title}>{title}</span>
              )}
              {onWidth && <Grip name={name} width={widths[name] ?? width} onWidth={onWidth} />}
            </div>
          )
        })}
      </div>
    </div>
  )
}

const narrowest = 56

function Grip({ name, width, onWidth }: { name: string; width: number; onWidth(name: string, width: number): void }) {
  return (
    <span
      aria-hidden
      className={classes.grip}
      onPointerDown={(down) => {
        const grip = down.currentTarget
        grip.setPointerCapture(down.pointerId)
        const sign = getComputedStyle(grip).direction === 'rtl' ? -1 : 1
        const drag = (move: PointerEvent) =>
          onWidth(name, Math.max(narrowest, width + sign * (move.clientX - down.clientX)))
        grip.addEventListener('pointermove', drag)
        grip.addEventListener('lostpointercapture', () => grip.removeEventListener('pointermove', drag), { once: true })
      }}
    />
  )
}

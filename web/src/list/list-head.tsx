// The head of a list: a box for all rows, titles that sort, grips that make a column wider. On a phone a choice of the order.
import { NativeSelect } from '@mantine/core'
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react'
import { memo, useLayoutEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ListTableProps } from './list-table.tsx'
import classes from './list-table.module.css'

type Props<Row extends { id: number }> = ListTableProps<Row> & { isCards: boolean }

const boxWidth = 40
const menuWidth = 40
/** Narrower no column is. */
export const narrowest = 56

function PlainHead<Row extends { id: number }>(props: Props<Row>) {
  const { columns, selection, onMenu, isCards, sort, onSort } = props
  const [dragged, setDragged] = useState<{ name: string; width: number }>()
  const widthOf = (name: string, usual: number): number =>
    dragged?.name === name ? dragged.width : (props.widths?.[name] ?? usual)
  const cells = isCards ? ['minmax(0, 1fr)'] : columns.map(({ name, width }) => `${widthOf(name, width)}px`)
  const template = [selection && `${boxWidth}px`, ...cells, !isCards && 'minmax(0, 1fr)', onMenu && `${menuWidth}px`]
    .filter(Boolean)
    .join(' ')
  // On the list itself: a column that is dragged draws no row anew.
  // By way of the head: the list's own reference is not there yet when it is drawn first.
  const head = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const list = head.current?.parentElement
    list?.style.setProperty('--list-columns', template)
    list?.style.setProperty('--list-box', selection ? `${boxWidth}px` : '0px')
    list?.style.setProperty('--list-menu', `${menuWidth}px`)
  }, [template, selection])
  return (
    <div ref={head} role="rowgroup" className={classes.head}>
      <div role="row" aria-rowindex={1} className={classes.headRow}>
        {selection && (
          <div role="columnheader" aria-colindex={1} className={classes.box}>
            <AllBox {...props} selection={selection} />
          </div>
        )}
        {isCards ? (
          <div role="columnheader" className={classes.headCell}>
            {sort && onSort ? (
              <OrderChoice {...props} sort={sort} onSort={onSort} />
            ) : (
              <span className="visually-hidden">{props.label}</span>
            )}
          </div>
        ) : (
          columns.map((column, at) => (
            <div
              key={column.name}
              role="columnheader"
              aria-colindex={at + 1 + (selection ? 1 : 0)}
              aria-sort={orderOf(column.name, sort)}
              className={classes.headCell}
              data-number={column.isNumber || undefined}
              data-first={at === 0 || undefined}
            >
              <Title {...column} order={orderOf(column.name, sort)} onSort={onSort} />
              {props.onWidth && (
                <Grip
                  width={widthOf(column.name, column.width)}
                  onDrag={(width) => setDragged({ name: column.name, width })}
                  onEnd={(width) => {
                    setDragged(undefined)
                    props.onWidth?.(column.name, width)
                  }}
                />
              )}
            </div>
          ))
        )}
      </div>
    </div>
  )
}

/** It is the same while one scrolls. */
export const ListHead = memo(PlainHead) as typeof PlainHead

type Order = 'ascending' | 'descending' | undefined

function orderOf(name: string, sort: ListTableProps<{ id: number }>['sort']): Order {
  if (sort?.by !== name) return undefined
  return sort.descending ? 'descending' : 'ascending'
}

type TitleProps = {
  name: string
  title: string
  sortable?: boolean
  order: Order
  onSort: ListTableProps<{ id: number }>['onSort']
}

function Title({ name, title, sortable, order, onSort }: TitleProps) {
  if (sortable !== true || onSort === undefined) return <span className={classes.title}>{title}</span>
  return (
    <button
      type="button"
      className={classes.sort}
      onClick={() => onSort({ by: name, descending: order === 'ascending' })}
    >
      <span className={classes.title}>{title}</span>
      {order === 'ascending' && <IconChevronUp size={14} aria-hidden />}
      {order === 'descending' && <IconChevronDown size={14} aria-hidden />}
    </button>
  )
}

function AllBox<Row extends { id: number }>({
  selection,
  pages,
}: ListTableProps<Row> & { selection: NonNullable<ListTableProps<Row>['selection']> }) {
  const { t } = useTranslation()
  const ids = pages.window?.ids ?? pages.rows.map(({ id }) => id)
  const isAll = selection.isAllMatching || (ids.length > 0 && selection.size >= ids.length)
  return (
    <input
      type="checkbox"
      className={classes.check}
      checked={isAll}
      ref={(box) => {
        if (box !== null) box.indeterminate = !isAll && selection.size > 0
      }}
      onChange={() => (isAll ? selection.clear() : selection.add(ids))}
      aria-label={isAll ? t('list.unselect') : t('list.selectPage')}
    />
  )
}

type OrderProps<Row extends { id: number }> = ListTableProps<Row> &
  Required<Pick<ListTableProps<Row>, 'sort' | 'onSort'>>

function OrderChoice<Row extends { id: number }>({ columns, sort, onSort }: OrderProps<Row>) {
  const { t } = useTranslation()
  const choices = columns
    .filter(({ sortable }) => sortable)
    .flatMap(({ name, title }) => [
      { value: name, label: t('list.upwards', { name: title }) },
      { value: `-${name}`, label: t('list.downwards', { name: title }) },
    ])
  return (
    <NativeSelect
      size="xs"
      variant="unstyled"
      aria-label={t('list.order')}
      value={sort.descending ? `-${sort.by}` : sort.by}
      onChange={({ currentTarget: { value } }) =>
        onSort({ by: value.replace(/^-/, ''), descending: value.startsWith('-') })
      }
      data={choices}
    />
  )
}

type GripProps = { width: number; onDrag(width: number): void; onEnd(width: number): void }

/** For the mouse; from the keyboard a column is made wider in the column picker. */
function Grip({ width, onDrag, onEnd }: GripProps) {
  return (
    <span
      aria-hidden
      className={classes.grip}
      onPointerDown={(down) => {
        const grip = down.currentTarget
        grip.setPointerCapture(down.pointerId)
        const sign = getComputedStyle(grip).direction === 'rtl' ? -1 : 1
        let last = width
        const drag = (move: PointerEvent) => {
          last = Math.round(Math.max(narrowest, width + sign * (move.clientX - down.clientX)))
          onDrag(last)
        }
        grip.addEventListener('pointermove', drag)
        const end = () => {
          grip.removeEventListener('pointermove', drag)
          onEnd(last)
        }
        grip.addEventListener('lostpointercapture', end, { once: true })
      }}
    />
  )
}

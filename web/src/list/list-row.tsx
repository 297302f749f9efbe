// One row of a list. It is drawn anew only when something of it has changed, and shows others when one scrolls.
import type { TFunction } from 'i18next'
import { IconDotsVertical } from '@tabler/icons-react'
import { memo, type MouseEvent, type ReactNode } from 'react'
import type { ListColumn } from './list-table.tsx'
import classes from './list-table.module.css'

/** Of the window. */
export type Place = { x: number; y: number }

/** The words of all rows, asked of the catalogue once: for each row it was a quarter of what scripts do in a turn of the wheel. */
export type RowWords = { select(name: string): string; menu(name: string): string; actions: string }

const gap = '\u{FFFC}'

export function rowWords(t: TFunction): RowWords {
  const [select, menu] = [t('list.selectRow', { name: gap }), t('list.rowMenu', { name: gap })]
  return {
    select: (name) => select.replace(gap, () => name),
    menu: (name) => menu.replace(gap, () => name),
    actions: t('list.actions'),
  }
}

type Props<Row> = {
  /** Of the row that has the focus. */
  id: string | undefined
  index: number
  start: number
  /** Undefined: it is on its way. */
  row: Row | undefined
  /** Those that are drawn. */
  columns: readonly ListColumn<Row>[]
  columnCount: number
  card: ((row: Row) => ReactNode) | undefined
  /** Undefined: nothing is selected in this list. */
  isSelected: boolean | undefined
  words: RowWords
  nameOf(row: Row): string
  onOpen(row: Row, index: number, event: MouseEvent): void
  onToggle(row: Row, range: boolean): void
  onMenu: ((row: Row, at: Place) => void) | undefined
}

function PlainRow<Row extends { id: number }>(props: Props<Row>) {
  const { id, index, start, row, columns, card, isSelected, onOpen } = props
  const hasBox = isSelected !== undefined ? 1 : 0
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the grid hears the keys
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className={classes.row}
      data-index={index}
      data-focused={id !== undefined || undefined}
      style={{ insetBlockStart: start }}
      onClick={(event) => row && onOpen(row, index, event)}
    >
      {row === undefined && (
        <div role="gridcell" className={classes.waiting}>
          <div className={classes.bone} />
        </div>
      )}
      {row && hasBox === 1 && <Box {...props} row={row} />}
      {row && card !== undefined && (
        <div role="gridcell" className={classes.card}>
          {card(row)}
        </div>
      )}
      {row &&
        card === undefined &&
        columns.map((column, at) => (
          <div
            key={column.name}
            role="gridcell"
            aria-colindex={at + 1 + hasBox}
            className={classes.cell}
            data-number={column.isNumber || undefined}
            data-first={at === 0 || undefined}
          >
            {column.cell(row)}
          </div>
        ))}
      {row && props.onMenu && <Dots {...props} row={row} at={props.columnCount + 1 + hasBox} onMenu={props.onMenu} />}
    </div>
  )
}

export const ListRow = memo(PlainRow) as typeof PlainRow

function Box<Row>({ row, isSelected, words, nameOf, onToggle }: Props<Row> & { row: Row }) {
  return (
    // eslint-disable-next-line jsx-a11y/interactive-supports-focus -- the grid has the focus
    <div role="gridcell" aria-colindex={1} className={classes.box} onClick={(event) => event.stopPropagation()}>
      <input
        type="checkbox"
        tabIndex={-1}
        className={classes.check}
        checked={isSelected}
        onClick={(event) => onToggle(row, event.shiftKey)}
        onChange={() => undefined}
        aria-label={words.select(nameOf(row))}
      />
    </div>
  )
}

type DotsProps<Row> = Props<Row> & { row: Row; at: number; onMenu(row: Row, at: Place): void }

function Dots<Row>({ row, at, card, words, nameOf, onMenu }: DotsProps<Row>) {
  return (
    <div role="gridcell" aria-colindex={card ? undefined : at} className={classes.dots}>
      <button
        type="button"
        tabIndex={-1}
        className={classes.dotsButton}
        aria-haspopup="menu"
        aria-label={words.menu(nameOf(row))}
        title={words.actions}
        onClick={(event) => {
          event.stopPropagation()
          const { left, bottom, right } = event.currentTarget.getBoundingClientRect()
          onMenu(row, { x: document.documentElement.dir === 'rtl' ? left : right, y: bottom })
        }}
      >
        <IconDotsVertical size={16} aria-hidden />
      </button>
    </div>
  )
}

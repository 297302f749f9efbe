// The keys of a list: arrows, pages and ends move; Space selects, with Shift a range; Ctrl-A all that are loaded; Enter opens; the
// menu key or Shift-F10 opens the menu of the row; Escape selects nothing.
import type { KeyboardEvent } from 'react'
import type { ListTableProps } from './list-table.tsx'

type Grid<Row> = { count: number; focused: number; rowAt(index: number): Row | undefined; pageIds(): readonly number[] }
type Ways<Row> = { focus(index: number): void; openMenu(row: Row): void }

const page = 15

export function useGridKeys<Row extends { id: number }>(
  { count, focused, rowAt, pageIds }: Grid<Row>,
  { selection, onOpen, onMenu }: ListTableProps<Row>,
  { focus, openMenu }: Ways<Row>,
): (event: KeyboardEvent<HTMLElement>) => void {
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -count,
    End: count,
  }
  const move = (step: number, isRange: boolean): void => {
    const next = Math.min(count - 1, Math.max(0, focused + step))
    if (isRange && selection !== undefined) {
      const [here, there] = [rowAt(focused), rowAt(next)]
      if (here && !selection.has(here.id)) selection.toggle(here.id, false)
      if (there) selection.toggle(there.id, true)
    }
    focus(next)
  }
  return (event) => {
    // Of a button or a box in the head.
    if (event.target !== event.currentTarget) return
    const { key, shiftKey } = event
    const row = rowAt(focused)
    const step = steps[key]
    if (step !== undefined && count > 0) move(step, shiftKey && key.startsWith('Arrow'))
    else if (key === 'Enter' && row && onOpen) onOpen(row)
    else if (key === ' ' && row && selection) selection.toggle(row.id, shiftKey)
    else if (key === 'a' && (event.ctrlKey || event.metaKey) && selection) selection.add(pageIds())
    else if (key === 'Escape' && selection && (selection.size > 0 || selection.isAllMatching)) selection.clear()
    else if ((key === 'ContextMenu' || (key === 'F10' && shiftKey)) && row && onMenu) openMenu(row)
    else return
    event.preventDefault()
  }
}

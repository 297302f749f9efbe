// The list of subscribers: what it shows and what is open is in the address, so that it can be sent to somebody.
import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import type { SubscriberRow } from '../api/generated/types.gen.ts'
import { ColumnPicker } from '../list/column-picker.tsx'
import type { Place } from '../list/list-row.tsx'
import { ListTable } from '../list/list-table.tsx'
import { useSelection } from '../list/use-selection.ts'
import { useWays } from '../list/use-ways.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { Filters } from './filter.ts'
import { ListEmpty } from './list-empty.tsx'
import { ListToolbar } from './list-toolbar.tsx'
import { RowMenu } from './row-menu.tsx'
import { SelectionBar } from './selection-bar.tsx'
import classes from './subscribers.module.css'
import { useListActions } from './use-list-actions.ts'
import { useListQuestion } from './use-list-question.ts'
import { useSubscriberList } from './use-subscriber-list.ts'
import { contentOf } from './views.ts'
import { ViewsMenu } from './views-menu.tsx'

// The list is there before what is opened from it.
const SubscriberSheet = later(() => import('../subscriber/subscriber-sheet.tsx'), 'SubscriberSheet')
const BulkProgress = later(() => import('./bulk-progress.tsx'), 'BulkProgress')
const ActionDialog = later(() => import('./action-dialog.tsx'), 'ActionDialog')
const ExportDialog = later(() => import('./export-dialog.tsx'), 'ExportDialog')

export function SubscribersPage() {
  const { t } = useTranslation()
  const question = useListQuestion()
  const { q, sort, order, filters, asked, view, open, run, go, choose } = question
  const list = useSubscriberList(question)
  const { pages, count, columns, all, shown, kept } = list
  const selection = useSelection(pages.window?.ids ?? [], JSON.stringify(asked))
  const actions = useListActions(asked, selection)
  const [menu, setMenu] = useState<{ row: SubscriberRow; at: Place }>()
  const [isExporting, setExporting] = useState(false)
  const queries = useQueryClient()
  const readAgain = useCallback(() => void queries.invalidateQueries({ queryKey: ['subscribers'] }), [queries])
  const isFiltered = Object.keys(asked).length > 0
  const clear = () => go({ q: undefined, filter: undefined }, { isStep: true })
  const begun = ({ id }: { id: number }) => {
    actions.close()
    go({ run: id })
  }
  const ways = useWays({
    onSearch: (text: string) => go({ q: text === '' ? undefined : text }),
    onFilters: (next: Filters) => go({ filter: Object.keys(next).length === 0 ? undefined : next }),
    onChoose: actions.choose,
    onExport: () => setExporting(true),
    onRun: (id: number) => go({ run: id }),
    onRunEnd: readAgain,
    onView: choose,
    onViewSaved: ({ id }: { id: number }) => go({ view: id }),
  })
  const { canChoose } = actions
  const { names, widths, setNames, setWidth } = kept
  // It costs more to draw than the rows do, and is the same while they come and go.
  const toolbar = useMemo(
    () => (
      <ListToolbar
        {...{ count, q, filters, canChoose }}
        {...ways}
        views={
          <ViewsMenu
            current={view}
            content={contentOf(asked, sort, names ?? (view?.columns.length ? view.columns : shown))}
            onChoose={ways.onView}
            onSaved={ways.onViewSaved}
          />
        }
        columns={<ColumnPicker all={all} shown={shown} onChange={setNames} widths={widths} onWidth={setWidth} />}
      />
    ),
    [count, q, filters, canChoose, ways, view, asked, sort, names, shown, all, widths, setNames, setWidth],
  )

  return (
    <>
      {toolbar}
      <ProblemNote error={pages.error ?? list.error} />
      <div className={classes.list}>
        {/* It is seen below; one step back from the list it is not behind all its heads. */}
        <SelectionBar selection={selection} matching={count?.count} onChoose={actions.choose} />
        <ListTable
          label={t('subscribers.title')}
          columns={columns}
          pages={pages}
          nameOf={(row) => row.username ?? String(row.id)}
          sort={order}
          onSort={({ by, descending }) => go({ sort: descending ? `-${by}` : by })}
          selection={selection}
          onOpen={({ id }) => go({ open: id }, { isStep: true })}
          onMenu={(row, at) => setMenu({ row, at })}
          card={list.card}
          widths={kept.widths}
          onWidth={kept.setWidth}
          empty={<ListEmpty isFiltered={isFiltered} onClear={clear} />}
        />
      </div>
      {menu && (
        <RowMenu
          key={`${menu.row.id} ${menu.at.x} ${menu.at.y}`}
          {...menu}
          onClose={() => setMenu(undefined)}
          onOpen={() => go({ open: menu.row.id }, { isStep: true })}
          onChoose={(action) => actions.chooseFor(menu.row, action)}
        />
      )}
      <Suspense fallback={null}>
        {open !== undefined && (
          <SubscriberSheet id={open} onClose={() => go({ open: undefined })} onRun={(id) => go({ run: id })} />
        )}
        {actions.asking && (
          <ActionDialog
            action={actions.asking.action}
            target={actions.asking.choices[0]!.target}
            choices={actions.asking.choices}
            onClose={actions.close}
            onBegun={begun}
          />
        )}
        {run !== undefined && (
          <BulkProgress
            runId={run}
            onOther={(id) => go({ run: id })}
            onEnd={readAgain}
            onClose={() => go({ run: undefined })}
          />
        )}
        {isExporting && (
          <ExportDialog
            choices={actions.choices}
            counts={{ selected: selection.size, matching: count?.count, all: undefined }}
            known={list.known}
            shown={shown}
            onClose={() => setExporting(false)}
          />
        )}
      </Suspense>
    </>
  )
}

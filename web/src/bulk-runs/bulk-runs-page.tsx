// The bulk runs, the newest first; a row opens its progress, where it can be stopped, repeated and undone.
import { Badge, Select, Switch } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useCallback, useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import { getBulkRuns } from '../api/generated/sdk.gen.ts'
import type { BulkRun } from '../api/generated/types.gen.ts'
import { formatInstant, formatNumber, formatSpan } from '../i18n/format.ts'
import { ListCard } from '../list/list-card.tsx'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { bulkRunsRoute } from '../routes/house.ts'
import { useMay } from '../sign-in/me.ts'
import { actionTitle } from '../subscribers/action-list.ts'

const BulkProgress = later(() => import('../subscribers/bulk-progress.tsx'), 'BulkProgress')

const states = ['waiting', 'running', 'stopping', 'done', 'stopped', 'failed'] as const
const stateColours: Record<BulkRun['state'], string> = {
  waiting: 'gray',
  running: 'blue',
  stopping: 'yellow',
  done: 'green',
  stopped: 'orange',
  failed: 'red',
}
const lookMs = 2_000

export function BulkRunsPage() {
  const { t } = useTranslation()
  const { state, own = false, open } = bulkRunsRoute.useSearch()
  const navigate = bulkRunsRoute.useNavigate()
  const mayAll = useMay('audit.read')
  const queries = useQueryClient()
  const pages = usePages<BulkRun>(['bulk-runs', 'list', state, own], async (cursor, signal) => {
    const query = {
      limit: '100',
      ...(state && { state }),
      ...(own && { own: 'true' as const }),
      ...(cursor && { cursor }),
    }
    return (await getBulkRuns({ query, signal, throwOnError: true })).data
  })
  const { again } = pages
  const isUnderWay = pages.rows.some(({ finished_at: at }) => at === null)
  useEffect(() => {
    if (!isUnderWay) return undefined
    const timer = setInterval(again, lookMs)
    return () => clearInterval(timer)
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a new function with each answer
  }, [isUnderWay])
  const { widths, setWidth } = useColumns('bulk-runs')
  const columns = useRunColumns()
  const onEnd = useCallback(() => void queries.invalidateQueries({ queryKey: ['bulk-runs', 'list'] }), [queries])
  const show = (id: number | undefined) => void navigate({ search: (before) => ({ ...before, open: id }) })
  return (
    <ListPage
      title={t('bulkRuns.title')}
      error={pages.error}
      tools={
        <>
          {mayAll && (
            <Switch
              label={t('bulkRuns.onlyOwn')}
              checked={own}
              onChange={({ currentTarget: { checked } }) =>
                void navigate({ search: (before) => ({ ...before, own: checked || undefined }), replace: true })
              }
            />
          )}
          <Select
            w={160}
            aria-label={t('bulkRuns.state')}
            placeholder={t('bulkRuns.anyState')}
            clearable
            data={states.map((value) => ({ value, label: t(`bulk.state.${value}`) }))}
            value={state ?? null}
            onChange={(next) =>
              void navigate({
                search: (before) => ({ ...before, state: next ?? undefined }),
                replace: true,
              })
            }
          />
        </>
      }
    >
      <ListTable<BulkRun>
        label={t('bulkRuns.title')}
        columns={columns}
        pages={pages}
        nameOf={({ action }) => actionTitle(action, t)}
        widths={widths}
        onWidth={setWidth}
        card={(run) => (
          <ListCard
            title={`${actionTitle(run.action, t)} · ${formatNumber(run.counts.total)}`}
            note={`${formatInstant(run.created_at, undefined)} · ${run.author_name}`}
            end={<State state={run.state} />}
          />
        )}
        onOpen={({ id }) => show(id)}
        empty={state !== undefined || own ? t('list.emptyFiltered') : t('bulkRuns.none')}
      />
      {open !== undefined && (
        <Suspense fallback={null}>
          <BulkProgress runId={open} onOther={show} onEnd={onEnd} onClose={() => show(undefined)} />
        </Suspense>
      )}
    </ListPage>
  )
}

function useRunColumns(): ListColumn<BulkRun>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      { name: 'at', title: t('bulkRuns.at'), width: 180, cell: (run) => formatInstant(run.created_at, undefined) },
      { name: 'action', title: t('bulkRuns.action'), width: 190, cell: ({ action }) => actionTitle(action, t) },
      {
        name: 'state',
        title: t('bulkRuns.state'),
        width: 110,
        cell: ({ state }) => <State state={state} />,
      },
      count('total', t('bulkRuns.total')),
      count('done', t('bulkRuns.done')),
      count('refused', t('bulkRuns.refused')),
      count('failed', t('bulkRuns.failed')),
      { name: 'author', title: t('bulkRuns.author'), width: 200, cell: (run) => <bdi>{run.author_name}</bdi> },
      {
        name: 'took',
        title: t('bulkRuns.took'),
        width: 100,
        isNumber: true,
        cell: ({ started_at: from, finished_at: to }) =>
          from !== null && to !== null && formatSpan(Date.parse(to) - Date.parse(from)),
      },
      {
        name: 'of',
        title: t('bulkRuns.of'),
        width: 150,
        cell: ({ retry_of: retried, undo_of: undone }) => {
          if (undone !== null) return t('bulkRuns.undoOf', { id: undone })
          return retried !== null && t('bulkRuns.retryOf', { id: retried })
        },
      },
    ],
    [t],
  )
}

function State({ state }: Pick<BulkRun, 'state'>) {
  const { t } = useTranslation()
  return (
    <Badge size="sm" variant="light" tt="none" color={stateColours[state]}>
      {t(`bulk.state.${state}`)}
    </Badge>
  )
}

function count(name: 'total' | 'done' | 'refused' | 'failed', title: string): ListColumn<BulkRun> {
  return { name, title, width: 100, isNumber: true, cell: ({ counts }) => formatNumber(counts[name]) }
}

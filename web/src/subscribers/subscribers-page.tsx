// The list of subscribers: search, filters and order are in the address, so that a list can be sent to somebody.
import { Button, Group, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getSubscribers, getSubscribersColumns, getSubscribersCount } from '../api/generated/sdk.gen.ts'
import type { GetSubscribersData } from '../api/generated/types.gen.ts'
import { ColumnPicker } from '../list/column-picker.tsx'
import { ListTable, type Sort } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { useSelection } from '../list/use-selection.ts'
import { subscribersRoute } from '../router.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { ActionDialog, type Target } from './action-dialog.tsx'
import type { PanelAction } from './action-list.ts'
import { ActionsMenu } from './actions-menu.tsx'
import { BulkProgress } from './bulk-progress.tsx'
import { columnsOf } from './columns.tsx'
import { FilterBar } from './filter-bar.tsx'
import { filterOf } from './filter.ts'
import { SubscriberSheet } from './subscriber-sheet.tsx'
import classes from './subscribers.module.css'

type Query = NonNullable<GetSubscribersData['query']>
const pageSize = '100'

export function SubscribersPage() {
  const { t } = useTranslation()
  const { q, sort = 'username', filter = {}, open } = subscribersRoute.useSearch()
  const navigate = subscribersRoute.useNavigate()
  const asked = useMemo<Query>(() => ({ ...filter, ...(q ? { search: q } : {}) }), [q, filter])

  const known = useQuery({
    queryKey: ['subscribers', 'columns'],
    queryFn: async () => (await getSubscribersColumns({ throwOnError: true })).data.items,
    staleTime: Infinity,
  })
  const { names: chosen, widths, setNames, setWidth } = useColumns('subscribers')
  const columns = useMemo(() => {
    const all = known.data ?? []
    const shown = chosen?.flatMap((name) => all.filter((column) => column.name === name))
    return columnsOf(shown ?? all.filter(({ usual }) => usual), t)
  }, [known.data, chosen, t])
  const names = columns.map(({ name }) => name).join(',')
  const pages = usePages(['subscribers', 'list', asked, sort, names], async (cursor, signal) => {
    const query = {
      ...asked,
      sort: sort as Query['sort'],
      columns: names || 'username',
      limit: pageSize,
      ...(cursor && { cursor }),
    }
    const { data } = await getSubscribers({ query, signal, throwOnError: true })
    return data
  })
  const count = useQuery({
    queryKey: ['subscribers', 'count', asked],
    queryFn: async ({ signal }) => (await getSubscribersCount({ query: asked, signal, throwOnError: true })).data,
    placeholderData: keepPreviousData,
  })
  const selection = useSelection(pages.rows)
  const [asking, setAsking] = useState<PanelAction>()
  const [runId, setRunId] = useState<number>()
  const queries = useQueryClient()
  const readAgain = useCallback(() => void queries.invalidateQueries({ queryKey: ['subscribers'] }), [queries])
  const target: Target = selection.isAllMatching ? { filter: filterOf(asked) } : { ids: [...selection.ids] }
  const order: Sort = { by: sort.replace(/^-/, ''), descending: sort.startsWith('-') }
  const go = (change: {
    q?: string | undefined
    sort?: string
    filter?: Record<string, string>
    open?: number | undefined
  }) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })

  return (
    <>
      <Group className={classes.toolbar} justify="space-between">
        <Group gap="sm">
          <Title order={1} size="h4">
            {t('subscribers.title')}
          </Title>
          {count.data && (
            <Text size="sm" c="dimmed" role="status">
              {count.data.exact
                ? t('list.count', { count: count.data.count })
                : t('list.about', { count: count.data.count })}
            </Text>
          )}
        </Group>
        <Group gap="xs">
          <SearchBox value={q ?? ''} onSearch={(text) => go({ q: text === '' ? undefined : text })} />
          <ColumnPicker all={known.data ?? []} shown={columns.map(({ name }) => name)} onChange={setNames} />
        </Group>
      </Group>
      <div className={classes.filters}>
        <FilterBar filters={filter} onChange={(next) => go({ filter: next })} />
      </div>
      {selection.size > 0 && (
        <Group className={classes.selection} gap="sm">
          <ActionsMenu onChoose={setAsking} />
          <Text size="sm">
            {t('list.selected', { count: selection.isAllMatching ? (count.data?.count ?? 0) : selection.size })}
          </Text>
          {!selection.isAllMatching && count.data && selection.size < count.data.count && (
            <Button size="compact-sm" variant="subtle" onClick={selection.selectAllMatching}>
              {t('list.selectAllMatching', { count: count.data.count })}
            </Button>
          )}
          <Button size="compact-sm" variant="subtle" color="gray" onClick={selection.clear}>
            {t('list.unselect')}
          </Button>
        </Group>
      )}
      <ProblemNote error={pages.error ?? known.error} />
      <ListTable
        label={t('subscribers.title')}
        columns={columns}
        pages={pages}
        nameOf={(row) => row.username ?? String(row.id)}
        sort={order}
        onSort={({ by, descending }) => go({ sort: descending ? `-${by}` : by })}
        selection={selection}
        onOpen={({ id }) => go({ open: id })}
        widths={widths}
        onWidth={setWidth}
        empty={Object.keys(asked).length > 0 ? t('list.emptyFiltered') : t('list.empty')}
      />
      {open !== undefined && <SubscriberSheet id={open} onClose={() => go({ open: undefined })} onRun={setRunId} />}
      {asking && (
        <ActionDialog
          action={asking}
          target={target}
          onClose={() => setAsking(undefined)}
          onBegun={({ id }) => {
            setAsking(undefined)
            setRunId(id)
          }}
        />
      )}
      {runId !== undefined && (
        <BulkProgress runId={runId} onOther={setRunId} onEnd={readAgain} onClose={() => setRunId(undefined)} />
      )}
    </>
  )
}

/** One box for everything; `/` goes there. */
function SearchBox({ value, onSearch }: { value: string; onSearch(text: string): void }) {
  const { t } = useTranslation()
  const box = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useState(value)
  const search = useDebouncedCallback(onSearch, 120)
  useHotkeys([['/', () => box.current?.focus()]])
  return (
    <TextInput
      ref={box}
      type="search"
      w={320}
      maw="100%"
      leftSection={<IconSearch size={16} aria-hidden />}
      placeholder={t('subscribers.searchHint')}
      aria-label={t('list.search')}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value)
        search(event.currentTarget.value)
      }}
    />
  )
}

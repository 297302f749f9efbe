// Who is online now, and every session that was: found by address, MAC, line or name, ended where that is permitted.
import { Button, Group, SegmentedControl, Text } from '@mantine/core'
import { IconUserSearch } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import { getSessions, getSessionsCount } from '../api/generated/sdk.gen.ts'
import type { Session } from '../api/generated/types.gen.ts'
import { ColumnPicker } from '../list/column-picker.tsx'
import { ListPage } from '../list/list-page.tsx'
import { ListTable } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { useSelection, type Selection } from '../list/use-selection.ts'
import { sessionsRoute } from '../routes/customers.ts'
import { useMay } from '../sign-in/me.ts'
import { SessionCard, sessionColumns, usualColumns } from './columns.tsx'
import { DisconnectDialog, type Ending } from './disconnect-dialog.tsx'
import { queryOf, sessionStates, type SessionQuery } from './question.ts'
import { SessionDrawer } from './session-drawer.tsx'
import { SessionFilters } from './session-filters.tsx'
import { useRates } from './use-rates.ts'

const SubscriberSheet = later(() => import('../subscriber/subscriber-sheet.tsx'), 'SubscriberSheet')
const BulkProgress = later(() => import('../subscribers/bulk-progress.tsx'), 'BulkProgress')

const liveMs = 5_000
/** Further down the list stands still: reading it anew would be many questions, and rows would move under the eye. */
const mostLive = 200

export function SessionsPage() {
  const { t } = useTranslation()
  const { q = '', state = 'online', open, session, ...filters } = sessionsRoute.useSearch()
  const navigate = sessionsRoute.useNavigate()
  const mayEnd = useMay('subscriber.disconnect')
  const asked = JSON.stringify(queryOf(q, filters))
  const pages = usePages<Session>(['sessions', state, asked], async (cursor, signal) => {
    const query = { ...(JSON.parse(asked) as SessionQuery), state, limit: '100', ...(cursor && { cursor }) }
    return (await getSessions({ query, signal, throwOnError: true })).data
  })
  useLive(pages.again, state !== 'ended' && pages.rows.length <= mostLive && !pages.isLoading)
  const selection = useSelection(pages.rows)
  const [ending, setEnding] = useState<readonly Ending[]>()
  const [runId, setRunId] = useState<number>()
  const { names, widths, setNames, setWidth } = useColumns('sessions')
  const rateOf = useRates(pages.rows)
  const all = sessionColumns(t, rateOf)
  const shown = (names ?? usualColumns).flatMap((name) => all.find((column) => column.name === name) ?? [])
  const go = (change: Partial<ReturnType<typeof sessionsRoute.useSearch>>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })

  return (
    <ListPage
      title={t('nav.online')}
      status={useOnlineWords(asked)}
      error={pages.error}
      tools={
        <>
          <HoldersLink />
          <SearchBox value={q} hint={t('sessions.searchHint')} onSearch={(text) => go({ q: text || undefined })} />
          <SessionFilters filters={filters} onChange={go} />
          <ColumnPicker all={all} shown={shown.map(({ name }) => name)} onChange={setNames} />
        </>
      }
      filters={
        <SegmentedControl
          size="xs"
          aria-label={t('sessions.state')}
          value={state}
          onChange={(next) => go({ state: next })}
          data={sessionStates.map((value) => ({ value, label: t(`sessions.states.${value}`) }))}
        />
      }
    >
      {mayEnd && selection.size > 0 && <SelectionBar selection={selection} rows={pages.rows} onEnd={setEnding} />}
      <ListTable
        label={t('nav.online')}
        columns={shown}
        pages={pages}
        nameOf={({ username }) => username}
        {...(mayEnd && state !== 'ended' && { selection })}
        card={(row) => <SessionCard row={row} rate={rateOf(row)} />}
        widths={widths}
        onWidth={setWidth}
        onOpen={(row) =>
          row.subscriber_id === null || row.ended_at !== null
            ? go({ session: row.id })
            : go({ open: row.subscriber_id })
        }
        empty={t('sessions.none')}
      />
      {session !== undefined && (
        <SessionDrawer
          id={session}
          onClose={() => go({ session: undefined })}
          onEnd={(one) => setEnding([one])}
          onSubscriber={(id) => go({ session: undefined, open: id })}
        />
      )}
      <Suspense fallback={null}>
        {open !== undefined && <SubscriberSheet id={open} onClose={() => go({ open: undefined })} onRun={setRunId} />}
        {runId !== undefined && (
          <BulkProgress runId={runId} onOther={setRunId} onEnd={pages.again} onClose={() => setRunId(undefined)} />
        )}
      </Suspense>
      {ending && <DisconnectDialog sessions={ending} onClose={() => setEnding(undefined)} onDone={selection.clear} />}
    </ListPage>
  )
}

function HoldersLink() {
  const { t } = useTranslation()
  const may = useMay('address.search')
  const mayRead = useMay('audit.read')
  if (!may && !mayRead) return null
  return (
    <Button
      component={Link}
      to="/online/holders"
      variant="default"
      leftSection={<IconUserSearch size={16} aria-hidden />}
    >
      {t('holders.title')}
    </Button>
  )
}

type BarProps = { selection: Selection; rows: readonly Session[]; onEnd(sessions: readonly Ending[]): void }

function SelectionBar({ selection, rows, onEnd }: BarProps) {
  const { t } = useTranslation()
  const chosen = useMemo(() => rows.filter(({ id }) => selection.has(id)), [rows, selection])
  return (
    <Group gap="sm" px={12} py={6} role="region" aria-label={t('list.actions')}>
      <Button color="red" variant="light" size="compact-md" onClick={() => onEnd(chosen)}>
        {t('disconnect.title')}
      </Button>
      <Text size="sm" role="status">
        {t('list.selected', { count: chosen.length })}
      </Text>
      <Button size="compact-sm" variant="subtle" color="gray" onClick={selection.clear}>
        {t('list.unselect')}
      </Button>
    </Group>
  )
}

function useOnlineWords(asked: string): string | undefined {
  const { t } = useTranslation()
  const { data } = useQuery({
    queryKey: ['sessions', 'count', asked],
    queryFn: async ({ signal }) => {
      const query = JSON.parse(asked) as SessionQuery
      return (await getSessionsCount({ query: { ...query, state: undefined }, signal, throwOnError: true })).data
    },
    placeholderData: keepPreviousData,
    refetchInterval: liveMs,
  })
  if (data === undefined) return undefined
  const zombies = data.open - data.online
  const online = t('sessions.online', { count: data.online })
  return zombies === 0 ? online : `${online} · ${t('sessions.zombies', { count: zombies })}`
}

/** Reads again every few seconds while somebody looks. */
function useLive(again: () => void, isLive: boolean): void {
  const newest = useRef(again)
  newest.current = again
  useEffect(() => {
    if (!isLive) return
    const timer = setInterval(() => {
      if (!document.hidden) newest.current()
    }, liveMs)
    return () => clearInterval(timer)
  }, [isLive])
}

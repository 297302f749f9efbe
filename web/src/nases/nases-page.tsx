// All NASes: when each was heard of, what is open on it, what is wrong with it.
import { Badge, Button, Tooltip } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { NasState } from '../api/generated/types.gen.ts'
import { formatNumber, formatRelative } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn, type Sort } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { nasesRoute } from '../routes/network.ts'
import { useMay } from '../sign-in/me.ts'
import { HeardBadge } from './heard-badge.tsx'
import { NasDialog } from './nas-dialog.tsx'
import { NasNav } from './nas-nav.tsx'
import { allNases, useAlarms, useNasStates, type NasDevice } from './use-nases.ts'

type Row = NasDevice & { state: NasState | undefined; alarms: number; alarmText: string }

export function NasesPage() {
  const { t } = useTranslation()
  const { q = '', sort = 'name', open } = nasesRoute.useSearch()
  const navigate = nasesRoute.useNavigate()
  const mayEdit = useMay('nas.edit')
  const query = useQuery(allNases)
  const rows = useRows(query.data ?? [], q, sort)
  const { widths, setWidth } = useColumns('nases')
  const [adding, setAdding] = useState(open === 'new')
  const order: Sort = { by: sort.replace(/^-/, ''), descending: sort.startsWith('-') }
  const go = (change: { q?: string | undefined; sort?: string }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <ListPage
      title={t('nav.nases')}
      status={query.data && t('nases.count', { count: query.data.length })}
      error={query.error}
      tools={
        <>
          <SearchBox value={q} hint={t('nases.searchHint')} onSearch={(text) => go({ q: text || undefined })} />
          {mayEdit && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
              {t('nases.add')}
            </Button>
          )}
        </>
      }
      places={<NasNav />}
    >
      <ListTable<Row>
        label={t('nav.nases')}
        columns={useNasColumns()}
        pages={{ ...wholeList(query), rows }}
        nameOf={({ name }) => name}
        sort={order}
        onSort={({ by, descending }) => go({ sort: descending ? `-${by}` : by })}
        card={({ name, state, alarms, vendor }) => (
          <ListCard
            title={name}
            note={[vendor, alarms > 0 && t('nases.alarmCount', { count: alarms })].filter(Boolean).join(' · ')}
            end={
              <>
                {state && formatNumber(state.online)} <HeardBadge state={state} />
              </>
            }
          />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => void navigate({ to: '/nases/$id', params: { id: String(id) } })}
        empty={q === '' ? t('nases.none') : t('list.emptyFiltered')}
      />
      {adding && <NasDialog onClose={() => setAdding(false)} />}
    </ListPage>
  )
}

function useRows(nases: readonly NasDevice[], q: string, sort: string): Row[] {
  const states = useNasStates()
  const alarms = useAlarms()
  const sought = q.toLowerCase()
  const rows = nases
    .filter((nas) =>
      [nas.name, nas.client, nas.vendor, nas.group, nas.identifier, nas.address, states.get(nas.id)?.source].some(
        (text) => text?.toLowerCase().includes(sought) ?? false,
      ),
    )
    .map((nas): Row => {
      const own = alarms.filter(({ subject }) => subject === nas.name || subject === nas.client)
      return {
        ...nas,
        state: states.get(nas.id),
        alarms: own.length,
        alarmText: own.map(({ text }) => text).join('\n'),
      }
    })
  const by = sorts[sort.replace(/^-/, '')] ?? sorts.name!
  const sorted = rows.toSorted(by)
  return sort.startsWith('-') ? sorted.toReversed() : sorted
}

const sorts: Readonly<Record<string, (a: Row, b: Row) => number>> = {
  name: (a, b) => a.name.localeCompare(b.name),
  vendor: (a, b) => a.vendor.localeCompare(b.vendor),
  group: (a, b) => a.group.localeCompare(b.group),
  online: (a, b) => (a.state?.online ?? 0) - (b.state?.online ?? 0),
  alarms: (a, b) => a.alarms - b.alarms,
  heard: (a, b) => (a.state?.heard_at ?? '').localeCompare(b.state?.heard_at ?? ''),
}

function useNasColumns(): ListColumn<Row>[] {
  const { t } = useTranslation()
  return [
    { name: 'name', title: t('nases.name'), width: 170, sortable: true, cell: ({ name }) => <bdi>{name}</bdi> },
    {
      name: 'heard',
      title: t('nases.heard'),
      width: 170,
      sortable: true,
      cell: ({ state }) => <HeardBadge state={state} />,
    },
    {
      name: 'online',
      title: t('nases.online'),
      width: 100,
      sortable: true,
      isNumber: true,
      cell: ({ state }) => state && formatNumber(state.online),
    },
    {
      name: 'silent',
      title: t('nases.silent'),
      width: 90,
      isNumber: true,
      cell: ({ state }) => state && state.open > state.online && formatNumber(state.open - state.online),
    },
    {
      name: 'alarms',
      title: t('nases.alarms'),
      width: 110,
      sortable: true,
      cell: ({ alarms, alarmText }) =>
        alarms > 0 && (
          <Tooltip label={alarmText} multiline maw={420}>
            <Badge variant="light" color="red" tt="none">
              {t('nases.alarmCount', { count: alarms })}
            </Badge>
          </Tooltip>
        ),
    },
    { name: 'vendor', title: t('nases.vendor'), width: 110, sortable: true, cell: ({ vendor }) => vendor },
    { name: 'client', title: t('nases.client'), width: 150, cell: ({ client }) => <bdi>{client}</bdi> },
    { name: 'group', title: t('nases.group'), width: 120, sortable: true, cell: ({ group }) => <bdi>{group}</bdi> },
    { name: 'source', title: t('nases.source'), width: 140, cell: ({ state }) => <bdi>{state?.source}</bdi> },
    { name: 'identifier', title: t('nases.identifier'), width: 150, cell: (row) => <bdi>{row.identifier}</bdi> },
    {
      name: 'reboot',
      title: t('nases.reboot'),
      width: 140,
      cell: ({ last_reboot_at: at }) => at && formatRelative(at, Date.now()),
    },
    {
      name: 'learnt',
      title: t('nases.learnt'),
      width: 190,
      cell: ({ learnt }) =>
        learnt && (
          <Badge variant="light" color="orange" tt="none">
            {t('nases.cannotChange')}
          </Badge>
        ),
    },
  ]
}

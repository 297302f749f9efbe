// Who is online now, and every session that was: found by address, MAC, line or name, ended where that is permitted.
import { SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getSessions, getSessionsCount } from '../api/generated/sdk.gen.ts'
import type { GetSessionsData, Session } from '../api/generated/types.gen.ts'
import { formatInstant, formatOctets } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { sessionsRoute } from '../router.tsx'

type Query = NonNullable<GetSessionsData['query']>
const states = ['online', 'open', 'ended'] as const

/** What was typed, as the question that it is: an address, a MAC, or a username. */
function questionOf(text: string): Query {
  if (text === '') return {}
  if (/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return { mac: text }
  if (/^[0-9.]+(\/\d+)?$/.test(text) || /^[0-9a-f:]+(\/\d+)?$/i.test(text)) return { address: text }
  return { username: text }
}

export function SessionsPage() {
  const { t } = useTranslation()
  const { q = '', state = 'online' } = sessionsRoute.useSearch()
  const navigate = sessionsRoute.useNavigate()
  const asked = useMemo<Query>(() => ({ ...questionOf(q), state }), [q, state])
  const pages = usePages(['sessions', asked], async (cursor, signal) => {
    const query = { ...asked, limit: '100', ...(cursor && { cursor }) }
    return (await getSessions({ query, signal, throwOnError: true })).data
  })
  const count = useQuery({
    queryKey: ['sessions', 'count'],
    queryFn: async ({ signal }) => (await getSessionsCount({ signal, throwOnError: true })).data,
    refetchInterval: 5_000,
  })
  const { widths, setWidth } = useColumns('sessions')
  const columns = useMemo<ListColumn<Session>[]>(
    () => [
      { name: 'username', title: t('sessions.username'), width: 160, cell: ({ username }) => <bdi>{username}</bdi> },
      { name: 'framed_ip', title: t('sessions.address'), width: 130, cell: ({ framed_ip }) => framed_ip },
      {
        name: 'ipv6',
        title: t('sessions.ipv6'),
        width: 190,
        cell: (row) => row.delegated_ipv6_prefix ?? row.framed_ipv6_prefix,
      },
      { name: 'mac', title: t('sessions.mac'), width: 140, cell: ({ mac }) => mac },
      { name: 'nas', title: t('sessions.nas'), width: 130, cell: ({ nas }) => <bdi>{nas}</bdi> },
      { name: 'interface', title: t('sessions.interface'), width: 130, cell: (row) => row.interface },
      {
        name: 'started',
        title: t('sessions.started'),
        width: 170,
        cell: (row) => formatInstant(row.started_at, undefined),
      },
      {
        name: 'down',
        title: t('usage.down'),
        width: 100,
        isNumber: true,
        cell: (row) => formatOctets(row.output_octets),
      },
      { name: 'up', title: t('usage.up'), width: 100, isNumber: true, cell: (row) => formatOctets(row.input_octets) },
    ],
    [t],
  )
  const search = useDebouncedCallback(
    (text: string) => void navigate({ search: (before) => ({ ...before, q: text || undefined }), replace: true }),
    200,
  )
  return (
    <ListPage
      title={t('nav.online')}
      status={count.data && t('sessions.online', { count: count.data.online })}
      error={pages.error}
      tools={
        <>
          <SegmentedControl
            size="xs"
            aria-label={t('sessions.state')}
            value={state}
            onChange={(next) =>
              void navigate({ search: (before) => ({ ...before, state: next as typeof state }), replace: true })
            }
            data={states.map((value) => ({ value, label: t(`sessions.states.${value}`) }))}
          />
          <TextInput
            type="search"
            w={260}
            leftSection={<IconSearch size={16} aria-hidden />}
            placeholder={t('sessions.searchHint')}
            aria-label={t('list.search')}
            defaultValue={q}
            onChange={(event) => search(event.currentTarget.value.trim())}
          />
        </>
      }
    >
      <ListTable
        label={t('nav.online')}
        columns={columns}
        pages={pages}
        nameOf={({ username }) => username}
        widths={widths}
        onWidth={setWidth}
        onOpen={(row) =>
          row.subscriber_id !== null && void navigate({ to: '/subscribers', search: { open: row.subscriber_id } })
        }
        empty={t('sessions.none')}
      />
    </ListPage>
  )
}

// Every mail and every call of a webhook, newest first: sent, waiting, or failed and why. What failed is sent once more.
import { Badge, Select } from '@mantine/core'
import type { TFunction } from 'i18next'
import { useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { getMessages } from '../api/generated/sdk.gen.ts'
import type { GetMessagesResponse } from '../api/generated/types.gen.ts'
import { formatNumber } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { messagesRoute } from '../routes/house.ts'
import { MessageDrawer } from './message-drawer.tsx'
import { kindWord } from './words.ts'

export type Message = GetMessagesResponse['items'][number]
type State = Message['state']
const states = ['waiting', 'sending', 'sent', 'failed'] as const
const colours = { waiting: 'gray', sending: 'blue', sent: 'green', failed: 'red' } as const

export function StateBadge({ state }: { state: State }) {
  const { t } = useTranslation()
  return (
    <Badge variant="light" tt="none" color={colours[state]}>
      {t(`messages.states.${state}`)}
    </Badge>
  )
}

export function Outbox({ filters }: { filters: ReactNode }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { state, kind = '', open, subscriber } = messagesRoute.useSearch()
  const navigate = messagesRoute.useNavigate()
  const go = (change: Partial<ReturnType<typeof messagesRoute.useSearch>>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const pages = usePages<Message>(['messages', state, kind, subscriber], async (cursor, signal) => {
    const query = {
      limit: '100',
      ...(state && { state }),
      ...(kind && { kind }),
      ...(subscriber !== undefined && { subscriber_id: String(subscriber) }),
      ...(cursor && { cursor }),
    }
    return (await getMessages({ query, signal, throwOnError: true })).data
  })
  const { widths, setWidth } = useColumns('messages')
  const columns = useMemo(() => messageColumns(t, instant), [t, instant])
  const one = open === undefined ? undefined : pages.rows.find(({ id }) => id === open)
  return (
    <ListPage
      title={t('nav.messages')}
      error={pages.error}
      filters={filters}
      tools={
        <>
          <Select
            size="sm"
            w={150}
            aria-label={t('messages.state')}
            placeholder={t('messages.anyState')}
            clearable
            data={states.map((value) => ({ value, label: t(`messages.states.${value}`) }))}
            value={state ?? null}
            onChange={(next) => go({ state: next ?? undefined })}
          />
          <SearchBox value={kind} hint={t('messages.kindHint')} onSearch={(text) => go({ kind: text || undefined })} />
        </>
      }
    >
      <ListTable
        label={t('messages.tabs.outbox')}
        columns={columns}
        pages={pages}
        nameOf={({ id }) => String(id)}
        card={(row) => (
          <ListCard
            title={row.recipient ?? row.webhook}
            note={`${kindWord(row.kind, t)} · ${instant(row.created_at)}`}
            end={<StateBadge state={row.state} />}
          />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => go({ open: id })}
        empty={t(state !== undefined || kind !== '' ? 'list.emptyFiltered' : 'messages.none')}
      />
      {one && <MessageDrawer message={one} onClose={() => go({ open: undefined })} />}
    </ListPage>
  )
}

function messageColumns(t: TFunction, instant: (iso: string) => string): ListColumn<Message>[] {
  return [
    { name: 'at', title: t('messages.at'), width: 170, cell: (row) => instant(row.created_at) },
    { name: 'state', title: t('messages.state'), width: 110, cell: ({ state }) => <StateBadge state={state} /> },
    {
      name: 'channel',
      title: t('messages.channel'),
      width: 100,
      cell: ({ channel }) => t(`messages.channels.${channel}`),
    },
    { name: 'kind', title: t('messages.kind'), width: 180, cell: ({ kind }) => kindWord(kind, t) },
    {
      name: 'to',
      title: t('messages.to'),
      width: 220,
      cell: ({ recipient, webhook }) => <bdi>{recipient ?? webhook}</bdi>,
    },
    { name: 'subject', title: t('messages.subject'), width: 240, cell: ({ subject }) => <bdi>{subject}</bdi> },
    {
      name: 'attempts',
      title: t('messages.attempts'),
      width: 90,
      isNumber: true,
      cell: ({ attempts }) => formatNumber(attempts),
    },
    { name: 'error', title: t('messages.error'), width: 260, cell: (row) => <bdi>{row.last_error}</bdi> },
  ]
}

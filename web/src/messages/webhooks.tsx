// The webhooks: other systems that are told what happens here, whether they hear it, and a test.
import { Badge, Button } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { getWebhooks } from '../api/generated/sdk.gen.ts'
import type { GetWebhooksResponse } from '../api/generated/types.gen.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { messagesRoute } from '../routes/house.ts'
import { useMay } from '../sign-in/me.ts'
import { WebhookDialog } from './webhook-dialog.tsx'
import { WebhookDrawer } from './webhook-drawer.tsx'

export type Webhook = GetWebhooksResponse['items'][number]

export function Webhooks({ filters }: { filters: ReactNode }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { open } = messagesRoute.useSearch()
  const navigate = messagesRoute.useNavigate()
  const mayEdit = useMay('message.edit')
  const [isAdding, setAdding] = useState(false)
  useHotkeys([['n', () => mayEdit && setAdding(true)]])
  const found = useQuery({
    queryKey: ['webhooks'],
    queryFn: async () => (await getWebhooks({ throwOnError: true })).data.items,
  })
  const { widths, setWidth } = useColumns('webhooks')
  const show = (id: number | undefined) => void navigate({ search: { tab: 'webhooks', open: id }, replace: true })
  const columns = useMemo<ListColumn<Webhook>[]>(
    () => [
      { name: 'name', title: t('messages.name'), width: 200, cell: ({ name }) => <bdi>{name}</bdi> },
      {
        name: 'enabled',
        title: t('messages.state'),
        width: 100,
        cell: ({ enabled }) => (
          <Badge variant="light" tt="none" color={enabled ? 'green' : 'gray'}>
            {t(enabled ? 'messages.on' : 'messages.off')}
          </Badge>
        ),
      },
      { name: 'url', title: t('messages.url'), width: 340, cell: ({ url }) => <bdi dir="ltr">{url}</bdi> },
      {
        name: 'events',
        title: t('messages.events'),
        width: 280,
        cell: ({ events }) => <bdi dir="ltr">{events.join(', ')}</bdi>,
      },
      { name: 'since', title: t('messages.since'), width: 170, cell: (row) => instant(row.created_at) },
    ],
    [t, instant],
  )
  const one = found.data?.find(({ id }) => id === open)
  const add = mayEdit && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      {t('messages.addWebhook')}
    </Button>
  )
  return (
    <ListPage title={t('nav.messages')} error={found.error} filters={filters} tools={add}>
      <ListTable
        label={t('messages.tabs.webhooks')}
        columns={columns}
        pages={wholeList(found)}
        nameOf={({ name }) => name}
        card={({ name, url, enabled }) => (
          <ListCard title={name} note={url} end={t(enabled ? 'messages.on' : 'messages.off')} />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => show(id)}
        empty={t('messages.noWebhook')}
      />
      {one && <WebhookDrawer webhook={one} onClose={() => show(undefined)} />}
      {isAdding && <WebhookDialog onClose={() => setAdding(false)} />}
    </ListPage>
  )
}

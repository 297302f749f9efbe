// The RADIUS clients: who may send to us, and whether what they send can be forged.
import { Badge, Button } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { clientsRoute } from '../routes/network.ts'
import { useTitle } from '../shell/use-title.ts'
import { useMay } from '../sign-in/me.ts'
import { ClientDialog } from './client-dialog.tsx'
import { ClientDrawer } from './client-drawer.tsx'
import { NasNav } from './nas-nav.tsx'
import { allClients, type Client } from './use-nases.ts'

export const signingColours = { require: 'green', auto: 'orange', off: 'red' } as const

export function ClientsPage() {
  const { t } = useTranslation()
  useTitle(t('nases.places.clients'))
  const { q = '', open } = clientsRoute.useSearch()
  const navigate = clientsRoute.useNavigate()
  const mayEdit = useMay('nas.edit')
  const query = useQuery(allClients)
  const sought = q.toLowerCase()
  const rows = (query.data ?? []).filter(({ name, prefix, group }) =>
    [name, prefix, group].some((text) => text.toLowerCase().includes(sought)),
  )
  const { widths, setWidth } = useColumns('clients')
  const [adding, setAdding] = useState(false)
  const go = (change: { q?: string | undefined; open?: string | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const opened = query.data?.find(({ name }) => name === open)
  return (
    <ListPage
      title={t('nases.places.clients')}
      status={query.data && t('list.count', { count: query.data.length })}
      error={query.error}
      tools={
        <>
          <SearchBox value={q} hint={t('nases.clientSearchHint')} onSearch={(text) => go({ q: text || undefined })} />
          {mayEdit && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
              {t('nases.addClient')}
            </Button>
          )}
        </>
      }
      places={<NasNav />}
    >
      <ListTable
        label={t('nases.places.clients')}
        columns={clientColumns(t)}
        pages={wholeList(query, rows)}
        nameOf={({ name }) => name}
        card={(row) => (
          <ListCard title={row.name} note={row.prefix} end={t(`nases.modes.${row.message_authenticator}`)} />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ name }) => go({ open: name })}
        empty={q === '' ? t('nases.noClients') : t('list.emptyFiltered')}
      />
      {adding && <ClientDialog onClose={() => setAdding(false)} />}
      {opened && <ClientDrawer key={opened.id} client={opened} onClose={() => go({ open: undefined })} />}
    </ListPage>
  )
}

function clientColumns(t: TFunction): ListColumn<Client>[] {
  return [
    { name: 'name', title: t('nases.name'), width: 180, cell: ({ name }) => <bdi>{name}</bdi> },
    { name: 'prefix', title: t('nases.prefix'), width: 180, cell: ({ prefix }) => <bdi>{prefix}</bdi> },
    {
      name: 'signing',
      title: t('nases.messageAuthenticator'),
      width: 220,
      cell: (row) => (
        <Badge variant="light" color={signingColours[row.message_authenticator]} tt="none">
          {t(`nases.modes.${row.message_authenticator}`)}
          {row.message_authenticator === 'auto' &&
            row.message_authenticator_seen_at !== null &&
            ` · ${t('nases.seenShort')}`}
        </Badge>
      ),
    },
    { name: 'vendor', title: t('nases.vendor'), width: 110, cell: ({ vendor }) => vendor },
    { name: 'group', title: t('nases.group'), width: 130, cell: ({ group }) => <bdi>{group}</bdi> },
    { name: 'nases', title: t('nases.places.devices'), width: 90, isNumber: true, cell: (row) => row.nas_count },
    { name: 'secrets', title: t('nases.secrets'), width: 90, isNumber: true, cell: (row) => row.secret_count },
    { name: 'new', title: t('nases.newNasShort'), width: 130, cell: (row) => t(`nases.newNasIs.${row.new_nas}`) },
    {
      name: 'radsec',
      title: 'RadSec',
      width: 150,
      cell: (row) => <bdi>{row.radsec_name ?? row.radsec_fingerprint?.slice(0, 12)}</bdi>,
    },
  ]
}

// The ISP and its resellers: their limits, how much of them is used, and their wallets.
import { Button } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getOrganisations, getWallets } from '../api/generated/sdk.gen.ts'
import type { GetOrganisationsResponse } from '../api/generated/types.gen.ts'
import { formatMoney, formatNumber } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { organisationsRoute } from '../routes/house.ts'
import { useMay } from '../sign-in/me.ts'
import { OrganisationDialog } from './organisation-dialog.tsx'
import { OperatorPlaces } from './places.tsx'
import { RowTools } from './row-tools.tsx'
import { WalletCell, type Wallet } from './wallet-cell.tsx'

export type Organisation = GetOrganisationsResponse['items'][number]

function useWallets(): readonly Wallet[] {
  const may = useMay('money.read')
  const wallets = useQuery({
    queryKey: ['wallets'],
    queryFn: async () => (await getWallets({ throwOnError: true })).data.items,
    enabled: may,
  })
  return wallets.data ?? []
}

export function OrganisationsPage() {
  const { t } = useTranslation()
  const mayEdit = useMay('organisation.edit')
  const navigate = organisationsRoute.useNavigate()
  const organisations = useQuery({
    queryKey: ['organisations'],
    queryFn: async () => (await getOrganisations({ throwOnError: true })).data.items,
  })
  const wallets = useWallets()
  const [asked, setAsked] = useState<Organisation | 'new'>()
  const { widths, setWidth } = useColumns('organisations')
  const columns = useOrganisationColumns(wallets, mayEdit ? setAsked : undefined)
  useHotkeys([['n', () => mayEdit && setAsked('new')]])
  return (
    <>
      <OperatorPlaces />
      <ListPage
        title={t('organisations.title')}
        error={organisations.error}
        tools={
          mayEdit && (
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              onClick={() => setAsked('new')}
              aria-keyshortcuts="n"
            >
              {t('organisations.add')}
            </Button>
          )
        }
      >
        <ListTable
          label={t('organisations.title')}
          columns={columns}
          pages={wholeList(organisations)}
          nameOf={({ name }) => name}
          onOpen={({ id }) => void navigate({ to: '/subscribers', search: { filter: { owner_id: String(id) } } })}
          widths={widths}
          onWidth={setWidth}
          empty={t('organisations.none')}
        />
      </ListPage>
      {asked && (
        <OrganisationDialog organisation={asked === 'new' ? undefined : asked} onClose={() => setAsked(undefined)} />
      )}
    </>
  )
}

function useOrganisationColumns(
  wallets: readonly Wallet[],
  onEdit: ((organisation: Organisation) => void) | undefined,
): ListColumn<Organisation>[] {
  const { t } = useTranslation()
  const instant = useInstant()
  const seesMoney = useMay('money.read')
  return [
    { name: 'name', title: t('organisations.name'), width: 190, cell: ({ name }) => <bdi>{name}</bdi> },
    { name: 'kind', title: t('organisations.kind'), width: 90, cell: ({ kind }) => t(`organisations.kinds.${kind}`) },
    {
      name: 'subscribers',
      title: t('organisations.subscribers'),
      width: 120,
      isNumber: true,
      cell: ({ subscribers }) => formatNumber(subscribers),
    },
    {
      name: 'limit',
      title: t('organisations.subscriberLimit'),
      width: 140,
      isNumber: true,
      cell: ({ subscriber_limit: limit }) => (limit === null ? t('organisations.noLimit') : formatNumber(limit)),
    },
    {
      name: 'credit',
      title: t('organisations.creditLimit'),
      width: 120,
      isNumber: true,
      cell: (row) => formatMoney(row.credit_limit, row.currency),
    },
    {
      name: 'operators',
      title: t('organisations.operators'),
      width: 110,
      isNumber: true,
      cell: ({ operators }) => formatNumber(operators),
    },
    ...(seesMoney
      ? [
          {
            name: 'wallet',
            title: t('organisations.wallet'),
            width: 140,
            isNumber: true,
            cell: (row: Organisation) => (
              <WalletCell organisation={row} wallet={wallets.find(({ organisation_id: id }) => id === row.id)} />
            ),
          },
        ]
      : []),
    { name: 'created', title: t('organisations.created'), width: 180, cell: (row) => instant(row.created_at) },
    ...(onEdit === undefined
      ? []
      : [
          {
            name: 'tools',
            title: t('list.actions'),
            width: 90,
            cell: (row: Organisation) => (
              <RowTools edit={{ label: t('organisations.editOf', { name: row.name }), onClick: () => onEdit(row) }} />
            ),
          },
        ]),
  ]
}

// Money: who pays and what they owe, every movement, and the wallets of resellers.
import { Button, SegmentedControl, Switch } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getPayers, getWallets } from '../api/generated/sdk.gen.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { wholeList } from '../list/whole-list.ts'
import { NewPayer } from '../payers/new-payer.tsx'
import { moneyRoute } from '../routes/offer.ts'
import { useMay, useMe } from '../sign-in/me.ts'
import { Amount, payerColumns, walletColumns, type Payer, type Wallet } from './columns.tsx'
import { LedgerView } from './ledger-view.tsx'

const tabs = ['payers', 'ledger', 'wallets'] as const

export function MoneyPage() {
  const { t } = useTranslation()
  const search = moneyRoute.useSearch()
  const { tab = 'payers' } = search
  const navigate = moneyRoute.useNavigate()
  const go = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const filters = (
    <SegmentedControl
      size="xs"
      aria-label={t('money.show')}
      value={tab}
      onChange={(next) => void navigate({ search: { tab: next } })}
      data={tabs.map((value) => ({ value, label: t(`money.tabs.${value}`) }))}
    />
  )
  if (tab === 'payers') return <Payers filters={filters} />
  if (tab === 'wallets') return <Wallets filters={filters} />
  return (
    <ListPage title={t('nav.money')} error={null} filters={filters}>
      <LedgerView search={search} onSearch={go} />
    </ListPage>
  )
}

function Payers({ filters }: { filters: React.ReactNode }) {
  const { t } = useTranslation()
  const { q = '', kind = 'all', debt = false } = moneyRoute.useSearch()
  const navigate = moneyRoute.useNavigate()
  const mayMake = useMay('money.post')
  const { organisation_id: ownerId } = useMe()
  const [isMaking, setMaking] = useState(false)
  useHotkeys([['n', () => mayMake && setMaking(true)]])
  const go = (change: { q?: string | undefined; kind?: 'own' | 'company' | undefined; debt?: boolean | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const pages = usePages<Payer>(['payers', 'list', q, kind, debt], async (cursor, signal) => {
    const query = {
      limit: '100',
      ...(q && { search: q }),
      ...(kind !== 'all' && { kind }),
      ...(debt && { in_debt: 'true' as const }),
      ...(cursor && { cursor }),
    }
    return (await getPayers({ query, signal, throwOnError: true })).data
  })
  const { widths, setWidth } = useColumns('payers')
  const columns = useMemo(() => payerColumns(t), [t])
  const open = (id: number) => void navigate({ to: '/money/payers/$id', params: { id: String(id) } })
  return (
    <ListPage
      title={t('nav.money')}
      error={pages.error}
      filters={filters}
      tools={
        <>
          <SearchBox value={q} hint={t('money.searchHint')} onSearch={(text) => go({ q: text || undefined })} />
          <SegmentedControl
            size="xs"
            aria-label={t('money.kind')}
            value={kind}
            onChange={(next) => go({ kind: next === 'all' ? undefined : next })}
            data={(['all', 'own', 'company'] as const).map((value) => ({
              value,
              label: t(`money.payerKinds.${value}`),
            }))}
          />
          <Switch
            label={t('money.inDebt')}
            checked={debt}
            onChange={(event) => go({ debt: event.currentTarget.checked || undefined })}
          />
          {mayMake && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
              {t('payerChoice.add')}
            </Button>
          )}
        </>
      }
    >
      <ListTable
        label={t('money.tabs.payers')}
        columns={columns}
        pages={pages}
        nameOf={({ name }) => name}
        card={({ name, subscribers, balance, currency }) => (
          <ListCard
            title={name}
            note={t('plan.subscribers', { count: subscribers })}
            end={<Amount amount={balance} currency={currency} />}
          />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => open(id)}
        empty={t(q || debt || kind !== 'all' ? 'list.emptyFiltered' : 'money.noPayer')}
      />
      {isMaking && <NewPayer ownerId={ownerId} name="" onClose={() => setMaking(false)} onMade={open} />}
    </ListPage>
  )
}

function Wallets({ filters }: { filters: React.ReactNode }) {
  const { t } = useTranslation()
  const navigate = moneyRoute.useNavigate()
  const found = useQuery({
    queryKey: ['wallets'],
    queryFn: async (): Promise<readonly Wallet[]> => {
      const { items } = (await getWallets({ throwOnError: true })).data
      return items.map((wallet) => ({ ...wallet, id: wallet.organisation_id }))
    },
  })
  const { widths, setWidth } = useColumns('wallets')
  const columns = useMemo(() => walletColumns(t), [t])
  return (
    <ListPage title={t('nav.money')} error={found.error} filters={filters}>
      <ListTable
        label={t('money.tabs.wallets')}
        columns={columns}
        pages={wholeList(found)}
        nameOf={({ organisation }) => organisation}
        card={({ organisation, balance, currency, pays_renewals: pays }) => (
          <ListCard
            title={organisation}
            note={t('money.renewalsBy', { who: t(pays ? 'money.walletPays' : 'money.payersPay') })}
            end={<Amount amount={balance} currency={currency} />}
          />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => void navigate({ to: '/money/wallets/$id', params: { id: String(id) } })}
        empty={t('money.noWallet')}
      />
    </ListPage>
  )
}

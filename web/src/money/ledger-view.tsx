// Transactions with their filters and totals: of everything, of a payer, or of a wallet.
import { Group, MultiSelect, Text } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getLedger, getOrganisationsIdWalletLedger, getPayersIdLedger } from '../api/generated/sdk.gen.ts'
import { instantsOf } from '../i18n/days.ts'
import { formatMoney } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { DayInput } from '../list/day-input.tsx'
import { ListTable } from '../list/list-table.tsx'
import { SearchBox } from '../list/search-box.tsx'
import { ListCard } from '../list/list-card.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { ledgerColumns } from './columns.tsx'
import { ledgerKinds, type LedgerSearch } from './ledger-search.ts'
import type { Account, Transaction } from './posting.ts'
import { TransactionDrawer } from './transaction-drawer.tsx'

type Props = { of?: Account | undefined; search: LedgerSearch; onSearch(change: LedgerSearch): void }

export function LedgerView({ of, search, onSearch }: Props) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { kinds, from, to, ref } = search
  const pages = usePages<Transaction>(['ledger', of?.kind, of?.id, kinds, from, to, ref], async (cursor, signal) => {
    const { since, until } = instantsOf(from, to)
    const query = {
      limit: '100',
      ...(kinds && { kinds }),
      ...(since && { from: since }),
      ...(until && { to: until }),
      ...(ref && { external_reference: ref }),
      ...(cursor && { cursor }),
    }
    const call = { query, signal, throwOnError: true } as const
    if (of === undefined) return (await getLedger(call)).data
    const path = { id: String(of.id) }
    if (of.kind === 'payer') return (await getPayersIdLedger({ ...call, path })).data
    return (await getOrganisationsIdWalletLedger({ ...call, path })).data
  })
  const { widths, setWidth } = useColumns(of === undefined ? 'ledger' : 'account-ledger')
  const columns = useMemo(() => ledgerColumns(t, instant, of === undefined), [t, instant, of])
  return (
    <>
      <Group gap="sm" px={12} py={8} align="flex-end">
        <MultiSelect
          size="xs"
          miw={190}
          label={t('money.what')}
          placeholder={kinds === undefined ? t('money.everything') : undefined}
          clearable
          data={ledgerKinds.map((kind) => ({ value: kind, label: t(`money.kinds.${kind}`) }))}
          value={kinds?.split(',') ?? []}
          onChange={(chosen) => onSearch({ kinds: chosen.length === 0 ? undefined : chosen.join(',') })}
        />
        <DayInput label={t('money.from')} value={from} onChange={(day) => onSearch({ from: day })} />
        <DayInput label={t('money.to')} value={to} onChange={(day) => onSearch({ to: day })} />
        <SearchBox
          value={ref ?? ''}
          hint={t('money.referenceWhole')}
          onSearch={(text) => onSearch({ ref: text || undefined })}
        />
        <Totals rows={pages.rows} isAll={!pages.hasMore} />
      </Group>
      <ProblemNote error={pages.error} />
      <ListTable
        label={t('money.ledger')}
        columns={columns}
        pages={pages}
        nameOf={({ id }) => String(id)}
        card={(row) => (
          <ListCard
            title={
              of === undefined ? `${t(`money.kinds.${row.kind}`)} · ${row.account_name}` : t(`money.kinds.${row.kind}`)
            }
            note={instant(row.at)}
            end={formatMoney(row.amount, row.currency)}
          />
        )}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => onSearch({ entry: id })}
        empty={t(kinds || from || to || ref ? 'list.emptyFiltered' : 'money.noTransaction')}
      />
      {search.entry !== undefined && (
        <TransactionDrawer
          id={search.entry}
          onOther={(id) => onSearch({ entry: id })}
          onClose={() => onSearch({ entry: undefined })}
        />
      )}
    </>
  )
}

/** Of what is loaded, by currency: what came and what went. */
function Totals({ rows, isAll }: { rows: readonly Transaction[]; isAll: boolean }) {
  const { t } = useTranslation()
  const sums = useMemo(() => {
    const found = new Map<string, { come: number; gone: number }>()
    for (const { amount, currency } of rows) {
      const sum = found.get(currency) ?? { come: 0, gone: 0 }
      if (Number(amount) < 0) sum.gone += Number(amount)
      else sum.come += Number(amount)
      found.set(currency, sum)
    }
    return [...found]
  }, [rows])
  if (rows.length === 0) return null
  return (
    <Text size="xs" c="dimmed" role="status" style={{ fontVariantNumeric: 'tabular-nums', marginBlockEnd: 6 }}>
      {t(isAll ? 'money.totalOf' : 'money.totalOfFirst', { count: rows.length })}
      {sums.map(([currency, { come, gone }]) => (
        <bdi key={currency}>
          {' '}
          {`+${formatMoney(String(come), currency)} ${formatMoney(String(gone), currency)} = ${formatMoney(String(come + gone), currency)}`}
        </bdi>
      ))}
    </Text>
  )
}

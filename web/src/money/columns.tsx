// What the lists of money show: payers, wallets, transactions. What is owed is red and has its sign.
import { Badge, Text } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { GetPayersResponse, GetWalletsResponse } from '../api/generated/types.gen.ts'
import { formatMoney, formatNumber } from '../i18n/format.ts'
import type { ListColumn } from '../list/list-table.tsx'
import type { Transaction } from './posting.ts'

export type Payer = GetPayersResponse['items'][number]
export type Wallet = GetWalletsResponse['items'][number] & { id: number }

/** An amount that stands out where it is below zero. */
export function Amount({ amount, currency }: { amount: string; currency: string }) {
  const text = formatMoney(amount, currency)
  return Number(amount) < 0 ? (
    <Text span inherit c="light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))">
      {text}
    </Text>
  ) : (
    text
  )
}

export function payerColumns(t: TFunction): ListColumn<Payer>[] {
  return [
    { name: 'name', title: t('money.payer'), width: 200, cell: ({ name }) => <bdi>{name}</bdi> },
    {
      name: 'kind',
      title: t('money.kind'),
      width: 120,
      cell: ({ kind }) =>
        kind === 'company' ? (
          <Badge variant="light" tt="none">
            {t('money.payerKinds.company')}
          </Badge>
        ) : (
          t('money.payerKinds.own')
        ),
    },
    {
      name: 'balance',
      title: t('money.balance'),
      width: 130,
      isNumber: true,
      cell: ({ balance, currency }) => <Amount amount={balance} currency={currency} />,
    },
    {
      name: 'credit_limit',
      title: t('money.creditLimit'),
      width: 130,
      isNumber: true,
      cell: ({ credit_limit: limit, currency }) => (Number(limit) === 0 ? null : formatMoney(limit, currency)),
    },
    {
      name: 'subscribers',
      title: t('nav.subscribers'),
      width: 110,
      isNumber: true,
      cell: ({ subscribers }) => formatNumber(subscribers),
    },
    { name: 'email', title: t('money.email'), width: 190, cell: ({ email }) => <bdi>{email}</bdi> },
    { name: 'phone', title: t('money.phone'), width: 130, cell: ({ phone }) => <bdi>{phone}</bdi> },
    { name: 'owner', title: t('money.owner'), width: 160, cell: ({ owner }) => <bdi>{owner}</bdi> },
  ]
}

export function walletColumns(t: TFunction): ListColumn<Wallet>[] {
  return [
    {
      name: 'organisation',
      title: t('money.owner'),
      width: 240,
      cell: ({ organisation }) => <bdi>{organisation}</bdi>,
    },
    {
      name: 'balance',
      title: t('money.balance'),
      width: 140,
      isNumber: true,
      cell: ({ balance, currency }) => <Amount amount={balance} currency={currency} />,
    },
    {
      name: 'credit_limit',
      title: t('money.creditLimit'),
      width: 140,
      isNumber: true,
      cell: ({ credit_limit: limit, currency }) => formatMoney(limit, currency),
    },
    {
      name: 'pays',
      title: t('money.whoPays'),
      width: 220,
      cell: (wallet) => t(wallet.pays_renewals ? 'money.walletPays' : 'money.payersPay'),
    },
  ]
}

type Instant = (iso: string) => string

export function ledgerColumns(t: TFunction, instant: Instant, withAccount: boolean): ListColumn<Transaction>[] {
  const columns: (ListColumn<Transaction> | false)[] = [
    { name: 'at', title: t('money.at'), width: 170, cell: ({ at }) => instant(at) },
    {
      name: 'kind',
      title: t('money.what'),
      width: 150,
      cell: ({ kind, reversed_by_id: reversedBy }) => (
        <Text span inherit td={reversedBy === null ? undefined : 'line-through'}>
          {t(`money.kinds.${kind}`)}
        </Text>
      ),
    },
    withAccount && {
      name: 'account',
      title: t('money.account'),
      width: 180,
      cell: ({ account_name: name }) => <bdi>{name}</bdi>,
    },
    { name: 'username', title: t('money.subscriber'), width: 140, cell: ({ username }) => <bdi>{username}</bdi> },
    {
      name: 'amount',
      title: t('money.amount'),
      width: 120,
      isNumber: true,
      cell: ({ amount, currency }) => formatMoney(amount, currency),
    },
    {
      name: 'balance',
      title: t('money.balanceAfter'),
      width: 130,
      isNumber: true,
      cell: ({ balance_after: balance, currency }) => formatMoney(balance, currency),
    },
    {
      name: 'note',
      title: t('money.note'),
      width: 220,
      cell: ({ reason, note }) => <bdi>{[reason, note].filter(Boolean).join(' · ')}</bdi>,
    },
    { name: 'reference', title: t('money.reference'), width: 160, cell: (row) => <bdi>{row.external_reference}</bdi> },
    { name: 'author', title: t('money.author'), width: 150, cell: (row) => <bdi>{row.author_name}</bdi> },
  ]
  return columns.filter((column) => column !== false)
}

// What was charged and paid for one subscriber, newest first; each leads to its transaction.
import { Anchor, Skeleton, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getSubscribersIdLedger } from '../api/generated/sdk.gen.ts'
import { formatMoney } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { usePages } from '../list/use-pages.ts'
import { Amount } from '../money/columns.tsx'
import { TransactionDrawer } from '../money/transaction-drawer.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { MoreButton } from './more-button.tsx'
import classes from './subscriber.module.css'
import { WideTable } from './wide-table.tsx'

export function Ledger({ id }: { id: number }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const [open, setOpen] = useState<number>()
  const pages = usePages(['subscriber', id, 'ledger'], async (cursor, signal) => {
    const query = { limit: '25', ...(cursor && { cursor }) }
    return (await getSubscribersIdLedger({ path: { id: String(id) }, query, signal, throwOnError: true })).data
  })
  if (pages.isLoading) return <Skeleton height={120} />
  const heads = [
    { title: t('money.at') },
    { title: t('money.what') },
    { title: t('money.amount'), isNumber: true },
    { title: t('money.balanceAfter'), isNumber: true },
    { title: t('money.note') },
    { title: t('money.author') },
  ]
  return (
    <>
      <ProblemNote error={pages.error} />
      {pages.rows.length === 0 && pages.error === null && <Text size="sm">{t('money.noTransaction')}</Text>}
      {pages.rows.length > 0 && (
        <WideTable label={t('money.ledger')} heads={heads}>
          {pages.rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td>{instant(row.at)}</Table.Td>
              <Table.Td>
                <Anchor component="button" type="button" size="sm" onClick={() => setOpen(row.id)}>
                  <Text span inherit td={row.reversed_by_id === null ? undefined : 'line-through'}>
                    {t(`money.kinds.${row.kind}`)}
                  </Text>
                </Anchor>
              </Table.Td>
              <Table.Td ta="end">
                <Amount amount={row.amount} currency={row.currency} />
              </Table.Td>
              <Table.Td ta="end">{formatMoney(row.balance_after, row.currency)}</Table.Td>
              <Table.Td className={classes.text}>
                <bdi>{[row.reason, row.note, row.external_reference].filter(Boolean).join(' · ')}</bdi>
              </Table.Td>
              <Table.Td>
                <bdi>{row.author_name}</bdi>
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
      <MoreButton pages={pages} />
      {open !== undefined && <TransactionDrawer id={open} onOther={setOpen} onClose={() => setOpen(undefined)} />}
    </>
  )
}

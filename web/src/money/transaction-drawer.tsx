// One transaction: both its entries, what it belongs to, its receipt; taken back, or paid back where it is a payment.
import { Anchor, Button, Drawer, Group, Skeleton, Stack, Table, Text } from '@mantine/core'
import { IconArrowBackUp, IconPrinter } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getLedgerId, getPayersId } from '../api/generated/sdk.gen.ts'
import type { GetLedgerIdResponse } from '../api/generated/types.gen.ts'
import { formatMoney } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { FactList } from '../list/fact-list.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { PostingDialog } from './posting-dialog.tsx'
import { payerAccount } from './posting.ts'
import { ReversalDialog } from './reversal-dialog.tsx'

type Props = { id: number; onOther(id: number): void; onClose(): void }

export function TransactionDrawer({ id, onOther, onClose }: Props) {
  const { t } = useTranslation()
  const found = useQuery({
    queryKey: ['ledger', 'one', id],
    queryFn: async () => (await getLedgerId({ path: { id: String(id) }, throwOnError: true })).data,
  })
  const one = found.data
  const title = one === undefined ? t('money.transaction', { id }) : `${t(`money.kinds.${one.kind}`)} · ${id}`
  return (
    <Drawer opened onClose={onClose} position="right" size="md" title={title}>
      <ProblemNote error={found.error} />
      {one === undefined && found.error === null && <Skeleton height={220} />}
      {one && <Matter one={one} onOther={onOther} />}
    </Drawer>
  )
}

function Matter({ one, onOther }: { one: GetLedgerIdResponse; onOther(id: number): void }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const mayAdjust = useMay('money.adjust')
  const [open, setOpen] = useState<'reverse' | 'refund'>()
  const other = (id: number | null) =>
    id === null ? null : (
      <Anchor component="button" type="button" size="sm" onClick={() => onOther(id)}>
        {id}
      </Anchor>
    )
  const isPayment = one.kind === 'payment' || one.kind === 'top-up'
  const isReversible = one.reversed_by_id === null && one.kind !== 'reversal'
  return (
    <Stack gap="md">
      <Text size="xl" fw={650}>
        {formatMoney(one.amount, one.currency)}
      </Text>
      <FactList
        facts={[
          [t('money.at'), instant(one.at)],
          [t('money.account'), <AccountLink key="account" one={one} />],
          [t('money.subscriber'), one.subscriber_id === null ? null : <SubscriberLink key="who" one={one} />],
          [t('money.balanceAfter'), formatMoney(one.balance_after, one.currency)],
          [
            t('money.period'),
            one.period_starts_at && `${instant(one.period_starts_at)} – ${instant(one.period_ends_at)}`,
          ],
          [t('money.reason'), one.reason],
          [t('money.note'), one.note],
          [t('money.source'), one.source],
          [t('money.reference'), one.external_reference],
          [t('money.author'), one.author_name],
          [t('money.reverses'), other(one.reverses_id)],
          [t('money.reversedBy'), other(one.reversed_by_id)],
          [t('money.refunds'), other(one.refunds_id)],
        ]}
      />
      <Entries one={one} />
      <Group gap="xs">
        <Button
          component="a"
          href={`/api/v1/receipts/${one.id}`}
          target="_blank"
          rel="noreferrer"
          variant="default"
          leftSection={<IconPrinter size={16} aria-hidden />}
        >
          {t('money.receipt')}
        </Button>
        {mayAdjust && isPayment && isReversible && one.payer_id !== null && (
          <Button variant="default" onClick={() => setOpen('refund')}>
            {t('money.do.refund')}
          </Button>
        )}
        {mayAdjust && isReversible && (
          <Button
            variant="default"
            leftSection={<IconArrowBackUp size={16} aria-hidden />}
            onClick={() => setOpen('reverse')}
          >
            {t('money.reverse')}
          </Button>
        )}
      </Group>
      {open === 'reverse' && <ReversalDialog transaction={one} onClose={() => setOpen(undefined)} />}
      {open === 'refund' && one.payer_id !== null && (
        <Refund payerId={one.payer_id} one={one} onClose={() => setOpen(undefined)} />
      )}
    </Stack>
  )
}

function Refund({ payerId, one, onClose }: { payerId: number; one: GetLedgerIdResponse; onClose(): void }) {
  const payer = useQuery({
    queryKey: ['payers', payerId],
    queryFn: async () => (await getPayersId({ path: { id: String(payerId) }, throwOnError: true })).data,
  })
  if (payer.data === undefined) return null
  return (
    <PostingDialog
      account={payerAccount(payer.data)}
      kind="refund"
      refunds={{ id: one.id, amount: one.amount }}
      onClose={onClose}
    />
  )
}

function AccountLink({ one }: { one: GetLedgerIdResponse }) {
  const { payer_id: payerId, organisation_id: organisationId, account_name: name } = one
  if (payerId !== null) {
    return (
      <Anchor
        size="sm"
        renderRoot={(props) => <Link {...props} to="/money/payers/$id" params={{ id: String(payerId) }} />}
      >
        <bdi>{name}</bdi>
      </Anchor>
    )
  }
  if (organisationId === null) return <bdi>{name}</bdi>
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => <Link {...props} to="/money/wallets/$id" params={{ id: String(organisationId) }} />}
    >
      <bdi>{name}</bdi>
    </Anchor>
  )
}

function SubscriberLink({ one }: { one: GetLedgerIdResponse }) {
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => <Link {...props} to="/subscribers" search={{ open: one.subscriber_id ?? undefined }} />}
    >
      <bdi>{one.username}</bdi>
    </Anchor>
  )
}

function Entries({ one }: { one: GetLedgerIdResponse }) {
  const { t } = useTranslation()
  return (
    <Table>
      <Table.Caption>{t('money.entriesHint')}</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('money.account')}</Table.Th>
          <Table.Th ta="end">{t('money.amount')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {one.entries.map(({ account, amount }) => (
          <Table.Tr key={account}>
            <Table.Td>
              <bdi>{account}</bdi>
            </Table.Td>
            <Table.Td ta="end" style={{ fontVariantNumeric: 'tabular-nums' }}>
              {formatMoney(amount, one.currency)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

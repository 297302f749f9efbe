// A movement on a balance: how much, what for, and what the balance will be. Undone by a reversal, for nothing leaves a ledger.
import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postLedgerIdReversal } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { formatMoney } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { createAgainKey } from '../api/again-key.ts'
import { subscribersOf } from './payer-subscribers.tsx'
import { balanceAfter, isIncome, post, type Account, type Posting, type PostingKind } from './posting.ts'

type Props = {
  account: Account
  kind: PostingKind
  /** The payment that is paid back, and how much it was. */
  refunds?: { id: number; amount: string }
  onClose(): void
}

export function PostingDialog({ account, kind, refunds, onClose }: Props) {
  const { t } = useTranslation()
  const mayUndo = useMay('money.adjust')
  const [again] = useState(createAgainKey)
  const act = useAct({
    run: (posting: Posting) => post(account, posting, again(posting)),
    touches: [['ledger'], ['payers'], ['wallets'], ['subscribers'], ['subscriber']],
    isForm: true,
    done: ({ amount, currency, balance_after: balance }) =>
      t('money.posted', {
        what: t(`money.kinds.${kind}`),
        amount: formatMoney(amount, currency),
        balance: formatMoney(balance, currency),
      }),
    undo: (transaction) =>
      mayUndo && transaction?.id
        ? () =>
            postLedgerIdReversal({
              path: { id: String(transaction.id) },
              body: { reason: t('money.undoReason') },
              throwOnError: true,
            })
        : undefined,
    onDone: onClose,
  })
  const initial = { amount: refunds?.amount ?? '', reason: '', note: '', external_reference: '', subscriber_id: '' }
  const { values, set, field, errorOf } = useFields(initial, act.error)
  const amount = values.amount.trim().replace(',', '.')
  const isAmount = (kind === 'adjustment' ? /^-?\d{1,15}(\.\d{1,4})?$/ : /^\d{1,15}(\.\d{1,4})?$/).test(amount)
  const after = isAmount ? balanceAfter(account.balance, kind, amount) : undefined
  const isReady = isAmount && Number(amount) !== 0 && (isIncome(kind) || values.reason.trim() !== '')
  const send = (event: FormEvent) => {
    event.preventDefault()
    const { note, reason, external_reference: reference, subscriber_id: subscriberId } = values
    act.mutate({
      kind,
      amount,
      reason: reason.trim(),
      ...(note.trim() !== '' && { note: note.trim() }),
      ...(reference.trim() !== '' && { external_reference: reference.trim() }),
      ...(subscriberId !== '' && { subscriber_id: Number(subscriberId) }),
      ...(refunds && { transaction_id: refunds.id }),
    })
  }
  return (
    <Modal opened onClose={onClose} title={t(`money.titles.${kind}`, { name: account.name })}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t(`money.hints.${kind}`)}
          </Text>
          <TextInput
            label={t('money.amount')}
            required
            data-autofocus
            inputMode="decimal"
            autoComplete="off"
            rightSection={account.currency}
            rightSectionWidth={52}
            {...field('amount')}
            error={errorOf('amount') ?? (values.amount !== '' && !isAmount ? t('money.wrongAmount') : undefined)}
          />
          {!isIncome(kind) && <TextInput label={t('money.reason')} required maxLength={200} {...field('reason')} />}
          {!isIncome(kind) && account.kind === 'payer' && (
            <ForSubscriber
              payerId={account.id}
              value={values.subscriber_id}
              onChange={(id) => set({ subscriber_id: id })}
            />
          )}
          <TextInput
            label={t('money.reference')}
            description={t('money.referenceHint')}
            maxLength={100}
            {...field('external_reference')}
          />
          <TextInput label={t('money.note')} maxLength={200} {...field('note')} />
          <Text size="sm" role="status">
            {t('money.balanceNow', { balance: formatMoney(account.balance, account.currency) })}
            {after !== undefined && ` ${t('money.balanceThen', { balance: formatMoney(after, account.currency) })}`}
          </Text>
          <ProblemNote error={act.error instanceof ApiError && act.error.isOfFields ? null : act.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={act.isPending} disabled={!isReady}>
              {t(`money.do.${kind}`)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** The service that it is about, where it is about one. */
function ForSubscriber({ payerId, value, onChange }: { payerId: number; value: string; onChange(id: string): void }) {
  const { t } = useTranslation()
  const may = useMay('subscriber.read')
  const found = useQuery({ ...subscribersOf(payerId), enabled: may })
  if (!may || found.data === undefined || found.data.length === 0) return null
  return (
    <Select
      label={t('money.forSubscriber')}
      searchable
      clearable
      data={found.data.map(({ id, username }) => ({ value: String(id), label: String(username) }))}
      value={value === '' ? null : value}
      onChange={(id) => onChange(id ?? '')}
    />
  )
}

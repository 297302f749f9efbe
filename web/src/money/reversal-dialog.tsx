// Taking a transaction back: once, with a reason, and itself for good.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postLedgerIdReversal } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { formatMoney } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { Transaction } from './posting.ts'

export function ReversalDialog({ transaction, onClose }: { transaction: Transaction; onClose(): void }) {
  const { t } = useTranslation()
  const { id, amount, currency, account_name: name } = transaction
  const back = formatMoney(String(-Number(amount)), currency)
  const reverse = useAct({
    run: async (reason: string) =>
      (await postLedgerIdReversal({ path: { id: String(id) }, body: { reason }, throwOnError: true })).data,
    touches: [['ledger'], ['payers'], ['wallets'], ['subscribers'], ['subscriber']],
    isForm: true,
    done: ({ balance_after: balance }) => t('money.reversed', { id, balance: formatMoney(balance, currency) }),
    onDone: onClose,
  })
  const { values, field } = useFields({ reason: '' }, reverse.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    reverse.mutate(values.reason.trim())
  }
  return (
    <Modal opened onClose={onClose} title={t('money.reverseTitle', { what: t(`money.kinds.${transaction.kind}`), id })}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <Text size="sm">{t('money.reverseHint', { name, amount: back })}</Text>
          <TextInput label={t('money.reason')} required data-autofocus maxLength={200} {...field('reason')} />
          <ProblemNote
            error={reverse.error instanceof ApiError && reverse.error.fields.reason ? null : reverse.error}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" color="red" loading={reverse.isPending} disabled={values.reason.trim() === ''}>
              {t('money.reverse')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

// The wallet of a reseller: given, its credit and what it pays for, and topped up.
import { Button, Divider, Group, Modal, Stack, Switch, Text, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postOrganisationsIdWalletTopUps, putOrganisationsIdWallet } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { formatMoney } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import type { Organisation, Wallet } from './organisations-page.tsx'

type Props = { organisation: Organisation; wallet: Wallet | undefined; onClose(): void }
const touches = [['wallets'], ['organisations']]

export function WalletDialog({ organisation, wallet, onClose }: Props) {
  const { t } = useTranslation()
  const mayAdjust = useMay('money.adjust')
  const mayPost = useMay('money.post')
  return (
    <Modal opened onClose={onClose} title={t('organisations.walletOf', { name: organisation.name })}>
      <Stack gap="md">
        {wallet && (
          <Text fz={24} fw={650} style={{ fontVariantNumeric: 'tabular-nums' }}>
            <bdi>{formatMoney(wallet.balance, wallet.currency)}</bdi>
          </Text>
        )}
        {wallet && mayPost && <TopUp organisation={organisation} wallet={wallet} />}
        {wallet && mayPost && mayAdjust && <Divider />}
        {mayAdjust && <Terms key={wallet?.currency} organisation={organisation} wallet={wallet} />}
      </Stack>
    </Modal>
  )
}

function TopUp({ organisation, wallet }: { organisation: Organisation; wallet: Wallet }) {
  const { t } = useTranslation()
  const post = useAct({
    run: async ({ amount, note }: { amount: string; note: string }) => {
      // Once, however often it is sent on a line that breaks.
      const headers = { 'Idempotency-Key': key }
      const body = { amount: amount.trim(), ...(note.trim() && { note: note.trim() }) }
      const path = { id: String(organisation.id) }
      await postOrganisationsIdWalletTopUps({ path, body, headers, throwOnError: true })
    },
    touches,
    isForm: true,
    done: (_nothing, { amount }) =>
      t('organisations.toppedUp', { amount: formatMoney(amount, wallet.currency), name: organisation.name }),
    onDone: () => set({ amount: '', note: '', key: crypto.randomUUID() }),
  })
  const { values, set, field } = useFields({ amount: '', note: '', key: crypto.randomUUID() }, post.error)
  const { key } = values
  const send = (event: FormEvent) => {
    event.preventDefault()
    post.mutate(values)
  }
  return (
    <form onSubmit={send}>
      <Stack gap="sm">
        <Group grow align="flex-start">
          <TextInput label={t('organisations.amount')} inputMode="decimal" required {...field('amount')} />
          <TextInput label={t('organisations.note')} maxLength={200} {...field('note')} />
        </Group>
        <ProblemNote error={post.error instanceof ApiError && post.error.isOfFields ? null : post.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={post.isPending} disabled={!/^\d+([.]\d+)?$/.test(values.amount.trim())}>
            {t('organisations.topUp')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Terms({ organisation, wallet }: { organisation: Organisation; wallet: Wallet | undefined }) {
  const { t } = useTranslation()
  const save = useAct({
    run: async (body: { credit_limit: string; pays_renewals: boolean }) => {
      await putOrganisationsIdWallet({ path: { id: String(organisation.id) }, body, throwOnError: true })
    },
    touches,
    isForm: true,
    done: () => t('organisations.walletSaved', { name: organisation.name }),
  })
  const initial = { credit_limit: wallet?.credit_limit ?? '0', pays_renewals: wallet?.pays_renewals ?? true }
  const { values, set, field } = useFields(initial, save.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ ...values, credit_limit: values.credit_limit.trim() || '0' })
  }
  return (
    <form onSubmit={send}>
      <Stack gap="sm">
        <TextInput label={t('organisations.walletCredit')} inputMode="decimal" {...field('credit_limit')} />
        <Switch
          label={t('organisations.paysRenewals')}
          description={t('organisations.paysRenewalsHint')}
          checked={values.pays_renewals}
          onChange={(event) => set({ pays_renewals: event.currentTarget.checked })}
        />
        <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
        <Group justify="flex-end">
          <Button type="submit" variant={wallet ? 'default' : 'filled'} loading={save.isPending}>
            {t(wallet ? 'act.save' : 'organisations.give')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

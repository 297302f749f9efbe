// The wallet of a reseller: its balance and ledger, its credit, and whether it pays for the renewals of its subscribers.
import { Button, Group, Modal, Skeleton, Stack, Switch, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { getOrganisationsIdWallet, putOrganisationsIdWallet } from '../api/generated/sdk.gen.ts'
import type { GetOrganisationsIdWalletResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ListPage } from '../list/list-page.tsx'
import { FactList } from '../list/fact-list.tsx'
import { walletRoute } from '../routes/offer.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay, useMe } from '../sign-in/me.ts'
import { AccountFrame, SideSection } from './account-frame.tsx'

type Wallet = GetOrganisationsIdWalletResponse

export function WalletPage() {
  const { t } = useTranslation()
  const { id } = walletRoute.useParams()
  const search = walletRoute.useSearch()
  const navigate = walletRoute.useNavigate()
  // A reseller does not top up its own wallet.
  const isIsp = useMe().organisation_kind === 'isp'
  const mayEdit = useMay('money.adjust') && isIsp
  const [isEditing, setEditing] = useState(false)
  const found = useQuery({
    queryKey: ['wallets', Number(id)],
    queryFn: async () => (await getOrganisationsIdWallet({ path: { id }, throwOnError: true })).data,
  })
  const wallet = found.data
  if (wallet === undefined) {
    return (
      <ListPage title={t('money.wallet')} error={found.error}>
        {found.error === null && <Skeleton height={240} m={12} w="auto" />}
      </ListPage>
    )
  }
  const { organisation_id: ownerId, organisation: name } = wallet
  return (
    <AccountFrame
      account={{ kind: 'wallet', id: ownerId, name, currency: wallet.currency, balance: wallet.balance }}
      creditLimit={wallet.credit_limit}
      mayPost={isIsp}
      search={search}
      onSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      side={
        <SideSection
          title={t('money.wallet')}
          tools={
            mayEdit && (
              <Button size="compact-xs" variant="subtle" onClick={() => setEditing(true)}>
                {t('act.edit')}
              </Button>
            )
          }
        >
          <FactList facts={[[t('money.whoPays'), t(wallet.pays_renewals ? 'money.walletPays' : 'money.payersPay')]]} />
          {isEditing && <EditWallet wallet={wallet} onClose={() => setEditing(false)} />}
        </SideSection>
      }
    />
  )
}

function EditWallet({ wallet, onClose }: { wallet: Wallet; onClose(): void }) {
  const { t } = useTranslation()
  const path = { id: String(wallet.organisation_id) }
  const before = { credit_limit: wallet.credit_limit, pays_renewals: wallet.pays_renewals }
  const save = useAct({
    run: async (body: typeof before) => (await putOrganisationsIdWallet({ path, body, throwOnError: true })).data,
    touches: [['wallets']],
    isForm: true,
    done: (now) => t('money.payerSaved', { name: now.organisation }),
    undo: () => () => putOrganisationsIdWallet({ path, body: before, throwOnError: true }),
    onDone: onClose,
  })
  const { values, set, field } = useFields(before, save.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ ...values, credit_limit: values.credit_limit.trim() || '0' })
  }
  return (
    <Modal opened onClose={onClose} title={t('money.editWallet', { name: wallet.organisation })}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput
            label={t('money.creditLimit')}
            description={t('money.creditHint')}
            data-autofocus
            inputMode="decimal"
            rightSection={wallet.currency}
            rightSectionWidth={52}
            {...field('credit_limit')}
          />
          <Switch
            label={t('money.paysRenewals')}
            description={t('money.paysRenewalsHint')}
            checked={values.pays_renewals}
            onChange={(event) => set({ pays_renewals: event.currentTarget.checked })}
          />
          <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t('act.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

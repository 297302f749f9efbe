// The balance of a reseller's wallet, as the way to it; where there is none, the way to give it one.
import { Anchor, Button } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { putOrganisationsIdWallet } from '../api/generated/sdk.gen.ts'
import type { GetWalletsResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatMoney } from '../i18n/format.ts'
import { Confirm } from '../shell/confirm.tsx'
import { useMay } from '../sign-in/me.ts'
import type { Organisation } from './organisations-page.tsx'

export type Wallet = GetWalletsResponse['items'][number]

type Props = { organisation: Organisation; wallet: Wallet | undefined }

export function WalletCell({ organisation, wallet }: Props) {
  const { t } = useTranslation()
  const { name, kind } = organisation
  const mayGive = useMay('money.adjust')
  const [isAsked, setAsked] = useState(false)
  if (kind === 'isp' || (wallet === undefined && !mayGive)) return null
  return (
    // The row opens by itself; this does not open it.
    <span onClick={(event) => event.stopPropagation()} onKeyDown={(event) => event.stopPropagation()}>
      {wallet === undefined ? (
        <Button size="compact-sm" variant="subtle" onClick={() => setAsked(true)}>
          {t('organisations.give')}
        </Button>
      ) : (
        <Anchor
          component={Link}
          to={`/money/wallets/${organisation.id}`}
          size="sm"
          aria-label={t('organisations.walletOf', { name })}
        >
          {formatMoney(wallet.balance, wallet.currency)}
        </Anchor>
      )}
      {isAsked && <GiveWallet organisation={organisation} onClose={() => setAsked(false)} />}
    </span>
  )
}

function GiveWallet({ organisation, onClose }: { organisation: Organisation; onClose(): void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { id, name } = organisation
  const give = useAct({
    run: async () => {
      await putOrganisationsIdWallet({ path: { id: String(id) }, body: {}, throwOnError: true })
    },
    touches: [['wallets']],
    isForm: true,
    done: () => t('organisations.walletGiven', { name }),
    onDone: () => void navigate({ to: `/money/wallets/${id}` }),
  })
  return (
    <Confirm
      title={t('organisations.giveTitle', { name })}
      lines={[t('organisations.giveWhat')]}
      submit={t('organisations.give')}
      isDanger={false}
      isBusy={give.isPending}
      error={give.error}
      onConfirm={() => give.mutate(undefined)}
      onClose={onClose}
    />
  )
}

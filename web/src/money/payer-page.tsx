// One payer: the balance, its ledger, what it pays for, whom to write to.
import { Badge, Button, Group, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getPayersId } from '../api/generated/sdk.gen.ts'
import { formatNumber } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { FactList } from '../list/fact-list.tsx'
import { ListPage } from '../list/list-page.tsx'
import { payerRoute } from '../routes/offer.ts'
import { useMay } from '../sign-in/me.ts'
import { AccountFrame, SideSection } from './account-frame.tsx'
import { EditPayer } from './edit-payer.tsx'
import { PayerSubscribers } from './payer-subscribers.tsx'
import { payerAccount } from './posting.ts'
import { Statement } from './statement.tsx'

export function PayerPage() {
  const { t } = useTranslation()
  const { id } = payerRoute.useParams()
  const search = payerRoute.useSearch()
  const navigate = payerRoute.useNavigate()
  const instant = useInstant()
  const mayEdit = useMay('money.post')
  const maySubscribers = useMay('subscriber.read')
  const [isEditing, setEditing] = useState(false)
  const found = useQuery({
    queryKey: ['payers', Number(id)],
    queryFn: async () => (await getPayersId({ path: { id }, throwOnError: true })).data,
  })
  const payer = found.data
  if (payer === undefined) {
    return (
      <ListPage title={t('money.payer')} error={found.error}>
        {found.error === null && <Skeleton height={240} m={12} w="auto" />}
      </ListPage>
    )
  }
  return (
    <AccountFrame
      account={payerAccount(payer)}
      creditLimit={payer.credit_limit}
      search={search}
      onSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      tools={<Statement payerId={payer.id} />}
      side={
        <>
          <SideSection
            title={t('money.about')}
            tools={
              mayEdit && (
                <Button size="compact-xs" variant="subtle" onClick={() => setEditing(true)}>
                  {t('act.edit')}
                </Button>
              )
            }
          >
            <Group gap="xs" mb={4}>
              <Badge variant="light" tt="none" color="gray">
                {t(`money.payerKinds.${payer.kind}`)}
              </Badge>
            </Group>
            <FactList
              facts={[
                [t('money.owner'), payer.owner],
                [t('money.email'), payer.email],
                [t('money.phone'), payer.phone],
                [t('money.address'), payer.address],
                [t('money.since'), instant(payer.created_at)],
              ]}
            />
          </SideSection>
          {maySubscribers && (
            <SideSection
              title={t('money.paysFor', { count: payer.subscribers, shown: formatNumber(payer.subscribers) })}
            >
              <PayerSubscribers payerId={payer.id} count={payer.subscribers} />
            </SideSection>
          )}
          {isEditing && <EditPayer payer={payer} onClose={() => setEditing(false)} />}
        </>
      }
    />
  )
}

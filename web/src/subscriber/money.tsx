// The money of a subscriber: the balance of who pays, what was posted for this service, which service was given for it; a payment
// taken, a renewal taken back.
import { Anchor, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getPayersId } from '../api/generated/sdk.gen.ts'
import { formatMoney, formatNumber } from '../i18n/format.ts'
import { Amount } from '../money/columns.tsx'
import { PostingDialog } from '../money/posting-dialog.tsx'
import { kindsFor, type PostingKind } from '../money/posting.ts'
import { Statement } from '../money/statement.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { Ledger } from './ledger.tsx'
import { Renewals } from './renewals.tsx'
import { Section } from './section.tsx'
import classes from './subscriber.module.css'
import type { PartProps } from './subscriber-parts.tsx'

export function Money({ subscriber, choose }: PartProps) {
  const { t } = useTranslation()
  return (
    <Stack gap="lg">
      <Section title={t('money.balance')} tools={<Statement payerId={subscriber.payer.id} />}>
        <Balance subscriber={subscriber} />
      </Section>
      <Section title={t('subscriber.money.renewals')}>
        <Renewals subscriber={subscriber} choose={choose} />
      </Section>
      <Section title={t('money.ledger')}>
        <Ledger id={subscriber.id} />
      </Section>
    </Stack>
  )
}

function Balance({ subscriber: { payer: who } }: Pick<PartProps, 'subscriber'>) {
  const { t } = useTranslation()
  const [posting, setPosting] = useState<PostingKind>()
  const may = { post: useMay('money.post'), adjust: useMay('money.adjust') }
  const found = useQuery({
    queryKey: ['payers', who.id],
    queryFn: async () => (await getPayersId({ path: { id: String(who.id) }, throwOnError: true })).data,
  })
  const payer = found.data
  if (payer === undefined) return <ProblemNote error={found.error} />
  const kinds = kindsFor('payer', may)
  return (
    <Stack gap="xs">
      <Text className={classes.figure}>
        <Amount amount={payer.balance} currency={payer.currency} />
      </Text>
      <Text size="sm" c="dimmed">
        {t('facts.payer')}{' '}
        <Anchor
          size="sm"
          renderRoot={(props) => <Link {...props} to="/money/payers/$id" params={{ id: String(payer.id) }} />}
        >
          <bdi>{payer.name}</bdi>
        </Anchor>
        {payer.subscribers > 1 &&
          ` · ${t('money.paysFor', { count: payer.subscribers, shown: formatNumber(payer.subscribers) })}`}
        {Number(payer.credit_limit) !== 0 &&
          ` · ${t('money.mayOwe', { amount: formatMoney(payer.credit_limit, payer.currency) })}`}
      </Text>
      <Group gap="xs">
        {kinds.map((kind, at) => (
          <Button
            key={kind}
            size="compact-sm"
            variant={at === 0 ? 'filled' : 'default'}
            onClick={() => setPosting(kind)}
          >
            {t(`money.do.${kind}`)}
          </Button>
        ))}
      </Group>
      {posting !== undefined && (
        <PostingDialog account={{ ...payer, kind: 'payer' }} kind={posting} onClose={() => setPosting(undefined)} />
      )}
    </Stack>
  )
}

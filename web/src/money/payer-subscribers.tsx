// The services that a payer pays for.
import { Anchor, Group, Skeleton, Text } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { getSubscribers } from '../api/generated/sdk.gen.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { LabelBadge } from '../subscribers/columns.tsx'

const most = 200

export const subscribersOf = (payerId: number) =>
  queryOptions({
    queryKey: ['subscribers', 'of-payer', payerId],
    queryFn: async ({ signal }) => {
      const query = { payer_id: String(payerId), columns: 'username,full_name,label', limit: String(most) }
      return (await getSubscribers({ query, signal, throwOnError: true })).data.items
    },
  })

export function PayerSubscribers({ payerId, count }: { payerId: number; count: number }) {
  const { t } = useTranslation()
  const found = useQuery(subscribersOf(payerId))
  if (found.error !== null) return <ProblemNote error={found.error} />
  if (found.data === undefined) return <Skeleton height={60} />
  if (found.data.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('money.noSubscribers')}
      </Text>
    )
  }
  return (
    <>
      <ul style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {found.data.map(({ id, username, full_name: name, label }) => (
          <Group component="li" key={id} justify="space-between" wrap="nowrap" py={3}>
            <Text size="sm" truncate>
              <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/subscribers" search={{ open: id }} />}>
                <bdi>{String(username)}</bdi>
              </Anchor>
              {name != null && (
                <Text span c="dimmed" size="sm">
                  {' '}
                  <bdi>{name}</bdi>
                </Text>
              )}
            </Text>
            {label !== undefined && <LabelBadge label={String(label)} word={t(`words.${label as 'new'}`)} />}
          </Group>
        ))}
      </ul>
      {count > found.data.length && (
        <Text size="xs" c="dimmed">
          {t('money.moreSubscribers', { count: count - found.data.length })}
        </Text>
      )}
    </>
  )
}

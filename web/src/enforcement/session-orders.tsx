// The orders that one session was given, in short.
import { Anchor, Badge, Group, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { getCoaOrders } from '../api/generated/sdk.gen.ts'
import { formatInstant } from '../i18n/format.ts'
import { orderColours } from './words.ts'

export function SessionOrders({ sessionId }: { sessionId: number }) {
  const { t } = useTranslation()
  const { data } = useQuery({
    queryKey: ['enforcement', 'session', sessionId],
    queryFn: async () => {
      const query = { session_id: String(sessionId), limit: '20' }
      return (await getCoaOrders({ query, throwOnError: true })).data.items
    },
    refetchInterval: 5_000,
  })
  if (data === undefined || data.length === 0) return null
  return (
    <div>
      <Title order={3} size="h5" mb="xs">
        {t('enforcement.orders')}
      </Title>
      {data.map(({ id, wish, reason, state, created_at: at }) => (
        <Group key={id} gap="xs" py={4}>
          <Anchor
            size="sm"
            renderRoot={(props) => <Link {...props} to="/not-enforced" search={{ show: 'all', open: id }} />}
          >
            {t(`enforcement.wishes.${wish}`)}
          </Anchor>
          <Badge variant="light" color={orderColours[state]} tt="none">
            {t(`enforcement.states.${state}`)}
          </Badge>
          <Text size="sm" c="dimmed">
            {reason} · {formatInstant(at)}
          </Text>
        </Group>
      ))}
    </div>
  )
}

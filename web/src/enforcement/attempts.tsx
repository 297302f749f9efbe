// Each sending for an order, and what came back.
import { Badge, Group, Text, Timeline } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { CoaAttempt } from '../api/generated/types.gen.ts'
import { formatInstant, formatSpan } from '../i18n/format.ts'
import { outcomeColours } from './words.ts'

export function Attempts({ sent }: { sent: readonly CoaAttempt[] }) {
  const { t } = useTranslation()
  if (sent.length === 0) return <Text size="sm">{t('enforcement.notSent')}</Text>
  return (
    <Timeline bulletSize={12} lineWidth={1}>
      {sent.map((one) => (
        <Timeline.Item
          key={`${one.at} ${one.outcome}`}
          title={
            <Group gap="xs">
              {t(`enforcement.kinds.${one.kind}`)}
              <Badge variant="light" color={outcomeColours[one.outcome]} tt="none">
                {t(`enforcement.outcomes.${one.outcome}`)}
              </Badge>
            </Group>
          }
        >
          {one.detail !== null && <Text size="sm">{one.detail}</Text>}
          <Text size="xs" c="dimmed">
            {formatInstant(one.at)}
            {one.sent_to !== null && (
              <>
                {' · '}
                <bdi>{one.port === null ? one.sent_to : `${one.sent_to}:${one.port}`}</bdi>
              </>
            )}
            {one.round_trip_ms !== null && ` · ${formatSpan(one.round_trip_ms)}`}
            {one.error_cause !== null && ` · ${t('enforcement.cause')} ${one.error_cause}`}
          </Text>
        </Timeline.Item>
      ))}
    </Timeline>
  )
}

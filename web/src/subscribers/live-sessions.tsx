// What is open now, with the rate between the last two interims as they arrive.
import { Card, Group, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { GetSubscribersIdResponse } from '../api/generated/types.gen.ts'
import { formatOctets, formatRate, formatRelative } from '../i18n/format.ts'

type Session = GetSubscribersIdResponse['sessions'][number]
type Rate = { down: number; up: number }

export function LiveSessions({ sessions }: { sessions: readonly Session[] }) {
  const { t } = useTranslation()
  if (sessions.length === 0) return <Text size="sm">{t('session.none')}</Text>
  return (
    <Stack gap="xs">
      {sessions.map((session) => (
        <LiveSession key={session.id} session={session} />
      ))}
    </Stack>
  )
}

function LiveSession({ session }: { session: Session }) {
  const { t } = useTranslation()
  const rate = useRate(session)
  const line = [session.framed_ip, session.delegated_ipv6_prefix, session.mac, session.interface].filter(Boolean)
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {t('session.since', { since: formatRelative(session.started_at, Date.now()), nas: session.nas ?? '' })}
        </Text>
        {rate && (
          <Text size="sm">
            ↓ {formatRate(rate.down)} ↑ {formatRate(rate.up)}
          </Text>
        )}
      </Group>
      <Text size="sm" c="dimmed" ff="monospace">
        <bdi>{line.join(' · ')}</bdi>
      </Text>
      <Text size="sm">
        ↓ {formatOctets(session.usage_down)} ↑ {formatOctets(session.usage_up)} · {t('session.heard')}{' '}
        {formatRelative(session.updated_at, Date.now())}
      </Text>
    </Card>
  )
}

/** Bits a second between two readings of the same session; undefined before the second. */
function useRate({ updated_at, usage_down, usage_up }: Session): Rate | undefined {
  const before = useRef({ updated_at, usage_down, usage_up })
  const [rate, setRate] = useState<Rate>()
  useEffect(() => {
    const seconds = (Date.parse(updated_at) - Date.parse(before.current.updated_at)) / 1000
    if (seconds <= 0) return
    const bits = (now: string, then: string) => ((Number(now) - Number(then)) * 8) / seconds
    setRate({ down: bits(usage_down, before.current.usage_down), up: bits(usage_up, before.current.usage_up) })
    before.current = { updated_at, usage_down, usage_up }
  }, [updated_at, usage_down, usage_up])
  return rate
}

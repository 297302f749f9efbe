// The own sessions, newest first: when, with which address and device, how much.
import { Badge, Button, Card, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { portalApi } from './portal-api.ts'
import type { GetPortalSessionsResponse } from '../api/generated/types.gen.ts'
import { formatInstant, formatNumber, formatOctets } from '../i18n/format.ts'
import { PortalProblem } from './portal-problem.tsx'
import classes from './portal.module.css'

type Session = GetPortalSessionsResponse['items'][number]

export function SessionsPage() {
  const { t } = useTranslation()
  const pages = useInfiniteQuery({
    queryKey: ['portal', 'sessions'],
    queryFn: ({ pageParam }) => portalApi.sessions({ limit: '20', ...(pageParam && { cursor: pageParam }) }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 60_000,
  })
  const sessions = pages.data?.pages.flatMap(({ items }) => items)
  return (
    <Stack gap="sm">
      <Title order={1} size="h3">
        {t('portal.sessionsTitle')}
      </Title>
      <PortalProblem error={pages.error} />
      {pages.isPending && <Skeleton height={120} />}
      {sessions?.length === 0 && <Text c="dimmed">{t('portal.noSessions')}</Text>}
      {sessions?.map((session) => (
        <SessionCard key={session.id} session={session} />
      ))}
      {pages.hasNextPage && (
        <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {t('portal.older')}
        </Button>
      )}
    </Stack>
  )
}

function SessionCard({ session }: { session: Session }) {
  const { t } = useTranslation()
  const { state, started_at: from, ended_at: to } = session
  const addresses = [session.framed_ip, session.framed_ipv6_prefix, session.delegated_ipv6_prefix].filter(
    (address) => address !== null,
  )
  const facts: [string, string | null][] = [
    [t('portal.address'), addresses.join(' ')],
    [t('portal.device'), session.mac],
    [t('portal.duration'), duration(session.session_time)],
  ]
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>
          {to === null
            ? t('portal.since', { from: formatInstant(from) })
            : `${formatInstant(from)} – ${formatInstant(to)}`}
        </Text>
        {state === 'online' && (
          <Badge variant="light" tt="none" color="green">
            {t('portal.online')}
          </Badge>
        )}
      </Group>
      <dl className={classes.facts}>
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name} style={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd className={classes.number}>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
        <dt>{t('portal.used.title')}</dt>
        <dd className={classes.number}>
          ↓ <bdi>{formatOctets(session.down_octets)}</bdi> ↑ <bdi>{formatOctets(session.up_octets)}</bdi>
        </dd>
      </dl>
    </Card>
  )
}

/** `27:05:09`, as everybody reads it. */
function duration(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${formatNumber(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

// One session: all that its NAS told of it, its orders, and the ways from here.
import { Badge, Button, Drawer, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { getSessionsId } from '../api/generated/sdk.gen.ts'
import type { Session } from '../api/generated/types.gen.ts'
import { SessionOrders } from '../enforcement/session-orders.tsx'
import { formatInstant, formatOctets, formatRelative, formatSpan } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { FactList } from '../list/fact-list.tsx'
import { stateColours } from './columns.tsx'

type Props = { id: number; onClose(): void; onEnd(session: Session): void; onSubscriber(id: number): void }

export function SessionDrawer({ id, onClose, onEnd, onSubscriber }: Props) {
  const { t } = useTranslation()
  const mayEnd = useMay('subscriber.disconnect')
  const { data, error } = useQuery({
    queryKey: ['sessions', 'one', id],
    queryFn: async () => (await getSessionsId({ path: { id: String(id) }, throwOnError: true })).data,
    refetchInterval: (query) => (query.state.data?.ended_at == null ? 5_000 : false),
  })
  return (
    <Drawer opened onClose={onClose} position="right" size={560} title={t('sessions.session')}>
      <ProblemNote error={error} />
      {data === undefined && error === null && <Skeleton height={320} />}
      {data && (
        <Stack gap="md">
          <Group justify="space-between" wrap="nowrap">
            <Title order={2} size="h4">
              <bdi>{data.username}</bdi>
            </Title>
            <Badge variant="light" color={stateColours[data.state]} tt="none">
              {t(`sessions.one.${data.state}`)}
            </Badge>
          </Group>
          <Group gap="xs">
            {data.subscriber_id !== null && (
              <Button variant="default" size="compact-md" onClick={() => onSubscriber(data.subscriber_id!)}>
                {t('sessions.openSubscriber')}
              </Button>
            )}
            {mayEnd && data.ended_at === null && data.service === null && (
              <Button color="red" variant="light" size="compact-md" onClick={() => onEnd(data)}>
                {t('disconnect.one')}
              </Button>
            )}
          </Group>
          {data.subscriber_id === null && (
            <Text size="sm" c="dimmed">
              {t('sessions.nobody')}
            </Text>
          )}
          <FactList facts={factsOf(data, t)} />
          <SessionOrders sessionId={id} />
        </Stack>
      )}
    </Drawer>
  )
}

function factsOf(session: Session, t: TFunction): [string, ReactNode][] {
  const at = (iso: string) => `${formatInstant(iso)} (${formatRelative(iso, Date.now())})`
  const vlans = [session.s_vlan, session.c_vlan].filter((vlan) => vlan !== null).join('.')
  return [
    [
      t('sessions.nas'),
      <Link key="nas" to="/nases/$id" params={{ id: String(session.nas_id) }}>
        {session.nas}
      </Link>,
    ],
    [t('sessions.address'), session.framed_ip],
    [t('sessions.framedPrefix'), session.framed_ipv6_prefix],
    [t('sessions.delegatedPrefix'), session.delegated_ipv6_prefix],
    [t('sessions.ipv6Address'), session.framed_ipv6_address],
    [t('sessions.mac'), session.mac],
    [t('sessions.interface'), session.interface],
    [t('sessions.port'), session.port],
    [t('sessions.vlan'), vlans],
    [t('sessions.circuit'), session.circuit_id],
    [t('sessions.remote'), session.remote_id],
    [t('sessions.acct'), session.acct_session_id],
    [t('sessions.service'), session.service],
    [t('sessions.started'), at(session.started_at)],
    [t('sessions.duration'), formatSpan(session.session_time * 1000)],
    [t('sessions.heard'), at(session.updated_at)],
    [t('sessions.ended'), session.ended_at && at(session.ended_at)],
    [t('sessions.endedBy'), session.ended_by],
    [t('sessions.cause'), session.terminate_cause],
    [t('usage.down'), formatOctets(session.output_octets)],
    [t('usage.up'), formatOctets(session.input_octets)],
    [t('sessions.anomalies'), session.anomalies === 0 ? null : `${session.anomalies} · ${session.last_anomaly ?? ''}`],
  ]
}

// One order: what is to happen, where it stands, what proves it, and each sending with the answer.
import { Badge, Button, Drawer, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { getCoaOrdersId, getSessionsId } from '../api/generated/sdk.gen.ts'
import type { CoaOrderWithAttempts } from '../api/generated/types.gen.ts'
import { formatInstant, formatRelative, formatSpan } from '../i18n/format.ts'
import { FactList } from '../list/fact-list.tsx'
import type { Ending } from '../sessions/disconnect-dialog.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { Attempts } from './attempts.tsx'
import { orderColours } from './words.ts'

type Props = { id: number; onClose(): void; onEnd(session: Ending): void }

export function OrderDrawer({ id, onClose, onEnd }: Props) {
  const { t } = useTranslation()
  const { data, error } = useQuery({
    queryKey: ['enforcement', 'order', id],
    queryFn: async () => (await getCoaOrdersId({ path: { id: String(id) }, throwOnError: true })).data,
  })
  return (
    <Drawer opened onClose={onClose} position="right" size={560} title={t('enforcement.order', { id })}>
      <ProblemNote error={error} />
      {data === undefined && error === null && <Skeleton height={280} />}
      {data && (
        <Stack gap="md">
          <Group justify="space-between" wrap="nowrap">
            <Title order={2} size="h4">
              {t(`enforcement.wishes.${data.wish}`)}: <bdi>{data.username}</bdi>
            </Title>
            <Badge variant="light" color={orderColours[data.state]} tt="none">
              {t(`enforcement.states.${data.state}`)}
            </Badge>
          </Group>
          <Text size="sm">{t(`enforcement.means.${data.state}`)}</Text>
          <EndNow order={data} onEnd={onEnd} />
          <FactList facts={factsOf(data, t)} />
          <div>
            <Title order={3} size="h5" mb="xs">
              {t('enforcement.sent')}
            </Title>
            <Attempts sent={data.sent} />
          </div>
        </Stack>
      )}
    </Drawer>
  )
}

/** While its session is still open, a Disconnect can be tried at once. */
function EndNow({ order, onEnd }: { order: CoaOrderWithAttempts; onEnd(session: Ending): void }) {
  const { t } = useTranslation()
  const may = useMay('subscriber.disconnect')
  const { data: session } = useQuery({
    queryKey: ['sessions', 'one', order.session_id],
    queryFn: async () => (await getSessionsId({ path: { id: String(order.session_id) }, throwOnError: true })).data,
    retry: false,
  })
  return (
    <Group gap="xs">
      {order.subscriber_id !== null && (
        <Button
          variant="default"
          size="compact-md"
          renderRoot={(props) => (
            <Link {...props} to="/subscribers" search={{ open: order.subscriber_id ?? undefined }} />
          )}
        >
          {t('sessions.openSubscriber')}
        </Button>
      )}
      {may && session !== undefined && session.ended_at === null && (
        <Button
          color="red"
          variant="light"
          size="compact-md"
          onClick={() => onEnd({ id: session.id, username: session.username })}
        >
          {t('enforcement.disconnectNow')}
        </Button>
      )}
    </Group>
  )
}

function factsOf(order: CoaOrderWithAttempts, t: TFunction): [string, ReactNode][] {
  const at = (iso: string) => `${formatInstant(iso)} (${formatRelative(iso, Date.now())})`
  return [
    [t('enforcement.why'), order.reason],
    [t('enforcement.evidence'), order.evidence && t(`enforcement.proofs.${order.evidence}`)],
    [t('enforcement.last'), order.detail],
    [t('enforcement.cause'), order.error_cause],
    [t('enforcement.trip'), order.round_trip_ms === null ? null : formatSpan(order.round_trip_ms)],
    [
      t('sessions.nas'),
      <Link key="nas" to="/nases/$id" params={{ id: String(order.nas_id) }}>
        {order.nas}
      </Link>,
    ],
    [
      t('sessions.session'),
      <Link key="session" to="/online" search={{ session: order.session_id, state: 'open' }}>
        {order.session_id}
      </Link>,
    ],
    [t('enforcement.ordered'), at(order.created_at)],
    [t('enforcement.deadline'), order.finished_at === null ? at(order.deadline) : null],
    [t('enforcement.finished'), order.finished_at && at(order.finished_at)],
  ]
}

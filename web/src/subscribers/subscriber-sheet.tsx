// One subscriber beside the list: who it is, what it has, what goes on now, why it cannot connect, what happened.
import { Anchor, Badge, Drawer, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getSubscribersId } from '../api/generated/sdk.gen.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { ActionDialog } from './action-dialog.tsx'
import type { PanelAction } from './action-list.ts'
import { ActionsMenu } from './actions-menu.tsx'
import { labelColours } from './columns.tsx'
import { Facts } from './facts.tsx'
import { LiveSessions } from './live-sessions.tsx'
import { Timeline } from './timeline.tsx'
import { isDoneAtOnce, useRowAction } from './use-row-action.ts'
import { Why } from './why.tsx'

const Usage = lazy(async () => ({ default: (await import('./usage.tsx')).Usage }))
const tabs = ['overview', 'why', 'usage', 'timeline'] as const

type Props = { id: number; onClose(): void; onRun(runId: number): void }

export function SubscriberSheet({ id, onClose, onRun }: Props) {
  const { t } = useTranslation()
  const { data, error } = useQuery({
    queryKey: ['subscriber', id],
    queryFn: async () => (await getSubscribersId({ path: { id: String(id) }, throwOnError: true })).data,
    refetchInterval: 10_000,
  })
  const [asking, setAsking] = useState<PanelAction>()
  const act = useRowAction()
  const choose = (action: PanelAction) => {
    if (isDoneAtOnce(action) && data !== undefined) act.mutate({ id, action, username: data.username })
    else setAsking(action)
  }
  return (
    <Drawer opened onClose={onClose} position="right" size={560} withCloseButton title={t('subscriber.title')}>
      <ProblemNote error={error} />
      {data === undefined && error === null && <Skeleton height={320} />}
      {data && (
        <Stack gap="md">
          <Group justify="space-between" align="start" wrap="nowrap">
            <div>
              <Title order={2} size="h4">
                <bdi>{data.username}</bdi>
              </Title>
              <Text size="sm" c="dimmed">
                <bdi>{data.full_name}</bdi>
              </Text>
            </div>
            <ActionsMenu onChoose={choose} />
          </Group>
          <Group gap="xs">
            <Badge variant="light" color={labelColours[data.label]} tt="none">
              {t(`words.${data.label}`)}
            </Badge>
            <Badge variant="dot" color={data.online ? 'green' : 'gray'} tt="none">
              {t(data.online ? 'subscribers.online' : 'subscribers.offline')}
            </Badge>
            {data.phone !== null && (
              <Anchor size="sm" href={`tel:${data.phone}`}>
                <bdi>{data.phone}</bdi>
              </Anchor>
            )}
          </Group>
          <Tabs defaultValue="overview" keepMounted={false}>
            <Tabs.List>
              {tabs.map((tab) => (
                <Tabs.Tab key={tab} value={tab}>
                  {t(`subscriber.tabs.${tab}`)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="overview" pt="md">
              <LiveSessions sessions={data.sessions} />
              <Facts subscriber={data} />
            </Tabs.Panel>
            <Tabs.Panel value="why" pt="md">
              <Why id={id} onAct={choose} />
            </Tabs.Panel>
            <Tabs.Panel value="usage" pt="md">
              <Suspense fallback={<Skeleton height={240} />}>
                <Usage id={id} />
              </Suspense>
            </Tabs.Panel>
            <Tabs.Panel value="timeline" pt="md">
              <Timeline id={id} />
            </Tabs.Panel>
          </Tabs>
        </Stack>
      )}
      {asking && (
        <ActionDialog
          action={asking}
          target={{ ids: [id] }}
          onClose={() => setAsking(undefined)}
          onBegun={(run) => {
            setAsking(undefined)
            onRun(run.id)
          }}
        />
      )}
    </Drawer>
  )
}

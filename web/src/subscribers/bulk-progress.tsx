// A bulk run as it goes: how far it is, what became of each, and what can be done about it: stop, the rest again, undo.
import { Badge, Drawer, Group, Progress, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { getBulkRunsId } from '../api/generated/sdk.gen.ts'
import type { BulkRun } from '../api/generated/types.gen.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { actionTitle } from './action-list.ts'
import { BulkResults } from './bulk-results.tsx'
import { outcomeColours, shareOf } from './bulk-words.ts'
import { BulkWays } from './bulk-ways.tsx'
import classes from './subscribers.module.css'

const lookMs = 500

type Props = { runId: number; onClose(): void; onOther(runId: number): void; onEnd(): void }

export function BulkProgress({ runId, onClose, onOther, onEnd }: Props) {
  const { t } = useTranslation()
  const { data: run, error } = useQuery({
    queryKey: ['bulk-runs', runId],
    queryFn: async () => (await getBulkRunsId({ path: { id: String(runId) }, throwOnError: true })).data,
    refetchInterval: (query) => (query.state.data?.finished_at == null && query.state.error === null ? lookMs : false),
  })
  const isOver = run?.finished_at != null
  const ended = useEffectEvent(onEnd)
  useEffect(() => {
    if (isOver) ended()
  }, [isOver, runId])
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={run ? actionTitle(run.action, t) : t('bulk.progress')}
      classNames={{ body: classes.drawerBody, content: classes.drawerContent }}
    >
      <Stack gap="sm" px="md" pb="sm">
        <ProblemNote error={error} />
        {run === undefined && error === null && <Skeleton height={96} />}
        {run && <Figures run={run} />}
        {run && <BulkWays run={run} onOther={onOther} />}
      </Stack>
      {run && <BulkResults key={runId} run={run} />}
    </Drawer>
  )
}

function Figures({ run }: { run: BulkRun }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { total, left } = run.counts
  return (
    <div>
      <Progress
        value={shareOf(run)}
        color={run.finished_at === null ? undefined : run.state === 'done' ? 'green' : 'orange'}
        animated={run.finished_at === null}
        aria-label={t('bulk.progress')}
      />
      <Text size="sm" mt={6} role="status">
        {t(`bulk.state.${run.state}`)} · {t('bulk.of', { done: total - left, total })}
        {run.seconds_left !== null && ` · ${t('bulk.left', { count: Math.ceil(run.seconds_left) })}`}
      </Text>
      <Text size="xs" c="dimmed">
        <bdi>{run.author_name}</bdi> · {instant(run.created_at)}
      </Text>
      <Group gap={6} mt={8}>
        {(['done', 'unchanged', 'refused', 'failed'] as const)
          .filter((outcome) => run.counts[outcome] > 0)
          .map((outcome) => (
            <Badge key={outcome} variant="light" color={outcomeColours[outcome]} tt="none">
              {t(`bulk.${outcome}`, { count: run.counts[outcome] })}
            </Badge>
          ))}
      </Group>
      {run.error !== null && (
        <Text size="sm" mt={6}>
          {run.error}
        </Text>
      )}
    </div>
  )
}

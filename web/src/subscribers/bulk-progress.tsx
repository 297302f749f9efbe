// A bulk run as it goes: how far it is, what became of each, and what can be done about it: stop, the rest again, undo.
import { Badge, Button, Drawer, Group, Progress, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import {
  getBulkRunsId,
  getBulkRunsIdItems,
  postBulkRunsIdRetry,
  postBulkRunsIdStop,
  postBulkRunsIdUndo,
} from '../api/generated/sdk.gen.ts'
import type { BulkRun } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { actionTitle } from './action-list.ts'

const lookMs = 500
const shownTroubles = 200

type Props = { runId: number; onClose(): void; onOther(runId: number): void; onEnd(): void }

export function BulkProgress({ runId, onClose, onOther, onEnd }: Props) {
  const { t } = useTranslation()
  const { data: run, error } = useQuery({
    queryKey: ['bulk-runs', runId],
    queryFn: async () => (await getBulkRunsId({ path: { id: String(runId) }, throwOnError: true })).data,
    refetchInterval: (query) => (query.state.data?.finished_at == null ? lookMs : false),
  })
  const isOver = run?.finished_at != null
  useEffect(() => {
    if (isOver) onEnd()
  }, [isOver, onEnd])
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={run && actionTitle(run.action, t)}>
      <Stack>
        <ProblemNote error={error} />
        {run && <Figures run={run} />}
        {run && <Ways run={run} onOther={onOther} />}
        {run && isOver && <Troubles runId={runId} />}
      </Stack>
    </Drawer>
  )
}

function Figures({ run }: { run: BulkRun }) {
  const { t } = useTranslation()
  const { total, left } = run.counts
  const share = total === 0 ? 100 : ((total - left) / total) * 100
  return (
    <div>
      <Progress value={share} animated={run.finished_at === null} aria-label={t('bulk.progress')} />
      <Text size="sm" mt={6} role="status">
        {t(`bulk.state.${run.state}` as 'bulk.state.done')} · {t('bulk.of', { done: total - left, total })}
        {run.seconds_left !== null && ` · ${t('bulk.left', { count: Math.ceil(run.seconds_left) })}`}
      </Text>
      <Group gap={6} mt={8}>
        {(['done', 'unchanged', 'refused', 'failed'] as const)
          .filter((outcome) => run.counts[outcome] > 0)
          .map((outcome) => (
            <Badge key={outcome} variant="light" color={colours[outcome]} tt="none">
              {t(`bulk.${outcome}`, { count: run.counts[outcome] })}
            </Badge>
          ))}
      </Group>
      {run.error !== null && <Text size="sm">{run.error}</Text>}
    </div>
  )
}

const colours = { done: 'green', unchanged: 'gray', refused: 'orange', failed: 'red' } as const

function Ways({ run, onOther }: { run: BulkRun; onOther(runId: number): void }) {
  const { t } = useTranslation()
  const path = { id: String(run.id) }
  const touches = [['bulk-runs'], ['subscribers']]
  const stop = useAct({ run: () => postBulkRunsIdStop({ path, throwOnError: true }), touches })
  const retry = useAct({
    run: async () => (await postBulkRunsIdRetry({ path, body: {}, throwOnError: true })).data,
    touches,
    onDone: ({ id }) => onOther(id),
  })
  const undo = useAct({
    run: async () => (await postBulkRunsIdUndo({ path, throwOnError: true })).data,
    touches,
    onDone: ({ id }) => onOther(id),
  })
  const isOver = run.finished_at !== null
  const { done, refused, failed } = run.counts
  return (
    <Group gap="xs">
      {!isOver && (
        <Button variant="default" loading={stop.isPending} onClick={() => stop.mutate(undefined)}>
          {t('bulk.stop')}
        </Button>
      )}
      {isOver && refused + failed > 0 && (
        <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate(undefined)}>
          {t('bulk.retry', { count: refused + failed })}
        </Button>
      )}
      {isOver && done > 0 && run.undo_of === null && (
        <Button variant="default" loading={undo.isPending} onClick={() => undo.mutate(undefined)}>
          {t('act.undo')}
        </Button>
      )}
      {isOver && (
        <Button variant="subtle" component="a" href={`/api/v1/bulk-runs/${run.id}/result`} download>
          {t('bulk.result')}
        </Button>
      )}
    </Group>
  )
}

/** With whom it did not go well, and why. */
function Troubles({ runId }: { runId: number }) {
  const { t } = useTranslation()
  const { data } = useQuery({
    queryKey: ['bulk-runs', runId, 'troubles'],
    queryFn: async () => {
      const query = { outcome: 'refused,failed', limit: String(shownTroubles) }
      return (await getBulkRunsIdItems({ path: { id: String(runId) }, query, throwOnError: true })).data.items
    },
  })
  if (data === undefined || data.length === 0) return null
  return (
    <Table striped aria-label={t('bulk.troubles')}>
      <Table.Tbody>
        {data.map(({ position, username, reason }) => (
          <Table.Tr key={position}>
            <Table.Td>
              <bdi>{username}</bdi>
            </Table.Td>
            <Table.Td>{reason}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

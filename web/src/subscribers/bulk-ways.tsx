// What can be done about a bulk run: stop it, the rest again, undo it, its results as a file, and once what it made up.
import { Alert, Button, Group } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  postBulkRunsIdRetry,
  postBulkRunsIdReveal,
  postBulkRunsIdStop,
  postBulkRunsIdUndo,
} from '../api/generated/sdk.gen.ts'
import type { BulkRun } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useMe } from '../sign-in/me.ts'
import { panelActions, type PanelAction } from './action-list.ts'
import { saveText } from './save-file.ts'

type Props = { run: BulkRun; onOther(runId: number): void }

export function BulkWays({ run, onOther }: Props) {
  const { t } = useTranslation()
  const path = { id: String(run.id) }
  const touches = [['bulk-runs'], ['subscribers']]
  const stop = useAct({ run: () => postBulkRunsIdStop({ path, throwOnError: true }), touches })
  const again = useAct({
    run: async (outcomes: ('failed' | 'refused' | 'left')[]) =>
      (await postBulkRunsIdRetry({ path, body: { outcomes }, throwOnError: true })).data,
    touches,
    onDone: ({ id }) => onOther(id),
  })
  const undo = useAct({
    run: async () => (await postBulkRunsIdUndo({ path, throwOnError: true })).data,
    touches,
    onDone: ({ id }) => onOther(id),
  })
  const isOver = run.finished_at !== null
  const { done, refused, failed, left } = run.counts
  const known: readonly PanelAction[] = panelActions
  const isFinal = known.some(({ name, isFinal: final }) => name === run.action && final === true)
  return (
    <Group gap="xs">
      {!isOver && (
        <Button
          variant="default"
          loading={stop.isPending || run.state === 'stopping'}
          onClick={() => stop.mutate(undefined)}
        >
          {t('bulk.stop')}
        </Button>
      )}
      {isOver && refused + failed > 0 && (
        <Button variant="default" loading={again.isPending} onClick={() => again.mutate(['failed', 'refused'])}>
          {t('bulk.retry', { count: refused + failed })}
        </Button>
      )}
      {isOver && left > 0 && (
        <Button variant="default" loading={again.isPending} onClick={() => again.mutate(['left'])}>
          {t('bulk.goOn', { count: left })}
        </Button>
      )}
      {isOver && done > 0 && run.undo_of === null && !isFinal && (
        <Button variant="default" loading={undo.isPending} onClick={() => undo.mutate(undefined)}>
          {t('act.undo')}
        </Button>
      )}
      {isOver && (
        <Button variant="subtle" component="a" href={`/api/v1/bulk-runs/${run.id}/result`} download>
          {t('bulk.result')}
        </Button>
      )}
      {isOver && done > 0 && run.action === 'reset-password' && <Secrets run={run} />}
    </Group>
  )
}

/** The new passwords: the API gives them once, to whoever began the run, within a day. */
function Secrets({ run }: { run: BulkRun }) {
  const { t } = useTranslation()
  const me = useMe()
  const [isTaken, setTaken] = useState(false)
  const take = useAct({
    run: async () =>
      (await postBulkRunsIdReveal({ path: { id: String(run.id) }, parseAs: 'text', throwOnError: true })).data,
    touches: [],
    done: () => t('bulk.secretsTaken'),
    onDone: (text) => {
      saveText(text, `passwords-${run.id}.csv`)
      setTaken(true)
    },
  })
  if (run.operator_id !== me.operator_id || !me.permissions.includes('subscriber.credential')) return null
  return (
    <Alert color="yellow" variant="light" w="100%">
      <Group justify="space-between" gap="xs">
        {t(isTaken ? 'bulk.secretsGone' : 'bulk.secretsOnce')}
        {!isTaken && (
          <Button size="compact-md" loading={take.isPending} onClick={() => take.mutate(undefined)}>
            {t('bulk.secrets')}
          </Button>
        )}
      </Group>
    </Alert>
  )
}

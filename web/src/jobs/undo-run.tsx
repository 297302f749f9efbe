// Before what a run renewed is taken back: how many, what happens to the money and on the network, what cannot be undone.
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { postJobsRunsIdUndo } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'

type Props = { runId: number; count: number; onClose(): void; onBegun(bulkRunId: number): void }

export function UndoRun({ runId, count, onClose, onBegun }: Props) {
  const { t } = useTranslation()
  const undo = useAct({
    run: async () => (await postJobsRunsIdUndo({ path: { id: String(runId) }, throwOnError: true })).data,
    touches: [['jobs'], ['bulk-runs'], ['subscribers']],
    isForm: true,
    onDone: ({ id }) => onBegun(id),
  })
  return (
    <Modal opened onClose={onClose} title={t('jobs.undoTitle', { count })}>
      <Stack gap="sm">
        <Text size="sm">{t('jobs.undoMoney')}</Text>
        <Text size="sm">{t('jobs.undoNetwork')}</Text>
        <Text size="sm">{t('jobs.undoFinal')}</Text>
        <ProblemNote error={undo.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('act.cancel')}
          </Button>
          <Button color="red" loading={undo.isPending} onClick={() => undo.mutate(undefined)}>
            {t('jobs.undoConfirm', { count })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

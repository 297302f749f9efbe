// Before a job is run in between: what it does to others, and what of it cannot be undone.
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { postJobsNameRuns } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { effectOf, jobTitle } from './job-words.ts'

export function RunNow({ name, onClose }: { name: string; onClose(): void }) {
  const { t } = useTranslation()
  const title = jobTitle(name, t)
  const run = useAct({
    run: () => postJobsNameRuns({ path: { name }, throwOnError: true }),
    touches: [['jobs']],
    isForm: true,
    done: () => t('jobs.wasAsked', { name: title }),
    onDone: onClose,
  })
  return (
    <Modal opened onClose={onClose} title={t('jobs.runNowTitle', { name: title })}>
      <Stack gap="sm">
        <Text size="sm">{t(`jobs.effects.${effectOf(name)}`)}</Text>
        <Text size="sm" c="dimmed">
          {t('jobs.onNetwork')}
        </Text>
        <ProblemNote error={run.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('act.cancel')}
          </Button>
          <Button data-autofocus loading={run.isPending} onClick={() => run.mutate(undefined)}>
            {t('jobs.runNow')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

// One job: when it runs, run it now, and its runs with what became of each; what a run renewed can be taken back.
import { Badge, Button, Drawer, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { IconArrowBackUp, IconPlayerPlay } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import { getJobsNameRuns } from '../api/generated/sdk.gen.ts'
import type { JobRun } from '../api/generated/types.gen.ts'
import { formatInstant, formatSpan } from '../i18n/format.ts'
import { usePages } from '../list/use-pages.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { cronWords, jobTitle, resultWords, stateColours } from './job-words.ts'
import classes from './jobs.module.css'
import { RunNow } from './run-now.tsx'
import { UndoRun } from './undo-run.tsx'
import { busyLookMs, isBusy, type Job } from './use-jobs.ts'

const BulkProgress = later(() => import('../subscribers/bulk-progress.tsx'), 'BulkProgress')

type Asking = { kind: 'run' } | { kind: 'undo'; run: JobRun; count: number }

export function JobDrawer({ job, onClose }: { job: Job; onClose(): void }) {
  const { t } = useTranslation()
  const mayRun = useMay('setting.edit')
  const mayFree = useMay('service.free')
  const queries = useQueryClient()
  const [asking, setAsking] = useState<Asking>()
  const [undoId, setUndoId] = useState<number>()
  const pages = useRuns(job.name)
  const readAgain = useCallback(() => void queries.invalidateQueries({ queryKey: ['subscribers'] }), [queries])
  const title = jobTitle(job.name, t)
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={title}>
      <Stack gap="sm">
        <Group justify="space-between" align="start">
          <Text size="sm" c="dimmed">
            {cronWords(job.cron, t)} · {job.zone}
            <br />
            {job.next_at !== null && `${t('jobs.next')}: ${formatInstant(job.next_at, job.zone)}`}
          </Text>
          {mayRun && (
            <Button
              leftSection={<IconPlayerPlay size={15} aria-hidden />}
              variant="default"
              onClick={() => setAsking({ kind: 'run' })}
            >
              {t('jobs.runNow')}
            </Button>
          )}
        </Group>
        <Title order={3} size="sm">
          {t('jobs.runs')}
        </Title>
        <ProblemNote error={pages.error} />
        {pages.isLoading && <Skeleton height={240} />}
        {!pages.isLoading && pages.rows.length === 0 && <Text size="sm">{t('jobs.noRuns')}</Text>}
        <ul className={classes.runs}>
          {pages.rows.map((run) => (
            <Run
              key={run.id}
              run={run}
              zone={job.zone}
              {...(mayRun && mayFree && { onUndo: (count: number) => setAsking({ kind: 'undo', run, count }) })}
            />
          ))}
        </ul>
        {pages.hasMore && (
          <Button variant="subtle" size="compact-sm" onClick={pages.loadMore}>
            {t('act.more')}
          </Button>
        )}
      </Stack>
      {asking?.kind === 'run' && <RunNow name={job.name} onClose={() => setAsking(undefined)} />}
      {asking?.kind === 'undo' && (
        <UndoRun
          runId={asking.run.id}
          count={asking.count}
          onClose={() => setAsking(undefined)}
          onBegun={(id) => {
            setAsking(undefined)
            setUndoId(id)
          }}
        />
      )}
      {undoId !== undefined && (
        <Suspense fallback={null}>
          <BulkProgress runId={undoId} onOther={setUndoId} onEnd={readAgain} onClose={() => setUndoId(undefined)} />
        </Suspense>
      )}
    </Drawer>
  )
}

/** The runs, the newest first; looked at again while one is under way. */
function useRuns(name: string) {
  const pages = usePages<JobRun>(['jobs', 'runs', name], async (cursor, signal) => {
    const query = { limit: '30', ...(cursor && { cursor }) }
    return (await getJobsNameRuns({ path: { name }, query, signal, throwOnError: true })).data
  })
  const { again } = pages
  const isUnderWay = pages.rows.some(({ state }) => isBusy(state))
  useEffect(() => {
    if (!isUnderWay) return undefined
    const timer = setInterval(again, busyLookMs)
    return () => clearInterval(timer)
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a new function with each answer
  }, [isUnderWay])
  return pages
}

function Run({ run, zone, onUndo }: { run: JobRun; zone: string; onUndo?(count: number): void }) {
  const { t } = useTranslation()
  const { state, started_at: from, finished_at: to, asked_by: author, late, tries, result, error } = run
  const at = from ?? run.planned_at
  const renewed = run.job === 'renew-due' && typeof result?.renewed === 'number' ? result.renewed : 0
  const notes = [
    author !== null && t('jobs.askedBy', { name: author }),
    late && t('jobs.late'),
    tries > 1 && t('jobs.tries', { count: tries }),
    from !== null && to !== null && formatSpan(Date.parse(to) - Date.parse(from)),
  ].filter((note) => note !== false)
  return (
    <li className={classes.run}>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text size="sm">{at === null ? run.planned_local : formatInstant(at, zone)}</Text>
        <Badge size="sm" variant="light" tt="none" color={stateColours[state]} style={{ flex: 'none' }}>
          {t(`jobs.states.${state}`)}
        </Badge>
      </Group>
      <Text size="sm">{error ?? resultWords(run, t)}</Text>
      <Text size="xs" c="dimmed">
        <bdi>{notes.join(' · ')}</bdi>
      </Text>
      {renewed > 0 && onUndo && (
        <Button
          mt={4}
          size="compact-sm"
          variant="default"
          leftSection={<IconArrowBackUp size={14} aria-hidden />}
          onClick={() => onUndo(renewed)}
        >
          {t('jobs.undo')}
        </Button>
      )}
    </li>
  )
}

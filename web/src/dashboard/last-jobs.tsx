// What ran by itself last: first what failed, then the newest; what runs every few minutes and went well is left out.
import { Anchor, Badge, Skeleton, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { formatRelative } from '../i18n/format.ts'
import { jobTitle, resultWords, stateColours } from '../jobs/job-words.ts'
import { DashboardCard } from './card.tsx'
import classes from './dashboard.module.css'
import { useJobs } from './use-numbers.ts'

const shown = 5

export function LastJobs() {
  const { t } = useTranslation()
  const { data } = useJobs()
  const runs = (data ?? [])
    .flatMap(({ cron, last_run: run }) => (run === null ? [] : [{ run, isBusy: cron.startsWith('*') }]))
    .filter(({ run, isBusy }) => !isBusy || run.state !== 'done')
    .map(({ run }) => run)
  const ordered = runs.toSorted(
    (one, other) =>
      Number(other.state === 'failed') - Number(one.state === 'failed') ||
      (other.started_at ?? '').localeCompare(one.started_at ?? ''),
  )
  return (
    <DashboardCard title={t('dashboard.jobs')} more={{ to: '/jobs' }}>
      {data === undefined && <Skeleton height={180} />}
      {data !== undefined && ordered.length === 0 && <Text size="sm">{t('dashboard.noJobs')}</Text>}
      <ul className={classes.list}>
        {ordered.slice(0, shown).map((run) => (
          <li key={run.job} className={classes.item}>
            <div className={classes.itemBody}>
              <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/jobs" search={{ open: run.job }} />}>
                {jobTitle(run.job, t)}
              </Anchor>
              <Text size="xs" c="dimmed">
                {run.started_at !== null && formatRelative(run.started_at, Date.now())}
                {run.error === null ? ` · ${resultWords(run, t)}` : ` · ${run.error}`}
              </Text>
            </div>
            <Badge size="sm" variant="light" tt="none" color={stateColours[run.state]}>
              {t(`jobs.states.${run.state}`)}
            </Badge>
          </li>
        ))}
      </ul>
    </DashboardCard>
  )
}

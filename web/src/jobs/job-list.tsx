// All jobs: when each runs, how it went last, when next, on the clock of the ISP. A row opens its runs.
import { Badge, Text } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { formatInstant, formatRelative } from '../i18n/format.ts'
import { ListCard } from '../list/list-card.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { jobsRoute } from '../routes/house.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { JobDrawer } from './job-drawer.tsx'
import { cronWords, jobTitle, resultWords, stateColours } from './job-words.ts'
import classes from './jobs.module.css'
import { useJobs, type Job } from './use-jobs.ts'

export function JobList() {
  const { t } = useTranslation()
  const { open } = jobsRoute.useSearch()
  const navigate = jobsRoute.useNavigate()
  const known = useJobs()
  const { widths, setWidth } = useColumns('jobs')
  const columns = useMemo<ListColumn<Job>[]>(
    () => [
      { name: 'name', title: t('jobs.name'), width: 290, cell: ({ name }) => jobTitle(name, t) },
      { name: 'schedule', title: t('jobs.schedule'), width: 160, cell: ({ cron }) => cronWords(cron, t) },
      {
        name: 'state',
        title: t('jobs.state'),
        width: 120,
        cell: (job) => <LastState job={job} />,
      },
      {
        name: 'last',
        title: t('jobs.lastRun'),
        width: 150,
        cell: ({ last_run: run }) =>
          run?.started_at == null ? t('jobs.never') : formatRelative(run.started_at, Date.now()),
      },
      {
        name: 'result',
        title: t('jobs.result'),
        width: 220,
        cell: ({ last_run: run }) => run && (run.error ?? resultWords(run, t)),
      },
      {
        name: 'next',
        title: t('jobs.next'),
        width: 190,
        cell: ({ next_at: at, zone }) => at !== null && formatInstant(at, zone),
      },
    ],
    [t],
  )
  const zone = known.data?.[0]?.zone
  const opened = known.data?.find(({ name }) => name === open)
  return (
    <>
      <ProblemNote error={known.error} />
      <Text size="xs" c="dimmed" className={classes.note}>
        {zone !== undefined && t('jobs.zone', { zone })}
      </Text>
      <ListTable<Job>
        label={t('jobs.tabs.all')}
        columns={columns}
        pages={wholeList(known)}
        nameOf={({ name }) => jobTitle(name, t)}
        widths={widths}
        onWidth={setWidth}
        card={(job) => (
          <ListCard title={jobTitle(job.name, t)} note={cronWords(job.cron, t)} end={<LastState job={job} />} />
        )}
        onOpen={({ name }) => void navigate({ search: (before) => ({ ...before, open: name }) })}
        empty={t('list.empty')}
      />
      {opened && (
        <JobDrawer
          key={opened.name}
          job={opened}
          onClose={() => void navigate({ search: (before) => ({ ...before, open: undefined }) })}
        />
      )}
    </>
  )
}

function LastState({ job: { last_run: run } }: { job: Job }) {
  const { t } = useTranslation()
  if (run === null) return null
  return (
    <Badge size="sm" variant="light" tt="none" color={stateColours[run.state]}>
      {t(`jobs.states.${run.state}`)}
    </Badge>
  )
}

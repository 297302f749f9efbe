// Whom a job could not deal with: why, how often it tried, and when it tries again. A row opens the subscriber.
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getJobsFailures } from '../api/generated/sdk.gen.ts'
import type { GetJobsFailuresResponse } from '../api/generated/types.gen.ts'
import { formatInstant, formatNumber, formatRelative } from '../i18n/format.ts'
import { ListCard } from '../list/list-card.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { jobsRoute } from '../routes/house.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { jobTitle } from './job-words.ts'

type Failure = GetJobsFailuresResponse['items'][number]
type Row = Failure & { id: number }

const ids = new Map<string, number>()

/** A subscriber may be set aside by several jobs; the table wants a number for each. */
function idOf({ job, subscriber_id: subscriberId }: Failure): number {
  const key = `${job} ${subscriberId}`
  const id = ids.get(key) ?? ids.size + 1
  ids.set(key, id)
  return id
}

export function FailureList() {
  const { t } = useTranslation()
  const navigate = jobsRoute.useNavigate()
  const pages = usePages<Row>(['jobs', 'failures', 'list'], async (cursor, signal) => {
    const query = { limit: '100', ...(cursor && { cursor }) }
    const { data } = await getJobsFailures({ query, signal, throwOnError: true })
    return { ...data, items: data.items.map((failure) => ({ ...failure, id: idOf(failure) })) }
  })
  const { widths, setWidth } = useColumns('job-failures')
  const columns = useMemo<ListColumn<Row>[]>(
    () => [
      {
        name: 'username',
        title: t('jobs.failures.username'),
        width: 170,
        cell: ({ username }) => <bdi>{username}</bdi>,
      },
      { name: 'job', title: t('jobs.failures.job'), width: 190, cell: ({ job }) => jobTitle(job, t) },
      { name: 'reason', title: t('jobs.failures.reason'), width: 380, cell: ({ reason }) => <bdi>{reason}</bdi> },
      {
        name: 'tries',
        title: t('jobs.failures.tries'),
        width: 80,
        isNumber: true,
        cell: ({ tries }) => formatNumber(tries),
      },
      {
        name: 'tried',
        title: t('jobs.failures.triedAt'),
        width: 170,
        cell: ({ tried_at: at }) => formatInstant(at, undefined),
      },
      {
        name: 'next',
        title: t('jobs.failures.nextAt'),
        width: 150,
        cell: ({ next_at: at }) => formatRelative(at, Date.now()),
      },
    ],
    [t],
  )
  return (
    <>
      <ProblemNote error={pages.error} />
      <ListTable<Row>
        label={t('jobs.tabs.failures')}
        columns={columns}
        pages={pages}
        nameOf={({ username }) => username}
        widths={widths}
        onWidth={setWidth}
        card={({ username, reason, job }) => <ListCard title={username} note={`${jobTitle(job, t)} · ${reason}`} />}
        onOpen={({ subscriber_id: id }) => void navigate({ to: '/subscribers', search: { open: id } })}
        empty={t('jobs.failures.none')}
      />
    </>
  )
}

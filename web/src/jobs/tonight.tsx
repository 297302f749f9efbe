// What comes by itself until then: who ends, who renews and pays, who cannot, what begins. Looking does nothing.
import { Card, SegmentedControl, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getJobsForecast } from '../api/generated/sdk.gen.ts'
import type { Forecast } from '../api/generated/types.gen.ts'
import { formatInstant, formatMoney, formatNumber } from '../i18n/format.ts'
import { jobsRoute } from '../routes/house.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './jobs.module.css'
import { TonightRows } from './tonight-rows.tsx'

const hourMs = 3_600_000
const day = 24
const week = 7 * day
const spans = [day, 3 * day, week] as const

export function Tonight() {
  const { t } = useTranslation()
  const { ahead = day } = jobsRoute.useSearch()
  const navigate = jobsRoute.useNavigate()
  const labelOf = (hours: number) => {
    if (hours === week) return t('jobs.tonight.week')
    return hours === day ? t('jobs.tonight.hours', { count: hours }) : t('reports.days', { count: hours / day })
  }
  // The API looks a week ahead at most, to the second: a minute less is a week still.
  const until = useMemo(() => new Date(Date.now() + Math.min(ahead, week) * hourMs - 60_000).toISOString(), [ahead])
  const { data, error } = useQuery({
    queryKey: ['jobs', 'forecast', ahead],
    queryFn: async ({ signal }) => (await getJobsForecast({ query: { until }, signal, throwOnError: true })).data,
    staleTime: 60_000,
  })
  return (
    <div className={classes.scroll}>
      <Stack gap="sm" pt="sm">
        <SegmentedControl
          // Its letters would be late where the ground turns dark at once.
          transitionDuration={0}
          size="xs"
          style={{ alignSelf: 'flex-start' }}
          aria-label={t('jobs.tonight.ahead')}
          value={String(ahead)}
          onChange={(hours) =>
            void navigate({ search: (before) => ({ ...before, ahead: Number(hours) }), replace: true })
          }
          data={spans.map((hours) => ({
            value: String(hours),
            label: labelOf(hours),
          }))}
        />
        <ProblemNote error={error} />
        {data === undefined && error === null && <Skeleton height={300} />}
        {data && <Shown forecast={data} />}
      </Stack>
    </div>
  )
}

function Shown({ forecast }: { forecast: Forecast }) {
  const { t } = useTranslation()
  const { expire, renew, refuse, periods_begin: begin, plan_changes: changes, until } = forecast
  const amounts = renew.amounts.map(({ amount, currency }) => formatMoney(amount, currency)).join(' · ')
  const rules = refuse.rules.map(({ rule, count }) => `${formatNumber(count)} ${t(`jobs.tonight.rules.${rule}`)}`)
  const isCalm = [expire, renew, refuse, begin, changes].every(({ count }) => count === 0)
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {t('jobs.tonight.until', { until: formatInstant(until, undefined) })} {isCalm && t('jobs.tonight.calm')}
      </Text>
      <div className={classes.cards}>
        <Count title={t('jobs.tonight.expire')} count={expire.count} />
        <Count
          title={t('jobs.tonight.renew')}
          count={renew.count}
          note={amounts === '' ? '' : t('jobs.tonight.charged', { amounts })}
        />
        <Count title={t('jobs.tonight.refuse')} count={refuse.count} note={rules.join(' · ')} />
        <Count title={t('jobs.tonight.periods')} count={begin.count} />
        <Count title={t('jobs.tonight.changes')} count={changes.count} />
      </div>
      <TonightRows forecast={forecast} />
    </>
  )
}

function Count({ title, count, note }: { title: string; count: number; note?: string }) {
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="xs" fw={500} c="dimmed">
        {title}
      </Title>
      <span className={classes.figure}>{formatNumber(count)}</span>
      <Text size="xs" c="dimmed">
        {note}
      </Text>
    </Card>
  )
}

// The first page: how many there are, who is online, what comes and goes, what needs a look. Every number leads to its rows.
import { Stack, Title } from '@mantine/core'
import { Navigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { Attention } from './attention.tsx'
import classes from './dashboard.module.css'
import { Figures } from './figures.tsx'
import { LastJobs } from './last-jobs.tsx'
import { Refusals } from './refusals.tsx'
import { StatusCard } from './status-card.tsx'
import { TopUsage } from './top-usage.tsx'
import { Trends } from './trends.tsx'
import { useDashboard } from './use-numbers.ts'

export function DashboardPage() {
  const { t } = useTranslation()
  const mayLook = useMay('report.read')
  const maySubscribers = useMay('subscriber.read')
  const maySettings = useMay('setting.read')
  if (!mayLook) return <Navigate to="/subscribers" replace />
  return (
    <div className={classes.page}>
      <Title order={1} size="h4" py={15}>
        {t('dashboard.title')}
      </Title>
      <Stack gap={10}>
        <Trouble />
        <Figures />
        <div className={classes.wide}>
          <StatusCard />
          <Attention />
        </div>
        <Trends />
        <div className={classes.wide}>
          {maySubscribers && <TopUsage />}
          <Refusals />
          {maySettings && <LastJobs />}
        </div>
      </Stack>
    </div>
  )
}

function Trouble() {
  return <ProblemNote error={useDashboard().error} />
}

// What runs by itself: all jobs with their last and next run, what comes in the next hours, and whom a job had to set aside.
import { Tabs } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ListPage } from '../list/list-page.tsx'
import { jobsRoute } from '../routes/house.ts'
import { useMay } from '../sign-in/me.ts'
import { FailureList } from './failure-list.tsx'
import { JobList } from './job-list.tsx'
import classes from './jobs.module.css'
import { Tonight } from './tonight.tsx'

const tabs = [
  { name: 'all', permission: 'setting.read' },
  { name: 'tonight', permission: 'money.read' },
  { name: 'failures', permission: 'subscriber.read' },
] as const

type TabName = (typeof tabs)[number]['name']

export function JobsPage() {
  const { t } = useTranslation()
  const { tab } = jobsRoute.useSearch()
  const navigate = jobsRoute.useNavigate()
  const may = { all: useMay('setting.read'), tonight: useMay('money.read'), failures: useMay('subscriber.read') }
  const offered = tabs.filter(({ name }) => may[name])
  const shown = offered.find(({ name }) => name === tab)?.name ?? offered[0]?.name
  return (
    <ListPage title={t('jobs.title')} error={null}>
      <Tabs
        className={classes.tabs}
        value={shown ?? null}
        onChange={(name) => void navigate({ search: { tab: name === 'all' ? undefined : (name as TabName) } })}
        keepMounted={false}
      >
        <Tabs.List px={2}>
          {offered.map(({ name }) => (
            <Tabs.Tab key={name} value={name}>
              {t(`jobs.tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="all" className={classes.panel}>
          <JobList />
        </Tabs.Panel>
        <Tabs.Panel value="tonight" className={classes.panel}>
          <Tonight />
        </Tabs.Panel>
        <Tabs.Panel value="failures" className={classes.panel}>
          <FailureList />
        </Tabs.Panel>
      </Tabs>
    </ListPage>
  )
}

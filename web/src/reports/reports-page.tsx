// Every report: which one, for which days, put together by what; as a picture and a table, as a file, or sent by e-mail.
import { Button, Group, Menu, NavLink, Select, Skeleton, Text, Title } from '@mantine/core'
import { IconDownload, IconMail, IconMailForward } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Sort } from '../list/list-table.tsx'
import { ListPage } from '../list/list-page.tsx'
import { reportsRoute } from '../routes/house.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import { ReportChart } from './report-chart.tsx'
import { ReportControls } from './report-controls.tsx'
import { reportLooks } from './report-looks.ts'
import { ReportTable } from './report-table.tsx'
import { reportAbout, reportTitle } from './report-words.ts'
import classes from './reports.module.css'
import { ScheduleDialog } from './schedule-dialog.tsx'
import { reportList, useReport, type ReportQuery } from './use-report.ts'

const usual = 'growth'

type Known = { name: string; title: string; parameters: string[] }

export function ReportsPage() {
  const { t } = useTranslation()
  const search = reportsRoute.useSearch()
  const navigate = reportsRoute.useNavigate()
  const maySchedule = useMay('report.schedule')
  const known = useQuery(reportList)
  const shown = known.data?.find(({ name }) => name === (search.report ?? usual)) ?? known.data?.[0]
  return (
    <ListPage
      title={t('reports.title')}
      error={known.error}
      tools={
        <>
          <Select
            className={classes.choice}
            aria-label={t('reports.list')}
            w={220}
            allowDeselect={false}
            data={(known.data ?? []).map((one) => ({ value: one.name, label: reportTitle(one, t) }))}
            value={shown?.name ?? null}
            onChange={(name) => name !== null && void navigate({ search: { report: name } })}
          />
          {maySchedule && (
            <Button
              variant="default"
              leftSection={<IconMail size={16} aria-hidden />}
              renderRoot={(props) => <Link {...props} to="/report-schedules" />}
            >
              {t('reports.sent')}
            </Button>
          )}
        </>
      }
    >
      <div className={classes.body}>
        <nav className={classes.side} aria-label={t('reports.list')}>
          {known.data?.map((one) => (
            <NavLink
              key={one.name}
              className={classes.link}
              label={reportTitle(one, t)}
              aria-current={one.name === shown?.name ? 'page' : undefined}
              renderRoot={(props) => <Link {...props} to="/reports" search={{ report: one.name }} />}
            />
          ))}
        </nav>
        {shown === undefined ? (
          known.isPending && <Skeleton m="md" height={300} />
        ) : (
          <Report key={shown.name} known={shown} />
        )}
      </div>
    </ListPage>
  )
}

function useQuestion(known: Known): ReportQuery {
  const { from, to, by, days } = reportsRoute.useSearch()
  const usualDays = reportLooks[known.name]?.days?.usual
  return useMemo(() => {
    const asked: ReportQuery = { from, to, by, days: String(days ?? usualDays ?? '') }
    return Object.fromEntries(
      Object.entries(asked).filter(
        ([name, value]) => known.parameters.includes(name) && value !== undefined && value !== '',
      ),
    )
  }, [known, from, to, by, days, usualDays])
}

function Report({ known }: { known: Known }) {
  const { t } = useTranslation()
  const search = reportsRoute.useSearch()
  const navigate = reportsRoute.useNavigate()
  const query = useQuestion(known)
  const { data, error, isPending } = useReport(known.name, query)
  const title = reportTitle(known, t)
  const sort = useMemo<Sort | undefined>(
    () =>
      search.sort === undefined
        ? undefined
        : { by: search.sort.replace(/^-/, ''), descending: search.sort.startsWith('-') },
    [search.sort],
  )
  return (
    <section className={classes.report} aria-label={title}>
      <Group className={classes.head} justify="space-between" align="start">
        <div>
          <Title order={2} size="h5">
            {title}
          </Title>
          <Text size="sm" c="dimmed" role="status">
            {reportAbout(known, t)} {data && t('reports.rows', { count: data.rows.length })}
          </Text>
        </div>
        <Ways known={known} query={query} />
      </Group>
      <div className={classes.controls}>
        <ReportControls
          known={known}
          asked={search}
          meant={data}
          onChange={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
        />
      </div>
      <ProblemNote error={error} />
      {data === undefined ? (
        isPending && <Skeleton mx="sm" mb="sm" height={190} />
      ) : (
        <ReportChart title={title} answer={data} />
      )}
      <ReportTable
        label={title}
        answer={data}
        isLoading={isPending}
        sort={sort}
        onSort={({ by, descending }) =>
          void navigate({ search: (before) => ({ ...before, sort: descending ? `-${by}` : by }), replace: true })
        }
        onSubscriber={(id) => void navigate({ to: '/subscribers', search: { open: id } })}
      />
    </section>
  )
}

/** Away with it: as a file, or by e-mail again and again. */
function Ways({ known, query }: { known: Known; query: ReportQuery }) {
  const { t } = useTranslation()
  const maySchedule = useMay('report.schedule')
  const [isSending, setSending] = useState(false)
  const file = (format: 'csv' | 'xlsx') =>
    `/api/v1/reports/${known.name}/file?${new URLSearchParams({ ...query, format, bom: 'true' })}`
  const { by, days } = query
  const parameters = { ...(by && { by }), ...(days !== undefined && { days: Number(days) }) }
  return (
    <Group gap="xs">
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" size="compact-md" leftSection={<IconDownload size={15} aria-hidden />}>
            {t('reports.export')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component="a" href={file('csv')} download>
            {t('reports.asCsv')}
          </Menu.Item>
          <Menu.Item component="a" href={file('xlsx')} download>
            {t('reports.asXlsx')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {maySchedule && (
        <Button
          variant="default"
          size="compact-md"
          leftSection={<IconMailForward size={15} aria-hidden />}
          onClick={() => setSending(true)}
        >
          {t('reports.send')}
        </Button>
      )}
      {isSending && (
        <ScheduleDialog
          initial={{ name: reportTitle(known, t), report: known.name, parameters }}
          onClose={() => setSending(false)}
        />
      )}
    </Group>
  )
}

// The reports that are sent by e-mail; a row opens what is sent.
import { Badge, Button, Tooltip } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getReportSchedules } from '../api/generated/sdk.gen.ts'
import { formatDay } from '../i18n/format.ts'
import { ListCard } from '../list/list-card.tsx'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { schedulesRoute } from '../routes/house.ts'
import { useTitle } from '../shell/use-title.ts'
import { reportTitle } from './report-words.ts'
import { ScheduleDialog } from './schedule-dialog.tsx'
import { hourWords, type Schedule } from './schedule-form.ts'

export function SchedulesPage() {
  const { t } = useTranslation()
  useTitle(t('schedules.title'))
  const { open } = schedulesRoute.useSearch()
  const navigate = schedulesRoute.useNavigate()
  const show = (what: number | 'new' | undefined) => void navigate({ search: { open: what } })
  const known = useQuery({
    queryKey: ['report-schedules'],
    queryFn: async () => (await getReportSchedules({ throwOnError: true })).data.items,
  })
  const { widths, setWidth } = useColumns('report-schedules')
  const columns = useMemo<ListColumn<Schedule>[]>(
    () => [
      { name: 'name', title: t('schedules.name'), width: 220, cell: ({ name }) => <bdi>{name}</bdi> },
      { name: 'state', title: t('schedules.state'), width: 110, cell: (row) => <State schedule={row} /> },
      {
        name: 'report',
        title: t('schedules.report'),
        width: 190,
        cell: ({ report }) => reportTitle({ name: report, title: report }, t),
      },
      {
        name: 'every',
        title: t('schedules.every'),
        width: 180,
        cell: ({ every, hour }) =>
          t('schedules.at', { every: t(`schedules.intervals.${every}`), hour: hourWords(hour) }),
      },
      {
        name: 'recipients',
        title: t('schedules.recipients'),
        width: 260,
        cell: ({ recipients }) => <bdi>{recipients.join(', ')}</bdi>,
      },
      {
        name: 'sent',
        title: t('schedules.lastSent'),
        width: 130,
        cell: ({ sent_for: day }) => (day === null ? t('schedules.never') : formatDay(day)),
      },
      { name: 'operator', title: t('schedules.operator'), width: 200, cell: ({ operator }) => <bdi>{operator}</bdi> },
    ],
    [t],
  )
  const opened = known.data?.find(({ id }) => id === open)
  return (
    <ListPage
      title={t('schedules.title')}
      error={known.error}
      tools={
        <>
          <Button variant="default" renderRoot={(props) => <Link {...props} to="/reports" />}>
            {t('reports.toReports')}
          </Button>
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => show('new')}>
            {t('schedules.add')}
          </Button>
        </>
      }
    >
      <ListTable<Schedule>
        label={t('schedules.title')}
        columns={columns}
        pages={wholeList(known)}
        nameOf={({ name }) => name}
        widths={widths}
        onWidth={setWidth}
        card={(row) => <ListCard title={row.name} note={row.recipients.join(', ')} end={<State schedule={row} />} />}
        onOpen={({ id }) => show(id)}
        empty={t('schedules.none')}
      />
      {open === 'new' && <ScheduleDialog onClose={() => show(undefined)} />}
      {opened && <ScheduleDialog key={opened.id} schedule={opened} onClose={() => show(undefined)} />}
    </ListPage>
  )
}

function State({ schedule: { enabled, last_error: error } }: { schedule: Schedule }) {
  const { t } = useTranslation()
  if (error !== null) {
    return (
      <Tooltip label={error}>
        <Badge size="sm" variant="light" color="red" tt="none">
          {t('schedules.failed', { error })}
        </Badge>
      </Tooltip>
    )
  }
  return (
    <Badge size="sm" variant="light" color={enabled ? 'green' : 'gray'} tt="none">
      {t(enabled ? 'schedules.on' : 'schedules.off')}
    </Badge>
  )
}

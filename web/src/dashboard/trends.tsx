// How the last thirty days went: subscribers, logins, traffic, revenue.
import { Skeleton } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChartColour } from '../chart/colours.ts'
import { DayChart } from '../chart/day-chart.tsx'
import { daysBetween, valuesByDay, type ChartKind } from '../chart/day-series.ts'
import { formatMoney, formatMoneyRound, formatNumber, formatOctets } from '../i18n/format.ts'
import { useReport, type ReportRow } from '../reports/use-report.ts'
import { useMay } from '../sign-in/me.ts'
import { DashboardCard } from './card.tsx'
import classes from './dashboard.module.css'
import { revenueOf } from './revenue.ts'

const height = 150

type Line = { name: 'total' | 'accepted' | 'refused' | 'download' | 'upload' | 'revenue'; colour: ChartColour }
type TrendProps = {
  report: string
  title: string
  kind: ChartKind
  lines: readonly Line[]
  format(value: number): string
  formatAxis?(value: number): string
  pick?(rows: ReportRow[]): ReportRow[]
}

const total: readonly Line[] = [{ name: 'total', colour: 'accent' }]
const logins: readonly Line[] = [
  { name: 'accepted', colour: 'good' },
  { name: 'refused', colour: 'bad' },
]
const octets: readonly Line[] = [
  { name: 'download', colour: 'accent' },
  { name: 'upload', colour: 'calm' },
]
const revenue: readonly Line[] = [{ name: 'revenue', colour: 'accent' }]

export function Trends() {
  const { t } = useTranslation()
  const mayMoney = useMay('money.read')
  return (
    <div className={classes.wide}>
      <Trend report="growth" title={t('dashboard.growth')} kind="level" lines={total} format={formatNumber} />
      <Trend report="logins" title={t('dashboard.loginDays')} kind="count" lines={logins} format={formatNumber} />
      <Trend
        report="traffic"
        title={t('dashboard.traffic')}
        kind="count"
        lines={octets}
        format={(value) => formatOctets(String(value))}
      />
      {mayMoney && <RevenueTrend />}
    </div>
  )
}

/** Of the currency in which most renewed. */
function RevenueTrend() {
  const { t } = useTranslation()
  const { data } = useReport('renewals', {})
  const currency = data && revenueOf(data.rows)[0]?.[0]
  return (
    <Trend
      report="renewals"
      title={t('dashboard.revenueDays')}
      kind="count"
      lines={revenue}
      format={(value) => (currency === undefined ? formatNumber(value) : formatMoney(String(value), currency))}
      {...(currency !== undefined && { formatAxis: (value: number) => formatMoneyRound(value, currency) })}
      pick={(rows) => rows.filter((row) => row.currency === currency)}
    />
  )
}

function Trend({ report, title, kind, lines, pick, ...formats }: TrendProps) {
  const { t } = useTranslation()
  const { data, isError } = useReport(report, {})
  const drawn = useMemo(() => {
    if (data === undefined) return undefined
    const days = daysBetween(data.from, data.to)
    const rows = pick === undefined ? data.rows : pick(data.rows)
    const series = lines.map(({ name, colour }) => ({
      name,
      colour,
      title: t(`reports.columns.${name}`),
      values: valuesByDay(days, rows, name, kind),
    }))
    return { days, series }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- pick is decided by the data
  }, [data, kind, lines, t])
  if (isError) return null
  return (
    <DashboardCard title={title} more={{ to: '/reports', search: { report } }}>
      {drawn === undefined ? (
        <Skeleton height={height + 26} />
      ) : (
        <DayChart title={title} kind={kind} height={height} {...formats} {...drawn} />
      )}
    </DashboardCard>
  )
}

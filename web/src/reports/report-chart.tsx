// A report as a picture: over days where it is by day, else the largest as bars. The table beneath has all of it.
import { Text } from '@mantine/core'
import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { BarList, type Bar } from '../chart/bar-list.tsx'
import { DayChart } from '../chart/day-chart.tsx'
import { daysBetween, valuesByDay } from '../chart/day-series.ts'
import { formatMoney, formatMoneyRound, formatNumber, formatOctets } from '../i18n/format.ts'
import { reportLooks, type ReportLook } from './report-looks.ts'
import { columnTitle, reasonWords } from './report-words.ts'
import type { ReportAnswer } from './use-report.ts'
import classes from './reports.module.css'

const height = 170
const barsShown = 8

export function ReportChart({ title, answer }: { title: string; answer: ReportAnswer }) {
  const look = reportLooks[answer.name]
  const isByDay = answer.columns[0]?.name === 'day'
  if (isByDay && look?.chart) return <OverDays title={title} answer={answer} chart={look.chart} />
  if (!isByDay && look?.bars && answer.rows.length > 0)
    return <Largest title={title} answer={answer} bars={look.bars} />
  return null
}

type OverDaysProps = { title: string; answer: ReportAnswer; chart: NonNullable<ReportLook['chart']> }

function OverDays({ title, answer, chart }: OverDaysProps) {
  const { t } = useTranslation()
  // Nothing is added up across currencies: the first one is drawn, the table has the others.
  const currency = answer.rows[0]?.currency
  const drawn = useMemo(() => {
    const days = daysBetween(answer.from, answer.to)
    const rows = answer.rows.filter((row) => row.currency === currency)
    const series = chart.lines.map(([name, colour]) => ({
      name,
      colour,
      title: columnTitle(name, t),
      values: valuesByDay(days, rows, name, chart.kind),
    }))
    return { days, series }
  }, [answer, chart, currency, t])
  const kind = answer.columns.find(({ name }) => name === chart.lines[0]?.[0])?.kind
  return (
    <div className={classes.chart}>
      <DayChart
        title={title}
        kind={chart.kind}
        height={height}
        format={formatterOf(kind, currency)}
        {...(typeof currency === 'string' && {
          formatAxis: (value: number) => formatMoneyRound(value, currency),
        })}
        hasTable
        {...drawn}
      />
    </div>
  )
}

function formatterOf(kind: string | undefined, currency: unknown): (value: number) => string {
  if (kind === 'octets') return (value) => formatOctets(String(value))
  if (kind === 'money' && typeof currency === 'string') return (value) => formatMoney(String(value), currency)
  return formatNumber
}

type LargestProps = { title: string; answer: ReportAnswer; bars: NonNullable<ReportLook['bars']> }

function Largest({ title, answer, bars }: LargestProps) {
  const { t } = useTranslation()
  const largest = barsOf(answer, bars, t)
  return (
    <div className={classes.chart}>
      <div className={classes.largest}>
        <BarList label={title} bars={largest.slice(0, barsShown)} />
      </div>
      {largest.length > barsShown && (
        <Text size="xs" c="dimmed">
          {t('reports.others', { count: largest.length - barsShown })}
        </Text>
      )}
    </div>
  )
}

function barsOf(
  { columns, rows }: ReportAnswer,
  { names, columns: summed, colour }: LargestProps['bars'],
  t: TFunction,
): Bar[] {
  const format = formatterOf(columns.find(({ name }) => name === summed[0])?.kind, undefined)
  const named = names.filter((name) => columns.some((column) => column.name === name))
  const sums = rows.map((row, index): Bar => {
    const value = summed.reduce((sum, name) => sum + Number(row[name] ?? 0), 0)
    const words = named.flatMap((name) => {
      const word = row[name]
      if (word == null) return []
      return [name === 'reason' ? reasonWords(String(word), t) : String(word)]
    })
    const name = words.length === 0 ? t('reports.withoutKey') : <bdi>{words.join(' · ')}</bdi>
    return { key: String(index), name, value, shown: format(value), colour }
  })
  return sums.toSorted((one, other) => other.value - one.value)
}

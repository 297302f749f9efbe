// What a report is asked: the days, by what it is put together, how far it looks. Only what this report heeds.
import { Group, NumberInput, SegmentedControl, Select } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { dayAfter } from '../chart/day-series.ts'
import { DayInput } from '../list/day-input.tsx'
import { columnTitle } from './report-words.ts'
import { reportLooks, type ReportKey } from './report-looks.ts'

type Asked = {
  from?: string | undefined
  to?: string | undefined
  by?: ReportKey | undefined
  days?: number | undefined
}
type Props = {
  known: { name: string; parameters: readonly string[] }
  asked: Asked
  /** What the API took where nothing was asked. */
  meant: { from: string; to: string } | undefined
  onChange(change: Asked): void
}

const usualPeriod = 30
const periods = [7, usualPeriod, 90, 365]
const mostDays = 730

function today(): string {
  return new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
}

export function ReportControls({ known, asked, meant, onChange }: Props) {
  const { t } = useTranslation()
  const heeds = (name: string) => known.parameters.includes(name)
  const look = reportLooks[known.name]
  return (
    <Group gap="xs" align="end">
      {heeds('from') && <Period asked={asked} onChange={onChange} />}
      {heeds('from') && (
        <DayInput label={t('reports.from')} value={asked.from ?? meant?.from} onChange={(from) => onChange({ from })} />
      )}
      {heeds('to') && (
        <DayInput label={t('reports.to')} value={asked.to ?? meant?.to} onChange={(to) => onChange({ to })} />
      )}
      {heeds('by') && look?.keys && (
        <Select
          size="xs"
          w={130}
          label={t('reports.by')}
          allowDeselect={false}
          data={look.keys.map((key) => ({ value: key, label: columnTitle(key, t) }))}
          value={asked.by ?? look.keys[0]!}
          onChange={(by) => onChange({ by: by === look.keys?.[0] ? undefined : (by as ReportKey) })}
        />
      )}
      {heeds('days') && look?.days && (
        <NumberInput
          size="xs"
          w={150}
          label={t(`reports.${look.days.word}`)}
          min={1}
          max={mostDays}
          clampBehavior="strict"
          allowDecimal={false}
          value={asked.days ?? look.days.usual}
          onChange={(days) => onChange({ days: days === '' ? undefined : Number(days) })}
        />
      )}
    </Group>
  )
}

function Period({ asked: { from, to }, onChange }: Pick<Props, 'asked' | 'onChange'>) {
  const { t } = useTranslation()
  const startOf = (period: number) => (period === usualPeriod ? undefined : dayAfter(today(), 1 - period))
  const chosen = to === undefined ? periods.find((period) => startOf(period) === from) : undefined
  return (
    <SegmentedControl
      // Its letters would be late where the ground turns dark at once.
      transitionDuration={0}
      size="xs"
      aria-label={t('reports.period')}
      value={String(chosen ?? '')}
      onChange={(period) => onChange({ from: startOf(Number(period)), to: undefined })}
      data={periods.map((period) => ({ value: String(period), label: t('reports.days', { count: period }) }))}
    />
  )
}

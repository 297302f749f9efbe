// A chart over calendar days: its names with their numbers, which follow the pointer, the picture, and for readers a table. The
// picture is drawn by a piece that is loaded apart (day-plot.tsx); its place is kept, so that nothing jumps.
import { Skeleton, useComputedColorScheme } from '@mantine/core'
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { later } from '../i18n/later.ts'
import { formatDay } from '../i18n/format.ts'
import classes from './chart.module.css'
import { chartColour } from './colours.ts'
import { sumOf, type ChartKind, type DaySeries } from './day-series.ts'

const DayPlot = later(() => import('./day-plot.tsx'), 'DayPlot')

export type DayChartProps = {
  title: string
  days: readonly string[]
  series: readonly DaySeries[]
  kind: ChartKind
  format(value: number): string
  /** On the axis, where it is shorter there. */
  formatAxis?(value: number): string
  height: number
  /** The numbers stand in a table beside it anyhow. */
  hasTable?: boolean
}

export function DayChart(props: DayChartProps) {
  const { title, days, series, kind, format, height, hasTable = false } = props
  const { t } = useTranslation()
  const scheme = useComputedColorScheme()
  const [pointed, setPointed] = useState<number>()
  const at = pointed === undefined ? undefined : days[pointed]
  return (
    <figure className={classes.figure} aria-label={title}>
      <div className={classes.legend} aria-hidden={!hasTable}>
        {series.map((one) => {
          const value = pointed === undefined ? sumOf(one, kind) : one.values[pointed]
          return (
            <span key={one.name}>
              <span className={classes.swatch} style={{ background: chartColour(one.colour, scheme) }} />
              {one.title} {value == null ? '–' : format(value)}
            </span>
          )
        })}
        <span style={{ marginInlineStart: 'auto' }}>
          {at === undefined ? kind !== 'level' && t('chart.sum') : formatDay(at)}
        </span>
      </div>
      <div className={classes.place} style={{ blockSize: height }} aria-hidden>
        <Suspense fallback={<Skeleton height={height} />}>
          <DayPlot {...props} onPoint={setPointed} />
        </Suspense>
      </div>
      {!hasTable && <TableForReaders {...props} />}
    </figure>
  )
}

function TableForReaders({ title, days, series, format }: DayChartProps) {
  const { t } = useTranslation()
  const told = days.map((day, at) => ({ day, at })).filter(({ at }) => series.some(({ values }) => values[at]))
  return (
    <div className="visually-hidden">
      <table>
        <caption>{t('chart.asTable', { title })}</caption>
        <thead>
          <tr>
            <th scope="col">{t('chart.day')}</th>
            {series.map((one) => (
              <th key={one.name} scope="col">
                {one.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {told.map(({ day, at }) => (
            <tr key={day}>
              <th scope="row">{formatDay(day)}</th>
              {series.map(({ name, values }) => (
                <td key={name}>{values[at] == null ? '' : format(values[at])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

// The picture of a chart over days, by uPlot: dark and light, from right to left where the language goes so.
import { useComputedColorScheme, useDirection } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
// oxlint-disable-next-line import/no-unassigned-import -- its look
import 'uplot/dist/uPlot.min.css'
import { formatDay } from '../i18n/format.ts'
import { chartColour } from './colours.ts'
import type { DayChartProps } from './day-chart.tsx'
import type { DaySeries } from './day-series.ts'

const daySeconds = 86_400
const font = '11px system-ui, sans-serif'
/** Pixels of a figure of the axis. */
const figureWidth = 6.5

type Props = DayChartProps & { onPoint(index: number | undefined): void }
type Look = { scheme: 'light' | 'dark'; dir: 'ltr' | 'rtl'; width: number }

export function DayPlot(props: Props) {
  const { ref, width } = useElementSize()
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  const { dir } = useDirection()
  const latest = useRef(props)
  latest.current = props
  const { days, series, kind, height } = props
  useEffect(() => {
    if (width === 0 || place.current === null || days.length === 0) return
    const chart = new UPlot(optionsOf(latest, { scheme, dir, width }), dataOf(days, series, kind), place.current)
    return () => chart.destroy()
  }, [days, series, kind, height, width, scheme, dir])
  return (
    <div ref={ref}>
      <div ref={place} />
    </div>
  )
}

/** What happened stands one upon the other: the last series is the whole height, and is drawn first. */
function dataOf(days: readonly string[], series: readonly DaySeries[], kind: Props['kind']): UPlot.AlignedData {
  const at = days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000)
  if (kind !== 'count') return [at, ...series.map(({ values }) => [...values])]
  const heights = series.map((_, index) =>
    days.map((__, day) => series.slice(0, index + 1).reduce((sum, { values }) => sum + (values[day] ?? 0), 0)),
  )
  return [at, ...heights.toReversed()]
}

function optionsOf(latest: { readonly current: Props }, { scheme, dir, width }: Look): UPlot.Options {
  const { series, kind, height, format, formatAxis, days } = latest.current
  const ink = scheme === 'dark' ? '#a6a7ab' : '#495057'
  const grid = { stroke: scheme === 'dark' ? '#2e3136' : '#e9ecef', width: 1 }
  const isRightToLeft = dir === 'rtl'
  const margin = kind === 'count' ? 0.6 * daySeconds : days.length === 1 ? daySeconds : 0
  return {
    width,
    height,
    padding: [8, isRightToLeft ? 0 : 8, 0, isRightToLeft ? 8 : 0],
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false }, points: { size: 6 } },
    tzDate: (at) => UPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
    scales: {
      x: { time: true, dir: isRightToLeft ? -1 : 1, range: (_plot, min, max) => [min - margin, max + margin] },
      y: { range: (_plot, _min, max) => UPlot.rangeNum(0, max > 0 ? max : 1, 0.1, true) },
    },
    series: [{}, ...(kind === 'count' ? series.toReversed() : series).map((one) => lineOf(one, kind, scheme))],
    axes: [
      {
        stroke: ink,
        font,
        grid: { show: false },
        ticks: grid,
        size: 26,
        gap: 2,
        space: 64,
        incrs: [1, 2, 3, 7, 14, 30, 61, 91, 182].map((count) => count * daySeconds),
        values: (_plot, at) =>
          at.map((second) => formatDay(new Date(second * 1000).toISOString().slice(0, 10), 'short')),
      },
      {
        stroke: ink,
        font,
        grid,
        ticks: { show: false },
        side: isRightToLeft ? 1 : 3,
        gap: 4,
        space: 32,
        size: (_plot, values) => 12 + figureWidth * Math.max(0, ...(values ?? []).map((value) => value.length)),
        values: (_plot, values) =>
          values.map((value) => (Number.isInteger(value) ? (formatAxis ?? format)(value) : '')),
      },
    ],
    hooks: {
      setCursor: [({ cursor }) => latest.current.onPoint(cursor.idx ?? undefined)],
    },
  }
}

function lineOf({ colour, values }: DaySeries, kind: Props['kind'], scheme: Look['scheme']): UPlot.Series {
  const stroke = chartColour(colour, scheme)
  if (kind === 'count') {
    return { stroke, fill: stroke, width: 0, points: { show: false }, paths: UPlot.paths.bars!({ size: [0.7, 28] }) }
  }
  return {
    stroke,
    width: 1.75,
    fill: colour === 'accent' ? `${stroke}22` : undefined,
    // A line of one day is no line.
    points: { show: values.filter((value) => value !== null).length <= 2 || undefined, size: 6, fill: stroke },
  }
}

// Usage as columns, download upon upload, by uPlot: dark and light, from right to left where the language goes so.
import { useComputedColorScheme, useDirection } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
// oxlint-disable-next-line import/no-unassigned-import -- its look
import 'uplot/dist/uPlot.min.css'
import { chartColour } from '../chart/colours.ts'
import { formatOctets } from '../i18n/format.ts'
import type { UsageSlot } from './usage-slots.ts'

type Props = {
  slots: readonly UsageSlot[]
  height: number
  shortOf(at: string): string
  onPoint(index: number | undefined): void
}
type Look = { scheme: 'light' | 'dark'; isRightToLeft: boolean; width: number }

const font = '11px system-ui, sans-serif'
/** Pixels of a figure of the axis. */
const figureWidth = 6.5

export function UsagePlot(props: Props) {
  const { ref, width } = useElementSize()
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  const isRightToLeft = useDirection().dir === 'rtl'
  const latest = useRef(props)
  latest.current = props
  const { slots, height } = props
  useEffect(() => {
    if (width === 0 || place.current === null) return
    const data: UPlot.AlignedData = [
      slots.map((_, at) => at),
      slots.map(({ down, up }) => down + up),
      slots.map(({ up }) => up),
    ]
    const chart = new UPlot(optionsOf(latest, { scheme, isRightToLeft, width }), data, place.current)
    return () => chart.destroy()
  }, [slots, height, width, scheme, isRightToLeft])
  return (
    <div ref={ref}>
      <div ref={place} dir="ltr" />
    </div>
  )
}

function optionsOf(latest: { readonly current: Props }, { scheme, isRightToLeft, width }: Look): UPlot.Options {
  const { slots, height } = latest.current
  const ink = scheme === 'dark' ? '#a6a7ab' : '#495057'
  const grid = { stroke: scheme === 'dark' ? '#2e3136' : '#e9ecef', width: 1 }
  const columns = (colour: 'accent' | 'good'): UPlot.Series => {
    const stroke = chartColour(colour, scheme)
    return { stroke, fill: stroke, width: 0, points: { show: false }, paths: UPlot.paths.bars!({ size: [0.7, 28] }) }
  }
  return {
    width,
    height,
    padding: [8, isRightToLeft ? 0 : 8, 0, isRightToLeft ? 8 : 0],
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false }, points: { show: false } },
    scales: {
      x: { time: false, dir: isRightToLeft ? -1 : 1, range: [-0.6, slots.length - 0.4] },
      y: { range: (_plot, _min, max) => UPlot.rangeNum(0, max > 0 ? max : 1, 0.1, true) },
    },
    series: [{}, columns('accent'), columns('good')],
    axes: [
      {
        stroke: ink,
        font,
        grid: { show: false },
        ticks: grid,
        size: 26,
        gap: 2,
        space: 64,
        incrs: [1, 2, 3, 6, 12, 24, 48, 72, 96, 168],
        values: (_plot, at) => at.map((index) => latest.current.shortOf(slots[index]?.at ?? slots[0]!.at)),
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
        values: (_plot, values) => values.map((value) => formatOctets(String(value))),
      },
    ],
    hooks: { setCursor: [({ cursor }) => latest.current.onPoint(cursor.idx ?? undefined)] },
  }
}

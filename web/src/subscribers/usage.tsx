// What a subscriber used, by hour or by day, as a chart and in sum.
import { SegmentedControl, Stack, Text, useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { getSubscribersIdUsage } from '../api/generated/sdk.gen.ts'
import { formatOctets } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'

const height = 240

export function Usage({ id }: { id: number }) {
  const { t } = useTranslation()
  const [by, setBy] = useState<'hour' | 'day'>('hour')
  const { data, error } = useQuery({
    queryKey: ['subscriber', id, 'usage', by],
    queryFn: async () =>
      (await getSubscribersIdUsage({ path: { id: String(id) }, query: { by }, throwOnError: true })).data,
  })
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label={t('usage.by')}
        value={by}
        onChange={(value) => setBy(value as 'hour' | 'day')}
        data={(['hour', 'day'] as const).map((value) => ({ value, label: t(`usage.${value}`) }))}
      />
      <ProblemNote error={error} />
      {data && (
        <>
          <Text size="sm">
            ↓ {formatOctets(data.output_octets)} ↑ {formatOctets(data.input_octets)}
          </Text>
          <Chart points={data.points} />
        </>
      )}
    </Stack>
  )
}

type Point = { at: string; input_octets: string; output_octets: string }

function Chart({ points }: { points: readonly Point[] }) {
  const { t } = useTranslation()
  const { ref, width } = useElementSize()
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  useEffect(() => {
    if (width === 0 || place.current === null) return
    const ink = scheme === 'dark' ? '#c9c9c9' : '#495057'
    const axis = { stroke: ink, grid: { stroke: scheme === 'dark' ? '#373a40' : '#e9ecef', width: 1 } }
    const chart = new UPlot(
      {
        width,
        height,
        legend: { show: false },
        series: [
          {},
          { label: t('usage.down'), stroke: '#3676db', fill: '#3676db33', width: 2 },
          { label: t('usage.up'), stroke: '#2b8a3e', width: 2 },
        ],
        axes: [
          axis,
          { ...axis, size: 64, values: (_plot, values) => values.map((value) => formatOctets(String(value))) },
        ],
      },
      [
        points.map(({ at }) => Date.parse(at) / 1000),
        points.map(({ output_octets }) => Number(output_octets)),
        points.map(({ input_octets }) => Number(input_octets)),
      ],
      place.current,
    )
    return () => chart.destroy()
  }, [points, width, scheme, t])
  return (
    <div ref={ref}>
      <div ref={place} role="img" aria-label={t('usage.chart')} />
    </div>
  )
}

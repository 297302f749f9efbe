// The rates of a live session as a line, since the sheet was opened. The figures beside it say the same in words.
import { useComputedColorScheme } from '@mantine/core'
import { chartColour } from '../chart/colours.ts'
import type { Rate } from './use-rates.ts'
import classes from './subscriber.module.css'

const width = 240
const height = 36

export function Spark({ rates }: { rates: readonly Rate[] }) {
  const scheme = useComputedColorScheme()
  const known = rates.filter(({ isAverage }) => !isAverage)
  if (known.length < 3) return null
  const most = Math.max(1, ...known.flatMap(({ down, up }) => [down, up]))
  const line = (way: 'down' | 'up') =>
    known
      .map((rate, at) => `${(at / (known.length - 1)) * width},${height - 2 - (rate[way] / most) * (height - 4)}`)
      .join(' ')
  return (
    <svg className={classes.spark} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden>
      <polyline
        points={line('up')}
        fill="none"
        stroke={chartColour('good', scheme)}
        strokeWidth={1.25}
        vectorEffect="non-scaling-stroke"
      />
      <polyline
        points={line('down')}
        fill="none"
        stroke={chartColour('accent', scheme)}
        strokeWidth={1.75}
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}

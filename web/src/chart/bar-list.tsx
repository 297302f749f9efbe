// A few things by their size: the name, the number, and a bar beneath. A list for readers too.
import { useComputedColorScheme } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './chart.module.css'
import { chartColour, type ChartColour } from './colours.ts'

export type Bar = {
  key: string
  name: ReactNode
  value: number
  shown: string
  colour?: ChartColour
}

export function BarList({ label, bars }: { label: string; bars: readonly Bar[] }) {
  const scheme = useComputedColorScheme()
  const most = Math.max(1, ...bars.map(({ value }) => value))
  return (
    <ul className={classes.bars} aria-label={label}>
      {bars.map(({ key, name, value, shown, colour = 'accent' }) => (
        <li key={key} className={classes.bar}>
          <span className={classes.barWords}>
            <span className={classes.barName}>{name}</span>
            <span className={classes.barValue}>{shown}</span>
          </span>
          <div className={classes.barGround}>
            <div
              className={classes.barFill}
              style={{ inlineSize: `${(value / most) * 100}%`, background: chartColour(colour, scheme) }}
            />
          </div>
        </li>
      ))}
    </ul>
  )
}

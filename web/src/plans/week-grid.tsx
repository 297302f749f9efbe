// The speeds of the week at a glance, a lane a day: windows are drawn with the mouse or a finger over days and hours. The list
// beside it says the same to the keyboard and to readers.
import { useState, type CSSProperties, type PointerEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { formatShare } from '../i18n/format.ts'
import { usePlan } from './use-plan-form.ts'
import type { WeekWindow } from './values.ts'
import { barsOf, dayMinutes, weekdays, windowOf, without, type Area } from './week.ts'
import classes from './week.module.css'

const colours = ['blue', 'teal', 'grape', 'orange', 'cyan', 'pink', 'lime', 'indigo'] as const

/** The colour of a window, in the lanes and in the list. */
export function colourOf(index: number): CSSProperties {
  const name = colours[index % colours.length]!
  return {
    '--bar': `var(--mantine-color-${name}-light)`,
    '--bar-text': `var(--mantine-color-${name}-light-color)`,
  } as CSSProperties
}

type Point = { day: number; hour: number }

function areaOf(one: Point, other: Point): Area {
  const [first, last] = [one.day, other.day].toSorted((a, b) => a - b)
  const [from, to] = [one.hour, other.hour].toSorted((a, b) => a - b)
  return { days: weekdays.filter((day) => day >= first! && day <= last!), from: from! * 60, to: (to! + 1) * 60 }
}

const place = (from: number, to: number): CSSProperties => ({
  insetInlineStart: `${(from / dayMinutes) * 100}%`,
  inlineSize: `${((to - from) / dayMinutes) * 100}%`,
})

function speedText({ speed, percent, down_bps: down, up_bps: up }: WeekWindow): string {
  return speed === 'percent' ? formatShare(Number(percent) / 100) : `${down} / ${up}`
}

export function WeekGrid() {
  const { t } = useTranslation()
  const { values, set, isReadOnly } = usePlan()
  const [drawing, setDrawing] = useState<{ from: Point; to: Point }>()
  const bars = barsOf(values.schedule)
  const pointOf = (event: PointerEvent<HTMLDivElement>): Point => {
    const lanes = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-day]')]
    const boxes = lanes.map((lane) => lane.getBoundingClientRect())
    const found = boxes.findLastIndex((box) => event.clientY >= box.top)
    const box = boxes[Math.max(0, found)]!
    const share = (event.clientX - box.left) / box.width
    const along = getComputedStyle(event.currentTarget).direction === 'rtl' ? 1 - share : share
    return { day: Math.max(0, found) + 1, hour: Math.min(23, Math.max(0, Math.floor(along * 24))) }
  }
  const begin = (event: PointerEvent<HTMLDivElement>) => {
    if (isReadOnly || event.button !== 0 || !(event.target as HTMLElement).closest('[data-day]')) return
    event.currentTarget.setPointerCapture(event.pointerId)
    const point = pointOf(event)
    setDrawing({ from: point, to: point })
  }
  const end = () => {
    if (drawing === undefined) return
    const area = areaOf(drawing.from, drawing.to)
    set({ schedule: [...without(values.schedule, area), windowOf(area)] })
    setDrawing(undefined)
  }
  const drawn = drawing && areaOf(drawing.from, drawing.to)
  return (
    <div className={classes.scroller} role="region" aria-label={t('plan.week')} tabIndex={0}>
      <div
        className={classes.week}
        aria-hidden
        onPointerDown={begin}
        onPointerMove={(event) => drawing && setDrawing({ ...drawing, to: pointOf(event) })}
        onPointerUp={end}
        onPointerCancel={() => setDrawing(undefined)}
      >
        <div className={classes.hours}>
          <span />
          {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => (
            <span key={hour}>{String(hour).padStart(2, '0')}</span>
          ))}
        </div>
        {weekdays.map((day) => (
          <div key={day} className={classes.day}>
            <span className={classes.name}>{t(`plan.days.d${day}`)}</span>
            <div className={classes.lane} data-day={day} data-editable={!isReadOnly || undefined}>
              {bars
                .filter(({ weekday }) => weekday === day)
                .map((bar) => (
                  <div
                    key={`${bar.window}-${bar.from}`}
                    className={classes.bar}
                    style={{ ...place(bar.from, bar.to), ...colourOf(bar.window) }}
                  >
                    {bar.to - bar.from >= 120 && speedText(values.schedule[bar.window]!)}
                  </div>
                ))}
              {drawn?.days.includes(day) && <div className={classes.drawn} style={place(drawn.from, drawn.to)} />}
            </div>
          </div>
        ))}
      </div>
    </div>
  )
}

// Numbers by calendar day as a chart takes them: every day of the period, and what is said where a day has none.
import type { ChartColour } from './colours.ts'

/** `level`: how many there are, a line; `count`: how many happened, columns one upon the other; `lines`: beside each other. */
export type ChartKind = 'level' | 'count' | 'lines'

export type DaySeries = {
  name: string
  title: string
  colour: ChartColour
  /** One for each day; null: nothing is known. */
  values: readonly (number | null)[]
}

const dayMs = 86_400_000

/** Every calendar day from the first to the last. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = []
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= Date.parse(`${to}T00:00:00Z`); at += dayMs) {
    days.push(new Date(at).toISOString().slice(0, 10))
  }
  return days
}

/** A calendar day so many days later. */
export function dayAfter(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * dayMs).toISOString().slice(0, 10)
}

/** The values of a column, day by day; a day without a row had none of what is counted, and is unknown where levels are. */
export function valuesByDay(
  days: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
  column: string,
  kind: ChartKind,
): (number | null)[] {
  const known = new Map(rows.map((row) => [String(row.day), Number(row[column] ?? 0)]))
  return days.map((day) => known.get(day) ?? (kind === 'level' ? null : 0))
}

/** What stands beside the name of a series while no day is pointed at: the sum of what happened, or the last level. */
export function sumOf({ values }: DaySeries, kind: ChartKind): number {
  if (kind === 'level') return values.findLast((value) => value !== null) ?? 0
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}

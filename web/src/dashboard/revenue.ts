// What came in, by currency; nothing is added up across currencies.
import type { ReportRow } from '../reports/use-report.ts'

/** Sums in major units, the most renewed currency first. */
export function revenueOf(rows: readonly ReportRow[]): [currency: string, sum: number][] {
  const sums = new Map<string, { sum: number; count: number }>()
  for (const row of rows) {
    const before = sums.get(String(row.currency)) ?? { sum: 0, count: 0 }
    sums.set(String(row.currency), {
      sum: before.sum + Number(row.revenue),
      count: before.count + Number(row.renewals),
    })
  }
  return [...sums]
    .toSorted(([, one], [, other]) => other.count - one.count)
    .map(([currency, { sum }]) => [currency, Math.round(sum * 1000) / 1000])
}

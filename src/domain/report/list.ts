// Every report there is, and their answers as text for files and mails.

import { NotFoundError } from '../field.ts'
import { formatMoney } from '../money.ts'
import type { Table, TableRow } from '../export/table.ts'
import { networkReports } from './network-reports.ts'
import type { Report, ReportColumn, ReportRow } from './report.ts'
import { subscriberReports } from './subscriber-reports.ts'

export const reports: readonly Report[] = [...subscriberReports, ...networkReports]

/** A report by its name. Throws NotFoundError. */
export function findReport(name: string): Report {
  const found = reports.find((report) => report.name === name)
  if (found === undefined) throw new NotFoundError('report', name)
  return found
}

/** A row as JSON has it: counts as numbers, octets and money as decimal text, instants in ISO 8601. */
export function presentRow(columns: readonly ReportColumn[], row: ReportRow): Record<string, string | number | null> {
  return Object.fromEntries(columns.map((column) => [column.name, presentValue(column, row)]))
}

function presentValue({ name, kind }: ReportColumn, row: ReportRow): string | number | null {
  const value = row[name]
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  if (kind === 'money') return formatMoney(value as bigint, String(row.currency))
  if (kind === 'integer') return Number(value)
  if (kind === 'percent') return Number(value)
  return typeof value === 'bigint' ? value.toString() : (value as string)
}

/** An answer as a table for a file. */
export function reportTable(columns: readonly ReportColumn[], rows: readonly ReportRow[]): Table {
  const numbers = ['integer', 'octets', 'money', 'percent']
  const lines: TableRow[] = rows.map((row) =>
    Object.values(presentRow(columns, row)).map((value) => (value === null ? null : String(value))),
  )
  return {
    columns: columns.map(({ name, kind }) => ({ name, kind: numbers.includes(kind) ? 'number' : 'text', width: 20 })),
    batches: batchOf(lines),
  }
}

async function* batchOf(lines: readonly TableRow[]): AsyncGenerator<readonly TableRow[]> {
  yield lines
}

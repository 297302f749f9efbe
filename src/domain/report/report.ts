// A report: a name, what it is asked, its columns, and how its rows are found. One definition serves JSON, files and e-mail.

import { z } from 'zod'
import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { FieldError, quote } from '../field.ts'
import type { Permission } from '../operator/permission.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'

/** By what rows are put together. */
export const reportKeys = ['day', 'plan', 'owner', 'zone', 'group'] as const
export type ReportKey = (typeof reportKeys)[number]

/** What any report may be asked; each names those that it heeds. */
export const reportParameters = z.strictObject({
  /** First and last day, of the ISP's zone. Default: the last 30 days. */
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  by: z.enum(reportKeys).optional(),
  /** Days ahead or back, where a report looks that way. */
  days: z.int().min(1).max(730).optional(),
  /** Rows at most. */
  limit: z.int().min(1).max(10_000).optional(),
})
export type ReportParameters = z.infer<typeof reportParameters>
export type ParameterName = keyof ReportParameters

export type ColumnKind = 'text' | 'integer' | 'octets' | 'money' | 'day' | 'instant' | 'percent'
export type ReportColumn = { name: string; kind: ColumnKind }
export type ReportRow = Readonly<Record<string, unknown>>

/** Parameters with their defaults, and where it is asked from. */
export type ReportQuestion = {
  from: string
  to: string
  by: ReportKey | undefined
  days: number
  limit: number
  scope: Scope
  now: Date
}

export type Report = {
  name: string
  title: string
  permission: Permission
  /** What it counts has no zone: nothing for a team that sees some zones only. */
  unzoned?: true
  parameters: readonly ParameterName[]
  /** Of the answer to this question: the first column is what it is put together by. */
  columns(question: ReportQuestion): readonly ReportColumn[]
  rows(question: ReportQuestion): RawBuilder<ReportRow>
}

const longestDays = 731

/** The question with every default. Days are of the ISP's zone. Throws FieldError. */
export function questionOf(
  parameters: ReportParameters,
  input: { zone: string; scope: Scope },
  now: Date,
): ReportQuestion {
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: input.zone }).format(now)
  const to = parameters.to ?? today
  const from = parameters.from ?? addDays(to, -29)
  // Days before the epoch are slips of the pen, and the first years cannot be told in four digits.
  if (to < '1970-01-01') throw new FieldError('to', 'is before 1970')
  if (from > to) throw new FieldError('from', 'is after the end')
  if (from < addDays(to, -longestDays)) throw new FieldError('from', 'is more than two years before the end')
  const { by, days = 7, limit = 1_000 } = parameters
  return { from, to, by, days, limit, scope: input.scope, now }
}

/** A calendar day so many days later. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10)
}

/** Throws FieldError where a report would show more than the scope reaches. */
export function requireReach(report: Report, scope: Scope): void {
  if (report.unzoned === true && scope.zones !== undefined) {
    throw new FieldError('report', `${quote(report.name)} is not counted by zone, and your team sees some zones only`)
  }
}

/** Answers a question. Throws as `requireReach`. */
export async function runReport(
  db: Db,
  report: Report,
  question: ReportQuestion,
): Promise<{ columns: readonly ReportColumn[]; rows: ReportRow[] }> {
  requireReach(report, question.scope)
  const { rows } = await report.rows(question).execute(db)
  return { columns: report.columns(question), rows }
}

/** What rows are put together by, as SQL over a table of days called `counted`, with its column. */
export function keyOf(by: ReportKey): { key: RawBuilder<unknown>; column: ReportColumn } {
  switch (by) {
    case 'day':
      return { key: sql`to_char(counted.day, 'YYYY-MM-DD')`, column: { name: 'day', kind: 'day' } }
    case 'plan':
      return { key: sql`(select plan.name from plan where plan.id = counted.plan_id)`, column: text('plan') }
    case 'owner':
      return {
        key: sql`(select organisation.name from organisation where organisation.id = counted.owner_id)`,
        column: text('owner'),
      }
    case 'zone':
      return { key: sql`nullif(counted.zone, '')`, column: text('zone') }
    case 'group':
      return {
        key: sql`(select subscriber_group.name from subscriber_group where subscriber_group.id = counted.group_id)`,
        column: text('group'),
      }
  }
}

/** A column of text. */
export function text(name: string): ReportColumn {
  return { name, kind: 'text' }
}

/** A column of counts. */
export function integer(name: string): ReportColumn {
  return { name, kind: 'integer' }
}

/** The rows of `counted` that are in reach and between the days; `of` is what the table has beside owners. */
export function countedInScope({ scope, from, to }: ReportQuestion, of: 'zone' | 'nas' | 'owner'): RawBuilder<boolean> {
  const zones = of === 'zone' && scope.zones !== undefined ? sql`counted.zone = any(${scope.zones}::text[])` : sql`true`
  const nases =
    of === 'nas' && scope.nasGroupIds !== undefined
      ? sql`counted.nas_id in (select nas.id from nas where nas.nas_group_id = any(${scope.nasGroupIds}::bigint[]))`
      : sql`true`
  return sql<boolean>`(counted.day between ${from}::date and ${to}::date and ${zones} and ${nases}
    and ${ownedInScope(scope, 'counted.owner_id')})`
}

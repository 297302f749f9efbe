// Reports by e-mail: made in the name of an operator, with what that operator may see and reach when it is made, once for each
// day, week or month of the ISP's zone.

import { buffer } from 'node:stream/consumers'
import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Author } from '../author.ts'
import { requirePermission } from '../author.ts'
import type { Keyring } from '../data-key.ts'
import { csvFile } from '../export/csv.ts'
import { fileName } from '../export/table.ts'
import type { FileFormat } from '../export/table.ts'
import { xlsxFile } from '../export/xlsx.ts'
import { checkEmail, checkName, FieldError, NotFoundError } from '../field.ts'
import { queueMail } from '../message/outbox.ts'
import { standingOf } from '../operator/caller.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { findReport, reportTable } from './list.ts'
import { questionOf, reportParameters, requireReach, runReport } from './report.ts'
import type { ReportParameters } from './report.ts'

export const scheduleIntervals = ['day', 'week', 'month'] as const
export type ScheduleInterval = (typeof scheduleIntervals)[number]

export type ScheduleInput = {
  name: string
  report: string
  parameters: ReportParameters
  format: FileFormat
  recipients: readonly string[]
  every: ScheduleInterval
  /** Local hour from which it is sent. */
  hour: number
  enabled?: boolean | undefined
}

export type Schedule = {
  id: bigint
  operator: string
  name: string
  report: string
  parameters: ReportParameters
  format: FileFormat
  recipients: string[]
  every: ScheduleInterval
  hour: number
  enabled: boolean
  sentFor: string | null
  lastError: string | null
}

/** Schedules in reach, by name. */
export async function listSchedules(db: Db, scope: Scope): Promise<Schedule[]> {
  const rows = await db
    .selectFrom('report_schedule')
    .innerJoin('operator', 'operator.id', 'report_schedule.operator_id')
    .select(['report_schedule.id', 'operator.email as operator', 'report_schedule.name', 'report_schedule.report'])
    .select(['report_schedule.parameters', 'report_schedule.format', 'report_schedule.recipients'])
    .select(['report_schedule.every', 'report_schedule.hour', 'report_schedule.enabled'])
    .select(['report_schedule.sent_for as sentFor', 'report_schedule.last_error as lastError'])
    .where(ownedInScope(scope, 'report_schedule.owner_id'))
    .orderBy('report_schedule.name')
    .orderBy('report_schedule.id')
    .execute()
  return rows.map((row) => ({ ...row, parameters: reportParameters.parse(row.parameters) }))
}

/** One of them. Throws NotFoundError. */
export async function showSchedule(db: Db, id: bigint, scope: Scope): Promise<Schedule> {
  const found = (await listSchedules(db, scope)).find((schedule) => schedule.id === id)
  if (found === undefined) throw new NotFoundError('scheduled report', String(id))
  return found
}

/** Has a report sent. Throws FieldError, NotFoundError or ForbiddenError (a report that the author may not see). */
export async function addSchedule(db: Db, input: ScheduleInput, by: Author, now: Date): Promise<bigint> {
  if (by.operatorId === null) throw new FieldError('operator', 'a scheduled report is made in the name of an operator')
  const row = {
    ...checkInput(input, by),
    operator_id: by.operatorId,
    owner_id: by.scope.ownerId ?? null,
    created_at: now,
  }
  const made = await db.insertInto('report_schedule').values(row).returning('id').executeTakeFirstOrThrow()
  return made.id
}

/** Changes a schedule, which is then sent in the name of who changed it. Throws as `addSchedule`. */
export async function setSchedule(db: Db, id: bigint, input: ScheduleInput, by: Author): Promise<void> {
  await showSchedule(db, id, by.scope)
  if (by.operatorId === null) throw new FieldError('operator', 'a scheduled report is made in the name of an operator')
  const changes = { ...checkInput(input, by), operator_id: by.operatorId }
  await db.updateTable('report_schedule').set(changes).where('id', '=', id).execute()
}

/** Ends a schedule. Throws NotFoundError. */
export async function removeSchedule(db: Db, id: bigint, scope: Scope): Promise<void> {
  await showSchedule(db, id, scope)
  await db.deleteFrom('report_schedule').where('id', '=', id).execute()
}

function checkInput(input: ScheduleInput, by: Author) {
  const report = findReport(input.report)
  requirePermission(by, report.permission)
  requireReach(report, by.scope)
  if (input.recipients.length === 0) throw new FieldError('recipients', 'names nobody')
  const fixed = input.parameters.from ?? input.parameters.to
  if (fixed !== undefined) throw new FieldError('parameters', 'fixed days would send the same report for ever')
  return {
    name: checkName('name', input.name),
    report: report.name,
    parameters: JSON.stringify(input.parameters),
    format: input.format,
    recipients: input.recipients.map((recipient) => checkEmail('recipients', recipient)),
    every: input.every,
    hour: input.hour,
    enabled: input.enabled ?? true,
  }
}

type Due = { id: bigint; operator_id: bigint; day: string }

/** Queues the reports that are due; one that fails says why and hinders no other. Returns how many were sent. */
export async function sendDueReports(db: Db, keyring: Keyring, zone: string, now: Date): Promise<number> {
  const { rows } = await sql<Due>`
    with local as (select ${now}::timestamptz at time zone ${zone} as now)
    select report_schedule.id, report_schedule.operator_id, to_char(planned.day, 'YYYY-MM-DD') as day
    from report_schedule, local,
      lateral (select date_trunc(report_schedule.every, local.now)::date as day) planned
    where report_schedule.enabled and extract(hour from local.now) >= report_schedule.hour
      and (report_schedule.sent_for is null or report_schedule.sent_for < planned.day)
    order by report_schedule.id`.execute(db)
  let sent = 0
  for (const due of rows) {
    const error = await inTransaction(db, (trx) => sendReport(trx, keyring, due, zone, now)).then(
      () => null,
      (failure: unknown) => (failure instanceof Error ? failure.message : String(failure)),
    )
    await db
      .updateTable('report_schedule')
      .set({ sent_for: due.day, last_error: error })
      .where('id', '=', due.id)
      .execute()
    if (error === null) sent += 1
  }
  return sent
}

async function sendReport(db: Db, keyring: Keyring, due: Due, zone: string, now: Date): Promise<void> {
  const standing = await standingOf(db, due.operator_id)
  if (standing === undefined) throw new Error('its operator is no longer in service')
  const schedule = await showSchedule(db, due.id, standing.scope)
  const report = findReport(schedule.report)
  if (!standing.permissions.has(report.permission)) throw new Error(`its operator lacks ${report.permission}`)
  const question = questionOf(schedule.parameters, { zone, scope: standing.scope }, now)
  const { columns, rows } = await runReport(db, report, question)
  const table = reportTable(columns, rows)
  const file = schedule.format === 'csv' ? csvFile(table, { bom: true }) : xlsxFile(table)
  const attachment = {
    name: fileName(report.name, schedule.format, now),
    octets: await buffer(file),
  }
  const values = { title: report.title, day: due.day, summary: `${rows.length} rows, in the attached file.` }
  for (const recipient of schedule.recipients) {
    const onceKey = `report ${due.id} ${due.day} ${recipient}`
    const mail = { kind: 'report' as const, recipient, language: null, values, attachment, onceKey }
    await queueMail(db, keyring, { ...mail, operatorId: due.operator_id, ownerId: standing.scope.ownerId ?? null }, now)
  }
}

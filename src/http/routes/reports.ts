// Reports as JSON and files, the dashboard, and reports sent by e-mail.

import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { auditedChange } from '../../domain/audit/audited-change.ts'
import { requirePermission } from '../../domain/author.ts'
import { csvFile } from '../../domain/export/csv.ts'
import { contentTypes, fileFormats, fileName } from '../../domain/export/table.ts'
import { xlsxFile } from '../../domain/export/xlsx.ts'
import { readDashboard } from '../../domain/report/dashboard.ts'
import { findReport, presentRow, reports, reportTable } from '../../domain/report/list.ts'
import { questionOf, reportKeys, reportParameters, runReport } from '../../domain/report/report.ts'
import {
  addSchedule,
  listSchedules,
  removeSchedule,
  scheduleIntervals,
  setSchedule,
  showSchedule,
} from '../../domain/report/schedule.ts'
import type { Schedule } from '../../domain/report/schedule.ts'
import { runInScope } from '../../domain/scope.ts'
import type { Scope } from '../../domain/scope.ts'
import { readSettings } from '../../domain/setting.ts'
import type { Context } from '../context.ts'
import { route } from '../route.ts'
import { byId, flag, idOut, nothing } from '../schemas.ts'

const names = reports.map((report) => report.name) as [string, ...string[]]
const byReport = z.strictObject({ name: z.string().max(50) })
const number = (maximum: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'is not a number')
    .transform(Number)
    .refine((value) => value >= 1 && value <= maximum, `is from 1 to ${maximum}`)
const query = {
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  by: z.enum(reportKeys).optional(),
  days: number(730).optional(),
  limit: number(10_000).optional(),
}
const columnOut = z.strictObject({ name: z.string(), kind: z.string() })
const rowOut = z.record(z.string(), z.union([z.string(), z.number(), z.null()]))

async function answer({ services, by, now }: Context, name: string, parameters: z.infer<typeof reportParameters>) {
  const report = findReport(name)
  requirePermission(by, report.permission)
  return runInScope(services.longDb, by.scope, false, async (db) => {
    const { zone } = await readSettings(db)
    const question = questionOf(parameters, { zone, scope: by.scope }, now)
    return { question, ...(await runReport(db, report, question)) }
  })
}

export const reportRoutes = [
  route({
    method: 'get',
    path: '/dashboard',
    summary: 'The numbers of the first page',
    tag: 'Reports',
    access: 'report.read',
    answer: z.strictObject({
      counted_on: z.iso.date().nullable(),
      subscribers: z.array(z.strictObject({ label: z.string(), count: z.int() })),
      online: z.int(),
      expiring_in_7_days: z.int(),
      signups: z.strictObject({ today: z.int(), last_7_days: z.int(), last_30_days: z.int() }),
      logins: z.strictObject({ accepted: z.int(), refused: z.int() }),
      alarms: z.int(),
    }),
    async run({ db, by, now }) {
      const { zone } = await readSettings(db)
      const { subscribers, signups, logins, ...numbers } = await readDashboard(db, by.scope, zone, now)
      return {
        counted_on: numbers.countedOn,
        subscribers: subscribers.map(({ label, count }) => ({ label, count: Number(count) })),
        online: Number(numbers.online),
        expiring_in_7_days: Number(numbers.expiringIn7Days),
        signups: {
          today: Number(signups.today),
          last_7_days: Number(signups.last7Days),
          last_30_days: Number(signups.last30Days),
        },
        logins: { accepted: Number(logins.accepted), refused: Number(logins.refused) },
        alarms: Number(numbers.alarms),
      }
    },
  }),
  route({
    method: 'get',
    path: '/reports',
    summary: 'The reports there are, and what each can be asked',
    tag: 'Reports',
    access: 'report.read',
    answer: z.strictObject({
      items: z.array(z.strictObject({ name: z.string(), title: z.string(), parameters: z.array(z.string()) })),
    }),
    run: async ({ by }) => ({
      items: reports
        .filter((report) => by.permissions.has(report.permission))
        .map(({ name, title, parameters }) => ({ name, title, parameters: [...parameters] })),
    }),
  }),
  route({
    method: 'get',
    path: '/reports/:name',
    summary: 'The answer of a report',
    tag: 'Reports',
    access: 'report.read',
    params: byReport,
    query: z.strictObject(query),
    answer: z.strictObject({
      name: z.string(),
      title: z.string(),
      from: z.iso.date(),
      to: z.iso.date(),
      columns: z.array(columnOut),
      rows: z.array(rowOut),
    }),
    transaction: 'none',
    async run(context) {
      const { name, title } = findReport(context.params.name)
      const { question, columns, rows } = await answer(context, name, context.query)
      const { from, to } = question
      return { name, title, from, to, columns: [...columns], rows: rows.map((row) => presentRow(columns, row)) }
    },
  }),
  route({
    method: 'get',
    path: '/reports/:name/file',
    summary: 'The answer of a report as a file',
    tag: 'Reports',
    access: 'report.read',
    params: byReport,
    query: z.strictObject({ ...query, format: z.enum(fileFormats).default('csv'), bom: flag.optional() }),
    answer: nothing,
    produces: Object.values(contentTypes),
    transaction: 'own',
    async run(context) {
      const { format, bom, ...parameters } = context.query
      const { columns, rows } = await answer(context, context.params.name, parameters)
      const table = reportTable(columns, rows)
      const name = fileName(context.params.name, format, context.now)
      context.response.set('Content-Type', contentTypes[format])
      context.response.set('Content-Disposition', `attachment; filename="${name}"`)
      await pipeline(format === 'csv' ? csvFile(table, { bom: bom ?? false }) : xlsxFile(table), context.response)
    },
  }),
]

const scheduleOut = z.strictObject({
  id: idOut,
  operator: z.string(),
  name: z.string(),
  report: z.string(),
  parameters: reportParameters,
  format: z.enum(fileFormats),
  recipients: z.array(z.string()),
  every: z.enum(scheduleIntervals),
  hour: z.int(),
  enabled: z.boolean(),
  sent_for: z.iso.date().nullable(),
  last_error: z.string().nullable(),
})
const scheduleIn = z.strictObject({
  name: z.string().max(100),
  report: z.enum(names),
  parameters: reportParameters.default({}),
  format: z.enum(fileFormats).default('csv'),
  recipients: z.array(z.string().max(300)).max(20),
  every: z.enum(scheduleIntervals),
  hour: z.int().min(0).max(23),
  enabled: z.boolean().optional(),
})

function present({ id, sentFor, lastError, ...schedule }: Schedule) {
  return { id: Number(id), ...schedule, sent_for: sentFor, last_error: lastError }
}

async function read(db: Db, id: bigint | undefined, scope: Scope) {
  const found = (await listSchedules(db, scope)).find((schedule) => schedule.id === id)
  return found && present(found)
}

export const scheduleRoutes = [
  route({
    method: 'get',
    path: '/report-schedules',
    summary: 'Reports that are sent by e-mail',
    tag: 'Reports',
    access: 'report.schedule',
    answer: z.strictObject({ items: z.array(scheduleOut) }),
    run: async ({ db, by }) => ({ items: (await listSchedules(db, by.scope)).map(present) }),
  }),
  route({
    method: 'post',
    path: '/report-schedules',
    summary: 'Have a report sent by e-mail',
    tag: 'Reports',
    access: 'report.schedule',
    body: scheduleIn,
    answer: scheduleOut,
    status: 201,
    async run({ db, by, body, now }) {
      let id: bigint | undefined
      const change = async () => {
        id = await addSchedule(db, body, by, now)
      }
      const deed = {
        action: 'report-schedule.create',
        noun: 'report-schedule',
        ownerId: by.scope.ownerId ?? null,
      }
      await auditedChange(db, { ...deed, read: () => read(db, id, by.scope), change }, by, now)
      return present(await showSchedule(db, id!, by.scope))
    },
  }),
  route({
    method: 'put',
    path: '/report-schedules/:id',
    summary: 'Change a scheduled report; from then on it is sent in your name',
    tag: 'Reports',
    access: 'report.schedule',
    params: byId,
    body: scheduleIn,
    answer: scheduleOut,
    async run({ db, by, params: { id }, body, now }) {
      const change = () => setSchedule(db, id, body, by)
      const deed = {
        action: 'report-schedule.edit',
        noun: 'report-schedule',
        ownerId: by.scope.ownerId ?? null,
      }
      await auditedChange(db, { ...deed, read: () => read(db, id, by.scope), change }, by, now)
      return present(await showSchedule(db, id, by.scope))
    },
  }),
  route({
    method: 'delete',
    path: '/report-schedules/:id',
    summary: 'Send a scheduled report no more',
    tag: 'Reports',
    access: 'report.schedule',
    params: byId,
    answer: nothing,
    async run({ db, by, params: { id }, now }) {
      const change = () => removeSchedule(db, id, by.scope)
      const deed = {
        action: 'report-schedule.delete',
        noun: 'report-schedule',
        ownerId: by.scope.ownerId ?? null,
      }
      await auditedChange(db, { ...deed, read: () => read(db, id, by.scope), change }, by, now)
    },
  }),
]

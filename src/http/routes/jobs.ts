// The jobs: when each runs, how it went, running one now, the night shown beforehand, and taking back what a run renewed.

import { z } from 'zod'
import { undoJobRun } from '../../domain/bulk/undo-job-run.ts'
import { NotFoundError } from '../../domain/field.ts'
import { askForRun } from '../../domain/job-ask.ts'
import { listJobFailures } from '../../domain/job-failure.ts'
import { jobRunStates, lastRuns, listJobRuns } from '../../domain/job-history.ts'
import type { JobRun } from '../../domain/job-history.ts'
import { nextPlanned, readCron } from '../../domain/job-schedule.ts'
import { forecast } from '../../domain/money/forecast.ts'
import { runInScope } from '../../domain/scope.ts'
import { readSettings } from '../../domain/setting.ts'
import { requireProof } from '../auth.ts'
import type { Services } from '../context.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { bulkRunOut, presentBulkRun } from '../present/bulk-run.ts'
import { forecastOut, presentForecast } from '../present/forecast.ts'
import { route } from '../route.ts'
import { byId, byName, idOut, instant, instantOut, isoOrNull, pageOf, pageQuery } from '../schemas.ts'

const tag = 'Jobs'

const runOut = z
  .strictObject({
    id: idOut,
    job: z.string(),
    state: z
      .enum(jobRunStates)
      .meta({ description: '`lost`: its process has gone in the middle of it; it is taken over within minutes' }),
    planned_local: z.string().meta({ description: "Wall time of the ISP's zone" }),
    planned_at: instantOut.nullable().meta({ description: 'Names a planned run' }),
    late: z.boolean().meta({ description: 'Nobody ran it when it was due; it was caught up' }),
    asked_by: z.string().nullable().meta({ description: 'Who asked for it; null: it was planned' }),
    instance: z.string().nullable(),
    tries: z.int().min(0).meta({ description: 'More than 1 where a process ended in the middle of it' }),
    started_at: instantOut.nullable(),
    finished_at: instantOut.nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'JobRun' })

const jobOut = z.strictObject({
  name: z.string(),
  cron: z.string().meta({ description: "`minute hour day month weekday` on the clock of the ISP's zone" }),
  zone: z.string(),
  next_at: instantOut.nullable(),
  last_run: runOut.nullable(),
})

const failureOut = z.strictObject({
  job: z.string(),
  subscriber_id: idOut,
  username: z.string(),
  reason: z.string(),
  tries: z.int().min(0),
  tried_at: instantOut,
  next_at: instantOut.meta({ description: 'When it is tried again' }),
})

const failureKey = z
  .tuple([z.string().regex(/^[1-9]\d{0,15}$/), z.string().max(100)])
  .transform(([subscriberId, job]) => [BigInt(subscriberId), job] as const)

function presentRun(run: JobRun): z.input<typeof runOut> {
  return {
    id: Number(run.id),
    job: run.job,
    state: run.state,
    planned_local: run.plannedLocal,
    planned_at: isoOrNull(run.plannedAt),
    late: run.late,
    asked_by: run.askedBy,
    instance: run.instance,
    tries: run.tries,
    started_at: isoOrNull(run.startedAt),
    finished_at: isoOrNull(run.finishedAt),
    result: run.result as Record<string, unknown> | null,
    error: run.error,
  }
}

/** A job by its name. Throws NotFoundError. */
function requireJob({ jobs }: Services, name: string): string {
  if (!jobs.some((job) => job.name === name)) throw new NotFoundError('job', name)
  return name
}

export const jobRoutes = [
  route({
    method: 'get',
    path: '/jobs',
    summary: 'What runs by itself: when, how it went last, and when next',
    tag,
    access: 'setting.read',
    answer: z.strictObject({ items: z.array(jobOut) }),
    async run({ services: { jobs }, db, now }) {
      const { zone } = await readSettings(db)
      const names = jobs.map(({ name }) => name)
      const last = await lastRuns(db, names)
      const items = jobs.map(({ name, cron }) => {
        const run = last.get(name)
        return {
          name,
          cron,
          zone,
          next_at: isoOrNull(nextPlanned(readCron(cron), zone, now) ?? null),
          last_run: run === undefined ? null : presentRun(run),
        }
      })
      return { items: items.toSorted((one, other) => one.name.localeCompare(other.name)) }
    },
  }),
  route({
    method: 'get',
    path: '/jobs/forecast',
    summary: 'The night beforehand: who expires, renews, is refused by which rule, and what begins. Nothing is done',
    tag,
    access: 'money.read',
    query: z.strictObject({ until: instant.meta({ description: 'A week ahead at most' }) }),
    answer: forecastOut,
    transaction: 'none',
    run: ({ services, by, query: { until }, now }) =>
      runInScope(services.longDb, by.scope, false, async (db) =>
        presentForecast(await forecast(db, { until, scope: by.scope }, now)),
      ),
  }),
  route({
    method: 'get',
    path: '/jobs/failures',
    summary: 'Subscribers whom a job could not deal with, why, and when they are tried again',
    tag,
    access: 'subscriber.read',
    query: z.strictObject({ ...pageQuery, job: z.string().max(100).optional() }),
    answer: pageOf(failureOut),
    async run({ db, by, query: { cursor, limit, job } }) {
      const rows = await listJobFailures(db, { job, after: readCursor(cursor, failureKey), limit }, by.scope)
      const items = rows.map((row) => ({
        job: row.job,
        subscriber_id: Number(row.subscriberId),
        username: row.username,
        reason: row.reason,
        tries: row.tries,
        tried_at: row.triedAt.toISOString(),
        next_at: row.nextAt.toISOString(),
      }))
      return { items, next_cursor: nextCursor(rows, limit, (row) => [String(row.subscriberId), row.job]) }
    },
  }),
  route({
    method: 'get',
    path: '/jobs/:name/runs',
    summary: 'The runs of a job, newest first',
    tag,
    access: 'setting.read',
    params: byName,
    query: z.strictObject(pageQuery),
    answer: pageOf(runOut),
    async run({ services, db, params, query: { cursor, limit } }) {
      const job = requireJob(services, params.name)
      const runs = await listJobRuns(db, { job, before: readCursor(cursor, idKey), limit })
      return { items: runs.map(presentRun), next_cursor: nextCursor(runs, limit, ({ id }) => [String(id)]) }
    },
  }),
  route({
    method: 'post',
    path: '/jobs/:name/runs',
    summary: 'Run a job now; where a run that was asked for waits or runs already, that is the answer',
    tag,
    access: 'setting.edit',
    params: byName,
    answer: runOut,
    status: 202,
    async run({ services, db, params, by, now }) {
      const job = requireJob(services, params.name)
      const { zone } = await readSettings(db)
      return presentRun(await askForRun(db, { job, zone }, by, now))
    },
  }),
  route({
    method: 'post',
    path: '/jobs/runs/:id/undo',
    summary:
      'Take back what a run renewed, as a bulk run; asked again meanwhile, the same one is the answer, and later one over what is left',
    tag,
    access: 'setting.edit',
    params: byId,
    answer: bulkRunOut,
    status: 202,
    async run({ db, by, caller, params, now }) {
      const token = caller?.kind === 'token' ? { tokenId: caller.id } : {}
      const { run, isGrave } = await undoJobRun(db, { runId: params.id, ...token }, by, now)
      if (isGrave) requireProof(caller, now)
      return presentBulkRun(run)
    },
  }),
]

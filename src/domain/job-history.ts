// The runs of the jobs as they are looked at: the last one of each, those of one job page by page, and what a run renewed.

import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { NotFoundError } from './field.ts'

/** `lost`: its process has gone in the middle of it, and nobody has taken it over yet. */
export type JobRunState = 'waiting' | 'running' | 'lost' | 'done' | 'failed'
export const jobRunStates = ['waiting', 'running', 'lost', 'done', 'failed'] as const

export type JobRun = {
  id: bigint
  job: string
  state: JobRunState
  /** Wall time of the ISP's zone; of a run that was asked for, when that was. */
  plannedLocal: string
  /** Names a planned run. */
  plannedAt: Date | null
  /** It was caught up: nobody ran it when it was due. */
  late: boolean
  askedBy: string | null
  instance: string | null
  /** How often it was begun: more than once where a process ended in the middle of it. */
  tries: number
  startedAt: Date | null
  finishedAt: Date | null
  result: unknown
  error: string | null
}

const shown = sql`job_run.id, job_run.job,
  case when job_run.started_at is null then 'waiting'
    when job_run.finished_at is null and job_run.lease_until > clock_timestamp() then 'running'
    when job_run.finished_at is null then 'lost' when job_run.error is null then 'done' else 'failed' end as state,
  to_char(job_run.planned_local, 'YYYY-MM-DD HH24:MI:SS') as "plannedLocal", job_run.planned_at as "plannedAt", job_run.late,
  job_run.asked_by as "askedBy", job_run.instance, job_run.token as tries, job_run.started_at as "startedAt",
  job_run.finished_at as "finishedAt", job_run.result, job_run.error`

/** A run. Throws NotFoundError. */
export async function findJobRun(db: Db, id: bigint): Promise<JobRun> {
  const { rows } = await sql<JobRun>`select ${shown} from job_run where job_run.id = ${id}`.execute(db)
  if (rows[0] === undefined) throw new NotFoundError('run of a job', String(id))
  return rows[0]
}

/** The run of each job that was begun or asked for last. Jobs that never ran are not in it. */
export async function lastRuns(db: Db, jobs: readonly string[]): Promise<Map<string, JobRun>> {
  const { rows } = await sql<JobRun>`
    select ${shown} from unnest(${jobs}::text[]) asked (job)
      cross join lateral (
        select job_run.* from job_run where job_run.job = asked.job order by job_run.id desc limit 1
      ) job_run`.execute(db)
  return new Map(rows.map((run) => [run.job, run]))
}

/** The runs of a job, the newest first; `before`: the id where the last page ended. */
export async function listJobRuns(
  db: Db,
  page: { job: string; before?: bigint | undefined; limit: number },
): Promise<JobRun[]> {
  const { rows } = await sql<JobRun>`
    select ${shown} from job_run where job_run.job = ${page.job}
      and ${page.before === undefined ? sql`true` : sql`job_run.id < ${page.before}`}
    order by job_run.id desc limit ${page.limit}`.execute(db)
  return rows
}

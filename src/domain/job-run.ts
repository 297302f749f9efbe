// The record of a job's runs: the key (job, planned instant) lets exactly one instance run it and shows a missed one. Who runs
// it holds it by a lease of the database's clock; who lost it is told so in its own transactions (decision 29).
import { sql } from 'kysely'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import type { Planned } from './job-schedule.ts'
import { trimListening } from './listening.ts'

/** A run that is ours, as its work knows it. */
export type RunHold = {
  id: bigint
  /**
   * Throws LostRunError unless the run is still ours, and keeps it ours until the caller's transaction ends. For effects that a
   * process which slept past its lease must not have; call it first in the transaction.
   */
  fence(trx: Db): Promise<void>
  /** Aborted when the run is lost or the process ends: begin nothing more. */
  signal: AbortSignal
}

/** Somebody else has the run by now: nothing of the transaction may be kept. */
export class LostRunError extends Error {
  override readonly name = 'LostRunError'
}

/** A run with the number under which it is held. */
export type HeldRun = { id: bigint; job: string; local: string; token: number }

/** How often a run is begun in all, where its process ends each time in the middle of it. */
const mostTries = 5
/** Later than this after its planned time a run is one that was caught up. */
const lateMs = 5 * 60_000
const returned = "id, job, to_char(planned_local, 'YYYY-MM-DD HH24:MI:SS') as local, token"

export type PlannedRun = { job: string; planned: Planned }
type Holder = { instance: string; leaseMs: number }

/**
 * Of planned runs those that nobody has begun, and whose job nobody is busy with at this moment. Where a job had a later run up to
 * now, an earlier one is not caught up: another zone may plan it so. Runs of a clock that was ahead count only for their own time.
 */
export async function runsToTake(pool: Pool, runs: readonly PlannedRun[], now: Date): Promise<PlannedRun[]> {
  const { rows } = await pool.query<{ at: number }>(
    `select asked.at::integer as at from unnest($1::text[], $2::timestamptz[]) with ordinality asked (job, planned_at, at)
     where not exists (select from job_run where job_run.job = asked.job and job_run.asked_at is null
         and job_run.planned_at >= asked.planned_at and job_run.planned_at <= greatest(asked.planned_at, $3))
       and not exists (select from job_run where job_run.job = asked.job and job_run.finished_at is null
         and job_run.lease_until > clock_timestamp())
     order by asked.at`,
    [runs.map(({ job }) => job), runs.map(({ planned }) => planned.at), now],
  )
  return rows.map(({ at }) => runs[at - 1]!)
}

/** Takes a planned run for this instance; undefined when another instance, or an earlier try, has it. */
export async function takeRun(
  pool: Pool,
  { job, planned }: PlannedRun,
  { instance, leaseMs }: Holder,
  now: Date,
): Promise<(HeldRun & { late: boolean }) | undefined> {
  const late = now.getTime() - planned.at.getTime() > lateMs
  const { rows } = await pool.query<HeldRun>(
    `insert into job_run (job, planned_local, planned_at, late, instance, started_at, lease_until)
     values ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 millisecond')
     on conflict (job, planned_at) where asked_at is null do nothing returning ${returned}`,
    [job, planned.local, planned.at, late, instance, now, leaseMs],
  )
  return rows[0] === undefined ? undefined : { ...rows[0], late }
}

/** A run that nobody holds: asked for, or begun by a process that has gone. `end`: why nobody is to go on with it. */
export type OpenRun = { id: bigint; job: string; end: string | undefined }

/** Runs that wait for somebody, of these jobs and not busy ones. Runs of releases without leases are left alone. */
export async function openRuns(pool: Pool, jobs: readonly string[]): Promise<OpenRun[]> {
  const { rows } = await pool.query<Omit<OpenRun, 'end'> & { tries: number; isObsolete: boolean }>(
    `select id, job, token as tries,
       asked_at is null and exists (select from job_run later where later.job = job_run.job and later.asked_at is null
         and later.id > job_run.id) as "isObsolete"
     from job_run
     where finished_at is null and job = any($1::text[])
       and (lease_until < clock_timestamp() or (started_at is null and lease_until is null))
       and not exists (select from job_run busy where busy.job = job_run.job and busy.finished_at is null
         and busy.lease_until >= clock_timestamp())
     order by id limit 100`,
    [jobs],
  )
  return rows.map(({ id, job, tries, isObsolete }) => ({ id, job, end: endOf(tries, isObsolete) }))
}

function endOf(tries: number, isObsolete: boolean): string | undefined {
  if (isObsolete) return 'its process ended in the middle of it; a later run did what was left'
  return tries < mostTries ? undefined : `given up: its process ended ${tries} times in the middle of it`
}

const isFree = `id = $1 and finished_at is null
  and (lease_until < clock_timestamp() or (started_at is null and lease_until is null))`

/** Closes a run that nobody is to go on with (`end`), unless somebody has it by now. */
export async function closeOpenRun(pool: Pool, { id, end }: OpenRun, now: Date): Promise<void> {
  const free = `select id from job_run where ${isFree} for update skip locked`
  await pool.query(`update job_run set finished_at = $2, error = $3 where id = (${free})`, [id, now, end])
}

/**
 * Takes over a run that nobody holds, under a new number. Undefined: not ours. A holder in the middle of a transaction is not
 * waited for.
 */
export async function takeOpenRun(
  pool: Pool,
  run: OpenRun,
  { instance, leaseMs }: Holder,
  now: Date,
): Promise<HeldRun | undefined> {
  const free = `select id from job_run where ${isFree} for update skip locked`
  const { rows } = await pool.query<HeldRun>(
    `update job_run set instance = $2, token = token + 1, started_at = coalesce(started_at, $3),
       lease_until = clock_timestamp() + $4 * interval '1 millisecond'
     where id = (${free}) returning ${returned}`,
    [run.id, instance, now, leaseMs],
  )
  return rows[0]
}

/** Holds on to a run; false: it is somebody else's by now. A lease that has passed unnoticed is taken up again. */
export async function keepRun(pool: Pool, run: HeldRun, leaseMs: number): Promise<boolean> {
  const kept = await pool.query(
    `update job_run set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
     where id = $1 and token = $2 and finished_at is null`,
    [run.id, run.token, leaseMs],
  )
  return kept.rowCount === 1
}

/** Lets go of a run that is not finished, for whoever takes it over next. */
export async function releaseRun(pool: Pool, run: HeldRun): Promise<void> {
  await pool.query(
    `update job_run set lease_until = '-infinity' where id = $1 and token = $2 and finished_at is null`,
    [run.id, run.token],
  )
}

/** Writes how a run ended: what it did, or why it failed. False: it was somebody else's by then, and nothing is written. */
export async function finishRun(
  pool: Pool,
  run: HeldRun,
  outcome: { result: Record<string, unknown> } | { error: string },
  now: Date,
): Promise<boolean> {
  const result = 'result' in outcome ? JSON.stringify(outcome.result) : null
  const error = 'error' in outcome ? outcome.error : null
  const finished = await pool.query(
    `update job_run set finished_at = $3, result = $4, error = $5, lease_until = null
     where id = $1 and token = $2 and finished_at is null`,
    [run.id, run.token, now, result, error],
  )
  return finished.rowCount === 1
}

/**
 * The fence of a run (see RunHold): a lock so that nobody takes the run over (`for update`) before the transaction has ended; the
 * beat of its own holder does not wait for it.
 */
export async function fenceRun(trx: Db, run: HeldRun): Promise<void> {
  const { rows } = await sql`
    select 1 from job_run where id = ${run.id} and token = ${run.token} and finished_at is null for key share`.execute(
    trx,
  )
  if (rows.length === 0) throw new LostRunError(`the run ${run.local} of ${run.job} is somebody else's by now`)
}

/** Forgets what readers of the change log have long seen, runs of jobs that nobody asks for, and when we listened long ago. */
export async function trimLogs(pool: Pool, now: Date): Promise<{ changes: number; runs: number; listening: number }> {
  const changes = await pool.query(`delete from change_log where changed_at < $1::timestamptz - interval '2 days'`, [
    now,
  ])
  // Runs that renewed something are kept for as long as their renewals: an undo goes by them.
  const runs = await pool.query(
    `delete from job_run where coalesce(finished_at, started_at, asked_at) < $1::timestamptz - interval '90 days'
       and not exists (select from renewal where renewal.job_run_id = job_run.id)`,
    [now],
  )
  const listening = await trimListening(pool, now)
  return { changes: changes.rowCount ?? 0, runs: runs.rowCount ?? 0, listening }
}

// The record of a job's runs: the key (job, planned local time) lets exactly one instance run it and shows a missed one.
import type { Pool } from '../db/pool.ts'
import { trimListening } from './listening.ts'

export type RunKey = { job: string; plannedLocal: string }

/** Takes a run for this instance; false when another instance, or an earlier try, has it. */
export async function takeJobRun(pool: Pool, key: RunKey, instance: string, now: Date): Promise<boolean> {
  const taken = await pool.query(
    `insert into job_run (job, planned_local, instance, started_at) values ($1, $2, $3, $4) on conflict do nothing`,
    [key.job, key.plannedLocal, instance, now],
  )
  return taken.rowCount === 1
}

/** Writes how a run ended: what it did, or why it failed. */
export async function finishJobRun(
  pool: Pool,
  key: RunKey,
  outcome: { result: Record<string, unknown> } | { error: string },
  now: Date,
): Promise<void> {
  const result = 'result' in outcome ? JSON.stringify(outcome.result) : null
  const error = 'error' in outcome ? outcome.error : null
  await pool.query(
    `update job_run set finished_at = $3, result = $4, error = $5 where job = $1 and planned_local = $2`,
    [key.job, key.plannedLocal, now, result, error],
  )
}

/** Forgets what readers of the change log have long seen, runs of jobs that nobody asks for, and when we listened long ago. */
export async function trimLogs(pool: Pool, now: Date): Promise<{ changes: number; runs: number; listening: number }> {
  const changes = await pool.query(`delete from change_log where changed_at < $1::timestamptz - interval '2 days'`, [
    now,
  ])
  const runs = await pool.query(`delete from job_run where started_at < $1::timestamptz - interval '90 days'`, [now])
  const listening = await trimListening(pool, now)
  return { changes: changes.rowCount ?? 0, runs: runs.rowCount ?? 0, listening }
}

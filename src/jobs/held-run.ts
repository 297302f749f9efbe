// One run of a job in this process: it holds the run by its lease while the job works, tells the job when the run is lost or the
// process ends, and writes down how it ended.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import type { Keyring } from '../domain/data-key.ts'
import { fenceRun, finishRun, keepRun, LostRunError, releaseRun, type HeldRun } from '../domain/job-run.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Job } from './job.ts'

export type RunContext = {
  pool: Pool
  db: Db
  keyring: Keyring
  clock: Clock
  log: Logger
  metrics: Metrics
  /** A run whose holder has not been heard of for so long is taken over. */
  leaseMs: number
  zone: string
  /** Aborted when the process ends. */
  closing: AbortSignal
}

/** Runs the job. Throws only what says that the database cannot be asked. */
export async function runHeld(context: RunContext, job: Job, run: HeldRun): Promise<void> {
  const { pool, clock, log, metrics, closing } = context
  const about = { job: job.name, planned: run.local, run: run.id }
  const lost = new AbortController()
  const timer = keepHeld(context, run, lost)
  try {
    const result = await work(context, job, run, AbortSignal.any([lost.signal, closing]))
    if (await finishRun(pool, run, { result }, clock.now())) log.info({ ...about, result }, 'job done')
    else log.warn(about, 'a run of a job went on elsewhere before it was done here')
    metrics.jobRuns.inc({ job: job.name, outcome: 'done' })
  } catch (error) {
    if (error instanceof LostRunError || lost.signal.aborted) {
      log.warn(about, 'a run of a job went on elsewhere before it was done here')
      metrics.jobRuns.inc({ job: job.name, outcome: 'lost' })
    } else if (closing.aborted) {
      log.info(about, 'a run of a job is left to whoever comes next')
      await releaseRun(pool, run)
    } else {
      log.error({ ...about, error }, 'job failed')
      metrics.jobRuns.inc({ job: job.name, outcome: 'failed' })
      await finishRun(pool, run, { error: error instanceof Error ? error.message : String(error) }, clock.now())
    }
  } finally {
    clearInterval(timer)
  }
}

function work(context: RunContext, job: Job, run: HeldRun, signal: AbortSignal): Promise<Record<string, unknown>> {
  const { pool, db, keyring, clock, zone, log } = context
  const hold = { id: run.id, signal, fence: (trx: Db) => fenceRun(trx, run) }
  return job.run({ pool, db, keyring, now: clock.now(), zone, log, hold })
}

/** Renews the lease three times in its length; when that says that the run is somebody else's, the job is told. */
function keepHeld({ pool, leaseMs, log }: RunContext, run: HeldRun, lost: AbortController): NodeJS.Timeout {
  const keep = async (): Promise<void> => {
    try {
      if (!(await keepRun(pool, run, leaseMs)))
        lost.abort(new LostRunError(`the run ${run.id} is somebody else's by now`))
    } catch (error) {
      // Without the database nobody takes it over either; the next beat tells.
      log.warn({ error, job: run.job }, 'a run of a job could not be held on to')
    }
  }
  return setInterval(() => void keep(), leaseMs / 3).unref()
}

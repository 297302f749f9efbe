// Runs the jobs: once a minute it looks which interval each job is in and takes that run's key in `job_run`; whoever
// inserts the row runs it, on whatever instance.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { finishJobRun, takeJobRun, type RunKey } from '../domain/job-run.ts'
import { plannedLocal, type Job } from './job.ts'

const lookEveryMs = 60_000

export type JobRunner = {
  /** Runs every job whose interval nobody has run yet; resolves when they are done. */
  tick(): Promise<void>
  close(): Promise<void>
}

type Options = {
  pool: Pool
  db: Db
  keyring: Keyring
  jobs: readonly Job[]
  clock: Clock
  log: Logger
  metrics: Metrics
  instance: string
  /** The ISP's zone at this moment. */
  zone(): Promise<string>
}

/** Starts looking once a minute, and at once. */
export function startJobs(options: Options): JobRunner {
  let running: Promise<void> | undefined
  const tick = (): Promise<void> => {
    running ??= runDue(options).finally(() => (running = undefined))
    return running
  }
  const look = (): void => {
    tick().catch((error: unknown) => options.log.error({ error }, 'jobs could not be looked at'))
  }
  const timer = setInterval(look, lookEveryMs)
  look()
  return {
    tick,
    async close() {
      clearInterval(timer)
      await running?.catch(() => undefined)
    },
  }
}

async function runDue(options: Options): Promise<void> {
  const zone = await options.zone()
  for (const job of options.jobs) {
    const now = options.clock.now()
    const key = { job: job.name, plannedLocal: plannedLocal(now, zone, job.everyMinutes) }
    if (await takeJobRun(options.pool, key, options.instance, now)) await runJob(options, job, key, zone)
  }
}

async function runJob(options: Options, job: Job, key: RunKey, zone: string): Promise<void> {
  const { pool, db, keyring, clock, log, metrics } = options
  try {
    const result = await job.run({ pool, db, keyring, now: clock.now(), zone, log })
    log.info({ job: job.name, planned: key.plannedLocal, result }, 'job done')
    metrics.jobRuns.inc({ job: job.name, outcome: 'done' })
    await finishJobRun(pool, key, { result }, clock.now())
  } catch (error) {
    log.error({ job: job.name, planned: key.plannedLocal, error }, 'job failed')
    metrics.jobRuns.inc({ job: job.name, outcome: 'failed' })
    await finishJobRun(pool, key, { error: error instanceof Error ? error.message : String(error) }, clock.now())
  }
}

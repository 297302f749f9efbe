// Runs the jobs. node-cron ticks at every full minute; which runs are due then is planned by the wall clock of the ISP's zone,
// and who has them is decided in `job_run`: whoever inserts the row runs it, on whatever instance (decision 29).
import { schedule } from 'node-cron'
import { latestPlanned, readCron, type Schedule } from '../domain/job-schedule.ts'
import { jobChannel } from '../domain/job-ask.ts'
import {
  closeOpenRun,
  openRuns,
  runsToTake,
  takeOpenRun,
  takeRun,
  type HeldRun,
  type PlannedRun,
} from '../domain/job-run.ts'
import { runHeld, type RunContext } from './held-run.ts'
import type { Job } from './job.ts'
import type { Listen } from './notifications.ts'

/** Long enough for a process that is busy, short enough for a night that was broken off. */
const usualLeaseMs = 60_000
/** Side by side in one process: connections are left for what else waits in it. */
const mostAtOnce = 4

export type JobRunner = {
  /** Runs what is due, asked for or left by others and is not running here; resolves when that is done. */
  tick(): Promise<void>
  /** Begins nothing more; jobs that look at their signal end early, and their runs are left to others. */
  close(): Promise<void>
}

type Options = Omit<RunContext, 'leaseMs' | 'zone' | 'closing'> & {
  jobs: readonly Job[]
  instance: string
  leaseMs?: number
  /** Tells of runs that somebody asked for; without it they wait for the next minute. */
  listen?: Listen
  /** The ISP's zone at this moment: where it changes, the next tick plans by the new one. */
  zone(): Promise<string>
}

/** Looks at once, at every full minute, and when a run is asked for. */
export function startJobs(options: Options): JobRunner {
  const runner = new Runner(options)
  const look = (): void => {
    runner.tick().catch((error: unknown) => options.log.error({ error }, 'jobs could not be looked at'))
  }
  // A tick is a hint: what one misses, the next one finds.
  const ticking = schedule('* * * * *', look, { name: 'jobs', suppressMissedWarning: true })
  ticking.on('execution:missed', look)
  const unlisten = options.listen?.(jobChannel, look)
  look()
  return {
    tick: () => runner.tick(),
    async close() {
      unlisten?.()
      await ticking.destroy()
      await runner.close()
    },
  }
}

type Take = () => Promise<HeldRun | undefined>

/** Owns what runs in this process. */
class Runner {
  readonly #options: Options
  readonly #schedules: ReadonlyMap<Job, Schedule>
  readonly #closing = new AbortController()
  /** One run of a job at a time. */
  readonly #running = new Map<Job, Promise<void>>()
  readonly #waiting: (() => void)[] = []
  #atWork = 0
  #looking: Promise<Promise<void>[]> | undefined
  #nextLook: Promise<Promise<void>[]> | undefined

  constructor(options: Options) {
    this.#options = options
    this.#schedules = new Map(options.jobs.map((job) => [job, readCron(job.cron)]))
  }

  async tick(): Promise<void> {
    if (this.#closing.signal.aborted) return
    // What is asked for during a look may be missing in it: one more after it is for all who come meanwhile.
    const look = this.#looking === undefined ? this.#lookNow() : (this.#nextLook ??= this.#lookAfter(this.#looking))
    await Promise.all(await look)
  }

  #lookNow(): Promise<Promise<void>[]> {
    return (this.#looking = this.#look().finally(() => (this.#looking = undefined)))
  }

  /** Also what the current one begins: who asked waits for all of it. */
  async #lookAfter(current: Promise<Promise<void>[]>): Promise<Promise<void>[]> {
    const begun = await current.catch(() => [])
    this.#nextLook = undefined
    return this.#closing.signal.aborted ? begun : [...begun, ...(await (this.#looking ?? this.#lookNow()))]
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const next of this.#waiting.splice(0)) next()
    await this.#looking?.then(
      () => undefined,
      () => undefined,
    )
    await Promise.all(this.#running.values())
  }

  /** Begins what can be begun; the runs are still under way when it resolves. */
  async #look(): Promise<Promise<void>[]> {
    const { pool, clock, instance, zone: readZone } = this.#options
    const zone = await readZone()
    const holder = { instance, leaseMs: this.#options.leaseMs ?? usualLeaseMs }
    const free = this.#options.jobs.filter((job) => !this.#running.has(job))
    const byName = new Map(free.map((job) => [job.name, job]))
    const begun: Promise<void>[] = []
    const begin = (name: string, take: Take): void => {
      const job = byName.get(name)
      // One run of a job at a time: what else waits of it is for a later look.
      if (job === undefined || !byName.delete(name)) return
      begun.push(this.#begin(job, zone, take))
    }
    for (const open of await openRuns(pool, [...byName.keys()])) {
      // What is only to be closed takes nobody's turn.
      if (open.end !== undefined) await closeOpenRun(pool, open, clock.now())
      else begin(open.job, () => takeOpenRun(pool, open, holder, clock.now()))
    }
    for (const due of await runsToTake(pool, this.#planned(free, zone), clock.now())) {
      begin(due.job, () => takeRun(pool, due, holder, clock.now()))
    }
    return begun
  }

  #planned(jobs: readonly Job[], zone: string): PlannedRun[] {
    const now = this.#options.clock.now()
    return jobs.flatMap((job) => {
      const planned = latestPlanned(this.#schedules.get(job)!, zone, now)
      return planned === undefined ? [] : [{ job: job.name, planned }]
    })
  }

  #begin(job: Job, zone: string, take: Take): Promise<void> {
    const { log, leaseMs = usualLeaseMs } = this.#options
    const context = { ...this.#options, leaseMs, zone, closing: this.#closing.signal }
    const ending = this.#inTurn(async () => {
      if (this.#closing.signal.aborted) return
      const run = await take()
      if (run !== undefined) await runHeld(context, job, run)
    })
      .catch((error: unknown) => log.error({ error, job: job.name }, 'a job could not be run'))
      .finally(() => this.#running.delete(job))
    this.#running.set(job, ending)
    return ending
  }

  /** A run is taken when its turn has come, so that another instance can be faster. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#atWork >= mostAtOnce) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      await promise
    }
    this.#atWork += 1
    try {
      await work()
    } finally {
      this.#atWork -= 1
      this.#waiting.shift()?.()
    }
  }
}

// A job: what runs by itself, and when. The planned time, never the instant it ran, is its identity, so that two
// instances, a clock step or a restart make one run (decision 29).
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { RunHold } from '../domain/job-run.ts'
import type { Logger } from '../log.ts'

export type JobContext = {
  pool: Pool
  db: Db
  keyring: Keyring
  now: Date
  zone: string
  log: Logger
  /** By which the run is ours, and whether it still is; absent where it is called by itself. */
  hold?: RunHold
}

export type Job = {
  name: string
  /** `minute hour day month weekday` on the clock of the ISP's zone. A missed one is run once, as soon as somebody can. */
  cron: string
  /**
   * Does the work and returns what it did, for the record. Correct when it runs twice, late or not at all: each finds what there
   * is to do in the database, and repeats nothing there. Long ones look at `hold.signal`, and what could do harm after the run
   * was lost asks `hold.fence` in its own transaction.
   */
  run(context: JobContext): Promise<Record<string, unknown>>
}

// A job: what runs by itself, and when. The planned local time, never the instant it ran, is its identity, so that two
// instances, a clock step or a restart make one run (decision on nights).
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Logger } from '../log.ts'

export type JobContext = { pool: Pool; db: Db; keyring: Keyring; now: Date; zone: string; log: Logger }

export type Job = {
  name: string
  /** Runs once in every interval of this many minutes of the ISP's local time, counted from midnight. */
  everyMinutes: number
  /** Does the work and returns what it did, for the record. Correct when it runs twice or not at all. */
  run(context: JobContext): Promise<Record<string, unknown>>
}

/**
 * The start of the interval that `now` lies in, as local wall time `YYYY-MM-DD HH:MM` of the zone. When the clock is set
 * back in autumn the same local time comes twice and the job runs once.
 */
export function plannedLocal(now: Date, zone: string, everyMinutes: number): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now)
  const part = (type: string): string => parts.find((candidate) => candidate.type === type)?.value ?? '00'
  const minutes = Number(part('hour')) * 60 + Number(part('minute'))
  const start = minutes - (minutes % everyMinutes)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${part('year')}-${part('month')}-${part('day')} ${two(Math.floor(start / 60))}:${two(start % 60)}`
}

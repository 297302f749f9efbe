// Counts what is wrong with NASes and writes it every few seconds for the NAS doctor (domain/doctor/tally.ts), which runs in
// another process. A count is a look-up and an addition; times are those of the writing. Bounded: of each kind and client the
// first addresses are told apart, the rest is one number, for whoever forges addresses must not fill the table.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import { writeAnswerTimes, writeRequestCounts, writeTallies } from '../domain/doctor/tally.ts'
import type { TallyKind, TallyRow, TallySubject } from '../domain/doctor/tally.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { createAnswerMeter } from './answer-meter.ts'

const everyMs = 2_000
const sampleEveryMs = 60_000
/** Of each kind and client, in an hour. */
const mostSources = 200
/** Of everything together, in an hour. */
const mostKeys = 20_000
const hourMs = 3_600_000

export type NasTally = {
  /** Counts once; of repeats with `worst` the one farthest from zero is kept. */
  count(kind: TallyKind, subject: TallySubject, worst?: number): void
  /** Writes what was counted, and with `sample` also requests and answer times since the last sample. Never rejects. */
  flush(how?: { sample: boolean }): Promise<void>
  close(): Promise<void>
}

type Held = TallySubject & { kind: TallyKind; count: number; worst: number | undefined }

/** Starts to count and to write. */
export function startNasTally(options: {
  pool: Pool
  instance: string
  clock: Clock
  log: Pick<Logger, 'warn'>
  metrics: Pick<Metrics, 'requests' | 'replySeconds'>
}): NasTally {
  const { pool, instance, clock, log, metrics } = options
  const bounds = createBounds(clock.now().getTime())
  const meter = createAnswerMeter(metrics)
  let held = new Map<string, Held>()
  let writes: Promise<void> = Promise.resolve()
  let sampledAt = clock.monotonicMs()

  const write = async (sample: boolean): Promise<void> => {
    const rows: TallyRow[] = [...held.values()]
    held = new Map()
    const now = clock.now()
    bounds.forget(now.getTime())
    try {
      await writeTallies(pool, rows, now)
      if (!sample) return
      const { requests, times } = await meter.sample()
      await writeRequestCounts(pool, requests, now)
      await writeAnswerTimes(pool, instance, times, now)
    } catch (error) {
      // Lost: it is a help for finding faults, and one of them is a database that cannot keep up.
      log.warn({ error }, 'what was counted for the NAS doctor could not be written')
    }
  }
  const flush = (sample: boolean): Promise<void> => (writes = writes.then(() => write(sample)))
  const timer = setInterval(() => {
    const due = clock.monotonicMs() - sampledAt >= sampleEveryMs
    if (due) sampledAt = clock.monotonicMs()
    if (held.size > 0 || due) void flush(due)
  }, everyMs)
  timer.unref()

  return {
    count(kind, subject, worst) {
      let key = `${kind} ${subject.clientId ?? ''} ${subject.nasId ?? ''} ${subject.source ?? ''}`
      let row = held.get(key)
      if (row === undefined) {
        const bounded = bounds.narrow(key, kind, subject)
        if (bounded === undefined) return
        key = bounded.key
        row = held.get(key)
        if (row === undefined) held.set(key, (row = { kind, ...bounded.subject, count: 0, worst: undefined }))
      }
      row.count += 1
      if (worst !== undefined && (row.worst === undefined || Math.abs(worst) > Math.abs(row.worst))) row.worst = worst
    },
    flush: (how) => flush(how?.sample ?? false),
    async close() {
      clearInterval(timer)
      await flush(true)
    },
  }
}

type Bounded = { key: string; subject: TallySubject }

/** What may still get a row of its own in this hour. */
function createBounds(startMs: number): {
  narrow(key: string, kind: TallyKind, subject: TallySubject): Bounded | undefined
  forget(nowMs: number): void
} {
  const known = new Set<string>()
  const sources = new Map<string, number>()
  let hour = Math.floor(startMs / hourMs)
  const admit = (key: string): boolean => {
    if (!known.has(key) && known.size >= mostKeys) return false
    known.add(key)
    return true
  }
  return {
    narrow(key, kind, subject) {
      if (known.has(key)) return { key, subject }
      const { source: _, ...rest } = subject
      const scope = `${kind} ${subject.clientId ?? ''} ${subject.nasId ?? ''} `
      const seen = sources.get(scope) ?? 0
      if (subject.source === undefined || seen >= mostSources) {
        return admit(scope) ? { key: scope, subject: rest } : undefined
      }
      sources.set(scope, seen + 1)
      return admit(key) ? { key, subject } : undefined
    },
    forget(nowMs) {
      const current = Math.floor(nowMs / hourMs)
      if (current === hour) return
      hour = current
      known.clear()
      sources.clear()
    },
  }
}

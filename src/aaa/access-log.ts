// Takes every access decision, and writes them in batches once a second, never holding an answer. The first of equal outcomes
// is written at once, repeats are added up here and written once in half a minute: a modem that loops ten times a second costs
// about 20 octets a second. Memory is bounded: while the database takes nothing rows wait for it, and of more than may wait the
// oldest are counted and dropped, for a log must not end the service.

import { isAway } from '../db/breaker.ts'
import type { Pool } from '../db/pool.ts'
import { accessLogLine, writeAccessLog } from '../domain/access-log.ts'
import type { AccessLogEntry, AccessLogLine, AccessLogTimes } from '../domain/access-log.ts'

export type AccessLog = {
  add(entry: AccessLogEntry, now: Date): void
  /** Writes what is held; resolves when it is written or has failed. */
  flush(): Promise<void>
  /** Entries that were lost since the start. */
  dropped(): number
  /** Writes what is held, and no more. */
  close(): Promise<void>
}

export type AccessLogOptions = {
  readonly pool: Pool
  zone(): string
  onError(error: unknown): void
  /** Different outcomes held at most. */
  readonly maximum?: number
  readonly everyMs?: number
}

/** An outcome: how often it came since it was last written. */
type Held = { entry: AccessLogEntry; count: number; firstAt: Date; lastAt: Date }

const defaults = { maximum: 20_000, everyMs: 1_000 }
/** Repeats are written every so many rounds. */
const roundsOfRepeats = 30
/** One statement takes no longer than a few tens of milliseconds at this size; so many are not kept waiting either. */
const rowsPerStatement = 500

/** Starts the log and its timer. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { maximum = defaults.maximum } = options
  const writer = createWriter(options, maximum)
  // What came lately is known by a small hash only: objects that are held for seconds are what the collector copies. Two
  // outcomes with one hash do no harm: the second is taken for a repeat, and written as such.
  const seen = new Set<number>()
  const repeats = new Map<string, Held>()
  let rounds = 0

  const repeat = (entry: AccessLogEntry, now: Date): void => {
    const key = outcomeParts(entry).join('\n')
    const held = repeats.get(key)
    if (held === undefined) repeats.set(key, { entry, count: 1, firstAt: now, lastAt: now })
    else Object.assign(held, { entry, count: held.count + 1, lastAt: now })
  }
  const endWindow = (): void => {
    for (const { entry, ...times } of repeats.values()) writer.add(entry, times)
    repeats.clear()
    seen.clear()
  }
  const timer = setInterval(() => {
    if (++rounds % roundsOfRepeats === 0) endWindow()
    writer.flushUnlessBusy()
  }, options.everyMs ?? defaults.everyMs)
  timer.unref()
  const flush = (): Promise<void> => {
    endWindow()
    return writer.flush()
  }

  return {
    add(entry, now) {
      if (seen.size >= maximum) endWindow()
      const hash = outcomeHash(entry)
      if (seen.has(hash)) return repeat(entry, now)
      seen.add(hash)
      writer.add(entry, { count: 1, firstAt: now, lastAt: now })
    },
    flush,
    dropped: writer.dropped,
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

type Writer = {
  add(entry: AccessLogEntry, times: AccessLogTimes): void
  flush(): Promise<void>
  /** A slow database must not pile up writes: the next round takes all. Of the timer: looks also whether it is back. */
  flushUnlessBusy(): void
  dropped(): number
}

type Due = { readonly line: AccessLogLine; readonly count: number }

/** Rows that are due, at most `maximum` of them, and their way into the database. */
function createWriter({ pool, zone, onError }: AccessLogOptions, maximum: number): Writer {
  let due: Due[] = []
  let writes: Promise<void> = Promise.resolve()
  let pending = 0
  let dropped = 0
  let away = false

  const drop = (rows: readonly Due[]): void => {
    dropped += rows.reduce((sum, row) => sum + row.count, 0)
  }
  const write = async (): Promise<void> => {
    const rows = due
    due = []
    for (let at = 0; at < rows.length; at += rowsPerStatement) {
      const batch = rows.slice(at, at + rowsPerStatement)
      try {
        await writeAccessLog(
          pool,
          batch.map(({ line }) => line),
        )
        away = false
      } catch (error) {
        onError(error)
        away = isAway(error)
        if (!away) {
          drop(batch)
          continue
        }
        // Written once more at worst, where only the answer was lost.
        due = rows.slice(at).concat(due)
        drop(due.splice(0, Math.max(0, due.length - maximum)))
        break
      }
    }
    pending--
  }
  const flush = (): Promise<void> => {
    pending++
    writes = writes.then(write)
    return writes
  }
  const flushUnlessBusy = (): void => {
    if (pending === 0 && due.length > 0) void flush()
  }
  return {
    add(entry, times) {
      // Many at once: to take out each of them alone would move all the others.
      if (due.length >= maximum) drop(due.splice(0, Math.min(rowsPerStatement, maximum)))
      due.push({ line: accessLogLine(entry, times, zone()), count: times.count })
      if (due.length >= rowsPerStatement && !away) flushUnlessBusy()
    },
    flush,
    flushUnlessBusy,
    dropped: () => dropped,
  }
}

/** What makes two outcomes equal. The detail is not in it: it may name instants and counts. */
function outcomeParts(entry: AccessLogEntry): string[] {
  const { username, nasId, line = '', interface: name = '', method, reason, accepted, reply = '' } = entry
  return [String(nasId), line, method, reason, String(accepted), username, name, reply]
}

/** FNV-1a over the same parts, in 30 bits, which V8 keeps without an object. */
function outcomeHash({
  username,
  nasId,
  line,
  interface: name,
  method,
  reason,
  accepted,
  reply,
}: AccessLogEntry): number {
  let hash = hashOn(0x811c9dc5 ^ Number(nasId), line)
  hash = hashOn(hash, method)
  hash = hashOn(hash ^ Number(accepted), reason)
  hash = hashOn(hash, username)
  return hashOn(hashOn(hash, name), reply) >>> 2
}

function hashOn(before: number, part = ''): number {
  let hash = before
  for (let i = 0; i < part.length; i++) hash = Math.imul(hash ^ part.charCodeAt(i), 0x01000193)
  return Math.imul(hash ^ 10, 0x01000193)
}

// Takes every access decision, and writes them in batches once a second, never holding an answer. Equal outcomes of that second
// are added up here, those of the day in the database. Memory is bounded: when the database takes nothing, what is more is
// counted and dropped, for a log must not end the service.

import { hash } from 'node:crypto'
import type { Pool } from '../db/pool.ts'
import { writeAccessLog } from '../domain/access-log.ts'
import type { AccessLogRow } from '../domain/access-log.ts'

export type AccessLogEntry = Omit<AccessLogRow, 'outcomeKey' | 'count' | 'firstAt' | 'lastAt'>

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

type Held = { entry: AccessLogEntry; count: number; firstAt: Date; lastAt: Date }

const defaults = { maximum: 20_000, everyMs: 1_000 }
/** One statement takes no longer than a few tens of milliseconds at this size; so many are not kept waiting either. */
const rowsPerStatement = 500

/** Starts the log and its timer. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { pool, maximum = defaults.maximum } = options
  let held = new Map<string, Held>()
  let writes: Promise<void> = Promise.resolve()
  let pending = 0
  let dropped = 0

  const write = async (): Promise<void> => {
    const batch = [...held]
    held = new Map()
    for (let at = 0; at < batch.length; at += rowsPerStatement) {
      const rows = batch.slice(at, at + rowsPerStatement).map(([key, entry]) => rowOf(key, entry))
      try {
        await writeAccessLog(pool, rows, options.zone())
      } catch (error) {
        dropped += rows.reduce((sum, row) => sum + row.count, 0)
        options.onError(error)
      }
    }
    pending--
  }
  const flush = (): Promise<void> => {
    pending++
    writes = writes.then(write)
    return writes
  }
  // A slow database must not pile up writes: the next round takes all.
  const flushUnlessBusy = (): void => {
    if (pending === 0 && held.size > 0) void flush()
  }
  const timer = setInterval(flushUnlessBusy, options.everyMs ?? defaults.everyMs)
  timer.unref()

  return {
    add(entry, now) {
      const key = outcomeText(entry)
      const known = held.get(key)
      if (known !== undefined) {
        known.count++
        known.lastAt = now
        known.entry = entry
      } else if (held.size >= maximum) dropped++
      else held.set(key, { entry, count: 1, firstAt: now, lastAt: now })
      if (held.size >= rowsPerStatement) flushUnlessBusy()
    },
    flush,
    dropped: () => dropped,
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

/** What makes two outcomes equal. The detail is not in it: it may name instants and counts. */
function outcomeText(entry: AccessLogEntry): string {
  const { username, nasId, line = '', interface: name = '', method, reason, accepted, reply = '' } = entry
  return `${nasId}\n${line}\n${method}\n${reason}\n${accepted}\n${username}\n${name}\n${reply}`
}

function rowOf(key: string, { entry, count, firstAt, lastAt }: Held): AccessLogRow {
  const outcomeKey = hash('sha256', key, 'buffer').readBigInt64BE()
  return { ...entry, outcomeKey, count, firstAt, lastAt }
}

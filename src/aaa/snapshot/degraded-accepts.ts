// Logins that were let in by what was last known, until Postgres has them: in memory, and in a small file that is only appended
// to and synced behind the answers, so that a crash loses a moment at most. One for each line: whoever redials takes the place of
// its own. Bounded: what is more is let in all the same, and counted.

import { open, readFile, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Clock } from '../../clock.ts'
import type { Breaker } from '../../db/breaker.ts'
import type { Pool } from '../../db/pool.ts'
import { readFacts, storedFacts, writeDegradedAccepts } from '../../domain/degraded-accept.ts'
import type { DegradedAccept, StoredFacts, Unchecked } from '../../domain/degraded-accept.ts'
import type { Line } from '../../domain/line.ts'

export type DegradedAccepts = {
  /** Notes an accept; never throws, and nobody waits for it. */
  note(accept: DegradedAccept): void
  /** The Class id that this line was given by what was last known and that Postgres does not have yet. */
  classIdOf(whose: { subscriberId: bigint; nasGroupId: bigint; line: Line | undefined }): bigint | undefined
  /** How many wait for Postgres. */
  waiting(): number
  /** How many there was no room for, since the start. */
  dropped(): number
  /** Writes what is held into Postgres; resolves when it is written or has failed. */
  flush(): Promise<void>
  /** Writes what it can and lets go of the file, which keeps what Postgres did not take. */
  close(): Promise<void>
}

export type DegradedAcceptsOptions = {
  /** Its folder is there; undefined: in memory only. */
  readonly file: string | undefined
  /** Files of processes that are no more: what is in them is held from now on, and they are removed once the own file has it. */
  readonly takeOver?: readonly string[] | undefined
  readonly pool: Pool
  readonly breaker: Pick<Breaker, 'isOpen'>
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  /**
   * When the oldest accounting record was received that Postgres does not have yet. A session limit is judged by sessions that
   * may have ended in one: such logins are handed over when those of before them are there, or after half a minute.
   */
  unrecordedSince?(): Date | undefined
  /** Told of what could not be written. */
  onTrouble(message: string, error: unknown): void
  /** Held at most. Default 200,000. */
  readonly maximum?: number
  readonly everyMs?: number
  readonly maximumWaitMs?: number
}

const defaults = { maximum: 200_000, everyMs: 1_000, maximumWaitMs: 30_000 }
const rowsPerStatement = 1_000

/** Reads what a process before this one left, and starts. Throws where the file cannot be opened. */
export async function openDegradedAccepts(options: DegradedAcceptsOptions): Promise<DegradedAccepts> {
  const { file, breaker, onTrouble, maximum = defaults.maximum, everyMs = defaults.everyMs } = options
  const handle = file === undefined ? undefined : await open(file, 'a+', 0o600)
  const held = new Map<string, DegradedAccept>()
  for (const accept of handle === undefined ? [] : readLines(await handle.readFile('utf8'))) {
    held.set(keyOf(accept), accept)
  }
  for (const other of options.takeOver ?? []) await takeOver(other, { held, handle, onTrouble })
  const appender = createAppender(handle, onTrouble)
  let dropped = 0
  let flushing: Promise<void> | undefined

  const write = async (): Promise<void> => {
    try {
      while (held.size > 0) {
        const batch = firstOf(held, rowsPerStatement)
        await writeDegradedAccepts(
          options.pool,
          batch.map(([, accept]) => accept),
          options.clock.now(),
        )
        // One that was noted anew meanwhile goes with the next batch.
        for (const [key, accept] of batch) if (held.get(key) === accept) held.delete(key)
      }
      await appender.emptyUnless(() => held.size > 0)
    } catch (error) {
      onTrouble('logins accepted without Postgres could not be handed to it; they are kept', error)
    }
  }
  const flush = (): Promise<void> => (flushing ??= write().finally(() => (flushing = undefined)))
  const mustWait = createWaiting(options)
  const timer = setInterval(() => {
    if (held.size > 0 && !breaker.isOpen() && !mustWait(held)) void flush()
  }, everyMs)
  timer.unref()

  return {
    note(accept) {
      const key = keyOf(accept)
      const isKnown = held.has(key)
      if (!isKnown && held.size >= maximum) {
        dropped += 1
        return
      }
      held.set(key, accept)
      // A redial is found by its line: a modem that loops does not fill the disk.
      if (!isKnown) appender.append(lineOf(accept))
    },
    classIdOf: ({ line, ...whose }) => (line === undefined ? undefined : held.get(keyOf({ ...whose, line }))?.classId),
    waiting: () => held.size,
    dropped: () => dropped,
    flush,
    async close() {
      clearInterval(timer)
      await flushing
      if (held.size > 0 && !breaker.isOpen()) await flush()
      await appender.close()
    },
  }
}

type Taking = Pick<DegradedAcceptsOptions, 'onTrouble'> & {
  readonly held: Map<string, DegradedAccept>
  readonly handle: FileHandle | undefined
}

/** Of two of a line the later one stays, as where it redials. */
async function takeOver(other: string, { held, handle, onTrouble }: Taking): Promise<void> {
  try {
    const taken = readLines(await readFile(other, 'utf8')).filter((accept) => {
      const same = held.get(keyOf(accept))
      return same === undefined || same.decidedAt < accept.decidedAt
    })
    for (const accept of taken) held.set(keyOf(accept), accept)
    if (handle === undefined) return
    await handle.appendFile(taken.map(lineOf).join(''))
    await handle.datasync()
    await rm(other)
  } catch (error) {
    onTrouble(
      'logins accepted without Postgres by a process that is no more could not be taken over; its file stays',
      error,
    )
  }
}

/** Whether a login whose session limit was not looked at waits for records from before it. Not for ever. */
function createWaiting({ unrecordedSince, clock, maximumWaitMs = defaults.maximumWaitMs }: DegradedAcceptsOptions) {
  let since: number | undefined
  return (held: ReadonlyMap<string, DegradedAccept>): boolean => {
    const oldest = unrecordedSince?.()
    const waits = oldest !== undefined && hasLimitSince(held, oldest)
    const now = clock.monotonicMs()
    since = waits ? (since ?? now) : undefined
    return since !== undefined && now - since < maximumWaitMs
  }
}

function hasLimitSince(held: ReadonlyMap<string, DegradedAccept>, oldest: Date): boolean {
  for (const { unchecked, decidedAt } of held.values())
    if (unchecked.includes('session-limit') && oldest <= decidedAt) return true
  return false
}

/** Without a copy of all the others. */
function firstOf<K, V>(map: ReadonlyMap<K, V>, count: number): [K, V][] {
  const found: [K, V][] = []
  for (const entry of map) {
    if (found.length === count) break
    found.push(entry)
  }
  return found
}

function keyOf(accept: Pick<DegradedAccept, 'subscriberId' | 'nasGroupId' | 'line'> & { classId?: bigint }): string {
  return `${accept.subscriberId}/${accept.nasGroupId}/${accept.line ?? `class:${accept.classId}`}`
}

/** Lines that wait are written together, and synced; one write at a time. */
function createAppender(handle: FileHandle | undefined, onTrouble: DegradedAcceptsOptions['onTrouble']) {
  let lines: string[] = []
  let work: Promise<void> = Promise.resolve()
  const trouble = (error: unknown): void =>
    onTrouble('logins accepted without Postgres could not be kept on the disk; they are held in memory', error)
  const write = async (): Promise<void> => {
    if (handle === undefined || lines.length === 0) return
    const text = lines.join('')
    lines = []
    await handle.appendFile(text)
    await handle.datasync()
  }
  return {
    append(line: string): void {
      if (handle === undefined) return
      lines.push(line)
      // The first of a turn takes along what comes until its turn has come.
      if (lines.length === 1) work = work.then(write).catch(trouble)
    },
    emptyUnless(isNeeded: () => boolean): Promise<void> {
      const empty = async (): Promise<void> => {
        if (handle === undefined || isNeeded() || lines.length > 0) return
        await handle.truncate(0)
        await handle.datasync()
      }
      work = work.then(empty).catch(trouble)
      return work
    },
    async close(): Promise<void> {
      await work
      await handle?.close()
    },
  }
}

type StoredAccept = {
  classId: string
  subscriberId: string
  nasId: string
  nasGroupId: string
  line?: string
  facts: StoredFacts
  unchecked: Unchecked[]
  seenAt: string
  decidedAt: string
}

function lineOf({ classId, subscriberId, nasId, nasGroupId, facts, ...rest }: DegradedAccept): string {
  const ids = { classId, subscriberId, nasId, nasGroupId }
  const texts = Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, String(id)]))
  return `${JSON.stringify({ ...rest, ...texts, facts: storedFacts(facts) })}\n`
}

/** A line that was cut by a crash, or is none of ours, is left out. */
function readLines(text: string): DegradedAccept[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [readAccept(JSON.parse(line) as StoredAccept)]
    } catch {
      return []
    }
  })
}

function readAccept({ line, facts, unchecked, seenAt, decidedAt, ...ids }: StoredAccept): DegradedAccept {
  const accept = {
    classId: BigInt(ids.classId),
    subscriberId: BigInt(ids.subscriberId),
    nasId: BigInt(ids.nasId),
    nasGroupId: BigInt(ids.nasGroupId),
    line,
    facts: readFacts(facts),
    unchecked: [...unchecked],
    seenAt: new Date(seenAt),
    decidedAt: new Date(decidedAt),
  }
  if (Number.isNaN(accept.seenAt.getTime()) || Number.isNaN(accept.decidedAt.getTime()))
    throw new RangeError('no instant')
  return accept
}

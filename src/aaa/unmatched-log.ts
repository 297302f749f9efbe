// Takes requests that matched nobody for the inbox (domain/unmatched.ts) and writes them once a second, never holding an answer.
// The first of equal requests is written at the next round, its repeats once in half a minute. Bounded everywhere: kinds held
// here, names that one line may try, rows in the table; what is more is folded or dropped, for an inbox must not end the
// service. Secrets never enter it.

import type { Pool } from '../db/pool.ts'
import { trimUnmatched, unmatchedFingerprint, unmatchedReasons, writeUnmatched } from '../domain/unmatched.ts'
import type { UnmatchedRow } from '../domain/unmatched.ts'
import type { LineFacts } from '../domain/line.ts'
import type { Nas } from '../domain/nas.ts'
import { decodeAttributes } from '../radius/attributes.ts'
import type { NamedAttribute } from '../radius/attributes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { Packet } from '../radius/packet.ts'
import { replyAsJson } from './reply-json.ts'

/** A rejected request. */
export type UnmatchedEntry = {
  readonly nas: Nas
  /** As shown in the access log. */
  readonly username: string
  readonly facts: LineFacts
  readonly reason: string
  readonly packet: Packet
}

export type UnmatchedLog = {
  /** Takes a rejection, if it is of a kind that the inbox is for. Does not keep the packet. */
  add(entry: UnmatchedEntry, now: Date): void
  /** Writes what is held; resolves when it is written or has failed. */
  flush(): Promise<void>
  /** Requests that were lost since the start. */
  dropped(): number
  /** Writes what is held, and no more. */
  close(): Promise<void>
}

export type UnmatchedLogOptions = {
  readonly pool: Pool
  readonly dictionary: Dictionary
  onError(error: unknown): void
  /** Different requests held at most. */
  readonly maximum?: number
  readonly everyMs?: number
}

/** A request: how often it came since it was last written. */
type Held = Omit<UnmatchedRow, 'fingerprint'> & { readonly name: string | undefined }

const defaults = { maximum: 1_000, everyMs: 1_000 }
/** Repeats are written every so many rounds. */
const roundsOfRepeats = 30
/** Names that one line may bring before the others share a row: who guesses names must not fill the inbox. */
const namesPerLine = 8
/** The same for all requests of a NAS that tell neither MAC nor line. */
const namesWithoutLine = 200
const linesRemembered = 5_000
/** The table is trimmed after so many new rows, not only by the job of the night. */
const rowsBetweenTrims = 500

/** Starts the log and its timer. */
export function createUnmatchedLog(options: UnmatchedLogOptions): UnmatchedLog {
  const { maximum = defaults.maximum, dictionary } = options
  const writer = createWriter(options)
  const nameOf = createNames()
  const held = new Map<string, Held>()
  /** What was written lately: its repeats can wait. */
  const known = new Set<string>()
  let rounds = 0
  let dropped = 0

  const take = (): Held[] => {
    const due: Held[] = []
    for (const [key, row] of held) {
      if (known.has(key)) continue
      held.delete(key)
      known.add(key)
      due.push(row)
    }
    if (known.size > 10 * maximum) known.clear()
    return due
  }
  const flush = (): Promise<void> => {
    known.clear()
    return writer.write(take())
  }
  const timer = setInterval(() => {
    if (++rounds % roundsOfRepeats === 0) known.clear()
    // A slow database must not pile up writes: the next round takes all.
    if (!writer.busy()) void writer.write(take())
  }, options.everyMs ?? defaults.everyMs)
  timer.unref()

  return {
    add(entry, now) {
      if (!unmatchedReasons.has(entry.reason)) return
      const line = sourceOf(entry)
      const name = nameOf(line, entry)
      const key = `${line}\n${name ?? ''}\n${name === undefined ? 'many' : entry.reason}`
      const before = held.get(key)
      if (before === undefined && held.size >= maximum) dropped++
      else
        held.set(
          key,
          merge(before, () => read(dictionary, entry, name), now),
        )
    },
    flush,
    dropped: () => dropped + writer.dropped(),
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

function merge(before: Held | undefined, make: () => Pick<Held, Made>, now: Date): Held {
  if (before === undefined) return { ...make(), count: 1, firstAt: now, lastAt: now }
  return { ...before, count: before.count + 1, lastAt: now }
}

type Made = 'nasId' | 'username' | 'facts' | 'reason' | 'sent' | 'name'

function read(dictionary: Dictionary, entry: UnmatchedEntry, name: string | undefined): Pick<Held, Made> {
  const { nas, username, facts, reason, packet } = entry
  const copy = (octets: Buffer | undefined): Buffer | undefined => octets && Buffer.from(octets)
  return {
    nasId: nas.id,
    name,
    username,
    // The facts are views of the packet, or read it when they are asked for.
    facts: {
      mac: facts.mac,
      circuitId: copy(facts.circuitId),
      remoteId: copy(facts.remoteId),
      duid: copy(facts.duid),
      interface: facts.interface,
    },
    reason,
    sent: replyAsJson(decodeAttributes(dictionary, packet).filter(isFree)),
  }
}

/** What proves something or is only of this packet; hidden values are undecoded here and so have no name. */
const withheld =
  /password|secret|cipher|^(MS-)?CHAP|^MS-|^ARAP|^EAP|^Digest|^Message-Authenticator$|^Proxy-State$|^State$|^Attr-(2|3|69|26\.311)\b|^Attr-26$/i

function isFree({ name, value }: NamedAttribute): boolean {
  return !withheld.test(name) && !(typeof value === 'string' && /password|secret/i.test(value))
}

/** Where a request came from, whoever it names. */
function sourceOf({ nas, facts }: UnmatchedEntry): string {
  const { mac = '', circuitId, interface: parts } = facts
  return `${nas.id} ${mac} ${circuitId?.toString('hex') ?? ''} ${parts?.raw ?? ''}`
}

/** The name under which a request is kept; undefined beyond those that its line may bring. */
function createNames(): (line: string, entry: UnmatchedEntry) => string | undefined {
  const lines = new Map<string, Set<string>>()
  return (line, { username, reason, facts }) => {
    // Any other reason found a subscriber: such names cannot be made up.
    if (reason !== 'unknown') return username
    if (lines.size > linesRemembered) lines.clear()
    let names = lines.get(line)
    if (names === undefined) lines.set(line, (names = new Set()))
    if (names.has(username)) return username
    const told = facts.mac !== undefined || facts.circuitId !== undefined || facts.interface !== undefined
    if (names.size >= (told ? namesPerLine : namesWithoutLine)) return undefined
    names.add(username)
    return username
  }
}

type Writer = { write(due: readonly Held[]): Promise<void>; busy(): boolean; dropped(): number }

/** The way into the database, one write after the other. */
function createWriter({ pool, onError }: UnmatchedLogOptions): Writer {
  let writes: Promise<void> = Promise.resolve()
  let pending = 0
  let dropped = 0
  let fresh = rowsBetweenTrims

  const work = async (due: readonly Held[]): Promise<void> => {
    const rows = byFingerprint(due)
    try {
      if (rows.length > 0) fresh += await writeUnmatched(pool, rows)
    } catch (error) {
      dropped += due.reduce((sum, row) => sum + row.count, 0)
      onError(error)
      return
    }
    if (fresh < rowsBetweenTrims || rows.length === 0) return
    fresh = 0
    await trimUnmatched(pool, rows[0]!.lastAt).catch(onError)
  }
  return {
    write(due) {
      pending++
      writes = writes.then(() => work(due)).finally(() => pending--)
      return writes
    },
    busy: () => pending > 0,
    dropped: () => dropped,
  }
}

/** One row for each fingerprint of a NAS: the newest words, all counts. */
function byFingerprint(due: readonly Held[]): UnmatchedRow[] {
  const rows = new Map<string, UnmatchedRow>()
  for (const { name, ...row } of due) {
    const fingerprint = unmatchedFingerprint(row.facts, name)
    const key = `${row.nasId} ${fingerprint}`
    const other = rows.get(key)
    const newest = other !== undefined && other.lastAt > row.lastAt ? other : row
    rows.set(key, {
      ...newest,
      fingerprint,
      count: row.count + (other?.count ?? 0),
      firstAt: other !== undefined && other.firstAt < row.firstAt ? other.firstAt : row.firstAt,
    })
  }
  return [...rows.values()]
}

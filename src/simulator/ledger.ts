// The truth of a simulation: what each NAS meant, sent, and heard back, as entries that fold into one state. The same fold
// serves the simulator itself and whoever reads the entries from a file, so both compare the same thing.

import type { Counters } from './traffic.ts'
import type { RecordStatus } from './shape.ts'

/** Octets and Unix milliseconds; `session` numbers the dial-ins of one NAS over all its reboots. */
export type LedgerEntry =
  | { kind: 'nas'; nas: string; at: number; vendor: string; address: string; seed: string }
  | { kind: 'access'; nas: string; at: number; username: string; method: string; outcome: string }
  | {
      kind: 'session'
      nas: string
      at: number
      session: number
      acctSessionId: string
      username: string
      mac: string
      framedIp: string | undefined
      classes: string[]
      /** One of the two sessions of a dual-stack line. */
      leg?: 'v4' | 'v6'
      /** A service on another session: counted beside it, never charged. */
      service?: string
      /** Begun under another server: what the first record says of octets was not counted here. */
      inherited?: true
    }
  | {
      kind: 'sent'
      nas: string
      at: number
      session: number
      record: number
      status: RecordStatus
      segment: number
      sessionTime: number
      counters: Counters
      attempt: number
      /** The Request Authenticator, which is a digest of the whole packet (RFC 2866 §3), in hexadecimal. */
      digest: string
      /** How many copies left for the server; 0: lost on the way. */
      copies: number
    }
  /** An Accounting-Response with a right authenticator came; `heard` is false where the bad network then lost it. */
  | { kind: 'answered'; nas: string; at: number; session: number; record: number; heard: boolean }
  | { kind: 'reboot'; nas: string; at: number }
  | {
      kind: 'device'
      nas: string
      at: number
      status: 'Accounting-On' | 'Accounting-Off'
      outcome: 'answered' | 'sent'
    }
  | { kind: 'coa'; nas: string; at: number; session: number | undefined; request: string; answer: string }

/** What one record said: the server may stand at it. */
export type Reading = { record: number; sessionTime: number; inputOctets: bigint; outputOctets: bigint }

/** What the NAS counts between two resets: the newest record known to be kept, and later ones whose fate is not known. */
export type Segment = { answered: Reading | undefined; possible: Map<number, Reading> }

export type LedgerSession = {
  nas: string
  session: number
  acctSessionId: string
  username: string
  mac: string
  framedIp: string | undefined
  beganAt: number
  segments: Segment[]
  /** Whether any record may have arrived, and whether one did for certain. */
  recorded: 'no' | 'perhaps' | 'yes'
  stop: 'no' | 'perhaps' | 'yes'
  /** Its NAS rebooted without a Stop; 'told': an Accounting-On or -Off after that was answered. */
  lost: 'no' | 'silently' | 'perhaps told' | 'told'
  /** A newer session of the same line began before this one had ended. */
  superseded: boolean
  service: string | undefined
  /**
   * Of an inherited session: the records of which one was the first to be kept, and whether it is known which. Undefined for
   * a session that began here.
   */
  baseline: { candidates: Reading[]; settled: boolean } | undefined
}

export type LedgerNas = {
  identifier: string
  address: string
  vendor: string
  /** Sessions before this instant are not of this ledger. */
  since: number
  sessions: Map<number, LedgerSession>
}

export type LedgerState = {
  nases: Map<string, LedgerNas>
  /** The newest session of each line and leg. */
  lines: Map<string, LedgerSession>
  entries: number
}

export type Ledger = {
  readonly state: LedgerState
  add(entry: LedgerEntry): void
}

/** An entry that speaks of a NAS or session which no entry before it introduced. */
export class LedgerOrderError extends Error {
  override readonly name = 'LedgerOrderError'
}

/** An empty ledger; `write`, if given, gets every entry in order. */
export function createLedger(write?: (entry: LedgerEntry) => void): Ledger {
  const state = emptyState()
  return {
    state,
    add(entry) {
      applyEntry(state, entry)
      write?.(entry)
    },
  }
}

/** A state that knows no NAS yet. */
export function emptyState(): LedgerState {
  return { nases: new Map(), lines: new Map(), entries: 0 }
}

/** Folds one entry into the state. Throws LedgerOrderError. */
export function applyEntry(state: LedgerState, entry: LedgerEntry): void {
  state.entries++
  switch (entry.kind) {
    case 'nas':
      return addNas(state, entry)
    case 'session':
      return addSession(state, entry)
    case 'sent':
      return entry.copies === 0 ? undefined : sent(sessionOf(state, entry), entry)
    case 'answered':
      return answered(sessionOf(state, entry), entry.record)
    case 'reboot':
      for (const session of nasOf(state, entry).sessions.values()) {
        if (session.stop !== 'yes' && session.lost === 'no') session.lost = 'silently'
      }
      return
    case 'device':
      return deviceTold(nasOf(state, entry), entry.outcome)
    case 'access':
    case 'coa':
      // For people to read; they move no counter.
      return
  }
}

function addNas(state: LedgerState, entry: Extract<LedgerEntry, { kind: 'nas' }>): void {
  if (state.nases.has(entry.nas)) return
  const { nas: identifier, address, vendor, at: since } = entry
  state.nases.set(identifier, { identifier, address, vendor, since, sessions: new Map() })
}

function addSession(state: LedgerState, entry: Extract<LedgerEntry, { kind: 'session' }>): void {
  const { nas, session, acctSessionId, username, mac, framedIp, at: beganAt } = entry
  const facts = { nas, session, acctSessionId, username, mac, framedIp, beganAt }
  const made: LedgerSession = {
    ...facts,
    segments: [],
    recorded: 'no',
    stop: 'no',
    lost: 'no',
    superseded: false,
    service: entry.service,
    baseline: entry.inherited && { candidates: [], settled: false },
  }
  if (entry.service === undefined) takeLine(state, entry, made)
  nasOf(state, entry).sessions.set(session, made)
}

/** The legs of a line do not replace each other; a session without a leg has both. */
function takeLine(state: LedgerState, { mac, leg }: { mac: string; leg?: 'v4' | 'v6' }, made: LedgerSession): void {
  const rivals = leg === undefined ? ['', 'v4', 'v6'] : ['', leg]
  for (const rival of rivals) {
    const before = state.lines.get(`${mac}/${rival}`)
    if (before !== undefined) before.superseded = true
  }
  state.lines.set(`${mac}/${leg ?? ''}`, made)
}

function sent(session: LedgerSession, entry: Extract<LedgerEntry, { kind: 'sent' }>): void {
  if (session.recorded === 'no') session.recorded = 'perhaps'
  if (entry.status === 'stop' && session.stop === 'no') session.stop = 'perhaps'
  while (session.segments.length <= entry.segment) session.segments.push({ answered: undefined, possible: new Map() })
  const segment = session.segments[entry.segment]!
  if (entry.record <= (segment.answered?.record ?? -1)) return
  const reading = {
    record: entry.record,
    sessionTime: entry.sessionTime,
    inputOctets: entry.counters.inputOctets,
    outputOctets: entry.counters.outputOctets,
  }
  segment.possible.set(entry.record, reading)
  const { baseline } = session
  if (baseline?.settled === false && baseline.candidates.at(-1)?.record !== entry.record)
    baseline.candidates.push(reading)
}

function answered(session: LedgerSession, record: number): void {
  session.recorded = 'yes'
  if (session.stop === 'perhaps' && record === lastRecord(session)) session.stop = 'yes'
  const segment = session.segments.find((candidate) => candidate.possible.has(record))
  const reading = segment?.possible.get(record)
  // An answer to a record that a later one has already overtaken says nothing new.
  if (segment === undefined || reading === undefined) return
  settleBaseline(session, record)
  segment.answered = reading
  for (const earlier of segment.possible.keys()) if (earlier <= record) segment.possible.delete(earlier)
}

// The first record that is known to be kept, or one before it whose fate is not known, is the one that nothing is charged of.
function settleBaseline({ baseline }: LedgerSession, record: number): void {
  if (baseline === undefined || baseline.settled) return
  baseline.settled = true
  baseline.candidates = baseline.candidates.filter((candidate) => candidate.record <= record)
}

// The Stop is the last record of a session.
function lastRecord(session: LedgerSession): number {
  const segment = session.segments.at(-1)
  return Math.max(segment?.answered?.record ?? -1, ...(segment?.possible.keys() ?? []))
}

function deviceTold(nas: LedgerNas, outcome: 'answered' | 'sent'): void {
  for (const session of nas.sessions.values()) {
    if (session.lost === 'silently' || session.lost === 'perhaps told') {
      session.lost = outcome === 'answered' ? 'told' : 'perhaps told'
    }
  }
}

function nasOf(state: LedgerState, entry: { nas: string }): LedgerNas {
  const nas = state.nases.get(entry.nas)
  if (nas === undefined) throw new LedgerOrderError(`the ledger does not know the NAS ${entry.nas}`)
  return nas
}

function sessionOf(state: LedgerState, entry: { nas: string; session: number }): LedgerSession {
  const session = nasOf(state, entry).sessions.get(entry.session)
  if (session === undefined) throw new LedgerOrderError(`${entry.nas} has no session ${entry.session} in the ledger`)
  return session
}

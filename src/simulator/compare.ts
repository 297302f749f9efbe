// The comparison of a ledger with the sessions that the server has kept: to the byte, with nothing missing, doubled or left
// over. Pure: the rows are read by the caller. What the NAS cannot know (a record sent and never answered) may be in or out
// of the database, but whole: a session stands at a record that was sent, never between two and never above.

import type { LedgerNas, LedgerSession, LedgerState, Reading, Segment } from './ledger.ts'

/** A session as the database has it. */
export type SessionRow = {
  /** The NAS-Identifier by which the ledger knows the device. */
  nas: string
  acctSessionId: string
  epoch: number
  username: string
  framedIp: string | undefined
  startedAt: Date
  endedAt: Date | undefined
  endedBy: string | undefined
  /** Seconds. */
  sessionTime: bigint
  inputOctets: bigint
  outputOctets: bigint
  /** Of a row that is a service on another session. */
  service?: string | undefined
}

export const differenceKinds = [
  'missing',
  'extra',
  'counters',
  'ended',
  'open',
  'username',
  'address',
  'service',
] as const
export type DifferenceKind = (typeof differenceKinds)[number]

export type Difference = {
  kind: DifferenceKind
  nas: string
  acctSessionId: string
  username: string
  /** By the ledger. */
  expected: string
  /** In the database. */
  found: string
}

export type Totals = { sessionTime: bigint; inputOctets: bigint; outputOctets: bigint }

/** All differences, in the order of the ledger; empty where the database is right. */
export function compareSessions(state: LedgerState, rows: readonly SessionRow[]): Difference[] {
  const differences: Difference[] = []
  const rowsByNas = Map.groupBy(rows, (row) => row.nas)
  for (const nas of state.nases.values()) {
    const rowsById = Map.groupBy(rowsOf(nas, rowsByNas.get(nas.identifier) ?? []), (row) => row.acctSessionId)
    const sessionsById = Map.groupBy(nas.sessions.values(), (session) => session.acctSessionId)
    for (const id of new Set([...sessionsById.keys(), ...rowsById.keys()])) {
      const sorted = (rowsById.get(id) ?? []).toSorted((one, other) => one.epoch - other.epoch)
      differences.push(...align(sessionsById.get(id) ?? [], sorted))
    }
  }
  return differences
}

// A row whose last record is older than the ledger is of an earlier run on the same NAS. Half a second of grace would do for
// the rounding of Event-Timestamp to whole seconds; two are taken.
function rowsOf(nas: LedgerNas, rows: readonly SessionRow[]): SessionRow[] {
  return rows.filter((row) => row.startedAt.getTime() + (Number(row.sessionTime) + 2) * 1000 >= nas.since)
}

type Step = { cost: number; from: 'session' | 'row' | 'both'; differences: Difference[] }

/**
 * Pairs the sessions that shared one Acct-Session-Id (reboots repeat them) with its rows, both in time order, so that as
 * little as possible differs: a session that may be absent costs nothing without a row.
 */
function align(sessions: readonly LedgerSession[], rows: readonly SessionRow[]): Difference[] {
  const best: Step[][] = []
  for (let s = 0; s <= sessions.length; s++) {
    const line: Step[] = []
    best.push(line)
    for (let r = 0; r <= rows.length; r++) {
      const steps: Step[] = []
      if (s > 0) steps.push(step('session', best[s - 1]![r]!, withoutRow(sessions[s - 1]!)))
      if (r > 0) steps.push(step('row', line[r - 1]!, [extra(rows[r - 1]!)]))
      if (s > 0 && r > 0) steps.push(step('both', best[s - 1]![r - 1]!, comparePair(sessions[s - 1]!, rows[r - 1]!)))
      line.push(steps.toSorted((one, other) => one.cost - other.cost)[0] ?? { cost: 0, from: 'both', differences: [] })
    }
  }
  return trace(best, sessions.length, rows.length)
}

function step(from: Step['from'], before: Step, differences: Difference[]): Step {
  // A missing or extra row is worse than any number of wrong fields: six can differ.
  const cost = differences.reduce((sum, { kind }) => sum + (kind === 'missing' || kind === 'extra' ? 7 : 1), 0)
  return { cost: before.cost + cost, from, differences }
}

function trace(best: readonly Step[][], sessions: number, rows: number): Difference[] {
  const parts: Difference[][] = []
  for (let s = sessions, r = rows; s > 0 || r > 0;) {
    const taken = best[s]![r]!
    parts.push(taken.differences)
    if (taken.from !== 'row') s--
    if (taken.from !== 'session') r--
  }
  return parts.toReversed().flat()
}

function withoutRow(session: LedgerSession): Difference[] {
  if (session.recorded !== 'yes') return []
  return [difference('missing', session, 'a row, since a record was answered', 'no row')]
}

function extra(row: SessionRow): Difference {
  const { nas, acctSessionId, username } = row
  return { kind: 'extra', nas, acctSessionId, username, expected: 'no row', found: describe(row) }
}

function comparePair(session: LedgerSession, row: SessionRow): Difference[] {
  if (session.recorded === 'no') return [extra(row)]
  const differences: Difference[] = []
  const allowed = possibleTotals(session)
  if (!allowed.some((totals) => equalTotals(totals, row))) {
    differences.push(difference('counters', session, allowed.map(describe).join(' or '), describe(row)))
  }
  const wanted = expectedEnd(session)
  const found = row.endedAt === undefined ? 'open' : `ended by ${row.endedBy ?? 'nobody'}`
  if (wanted === 'ended' && row.endedAt === undefined) differences.push(difference('open', session, 'ended', found))
  if (wanted === 'open' && row.endedAt !== undefined) differences.push(difference('ended', session, 'open', found))
  if (canonical(session.username) !== canonical(row.username)) {
    differences.push(difference('username', session, session.username, row.username))
  }
  if (session.framedIp !== row.framedIp) {
    differences.push(difference('address', session, session.framedIp ?? 'none', row.framedIp ?? 'none'))
  }
  if (session.service !== row.service) {
    differences.push(difference('service', session, session.service ?? 'none', row.service ?? 'none'))
  }
  return differences
}

/** Whether the session must have ended, must be open, or may be either as far as its NAS can know. */
export function expectedEnd(session: LedgerSession): 'ended' | 'open' | 'either' {
  if (session.stop === 'yes' || session.lost === 'told') return 'ended'
  return session.stop === 'no' && session.lost === 'no' && !session.superseded ? 'open' : 'either'
}

/**
 * Every total at which the database may stand: the sum over the segments of one record that was kept in each; for an inherited
 * session less what the first record that was kept said.
 */
export function possibleTotals(session: LedgerSession): Totals[] {
  const sums = segmentTotals(session)
  if (session.baseline === undefined) return sums
  return session.baseline.candidates.flatMap((first) =>
    sums.flatMap((sum) => (sum.sessionTime < BigInt(first.sessionTime) ? [] : [less(sum, first)])),
  )
}

function segmentTotals(session: LedgerSession): Totals[] {
  let sums: Totals[] = [{ sessionTime: 0n, inputOctets: 0n, outputOctets: 0n }]
  for (const segment of session.segments) {
    const readings = possibleReadings(segment)
    sums = sums.flatMap((sum) => readings.map((reading) => (reading === undefined ? sum : add(sum, reading))))
  }
  return sums
}

function possibleReadings({ answered, possible }: Segment): (Reading | undefined)[] {
  return [answered, ...possible.values()]
}

function less(sum: Totals, first: Reading): Totals {
  const { inputOctets, outputOctets } = first
  return { ...sum, inputOctets: sum.inputOctets - inputOctets, outputOctets: sum.outputOctets - outputOctets }
}

function add(sum: Totals, reading: Reading): Totals {
  return {
    // The time of a session goes on over a reset of its octets.
    sessionTime: BigInt(reading.sessionTime),
    inputOctets: sum.inputOctets + reading.inputOctets,
    outputOctets: sum.outputOctets + reading.outputOctets,
  }
}

function equalTotals(one: Totals, other: Totals): boolean {
  return (
    one.inputOctets === other.inputOctets &&
    one.outputOctets === other.outputOctets &&
    one.sessionTime === other.sessionTime
  )
}

function describe({ sessionTime, inputOctets, outputOctets }: Totals): string {
  return `${inputOctets} in, ${outputOctets} out after ${sessionTime} s`
}

// The simulator's usernames are plain; the server keeps them in lower case.
function canonical(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase()
}

function difference(kind: DifferenceKind, session: LedgerSession, expected: string, found: string): Difference {
  const { nas, acctSessionId, username } = session
  return { kind, nas, acctSessionId, username, expected, found }
}

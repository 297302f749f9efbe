// What must be true when the fault is over and the queues are drained: the ledger of the NASes, that of the office, Postgres and
// the journals tell one story. Every breach names the invariant; the error names the seed with which the same plan runs again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../src/db/pool.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { isUnavailable } from '../../src/db/errors.ts'
import { verifyChain } from '../../src/domain/audit/verify-chain.ts'
import { compareSessions, possibleTotals, type Difference, type SessionRow } from '../../src/simulator/compare.ts'
import { compareUsage } from '../../src/simulator/compare-usage.ts'
import type { LedgerEntry, LedgerSession, LedgerState } from '../../src/simulator/ledger.ts'
import type { AdminCall } from './admin-driver.ts'
import { findBreaches, sessionBreaches, type Breach as RuleBreach } from './invariants.ts'
import { chargedByName, sessionRows } from './isp.ts'

/** I1: acknowledged and not kept. I2: had its effect twice. I3: sums. I13: audit. The others as in invariants.ts. */
export type Breach = { invariant: RuleBreach['invariant'] | 'I1' | 'I2' | 'I3' | 'I13'; what: string }

export type CheckInput = {
  pool: Pool
  now: Date
  seed: string
  ledger: { readonly state: LedgerState }
  /** With the digest of each packet; needed where a journal still holds some. */
  entries?: readonly LedgerEntry[]
  /** Digests of the packets in journals that are not drained yet. Default: none is left. */
  journaled?: ReadonlySet<string>
  /** What the office asked for. */
  calls?: readonly AdminCall[]
  /** False where sessions are known to be on their way. Default true. */
  quiet?: boolean
}

/** Throws an error that names the breaches and the seed. */
export async function check(input: CheckInput): Promise<void> {
  complain(input, await findAllBreaches(input))
}

/**
 * The same once the journals are drained, for which at most `patienceMs` are waited: until then records are missing that will
 * come. What is there twice never gets better, and is told at once. Milliseconds that it took.
 */
export async function checkWhenDrained(input: CheckInput, patienceMs: number): Promise<number> {
  const begun = performance.now()
  for (;;) {
    const breaches = await findAllBreaches(input).catch((error: unknown) => {
      // Postgres is still busy with its recovery.
      if (isUnavailable(error))
        return [{ invariant: 'I1' as const, what: `Postgres does not answer: ${String(error)}` }]
      throw error
    })
    const ms = performance.now() - begun
    const mayCome = breaches.length > 0 && breaches.every(({ invariant }) => ['I1', 'I3', 'I10'].includes(invariant))
    if (!mayCome || ms > patienceMs) {
      complain(input, breaches)
      return ms
    }
    await sleep(200)
  }
}

function complain(input: CheckInput, breaches: readonly Breach[]): void {
  if (breaches.length === 0) return
  const shown = breaches.slice(0, 10).map(({ invariant, what }) => `${invariant}: ${what}`)
  throw new Error(`${breaches.length} broken rules with the seed ${JSON.stringify(input.seed)}:\n${shown.join('\n')}`)
}

/** Everything that is wrong. */
export async function findAllBreaches(input: CheckInput): Promise<Breach[]> {
  const rows = await sessionRows(input.pool, 'everywhere')
  const differences = compareSessions(input.ledger.state, rows)
  const quiet = input.quiet ?? true
  return [
    ...recordBreaches(input, differences, rows),
    ...(quiet ? sessionBreaches(differences).filter(({ what }) => /^(open|ended): /.test(what)) : []),
    ...(await sumBreaches(input)),
    ...(await findBreaches(input.pool, input.now)),
    ...(await auditBreaches(input)),
  ]
}

/** I1 and I2, from what differs between a session of the ledger and its row. Pure. */
export function recordBreaches(
  input: Pick<CheckInput, 'ledger' | 'entries' | 'journaled'>,
  differences: readonly Difference[],
  rows: readonly SessionRow[],
): Breach[] {
  return differences.flatMap((difference): Breach[] => {
    const { kind, nas, acctSessionId, username, expected, found } = difference
    const what = `${acctSessionId} of ${username} on ${nas}: ${expected} was expected, ${found} found`
    if (kind === 'extra') return [{ invariant: 'I2', what }]
    if (kind !== 'missing' && kind !== 'counters') return []
    const sessions = [...(input.ledger.state.nases.get(nas)?.sessions.values() ?? [])].filter(
      (session) => session.acctSessionId === acctSessionId,
    )
    if (sessions.some((session) => isJournaled(input, session))) return []
    const row = rows.find((candidate) => candidate.nas === nas && candidate.acctSessionId === acctSessionId)
    return [{ invariant: kind === 'counters' && row && isMore(row, sessions) ? 'I2' : 'I1', what }]
  })
}

/** Whether the newest record of a session that was acknowledged lies in a journal. */
function isJournaled(
  { entries = [], journaled }: Pick<CheckInput, 'entries' | 'journaled'>,
  of: LedgerSession,
): boolean {
  if (journaled === undefined || journaled.size === 0) return false
  const newest = Math.max(-1, ...of.segments.map(({ answered }) => answered?.record ?? -1))
  return entries.some(
    (entry) =>
      entry.kind === 'sent' &&
      entry.nas === of.nas &&
      entry.session === of.session &&
      entry.record === newest &&
      journaled.has(entry.digest),
  )
}

function isMore(row: SessionRow, sessions: readonly LedgerSession[]): boolean {
  return sessions.every((session) => possibleTotals(session).every((totals) => row.inputOctets > totals.inputOctets))
}

const sums = `
  with s as (
    select subscriber_id, input_octets, output_octets from session where service is null
    union all select subscriber_id, input_octets, output_octets from session_archive where service is null
  )
  select (select coalesce(sum(input_octets), 0) from s) as input, (select coalesce(sum(output_octets), 0) from s) as output,
    (select coalesce(sum(input_octets), 0) from usage_hour) as "hourInput",
    (select coalesce(sum(output_octets), 0) from usage_hour) as "hourOutput",
    (select coalesce(sum(input_octets), 0) from usage_period) as "periodInput",
    (select coalesce(sum(output_octets), 0) from usage_period) as "periodOutput",
    (select count(*) from s where input_octets < 0 or output_octets < 0)
      + (select count(*) from usage_period where input_octets < 0 or output_octets < 0) as negative`

/** I3: what was charged, by the hour, by the period and by name, is what the sessions say. */
async function sumBreaches({ pool, ledger, journaled }: CheckInput): Promise<Breach[]> {
  const breaches: Breach[] = []
  const { rows } = await pool.query<Record<string, bigint | string>>(sums)
  const sum = Object.fromEntries(Object.entries(rows[0]!).map(([name, value]) => [name, BigInt(value)]))
  for (const direction of ['Input', 'Output'])
    for (const of of ['hour', 'period'])
      if (sum[`${of}${direction}`] !== sum[direction.toLowerCase()])
        breaches.push({
          invariant: 'I3',
          what: `by the ${of} ${sum[`${of}${direction}`]}, by sessions ${sum[direction.toLowerCase()]} (${direction})`,
        })
  if (sum.negative !== 0n) breaches.push({ invariant: 'I3', what: `${sum.negative} sums below zero` })
  if ((journaled?.size ?? 0) > 0) return breaches
  for (const { username, direction, expected, found } of compareUsage(ledger.state, await chargedByName(pool)))
    breaches.push({ invariant: 'I3', what: `${username}, ${direction}: ${expected} was expected, ${found} charged` })
  return breaches
}

/** I13, and that a call was done whole or not at all. */
async function auditBreaches({ pool, calls = [] }: CheckInput): Promise<Breach[]> {
  const breaches: Breach[] = []
  for (const { sequence, what } of (await verifyChain(createKysely<Database>(pool), undefined)).faults)
    breaches.push({ invariant: 'I13', what: `link ${sequence} of the audit trail: ${what}` })
  if (calls.length === 0) return breaches
  const { rows } = await pool.query<{ username: string; entries: number; made: boolean }>(
    `select asked.username, (s.id is not null) as made,
       (select count(*)::integer from audit_entry entry where entry.noun = 'subscriber' and entry.row_id = s.id
          and entry.action = 'subscriber.create') as entries
     from unnest($1::text[]) as asked (username) left join subscriber s on s.username = asked.username`,
    [calls.map(({ username }) => username)],
  )
  const byName = new Map(rows.map((row) => [row.username, row]))
  for (const { username, outcome } of calls) {
    const { made, entries } = byName.get(username)!
    const wanted = outcome === 'done' ? [1] : outcome === 'refused' ? [0] : [0, 1]
    if (!wanted.includes(Number(made)) || entries !== Number(made))
      breaches.push({
        invariant: 'I13',
        what: `adding ${username} was ${outcome}: it is ${made ? '' : 'not '}there, with ${entries} audit entries`,
      })
  }
  return breaches
}

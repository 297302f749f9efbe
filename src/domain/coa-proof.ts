// Proof that acknowledged changes took effect (decision 17): services that were started, and byte rates since. What goes on as
// before although its NAS has acknowledged is ended by a Disconnect: the redial gets what is true.

import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { judgeRate } from './coa-evidence.ts'
import type { CounterPoint, Granted } from './coa-evidence.ts'
import { orderForSession } from './coa-order.ts'

/** Records come every few minutes, and three of them have to come after the acknowledgement. */
const windowMs = 60 * 60_000
const pageSize = 500

/** How many changes were proved, and of which NASes something was ignored. */
export type Proofs = { observed: number; inferred: number; ignored: readonly Ignored[] }
export type Ignored = { readonly sessionId: bigint; readonly nas: string }

type Row = {
  id: bigint
  sessionId: bigint
  subscriberId: bigint | null
  nasId: bigint
  nas: string
  granted: Granted
  finishedAt: Date
  proofAt: Date | null
  fromTime: bigint | null
  fromInput: bigint | null
  fromOutput: bigint | null
  strikes: number
  heardAt: Date
  sessionTime: bigint
  input: bigint
  output: bigint
  isStarted: boolean
}

/**
 * Looks at every change that was acknowledged within the last hour, whose session goes on and was heard of since the last look: a
 * page in a transaction. One instance at a time.
 */
export async function proveChanges(db: Db, now: Date): Promise<Proofs> {
  const proofs = { observed: 0, inferred: 0, ignored: [] as Ignored[] }
  let after: Place | undefined = { finishedAt: new Date(now.getTime() - windowMs), id: lastId }
  while (after !== undefined) after = await inTransaction(db, (trx) => provePage(trx, after!, proofs, now))
  return proofs
}

/** Behind which order a page begins: those of an instant by their id. */
type Place = { readonly finishedAt: Date; readonly id: bigint }
/** Behind every order of the same instant. */
const lastId = 2n ** 63n - 1n

type Counts = { observed: number; inferred: number; ignored: Ignored[] }

/** Gives where the next page begins; undefined: there is none, or another instance is at it. */
async function provePage(trx: Db, after: Place, proofs: Counts, now: Date): Promise<Place | undefined> {
  const lock = await sql<{ free: boolean }>`
    select pg_try_advisory_xact_lock(hashtext('gatehouse prove changes')) as free`.execute(trx)
  if (lock.rows[0]?.free !== true) return undefined
  const rows = await findUnproved(trx, after)
  const notes = rows.flatMap((row) => noteOf(row) ?? [])
  const written = await writeNotes(trx, notes)
  for (const { row, evidence, isIgnored } of notes) {
    if (!written.has(row.id)) continue
    if (evidence !== undefined) proofs[evidence] += 1
    if (isIgnored !== true) continue
    const { sessionId, subscriberId, nasId, nas } = row
    await orderForSession(trx, { sessionId, subscriberId, nasId, wish: 'disconnect', reason: 'change ignored' }, now)
    proofs.ignored.push({ sessionId, nas })
  }
  return rows.length < pageSize ? undefined : rows.at(-1)
}

async function findUnproved(trx: Db, after: Place): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select o.id, o.session_id as "sessionId", o.subscriber_id as "subscriberId", o.nas_id as "nasId", nas.name as nas, o.granted,
      o.finished_at as "finishedAt", o.proof_at as "proofAt", o.proof_session_time as "fromTime", o.proof_input as "fromInput",
      o.proof_output as "fromOutput", o.proof_strikes as strikes, s.updated_at as "heardAt",
      s.session_time as "sessionTime", s.input_octets as input, s.output_octets as output, started.is_started as "isStarted"
    from coa_order o join session s on s.id = o.session_id join nas on nas.id = o.nas_id
      cross join lateral (
        select o.granted ->> 'service' is not null and exists (
          select from session service where service.parent_id = s.id and service.ended_at is null
            and service.service = o.granted ->> 'service') as is_started
        offset 0
      ) as started
    where o.wish = 'reapply' and o.state = 'done' and o.evidence = 'acked' and o.granted is not null
      and (o.finished_at, o.id) > (${after.finishedAt}::timestamptz, ${after.id}::bigint) and s.ended_at is null
      and (s.updated_at > coalesce(o.proof_at, o.finished_at) or started.is_started)
      and not exists (select from coa_order newer where newer.session_id = o.session_id and newer.id > o.id)
    order by o.finished_at, o.id limit ${pageSize}`.execute(trx)
  return rows
}

/** What a look at an order has shown. `to`: where the next one reckons from. */
type Note = {
  readonly row: Row
  readonly evidence?: 'observed' | 'inferred'
  readonly to?: CounterPoint
  readonly strikes?: number
  /** The NAS has acknowledged and changed nothing. */
  readonly isIgnored?: boolean
}

function noteOf(row: Row): Note | undefined {
  if (row.isStarted) return { row, evidence: 'observed' }
  const to: CounterPoint = { sessionTime: row.sessionTime, input: row.input, output: row.output }
  const from = baseOf(row)
  // The first record after the acknowledgement still counts what went before it: the rate is reckoned from there.
  if (from === undefined) return row.heardAt > row.finishedAt ? { row, to, strikes: 0 } : undefined
  const judged = judgeRate(row.granted, { from, to, strikes: row.strikes })
  if (judged.kind === 'none') return { row, to, strikes: judged.strikes }
  if (judged.kind === 'inferred') return { row, evidence: 'inferred', to, strikes: 0 }
  return judged.kind === 'ignored' ? { row, to, strikes: row.strikes + 1, isIgnored: true } : undefined
}

function baseOf({ fromTime, fromInput, fromOutput }: Row): CounterPoint | undefined {
  if (fromTime === null || fromInput === null || fromOutput === null) return undefined
  return { sessionTime: fromTime, input: fromInput, output: fromOutput }
}

/**
 * Writes the notes of a page, but for orders at which somebody else has looked meanwhile. Gives the orders that were written.
 * Nobody else writes to an order that is done, so that there is no order in which to lock them.
 */
async function writeNotes(trx: Db, notes: readonly Note[]): Promise<ReadonlySet<bigint>> {
  if (notes.length === 0) return new Set()
  const told = (isIgnored?: boolean) => (isIgnored === true ? 'the NAS acknowledged it and changed nothing' : null)
  const { rows } = await sql<{ id: bigint }>`
    update coa_order set evidence = coalesce(note.evidence, coa_order.evidence), proof_at = note.heard_at,
      proof_session_time = coalesce(note.session_time, coa_order.proof_session_time),
      proof_input = coalesce(note.input, coa_order.proof_input),
      proof_output = coalesce(note.output, coa_order.proof_output),
      proof_strikes = coalesce(note.strikes, coa_order.proof_strikes), detail = coalesce(note.detail, coa_order.detail)
    from unnest(${notes.map(({ row }) => row.id)}::bigint[], ${notes.map(({ row }) => row.proofAt?.toISOString() ?? null)}::timestamptz[],
      ${notes.map(({ row }) => row.heardAt.toISOString())}::timestamptz[], ${notes.map(({ evidence }) => evidence ?? null)}::text[],
      ${notes.map(({ to }) => to?.sessionTime ?? null)}::bigint[], ${notes.map(({ to }) => to?.input ?? null)}::bigint[],
      ${notes.map(({ to }) => to?.output ?? null)}::bigint[], ${notes.map(({ strikes }) => strikes ?? null)}::smallint[],
      ${notes.map(({ isIgnored }) => told(isIgnored))}::text[])
      as note (id, proof_at, heard_at, evidence, session_time, input, output, strikes, detail)
    where coa_order.id = note.id and coa_order.evidence = 'acked' and coa_order.proof_at is not distinct from note.proof_at
    returning coa_order.id`.execute(trx)
  return new Set(rows.map(({ id }) => id))
}

/**
 * Clears alarms of NASes that refuse or ignore orders where an order that they acknowledged was proved since. Returns how many.
 */
export async function clearProvedAlarms(db: Db, now: Date): Promise<number> {
  const result = await sql`
    update alarm set cleared_at = ${now}
    where alarm.kind in ('coa-refused', 'coa-ignored') and alarm.cleared_at is null and exists (
      select from nas join coa_order o on o.nas_id = nas.id
      where nas.name = alarm.subject and o.evidence in ('observed', 'inferred') and o.finished_at > alarm.last_at
        and exists (select from coa_attempt sent where sent.order_id = o.id and sent.outcome = 'ack'))`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

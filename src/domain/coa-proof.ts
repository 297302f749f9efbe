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

/** Looks at every change that was acknowledged within the last hour, whose session goes on and was heard of since the last look. */
export async function proveChanges(db: Db, now: Date): Promise<Proofs> {
  const proofs = { observed: 0, inferred: 0, ignored: [] as Ignored[] }
  for (let after = 0n; ;) {
    const rows = await findUnproved(db, after, now)
    for (const row of rows) await proveOne(db, row, proofs, now)
    if (rows.length < pageSize) return proofs
    after = rows.at(-1)!.id
  }
}

async function findUnproved(db: Db, after: bigint, now: Date): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select o.id, o.session_id as "sessionId", o.subscriber_id as "subscriberId", o.nas_id as "nasId", nas.name as nas, o.granted,
      o.finished_at as "finishedAt", o.proof_at as "proofAt", o.proof_session_time as "fromTime", o.proof_input as "fromInput",
      o.proof_output as "fromOutput", o.proof_strikes as strikes, s.updated_at as "heardAt",
      s.session_time as "sessionTime", s.input_octets as input, s.output_octets as output,
      exists (select from session service where service.parent_id = s.id and service.ended_at is null
        and service.service = o.granted ->> 'service') as "isStarted"
    from coa_order o join session s on s.id = o.session_id join nas on nas.id = o.nas_id
    where o.wish = 'reapply' and o.state = 'done' and o.evidence = 'acked' and o.granted is not null
      and o.finished_at > ${new Date(now.getTime() - windowMs)} and o.id > ${after} and s.ended_at is null
      and (s.updated_at > coalesce(o.proof_at, o.finished_at) or o.granted ->> 'service' is not null)
      and not exists (select from coa_order newer where newer.session_id = o.session_id and newer.id > o.id)
    order by o.id limit ${pageSize}`.execute(db)
  return rows
}

async function proveOne(
  db: Db,
  row: Row,
  proofs: { observed: number; inferred: number; ignored: Ignored[] },
  now: Date,
): Promise<void> {
  if (row.isStarted) {
    if (await note(db, row, { evidence: 'observed' })) proofs.observed += 1
    return
  }
  const to: CounterPoint = { sessionTime: row.sessionTime, input: row.input, output: row.output }
  const from = baseOf(row)
  // The first record after the acknowledgement still counts what went before it: the rate is reckoned from there.
  if (from === undefined) {
    if (row.heardAt > row.finishedAt) await note(db, row, { to, strikes: 0 })
    return
  }
  const judged = judgeRate(row.granted, { from, to, strikes: row.strikes })
  if (judged.kind === 'none') await note(db, row, { to, strikes: judged.strikes })
  if (judged.kind === 'inferred' && (await note(db, row, { evidence: 'inferred', to, strikes: 0 }))) {
    proofs.inferred += 1
  }
  if (judged.kind === 'ignored' && (await giveUp(db, row, to, now))) {
    proofs.ignored.push({ sessionId: row.sessionId, nas: row.nas })
  }
}

function baseOf({ fromTime, fromInput, fromOutput }: Row): CounterPoint | undefined {
  if (fromTime === null || fromInput === null || fromOutput === null) return undefined
  return { sessionTime: fromTime, input: fromInput, output: fromOutput }
}

/** The NAS has acknowledged and changed nothing. False where another instance was quicker. */
function giveUp(db: Db, row: Row, to: CounterPoint, now: Date): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const detail = 'the NAS acknowledged it and changed nothing'
    if (!(await note(trx, row, { to, strikes: row.strikes + 1, detail }))) return false
    const { sessionId, subscriberId, nasId } = row
    await orderForSession(trx, { sessionId, subscriberId, nasId, wish: 'disconnect', reason: 'change ignored' }, now)
    return true
  })
}

type Noted = { evidence?: 'observed' | 'inferred'; to?: CounterPoint; strikes?: number; detail?: string }

/** Writes what a look has shown, unless somebody else has looked meanwhile. */
async function note(db: Db, row: Row, { evidence, to, strikes, detail }: Noted): Promise<boolean> {
  const result = await sql`
    update coa_order set evidence = coalesce(${evidence ?? null}, evidence), proof_at = ${row.heardAt},
      proof_session_time = coalesce(${to?.sessionTime ?? null}::bigint, proof_session_time),
      proof_input = coalesce(${to?.input ?? null}::bigint, proof_input),
      proof_output = coalesce(${to?.output ?? null}::bigint, proof_output),
      proof_strikes = coalesce(${strikes ?? null}::smallint, proof_strikes), detail = coalesce(${detail ?? null}, detail)
    where coa_order.id = ${row.id} and coa_order.evidence = 'acked'
      and coa_order.proof_at is not distinct from ${row.proofAt}`.execute(db)
  return result.numAffectedRows === 1n
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

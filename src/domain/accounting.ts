// Records what NASes count: sessions, usage of the hour and of the service period, exactly once in effect however often and
// in whatever order a record arrives. What one record does to a session: counters.ts and accounting-statement.ts.

import { isFaultOfValues, sqlStateOf } from '../db/errors.ts'
import type { Pool, PoolClient } from '../db/pool.ts'
import type { AccountingRecord } from './accounting-record.ts'
import { sessionKey, turnKey } from './accounting-record.ts'
import { accountingQuery } from './accounting-statement.ts'
import { isArchived, olderThanWindow } from './session-archive.ts'

export type RecordedSession = {
  kind: 'recorded'
  sessionId: bigint
  /** Undefined: nobody of ours. */
  subscriberId: bigint | undefined
  /** Whether this record made the row. */
  inserted: boolean
  /** Whether it made the row while another session of its line was open: the older one is to be ended. */
  lineTaken: boolean
  /** Whether the session is closed after this record. */
  ended: boolean
  inputDelta: bigint
  outputDelta: bigint
  /** Why the counters of this record were not charged, or which of its values were set aside. */
  anomaly: string | undefined
}

/**
 * `archived`: of a session that was closed long ago and is in the archive; nothing to do. `refused`: Postgres cannot store
 * a value of this record, alone among its batch.
 */
export type RecordOutcome = RecordedSession | { kind: 'archived' } | { kind: 'refused'; error: Error }

/** Another server went on making other sessions under the same key; the NAS will ask again. */
export class SessionRaceError extends Error {
  override name = 'SessionRaceError'
}

type Row = {
  nas_id: bigint
  acct_session_id: string
  id: bigint
  subscriber_id: bigint | null
  line: string | null
  inserted: boolean
  ended: boolean
  input_delta: bigint
  output_delta: bigint
  last_anomaly: string | null
  line_taken: boolean | null
}

const maximumTries = 5

/** Whether a batch failed by what is in its records, so that one of them can never be stored, and not by Postgres. */
export function isFaultOfRecords(error: unknown): error is Error {
  return isFaultOfValues(error)
}

/**
 * Records a batch, durable when it returns: one statement and one commit (more only where a session comes twice or two
 * servers made one key at once). One outcome per record, in their order. A record that Postgres cannot store is refused
 * alone. Throws what the database throws; then nothing, or a part that may be repeated, was written.
 */
export async function recordAccounting(
  db: Pool | PoolClient,
  records: readonly AccountingRecord[],
  now: Date,
): Promise<RecordOutcome[]> {
  const outcomes = new Map<AccountingRecord, RecordOutcome>()
  let waiting = records
  for (let tries = 0; waiting.length > 0;) {
    const batch = firstOfEachSession(waiting)
    const done = await recordBatch(db, batch, now)
    for (const [record, outcome] of done) outcomes.set(record, outcome)
    const left = batch.filter((record) => !outcomes.has(record))
    for (const [record, outcome] of await recordOld(db, left, now)) outcomes.set(record, outcome)
    tries = left.every((record) => outcomes.has(record)) ? 0 : tries + 1
    if (tries === maximumTries) throw new SessionRaceError('a session key is taken by another session again and again')
    waiting = waiting.filter((record) => !outcomes.has(record))
  }
  return records.map((record) => outcomes.get(record)!)
}

/**
 * `on conflict` cannot touch a row twice, and a service finds only a session that is there: of each session with its services
 * only the first record goes into a batch.
 */
function firstOfEachSession(records: readonly AccountingRecord[]): readonly AccountingRecord[] {
  const keys = new Set<string>()
  return records.filter((record) => {
    const row = sessionKey(record)
    const turn = record.service === undefined ? row : turnKey(record)
    return !keys.has(row) && !keys.has(turn) && keys.add(row).add(turn)
  })
}

type Outcomes = Map<AccountingRecord, RecordOutcome>

/** What the statement left out because it may be in the archive: looked up there, else recorded after all. */
async function recordOld(db: Pool | PoolClient, left: readonly AccountingRecord[], now: Date): Promise<Outcomes> {
  const outcomes: Outcomes = new Map()
  for (const record of left) {
    if (!olderThanWindow(record, now)) continue
    if (await isArchived(db, record)) outcomes.set(record, { kind: 'archived' })
    else for (const [, outcome] of await recordBatch(db, [record], now, true)) outcomes.set(record, outcome)
  }
  return outcomes
}

async function recordBatch(
  db: Pool | PoolClient,
  batch: readonly AccountingRecord[],
  now: Date,
  unarchived = false,
): Promise<Outcomes> {
  try {
    const { rows } = await db.query<Row>(accountingQuery(batch, now, unarchived))
    return readOutcomes(batch, rows)
  } catch (error) {
    // Class 22 (data exception): one wild value must not keep the records of others from being stored.
    if (!(error instanceof Error) || sqlStateOf(error)?.startsWith('22') !== true) throw error
    const [first, ...others] = batch
    if (first === undefined) throw error
    if (others.length === 0) return new Map([[first, { kind: 'refused', error }]])
    const half = Math.ceil(batch.length / 2)
    return new Map([
      ...(await recordBatch(db, batch.slice(0, half), now, unarchived)),
      ...(await recordBatch(db, batch.slice(half), now, unarchived)),
    ])
  }
}

/** A record without a row met a session of somebody else under its key: it is left out here and tried again. */
function readOutcomes(batch: readonly AccountingRecord[], rows: readonly Row[]): Outcomes {
  const sessions = new Map<string, Row>()
  const metInBatch = linesMadeTwice(rows)
  for (const row of rows) sessions.set(`${row.nas_id}/${row.acct_session_id}`, row)
  const outcomes: Outcomes = new Map()
  for (const record of batch) {
    const row = sessions.get(sessionKey(record))
    if (row === undefined) continue
    const lineTaken = row.line_taken === true || (metInBatch.size > 0 && metInBatch.has(lineKey(row)))
    outcomes.set(record, readOutcome(record, row, lineTaken))
  }
  return outcomes
}

function lineKey({ subscriber_id: subscriber, line }: Row): string {
  return `${subscriber}/${line}`
}

/** Lines of which the batch itself made two sessions: the statement saw neither of them. */
function linesMadeTwice(rows: readonly Row[]): ReadonlySet<string> {
  const made = new Set<string>()
  const twice = new Set<string>()
  for (const row of rows) {
    if (!row.inserted || row.line === null || row.subscriber_id === null) continue
    const key = lineKey(row)
    if (made.has(key)) twice.add(key)
    made.add(key)
  }
  return twice
}

function readOutcome(record: AccountingRecord, row: Row, lineTaken: boolean): RecordedSession {
  return {
    kind: 'recorded',
    sessionId: row.id,
    subscriberId: row.subscriber_id ?? undefined,
    inserted: row.inserted,
    lineTaken,
    ended: row.ended,
    inputDelta: row.input_delta,
    outputDelta: row.output_delta,
    anomaly: anomalyOf(record, row.last_anomaly),
  }
}

/** The row keeps its last anomaly; it is this record's when it tells of this record's values. */
function anomalyOf(record: AccountingRecord, last: string | null): string | undefined {
  if (last === null) return undefined
  if (record.flag !== undefined) return last
  const values = `: time ${record.sessionTime}, input ${record.inputOctets}, output ${record.outputOctets}`
  return last.endsWith(values) ? last : undefined
}

// Writes accounting into Postgres: live records gathered in batches, a batch of the journal as it is, and what a record ends
// beside its own session.

import type { Clock } from '../clock.ts'
import type { Breaker } from '../db/breaker.ts'
import { retryTransient } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import { turnKey } from '../domain/accounting-record.ts'
import type { AccountingRecord } from '../domain/accounting-record.ts'
import { recordAccounting } from '../domain/accounting.ts'
import type { RecordedSession, RecordOutcome } from '../domain/accounting.ts'
import { endReplacedSessions, endServices, recordReboot } from '../domain/session-end.ts'
import type { NasReboot } from '../domain/session-end.ts'
import { failPoint } from '../fail-points.ts'
import type { Logger } from '../log.ts'
import { countBy } from '../metrics.ts'
import type { Metrics } from '../metrics.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import { BatchError, createBatcher } from './batch.ts'

export type RecorderOptions = {
  /** Durable: its commits wait for the disk. */
  pool: Pool
  /** Statements in flight at once. */
  lanes: number
  clock: Clock
  log: Logger
  metrics: Metrics
  /** Told how Postgres does; while it is open nothing is sent. */
  breaker?: Breaker | undefined
  /** How long a live record waits for its commit; undefined: as long as it takes. */
  deadlineMs(): number | undefined
}

/** Writes a line at most once a minute for each key. */
export type Warn = (key: string, fields: object, message: string) => void

export type Recorder = {
  /**
   * Resolves after the commit; `refused`: Postgres cannot store it. Rejects where there is no commit, with BatchLateError where
   * there is none yet: it may still come. `since`: when the wait began, by the clock's `monotonicMs`.
   */
  record(record: AccountingRecord, since?: number): Promise<'recorded' | 'refused'>
  /** Accounting-On and -Off at `now`. Resolves after the commit, however long that takes. */
  reboot(nas: { name: string }, event: NasReboot, now: Date): Promise<void>
  /** Records of the journal in their order, heard at `heardAt`: an outcome for each after the commit. Rejects where there is none. */
  replay(records: readonly AccountingRecord[], heardAt: Date): Promise<RecordOutcome[]>
  /** How many live records wait for a connection. */
  waiting(): number
  /** Takes no more; resolves when all that was taken is recorded, and what it replaces is ended. */
  close(): Promise<void>
}

const maximumBatch = 500
/** A quarter of what may wait of logins: where both wait, accounting goes first, to the journal or to the next try of its NAS. */
const maximumWaiting = 5_000
/** A deadlock or serialization failure is tried once more; then the NAS asks again, or the journal. */
const tries = 2
/** What takes longer counts against Postgres: a full batch takes a tenth of it. */
const slowMs = 500
/** The same where nothing but Postgres can take the record: as long as a NAS may wait. */
const patienceMs = 5_000

/** Makes the recorder of a process. */
export function createRecorder(options: RecorderOptions, warn: Warn): Recorder {
  const { pool, clock, log, metrics, breaker, lanes } = options
  const ask = <T>(work: () => Promise<T>): Promise<T> =>
    breaker === undefined ? work() : breaker.run(work, options.deadlineMs() === undefined ? patienceMs : slowMs)
  const endings = createEndings({ pool, clock, warn, ask })
  const note = createNotes(options, warn)
  const records = createBatcher<AccountingRecord, RecordOutcome>({
    lanes,
    maximum: maximumBatch,
    maximumWaiting,
    // Records of one session never wait for one another inside Postgres.
    keyOf: turnKey,
    async run(batch) {
      metrics.waiting.labels('accounting').set(records.waiting())
      await failPoint('before_commit')
      const outcomes = await ask(() => retryTransient(() => recordAccounting(pool, batch, clock.now()), tries))
      await failPoint('after_commit')
      return outcomes
    },
    deadline: {
      ms: () => options.deadlineMs(),
      monotonicMs: () => clock.monotonicMs(),
      // The journal has the record too, and counts it; what it ends is known only now.
      late: (record, outcome) => void endings.after(record, outcome),
    },
  })

  return {
    async record(record, since) {
      const outcome = await records.submit(record, since)
      if (!note(record, outcome)) return 'refused'
      await endings.after(record, outcome)
      return 'recorded'
    },
    async reboot(nas, event, now) {
      const ended = await retryTransient(() => recordReboot(pool, event, now), tries)
      metrics.records.labels(nas.name, event.kind).inc()
      log.info(
        { nas: nas.name, status: event.kind, sessions: ended },
        'a NAS begins anew or ends: its sessions are closed',
      )
    },
    async replay(batch, heardAt) {
      const outcomes = await retryTransient(() => recordAccounting(pool, batch, heardAt), tries)
      for (const [at, record] of batch.entries()) note(record, outcomes[at]!)
      await Promise.all(batch.flatMap((record, at) => endings.after(record, outcomes[at]!) ?? []))
      return outcomes
    },
    waiting: records.waiting,
    async close() {
      await records.close()
      await endings.close()
    },
  }
}

/** Counts what was recorded and tells of what was not; false: refused. */
function createNotes({ log, metrics }: RecorderOptions, warn: Warn) {
  const count = countBy(metrics.records)
  return (record: AccountingRecord, outcome: RecordOutcome): boolean => {
    const { nas, acctSessionId } = record
    if (outcome.kind === 'refused') {
      log.error({ nas: nas.name, acct_session_id: acctSessionId, error: outcome.error }, 'a record cannot be stored')
      return false
    }
    count(nas.name, record.status)
    if (outcome.kind === 'archived' || outcome.anomaly === undefined) return true
    const { anomaly } = outcome
    metrics.anomalies.labels(nas.name).inc()
    const fields = { nas: nas.name, acct_session_id: acctSessionId, anomaly }
    warn(`anomaly/${nas.id}`, fields, 'counters that no order explains were not charged')
    return true
  }
}

type EndingOptions = { pool: Pool; clock: Clock; warn: Warn; ask<T>(work: () => Promise<T>): Promise<T> }

/**
 * What a record ends beside its own session. After the commit, for only then the newer of two sessions is sure (two servers
 * that made theirs in the same instant saw neither: a job ends the older one within a minute); before the answer, so that a
 * NAS that has it may rely on the line being free. One statement at a time, each for all that has come since.
 */
function createEndings({ pool, clock, warn, ask }: EndingOptions) {
  const batcher = (end: (sessionIds: bigint[]) => Promise<unknown>) =>
    createBatcher<bigint, undefined>({
      lanes: 1,
      async run(sessionIds) {
        await ask(() => retryTransient(() => end(sessionIds)))
        return sessionIds.map(() => undefined)
      },
    })
  const replacing = batcher((made) => endReplacedSessions(pool, made, clock.now()))
  const services = batcher((stopped) => endServices(pool, stopped))
  const end = async (record: AccountingRecord, { lineTaken, sessionId }: RecordedSession): Promise<void> => {
    try {
      if (lineTaken) await replacing.submit(sessionId)
      if (stopsServices(record)) await services.submit(sessionId)
    } catch (error) {
      warn('ending', { error: causeOf(error) }, 'what a record ends could not be ended now; a job will do it')
    }
  }
  return {
    /** The record itself is durable: whatever happens here, the answer is due. */
    after(record: AccountingRecord, outcome: RecordOutcome): Promise<void> | undefined {
      if (outcome.kind !== 'recorded' || !(outcome.lineTaken || stopsServices(record))) return undefined
      return end(record, outcome)
    },
    async close(): Promise<void> {
      await replacing.close()
      await services.close()
    },
  }
}

/** Whether services may be open on what a record stops. */
function stopsServices({ status, nas, service }: AccountingRecord): boolean {
  return status === 'stop' && service === undefined && vendorOf(nas.vendor).serviceSession !== undefined
}

/** What a batch failed by, without the batch. */
export function causeOf(error: unknown): unknown {
  return error instanceof BatchError ? error.cause : error
}

// The way of an Accounting-Request: read, recorded in a batch, answered after the commit and never before (RFC 2866 §4.1).
// What cannot be recorded for a fault of ours gets no answer: the NAS asks again. What has nothing to record is answered,
// or the NAS would ask for ever.

import type { Clock } from '../clock.ts'
import { retryTransient } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import { turnKey } from '../domain/accounting-record.ts'
import type { AccountingRecord } from '../domain/accounting-record.ts'
import { recordAccounting } from '../domain/accounting.ts'
import type { RecordedSession, RecordOutcome } from '../domain/accounting.ts'
import { raiseAlarm } from '../domain/alarm.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import { endReplacedSessions, endServices, recordReboot } from '../domain/session-end.ts'
import type { NasReboot } from '../domain/session-end.ts'
import type { Settings } from '../domain/setting.ts'
import { failPoint } from '../fail-points.ts'
import { createLimiter } from '../log.ts'
import type { Logger } from '../log.ts'
import { countBy } from '../metrics.ts'
import type { Metrics } from '../metrics.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { Packet } from '../radius/packet.ts'
import type { RadiusRequest, RadiusResponse } from '../radius/server.ts'
import { createAccountingReader } from './accounting-packet.ts'
import { BatchError, createBatcher } from './batch.ts'
import { createLineOwners } from './line-owner.ts'
import type { NasTally } from './nas-tally.ts'
import { answerCodes } from './outcomes.ts'

export type AccountingOptions = {
  dictionary: Dictionary
  keyring: Keyring
  settings(): Settings
  /** Durable: its commits wait for the disk. */
  pool: Pool
  /** Statements in flight at once. */
  lanes: number
  clock: Clock
  log: Logger
  metrics: Metrics
  /** Counts clocks of NASes that are wrong. */
  tally?: Pick<NasTally, 'count'>
}

export type AccountingHandler = {
  /** Undefined is silence: not durable. `username` is whose session it is, where a realm or a rule of the NAS says so. */
  handle(
    request: Pick<RadiusRequest<unknown>, 'packet'>,
    nas: Nas,
    username?: string,
  ): Promise<RadiusResponse | undefined>
  /** Accounting-On or -Off behind a client of several devices that names none of them: touches nothing, raises an alarm. */
  handleUnnamedReboot(client: { name: string }): Promise<RadiusResponse | undefined>
  /** Takes no more; resolves when all that was taken is recorded, and what it replaces is ended. */
  close(): Promise<void>
}

const maximumBatch = 500
/** A deadlock or serialization failure is tried once more; then the NAS asks again. */
const tries = 2
const oncePerMs = 60_000
const noAttributes = Buffer.alloc(0)
const unnamedReboot =
  'Accounting-On or -Off names none of the devices behind this client: no session was ended; let each device send its NAS-Identifier'

/** What became of a request; `answerCodes` says what is sent for it. */
type Fate = 'recorded' | 'accounting-ignored' | 'accounting-fault'
/** Writes a line at most once a minute for each key. */
type Warn = (key: string, fields: object, message: string) => void

/** Makes the handler. Throws `MissingDefinitionError` where the dictionary lacks an attribute of accounting. */
export function createAccountingHandler(options: AccountingOptions): AccountingHandler {
  const { pool, clock, log, metrics } = options
  const read = createAccountingReader(options.dictionary, options.keyring, options.tally)
  const limited = createLimiter({ perMs: oncePerMs, clock })
  const warn: Warn = (key, fields, message) => {
    const suppressed = limited(key)
    if (suppressed !== undefined) log.warn({ ...fields, suppressed }, message)
  }
  const recorder = createRecorder(options, warn)
  const owners = createLineOwners(options)

  const reboot = async (nas: Nas, event: NasReboot): Promise<Fate> => {
    const ended = await retryTransient(() => recordReboot(pool, event, clock.now()), tries)
    metrics.records.labels(nas.name, event.kind).inc()
    log.info(
      { nas: nas.name, status: event.kind, sessions: ended },
      'a NAS begins anew or ends: its sessions are closed',
    )
    return 'recorded'
  }
  const work = (packet: Packet, nas: Nas, username: string | undefined): Promise<Fate> | Fate => {
    const found = read(packet, nas, clock.now())
    if (found.kind === 'reboot') return reboot(nas, found.reboot)
    if (found.kind === 'ignored') {
      const { reason, status } = found
      metrics.records.labels(nas.name, 'ignored').inc()
      warn(`${reason}/${nas.id}`, { nas: nas.name, reason, status }, 'an Accounting-Request with nothing to record')
      return 'accounting-ignored'
    }
    if (found.foreignClass) {
      warn(`class/${nas.id}`, { nas: nas.name }, 'a Class that is not ours: the session is told by username and line')
    }
    const record = owners.name(called(found.record, username))
    return record instanceof Promise ? record.then(recorder.record) : recorder.record(record)
  }

  const answer = async (from: object, deed: () => Promise<Fate> | Fate): Promise<RadiusResponse | undefined> => {
    let fate: Fate = 'accounting-fault'
    try {
      fate = await deed()
    } catch (error) {
      warn('fault', { ...from, error: causeOf(error) }, 'accounting cannot be stored; the NAS will repeat it')
    }
    const code = answerCodes[fate]
    return code === undefined ? undefined : { code, attributes: noAttributes }
  }

  return {
    handle: ({ packet }, nas, username) => answer({ nas: nas.name }, () => work(packet, nas, username)),
    handleUnnamedReboot: ({ name }) =>
      answer({ client: name }, async (): Promise<Fate> => {
        metrics.alarms.labels('unnamed-reboot').inc()
        log.error({ client: name }, unnamedReboot)
        await raiseAlarm(pool, { kind: 'unnamed-reboot', subject: name, text: unnamedReboot }, clock.now())
        return 'accounting-ignored'
      }),
    async close() {
      await owners.close()
      await recorder.close()
    },
  }
}

type Recorder = {
  /** Resolves after the commit; rejects where there is none. */
  record(record: AccountingRecord): Promise<Fate>
  close(): Promise<void>
}

function createRecorder({ pool, clock, log, metrics, lanes }: AccountingOptions, warn: Warn): Recorder {
  const records = createBatcher<AccountingRecord, RecordOutcome>({
    lanes,
    maximum: maximumBatch,
    // Records of one session never wait for one another inside Postgres.
    keyOf: turnKey,
    async run(batch) {
      metrics.waiting.labels('accounting').set(records.waiting())
      await failPoint('before_commit')
      const outcomes = await retryTransient(() => recordAccounting(pool, batch, clock.now()), tries)
      await failPoint('after_commit')
      return outcomes
    },
  })
  const endings = createEndings(pool, clock, warn)
  const count = countBy(metrics.records)

  return {
    async record(record) {
      const { nas, acctSessionId } = record
      const outcome = await records.submit(record)
      if (outcome.kind === 'refused') {
        log.error({ nas: nas.name, acct_session_id: acctSessionId, error: outcome.error }, 'a record cannot be stored')
        return 'accounting-fault'
      }
      count(nas.name, record.status)
      if (outcome.kind === 'archived') return 'recorded'
      await endings.after(record, outcome)
      const { anomaly } = outcome
      if (anomaly !== undefined) {
        metrics.anomalies.labels(nas.name).inc()
        const fields = { nas: nas.name, acct_session_id: acctSessionId, anomaly }
        warn(`anomaly/${nas.id}`, fields, 'counters that no order explains were not charged')
      }
      return 'recorded'
    },
    async close() {
      await records.close()
      await endings.close()
    },
  }
}

/**
 * What a record ends beside its own session. After the commit, for only then the newer of two sessions is sure (two servers
 * that made theirs in the same instant saw neither: a job ends the older one within a minute); before the answer, so that a
 * NAS that has it may rely on the line being free. One statement at a time, each for all that has come since.
 */
function createEndings(pool: Pool, clock: Clock, warn: Warn) {
  const batcher = (end: (sessionIds: bigint[]) => Promise<unknown>) =>
    createBatcher<bigint, undefined>({
      lanes: 1,
      async run(sessionIds) {
        await retryTransient(() => end(sessionIds))
        return sessionIds.map(() => undefined)
      },
    })
  const replacing = batcher((made) => endReplacedSessions(pool, made, clock.now()))
  const services = batcher((stopped) => endServices(pool, stopped))
  return {
    /** The record itself is durable: whatever happens here, the answer is due. */
    async after(record: AccountingRecord, { lineTaken, sessionId }: RecordedSession): Promise<void> {
      try {
        if (lineTaken) await replacing.submit(sessionId)
        if (stopsServices(record)) await services.submit(sessionId)
      } catch (error) {
        warn('ending', { error: causeOf(error) }, 'what a record ends could not be ended now; a job will do it')
      }
    },
    async close(): Promise<void> {
      await replacing.close()
      await services.close()
    },
  }
}

/** The record under the username that its realm or its NAS says. */
function called(record: AccountingRecord, username: string | undefined): AccountingRecord {
  if (username === undefined || username === record.username) return record
  return { ...record, username, sentUsername: record.sentUsername ?? record.username }
}

/** Whether services may be open on what a record stops. */
function stopsServices({ status, nas, service }: AccountingRecord): boolean {
  return status === 'stop' && service === undefined && vendorOf(nas.vendor).serviceSession !== undefined
}

function causeOf(error: unknown): unknown {
  return error instanceof BatchError ? error.cause : error
}

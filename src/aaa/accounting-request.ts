// The way of an Accounting-Request: read, recorded in a batch, answered after the commit and never before (RFC 2866 §4.1).
// What cannot be recorded for a fault of ours gets no answer: the NAS asks again. What has nothing to record is answered,
// or the NAS would ask for ever.

import type { Clock } from '../clock.ts'
import type { Breaker } from '../db/breaker.ts'
import type { Pool } from '../db/pool.ts'
import type { AccountingRecord } from '../domain/accounting-record.ts'
import { raiseAlarm } from '../domain/alarm.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import type { NasReboot } from '../domain/session-end.ts'
import type { Settings } from '../domain/setting.ts'
import { createLimiter } from '../log.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { RadiusRequest, RadiusResponse } from '../radius/server.ts'
import { createAccountingReader } from './accounting-packet.ts'
import { causeOf, createRecorder } from './accounting-recorder.ts'
import type { Recorder, Warn } from './accounting-recorder.ts'
import { createReplayer } from './accounting-replay.ts'
import type { Replayer, ReplayerOptions } from './accounting-replay.ts'
import { createSink } from './accounting-sink.ts'
import type { Fate, Said, Sink, SinkJournal } from './accounting-sink.ts'
import { createLineOwners } from './line-owner.ts'
import type { LineOwners } from './line-owner.ts'
import type { NasTally } from './nas-tally.ts'
import { answerCodes } from './outcomes.ts'
import { called } from './sent-username.ts'

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
  /** Whether Postgres is worth asking; told how it does. */
  breaker?: Breaker
  /** Takes what Postgres does not take in time, as the setting `accounting_sink` says. None, or none that is open: Postgres or silence. */
  journal?: (SinkJournal & Pick<ReplayerOptions, 'nasOf'> & { onKept(): void }) | undefined
  /** How long Postgres has for a commit before the journal takes the record. */
  commitWithinMs?: number | undefined
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
  /** Records what the journal kept. */
  readonly replay: Replayer
  /** How many live records wait for a connection. */
  waiting(): number
  /** Takes no more; resolves when all that was taken is recorded, and what it replaces is ended. */
  close(): Promise<void>
}

const oncePerMs = 60_000
const noAttributes = Buffer.alloc(0)
/** As long as Postgres has for any statement, where nothing else takes the record. */
const longestMs = 5_000
const unnamedReboot =
  'Accounting-On or -Off names none of the devices behind this client: no session was ended; let each device send its NAS-Identifier'

/** Makes the handler. Throws `MissingDefinitionError` where the dictionary lacks an attribute of accounting. */
export function createAccountingHandler(options: AccountingOptions): AccountingHandler {
  const { pool, clock, log, metrics, breaker, journal } = options
  const limited = createLimiter({ perMs: oncePerMs, clock })
  const warn: Warn = (key, fields, message) => {
    const suppressed = limited(key)
    if (suppressed !== undefined) log.warn({ ...fields, suppressed }, message)
  }
  const { settings, commitWithinMs } = options
  const sink = createSink({ settings, journal, breaker, onKept: () => journal?.onKept(), commitWithinMs })
  const waitMs = () => sink.deadlineMs() ?? longestMs
  const recorder = createRecorder({ ...options, deadlineMs: sink.deadlineMs }, warn)
  const owners = createLineOwners({ ...options, deadlineMs: waitMs })
  const work = createWork(options, { sink, recorder, owners, waitMs, warn })

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
    handle: ({ packet }, nas, username) =>
      answer({ nas: nas.name }, () => work({ packet, nas, username, receivedAt: clock.now() })),
    handleUnnamedReboot: ({ name }) =>
      answer({ client: name }, async (): Promise<Fate> => {
        metrics.alarms.labels('unnamed-reboot').inc()
        log.error({ client: name }, unnamedReboot)
        await raiseAlarm(pool, { kind: 'unnamed-reboot', subject: name, text: unnamedReboot }, clock.now())
        return 'accounting-ignored'
      }),
    // Clocks of NASes were judged when the record came.
    replay: createReplayer({
      read: createAccountingReader(options.dictionary, options.keyring),
      owners,
      recorder,
      clock,
      nasOf: (id) => journal?.nasOf(id),
    }),
    waiting: recorder.waiting,
    async close() {
      await owners.close()
      await recorder.close()
    },
  }
}

type Parts = {
  readonly sink: Sink
  readonly recorder: Recorder
  readonly owners: LineOwners
  /** How long Postgres has for what is asked of it alone. */
  waitMs(): number
  readonly warn: Warn
}

/** What is done for one request; it is durable when the promise resolves. */
function createWork(options: AccountingOptions, { sink, recorder, owners, waitMs, warn }: Parts) {
  const { clock, metrics, breaker } = options
  const read = createAccountingReader(options.dictionary, options.keyring, options.tally)
  const reboot = async (nas: Nas, event: NasReboot, receivedAt: Date): Promise<Fate> => {
    const deed = () => recorder.reboot(nas, event, receivedAt)
    await (breaker === undefined ? deed() : breaker.run(deed, waitMs()))
    return 'recorded'
  }
  const record = async (said: AccountingRecord): Promise<Fate> => {
    const since = clock.monotonicMs()
    const named = owners.name(said)
    const outcome = await recorder.record(named instanceof Promise ? await named : named, since)
    return outcome === 'recorded' ? 'recorded' : 'accounting-fault'
  }
  return (said: Said): Promise<Fate> | Fate => {
    const { nas, receivedAt } = said
    const found = read(said.packet, nas, receivedAt)
    if (found.kind === 'reboot') return sink.settle(said, () => reboot(nas, found.reboot, receivedAt))
    if (found.kind === 'ignored') {
      const { reason, status } = found
      metrics.records.labels(nas.name, 'ignored').inc()
      warn(`${reason}/${nas.id}`, { nas: nas.name, reason, status }, 'an Accounting-Request with nothing to record')
      return 'accounting-ignored'
    }
    if (found.foreignClass) {
      warn(`class/${nas.id}`, { nas: nas.name }, 'a Class that is not ours: the session is told by username and line')
    }
    return sink.settle(said, () => record(called(found.record, said.username)))
  }
}

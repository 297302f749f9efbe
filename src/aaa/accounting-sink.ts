// Where an accounting record must be before it is acknowledged (decision 0033): committed in Postgres, or on the local disk
// (journal/journal.ts) where Postgres does not commit in time. What is in both is recorded once: records may be repeated.

import type { Breaker } from '../db/breaker.ts'
import type { Nas } from '../domain/nas.ts'
import type { AccountingSink, Settings } from '../domain/setting.ts'
import type { Packet } from '../radius/packet.ts'
import type { Journal } from './journal/journal.ts'
import { stripSecrets } from './journal/strip-secrets.ts'

/** An Accounting-Request as it came: what the journal keeps of it. */
export type Said = {
  readonly packet: Packet
  readonly nas: Nas
  /** Whose session it is, where a realm or a rule of the NAS says so. */
  readonly username: string | undefined
  readonly receivedAt: Date
}

/** `kept`: in the journal, and acknowledged by that. */
export type Fate = 'recorded' | 'kept' | 'accounting-ignored' | 'accounting-fault'

/** Always open where it does not say so. */
export type SinkJournal = Pick<Journal, 'append'> & { isOpen?(): boolean }

export type SinkOptions = {
  settings(): Settings
  /** None, or one that is not open: Postgres alone takes records. */
  readonly journal: SinkJournal | undefined
  readonly breaker: Breaker | undefined
  /** Told of each record that the journal took. */
  onKept(): void
  /** How long Postgres has for a commit before the journal takes the record. Default 200 ms. */
  readonly commitWithinMs?: number | undefined
}

export type Sink = {
  /** How long Postgres has for a commit; undefined: nothing else takes the record, so as long as it likes. */
  deadlineMs(): number | undefined
  /**
   * Does the deed, which records in Postgres, or keeps what was said; what became of it is durable. Rejects where it is neither:
   * then nothing is acknowledged.
   */
  settle(said: Said, deed: () => Promise<Fate>): Promise<Fate>
}

/** RouterOS asks again after 300 ms: the answer must be on its way before, fdatasync included. */
const patienceMs = 200

/** Makes the sink of a process. */
export function createSink({ settings, journal, breaker, onKept, commitWithinMs = patienceMs }: SinkOptions): Sink {
  const inUse = (): AccountingSink =>
    journal === undefined || journal.isOpen?.() === false ? 'db-only' : settings().accounting_sink
  const keep = async ({ packet, nas, username, receivedAt }: Said): Promise<Fate> => {
    await journal!.append({ receivedAt, nasId: nas.id, username, packet: stripSecrets(packet) })
    onKept()
    return 'kept'
  }
  return {
    deadlineMs: () => (inUse() === 'auto' ? commitWithinMs : undefined),
    settle(said, deed) {
      const sink = inUse()
      if (sink === 'db-only') return deed()
      if (sink === 'journal-always' || breaker?.isOpen() === true) return keep(said)
      // Whatever kept it from being committed in time: it may be committed all the same, which does no harm.
      return deed().catch(() => keep(said))
    },
  }
}

// What stays of a decision: a count for each NAS, the access log, and for a request that matched nobody the inbox. A renewal of
// a line that is online is counted only.

import type { Pool } from '../db/pool.ts'
import type { AccessLogEntry } from '../domain/access-log.ts'
import type { Nas } from '../domain/nas.ts'
import type { Settings } from '../domain/setting.ts'
import { countBy } from '../metrics.ts'
import type { Metrics } from '../metrics.ts'
import type { Client } from '../nas/registry.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import { codes } from '../radius/codes.ts'
import type { RadiusRequest } from '../radius/server.ts'
import type { Accepted, Rejected } from './access-judge.ts'
import { createAccessLog } from './access-log.ts'
import type { AuthenticationMethod, ReadAccess } from './access-packet.ts'
import type { AcceptReply } from './access-reply.ts'
import type { Forwarded } from './proxy.ts'
import { replyAsJson } from './reply-json.ts'
import { createUnmatchedLog } from './unmatched-log.ts'
import type { UnmatchedEntry } from './unmatched-log.ts'

export type AccessMemoryOptions = {
  readonly dictionary: Dictionary
  readonly metrics: Metrics
  settings(): Settings
  /** Writes the access log and the inbox. */
  readonly logPool: Pool
}

export type LoginToRemember = {
  readonly request: RadiusRequest<Client>
  readonly nas: Nas
  readonly read: ReadAccess
  readonly now: Date
}

export type AccessMemory = {
  remember(login: LoginToRemember, outcome: Accepted | Rejected, reply?: AcceptReply): void
  /** Of whom nobody knows, let into a garden: in the access log as accepted, and in the inbox all the same. */
  rememberUnknown(login: LoginToRemember, rejected: Rejected, reply: AcceptReply): void
  /** What a home server said of a login, in the access log only; undefined: nothing. */
  rememberForwarded(login: LoginToRemember, answer: Forwarded | undefined): void
  /** Writes what is held. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Starts the logs. `warn` is told of what could not be written. */
export function createAccessMemory(
  options: AccessMemoryOptions,
  warn: (message: string, error: unknown) => void,
): AccessMemory {
  const { metrics, settings } = options
  const accessLog = createAccessLog({
    pool: options.logPool,
    zone: () => settings().zone,
    onError: (error) => warn('the access log could not be written', error),
  })
  const unmatched = createUnmatchedLog({
    pool: options.logPool,
    dictionary: options.dictionary,
    onError: (error) => warn('the inbox of unmatched requests could not be written', error),
  })
  const count = countBy(metrics.decisions)

  return {
    remember(login, outcome, reply) {
      const { nas, now } = login
      if (isPlainRenewal(outcome)) {
        // Leases are renewed by the thousand, and nothing is decided anew.
        metrics.renewals.labels(nas.name).inc()
        return
      }
      count(nas.name, outcome.kind === 'accept' ? 'accepted' : outcome.reason)
      accessLog.add(logEntry(login, outcome, reply), now)
      if (outcome.kind === 'reject') unmatched.add(unmatchedEntry(login, outcome), now)
    },
    rememberUnknown(login, rejected, reply) {
      count(login.nas.name, 'accepted')
      const entry = logEntry(login, rejected, reply)
      accessLog.add({ ...entry, accepted: true, detail: leftOut(reply) ?? rejected.detail }, login.now)
      unmatched.add(unmatchedEntry(login, rejected), login.now)
    },
    rememberForwarded(login, answer) {
      // An Access-Challenge decides nothing yet (RFC 2865 §4.4).
      if (answer?.code !== codes.accessChallenge) accessLog.add(forwardedEntry(login, answer), login.now)
    },
    async flush() {
      await accessLog.flush()
      await unmatched.flush()
    },
    async close() {
      await accessLog.close()
      await unmatched.close()
    },
  }
}

function logEntry({ nas, read }: LoginToRemember, outcome: Accepted | Rejected, reply: AcceptReply | undefined) {
  const accepted = outcome.kind === 'accept'
  return {
    accepted,
    subscriberId: outcome.subject?.id,
    // A line is found in the log by the name of its subscriber.
    username: outcome.username ?? read.shownUsername,
    ...placeOf(nas, read),
    method: methodOf(read, outcome),
    reason: accepted ? (outcome.garden ?? (outcome.lastKnown ? 'last-known' : 'accepted')) : outcome.reason,
    detail: detailOf(outcome, reply),
    reply: reply === undefined ? undefined : replyAsJson(reply.shown),
  }
}

/** What was decided by what was last known says so. */
function detailOf(outcome: Accepted | Rejected, reply: AcceptReply | undefined): string | undefined {
  const detail = outcome.kind === 'accept' ? leftOut(reply) : outcome.detail
  if (outcome.lastKnown !== true) return detail
  const source = 'from the snapshot: Postgres did not answer'
  return detail === undefined ? source : `${detail} (${source})`
}

function leftOut(reply: AcceptReply | undefined): string | undefined {
  return reply?.left.length ? `left out for lack of room: ${reply.left.join(', ')}` : undefined
}

function unmatchedEntry({ nas, read, request }: LoginToRemember, rejected: Rejected): UnmatchedEntry {
  const username = rejected.username ?? read.shownUsername
  return { nas, username, facts: read.request.facts, reason: rejected.reason, packet: request.packet }
}

function forwardedEntry({ nas, read }: LoginToRemember, answer: Forwarded | undefined): AccessLogEntry {
  const accepted = answer?.code === codes.accessAccept
  const said = accepted ? 'accepted' : 'rejected'
  return {
    accepted,
    subscriberId: undefined,
    username: read.shownUsername,
    ...placeOf(nas, read),
    method: read.method,
    reason: 'forwarded',
    detail: answer === undefined ? 'no home server answered' : `home server "${answer.homeServer}" ${said}`,
    reply: undefined,
  }
}

function placeOf(nas: Nas, { request: { line, facts } }: ReadAccess) {
  return { nasId: nas.id, line, interface: facts.interface?.raw }
}

/** How the outcome came about: also for somebody who looked like a line and proved a password. */
function methodOf({ method, credentials }: ReadAccess, outcome: Accepted | Rejected): AuthenticationMethod {
  const isPerson = outcome.subject !== undefined && outcome.username === undefined
  return method === 'line' && isPerson && !('refused' in credentials) ? credentials.method : method
}

/** A line that goes on as it was; what is let into the walled garden only is told. */
function isPlainRenewal(outcome: Accepted | Rejected): boolean {
  return outcome.kind === 'accept' && outcome.renewed !== undefined && outcome.garden === undefined
}

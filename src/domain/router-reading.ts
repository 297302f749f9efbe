// The counters of a session as its router tells them between two interims, put through the one accounting function. Only what its
// NAS will say itself is recorded: never more in both directions, and nothing where the books moved while the router was read.

import { withTransaction } from '../db/pool.ts'
import type { Pool, PoolClient } from '../db/pool.ts'
import { recordAccounting } from './accounting.ts'
import type { AccountingRecord } from './accounting-record.ts'
import type { Way } from './enforcement/foresight.ts'
import type { Line } from './line.ts'
import type { Nas } from './nas.ts'

/** An open session as it is in the books before its router is read. Octets as its NAS said them last. */
export type ReadableSession = {
  readonly id: bigint
  readonly subscriberId: bigint | null
  readonly acctSessionId: string
  /** Canonical. */
  readonly username: string
  /** As the NAS sends it. */
  readonly sentName: string
  readonly classId: bigint | null
  readonly line: Line | null
  readonly mac: string | null
  readonly address: string | null
  readonly startedAt: Date
  readonly sessionTime: bigint
  readonly input: bigint
  readonly output: bigint
  readonly gigawords: boolean
}

/** The session of this NAS, if it is open; undefined: it has ended, or was never there. */
export async function findReadable(
  pool: Pool,
  { id, nasId }: { id: bigint; nasId: bigint },
): Promise<ReadableSession | undefined> {
  const { rows } = await pool.query<ReadableSession>({
    name: 'find-readable',
    text: `select id, subscriber_id as "subscriberId", acct_session_id as "acctSessionId", username,
        coalesce(sent_username, username) as "sentName", class_id as "classId", line, mac::text as mac,
        host(framed_ip) as address, started_at as "startedAt", session_time as "sessionTime", segment_input as input,
        segment_output as output, gigawords
      from session where id = $1 and nas_id = $2 and ended_at is null and service is null`,
    values: [id, nasId],
  })
  return rows[0]
}

/** What a router said. `way`: the direction in which it is believed (foresight.ts). */
export type RouterReading = {
  readonly sessionTimeS: number
  readonly inputOctets: bigint
  readonly outputOctets: bigint
  readonly way: Way
}

/** `set-aside`: with why; nothing was recorded. */
export type ReadingOutcome =
  | { readonly kind: 'recorded'; readonly octets: bigint }
  | { readonly kind: 'set-aside'; readonly reason: string }

/** The start that a session time tells and the one in the books differ by delays and rounding. */
const startToleranceMs = 120_000

/** Records a reading of a session that was found before its router was read. Throws what the database throws. */
export async function recordReading(
  pool: Pool,
  { session, nas, reading }: { session: ReadableSession; nas: Nas; reading: RouterReading },
  now: Date,
): Promise<ReadingOutcome> {
  const doubt = doubtOf(session, reading, now)
  if (doubt !== undefined) return { kind: 'set-aside', reason: doubt }
  return withTransaction(pool, async (client) => {
    // What came meanwhile may be younger than the reading, whose lower counters would look as if they had begun again.
    const { rowCount } = await client.query(
      `select from session where id = $1 and ended_at is null and session_time = $2 and segment_input = $3
         and segment_output = $4 for update`,
      [session.id, session.sessionTime, session.input, session.output],
    )
    if (rowCount !== 1) return { kind: 'set-aside', reason: 'its NAS has spoken itself meanwhile' }
    return { kind: 'recorded', octets: await record(client, { session, nas, reading }, now) }
  })
}

async function record(
  client: PoolClient,
  { session, nas, reading }: { session: ReadableSession; nas: Nas; reading: RouterReading },
  now: Date,
): Promise<bigint> {
  const [outcome] = await recordAccounting(client, [recordOf(session, nas, reading, now)], now)
  if (outcome?.kind !== 'recorded' || outcome.sessionId !== session.id) {
    throw new Error('a reading was not taken for one of its own session')
  }
  // How often a NAS reports is told by its own Interims.
  await client.query(
    'update session set interims = interims - 1 where id = $1 and session_time > $2 and interims > 0',
    [session.id, session.sessionTime],
  )
  return outcome.inputDelta + outcome.outputDelta
}

/** Why a reading cannot be of this session; undefined: it can. */
function doubtOf(session: ReadableSession, reading: RouterReading, now: Date): string | undefined {
  const { sessionTimeS, inputOctets, outputOctets } = reading
  const startedMs = now.getTime() - sessionTimeS * 1_000
  if (BigInt(sessionTimeS) < session.sessionTime) return 'the router has it for a shorter time than its accounting'
  if (Math.abs(startedMs - session.startedAt.getTime()) > startToleranceMs) {
    return 'on the router it began at another time'
  }
  if (inputOctets < session.input || outputOctets < session.output) return 'the router counts less than its accounting'
  // Should the router count an octet more than it accounts, its next record would fall, and be taken for counters that passed
  // 2^32: 4 GiB that nobody moved (counters.ts). RouterOS sends Gigawords in every Interim, also while they are 0.
  return session.gigawords ? undefined : 'its accounting is not known to count beyond 4 GiB'
}

function recordOf(session: ReadableSession, nas: Nas, reading: RouterReading, now: Date): AccountingRecord {
  const { subscriberId, classId } = session
  const known = subscriberId !== null && classId !== null
  return {
    status: 'interim',
    nas,
    acctSessionId: session.acctSessionId,
    username: session.username,
    class: known ? { classId, subscriberId } : undefined,
    line: session.line ?? undefined,
    mac: undefined,
    interface: undefined,
    addresses: {},
    sessionTime: reading.sessionTimeS,
    inputOctets: reading.way === 'up' ? reading.inputOctets : session.input,
    outputOctets: reading.way === 'down' ? reading.outputOctets : session.output,
    gigawords: false,
    inputPackets: 0,
    outputPackets: 0,
    eventAt: now,
    terminateCause: undefined,
    multiSessionId: undefined,
    interimIntervalS: undefined,
    flag: undefined,
    raw: undefined,
  }
}

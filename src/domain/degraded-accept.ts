// Logins that were let in by what an instance last knew, while Postgres did not answer: what is kept of each, so that it is
// looked at again by what is true (enforcement/look-again.ts).

import type { Pool } from '../db/pool.ts'
import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import type { InterfaceParts, Line, LineFacts } from './line.ts'

/**
 * What could not be looked at, or not be written: other live lines, use, a MAC that would be learnt, the first login of a new
 * subscriber, a service that ended meanwhile, an address out of a pool of ours.
 */
export type Unchecked = 'session-limit' | 'usage' | 'device' | 'activation' | 'end' | 'address'

export type DegradedAccept = {
  /** In the Class that it was sent. */
  readonly classId: bigint
  readonly subscriberId: bigint
  readonly nasId: bigint
  readonly nasGroupId: bigint
  readonly line: Line | undefined
  readonly facts: LineFacts
  readonly unchecked: readonly Unchecked[]
  /** When the books were last known whole. */
  readonly seenAt: Date
  readonly decidedAt: Date
}

/** Facts of a line as JSON values: octets in hex, what is missing left out. */
export type StoredFacts = {
  readonly mac?: string
  readonly circuit_id?: string
  readonly remote_id?: string
  readonly duid?: string
  readonly interface?: InterfaceParts
}

/** What is stored of the facts of a line. */
export function storedFacts({ mac, circuitId, remoteId, duid, interface: parts }: LineFacts): StoredFacts {
  return {
    ...(mac === undefined ? {} : { mac }),
    ...(circuitId === undefined ? {} : { circuit_id: circuitId.toString('hex') }),
    ...(remoteId === undefined ? {} : { remote_id: remoteId.toString('hex') }),
    ...(duid === undefined ? {} : { duid: duid.toString('hex') }),
    ...(parts === undefined ? {} : { interface: parts }),
  }
}

/** The same back. */
export function readFacts(stored: StoredFacts): LineFacts {
  const octets = (hex: string | undefined) => (hex === undefined ? undefined : Buffer.from(hex, 'hex'))
  return {
    mac: stored.mac,
    circuitId: octets(stored.circuit_id),
    remoteId: octets(stored.remote_id),
    duid: octets(stored.duid),
    interface: stored.interface,
  }
}

/** Writes them for the look that follows at once; one that is there already stays as it is. */
export async function writeDegradedAccepts(pool: Pool, accepts: readonly DegradedAccept[], now: Date): Promise<void> {
  if (accepts.length === 0) return
  await pool.query(
    `insert into degraded_accept (class_id, subscriber_id, nas_id, nas_group_id, line, facts, unchecked, seen_at, decided_at,
       written_at, next_at)
     select class_id, subscriber_id, nas_id, nas_group_id, line, facts::jsonb, string_to_array(unchecked, ','), seen_at,
       decided_at, $10, $10
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
       $9::timestamptz[])
       as accept (class_id, subscriber_id, nas_id, nas_group_id, line, facts, unchecked, seen_at, decided_at)
     on conflict (class_id) do nothing`,
    [
      arrayLiteral(accepts.map(({ classId }) => classId)),
      arrayLiteral(accepts.map(({ subscriberId }) => subscriberId)),
      arrayLiteral(accepts.map(({ nasId }) => nasId)),
      arrayLiteral(accepts.map(({ nasGroupId }) => nasGroupId)),
      textArrayLiteral(accepts.map(({ line }) => line)),
      textArrayLiteral(accepts.map(({ facts }) => JSON.stringify(storedFacts(facts)))),
      textArrayLiteral(accepts.map(({ unchecked }) => unchecked.join(','))),
      arrayLiteral(accepts.map(({ seenAt }) => seenAt.toISOString())),
      arrayLiteral(accepts.map(({ decidedAt }) => decidedAt.toISOString())),
      now,
    ],
  )
}

/** Removes those that need no look any more, after a week. Returns how many. */
export async function trimDegradedAccepts(pool: Pool, now: Date): Promise<number> {
  const { rowCount } = await pool.query(
    `delete from degraded_accept where next_at is null and written_at < $1::timestamptz - interval '7 days'`,
    [now],
  )
  return rowCount ?? 0
}

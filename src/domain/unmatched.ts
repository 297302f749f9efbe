// The inbox of requests that matched nobody: one row for each NAS, MAC, line and username, with what was sent, so that a
// support desk can find the new router of a customer and attach it (unmatched-attach.ts). Bounded by number and age.

import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { arrayLiteral, textArrayLiteral } from '../db/array-literal.ts'
import { retryTransient } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { NotFoundError } from './field.ts'
import { showLineId } from './line-id.ts'
import type { LineFacts } from './line.ts'
import { everything, nasGroupInScope } from './scope.ts'
import type { Scope } from './scope.ts'

/**
 * Rejections that attaching a line can mend. Not only those that found nobody: the commonest call at a support desk is a new
 * router (`mac-not-bound`) or a line that was moved (`wrong-interface`, `nas-not-allowed`), and their mend is the same.
 * A wrong password is none of them: no line makes it right.
 */
export const unmatchedReasons: ReadonlySet<string> = new Set([
  'unknown',
  'ambiguous-identity',
  'mac-not-bound',
  'wrong-interface',
  'nas-not-allowed',
])

/** What one or more equal requests were. */
export type UnmatchedRow = {
  readonly nasId: bigint
  readonly fingerprint: string
  readonly username: string
  readonly facts: LineFacts
  readonly reason: string
  /** Attributes by name, as JSON; no secrets. */
  readonly sent: string
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
}

/** Rows of a NAS at most: what came last is kept. */
const rowsPerNas = 2_000
const keptDays = 7

/** MAC, line and username as one text of fixed length; undefined stands for all further names of a line that tries many. */
export function unmatchedFingerprint(facts: LineFacts, username: string | undefined): string {
  const parts = [
    facts.mac ?? '',
    facts.circuitId?.toString('hex') ?? '',
    facts.remoteId?.toString('hex') ?? '',
    facts.duid?.toString('hex') ?? '',
    facts.interface?.raw ?? '',
    username === undefined ? 'many' : `name ${username}`,
  ]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32)
}

/** Adds rows to those that are there; no fingerprint of a NAS may come twice. Gives how many are new. */
export async function writeUnmatched(pool: Pool, rows: readonly UnmatchedRow[]): Promise<number> {
  // In one order: two processes that write the same rows must not wait for each other in a circle.
  const sorted = rows.toSorted(
    (one, other) => Number(one.nasId - other.nasId) || (one.fingerprint < other.fingerprint ? -1 : 1),
  )
  const { rows: written } = await retryTransient(() =>
    pool.query<{ fresh: boolean }>({ name: 'write-unmatched', text: writeText, values: writeValues(sorted) }),
  )
  return written.filter(({ fresh }) => fresh).length
}

// `xmax` is 0 in a row that was inserted, and the updating transaction in one that was there.
const writeText = `
  insert into unmatched_request as kept (nas_id, fingerprint, username, mac, interface, port, s_vlan, c_vlan, circuit_id,
    remote_id, duid, reason, sent, count, first_at, last_at)
  select nas_id, fingerprint, username, mac, interface, port, s_vlan, c_vlan, decode(circuit_id, 'hex'),
    decode(remote_id, 'hex'), decode(duid, 'hex'), reason, sent, count, first_at, last_at
  from unnest($1::bigint[], $2::text[], $3::text[], $4::macaddr[], $5::text[], $6::text[], $7::integer[], $8::integer[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::timestamptz[], $16::timestamptz[])
    as entry (nas_id, fingerprint, username, mac, interface, port, s_vlan, c_vlan, circuit_id, remote_id, duid, reason, sent,
      count, first_at, last_at)
  on conflict (nas_id, fingerprint) do update set
    username = excluded.username, reason = excluded.reason, sent = excluded.sent, count = kept.count + excluded.count,
    first_at = least(kept.first_at, excluded.first_at), last_at = greatest(kept.last_at, excluded.last_at)
  returning xmax = 0 as fresh`

function writeValues(rows: readonly UnmatchedRow[]): string[] {
  const hex = (read: (facts: LineFacts) => Buffer | undefined): string =>
    textArrayLiteral(rows.map(({ facts }) => read(facts)?.toString('hex')))
  return [
    arrayLiteral(rows.map((row) => row.nasId)),
    textArrayLiteral(rows.map((row) => row.fingerprint)),
    textArrayLiteral(rows.map((row) => row.username)),
    arrayLiteral(rows.map((row) => row.facts.mac)),
    textArrayLiteral(rows.map((row) => row.facts.interface?.raw)),
    textArrayLiteral(rows.map((row) => row.facts.interface?.port)),
    arrayLiteral(rows.map((row) => row.facts.interface?.sVlan)),
    arrayLiteral(rows.map((row) => row.facts.interface?.cVlan)),
    hex((facts) => facts.circuitId),
    hex((facts) => facts.remoteId),
    hex((facts) => facts.duid),
    textArrayLiteral(rows.map((row) => row.reason)),
    textArrayLiteral(rows.map((row) => row.sent)),
    arrayLiteral(rows.map((row) => row.count)),
    arrayLiteral(rows.map((row) => row.firstAt.toISOString())),
    arrayLiteral(rows.map((row) => row.lastAt.toISOString())),
  ]
}

/** Forgets what is older than 7 days, and all but the newest 2,000 of each NAS. Gives how many went. */
export async function trimUnmatched(pool: Pool, now: Date): Promise<number> {
  const { rowCount } = await retryTransient(() =>
    pool.query(
      `delete from unmatched_request using (
         select id, row_number() over (partition by nas_id order by last_at desc, id desc) as place from unmatched_request
       ) as ranked
       where ranked.id = unmatched_request.id
         and (ranked.place > ${rowsPerNas} or unmatched_request.last_at < $1::timestamptz - interval '${keptDays} days')`,
      [now],
    ),
  )
  return rowCount ?? 0
}

/** A row as it is shown. */
export type UnmatchedListed = {
  id: bigint
  nas: string | null
  nasGroup: string | null
  username: string
  /** Whether a subscriber has this username: it was refused for its line. */
  known: boolean
  mac: string | null
  interface: string | null
  port: string | null
  sVlan: number | null
  cVlan: number | null
  /** Text, or hexadecimal behind 0x. */
  circuitId: string | null
  remoteId: string | null
  duid: string | null
  reason: string
  /** Attributes by name. */
  sent: unknown
  count: bigint
  firstAt: Date
  lastAt: Date
}

const listedAtMost = 500

export type UnmatchedFilter = {
  /** By name. */
  nas?: string | undefined
  nasId?: bigint | undefined
  reason?: string | undefined
  limit?: number
  /** Where the page before ended. */
  before?: { lastAt: Date; id: bigint } | undefined
}

/** The inbox, the last that came first; all in reach, or of one NAS. Throws NotFoundError for the name of a NAS. */
export async function listUnmatched(
  db: Db,
  filter: UnmatchedFilter = {},
  scope: Scope = everything,
): Promise<UnmatchedListed[]> {
  if (filter.nas !== undefined) await requireNas(db, filter.nas)
  let query = db
    .selectFrom('unmatched_request as request')
    .leftJoin('nas', 'nas.id', 'request.nas_id')
    .leftJoin('nas_group', 'nas_group.id', 'nas.nas_group_id')
    .select(['request.id', 'nas.name as nas', 'nas_group.name as nasGroup', 'request.username', 'request.mac'])
    .select(['request.interface', 'request.port', 'request.s_vlan as sVlan', 'request.c_vlan as cVlan'])
    .select(['request.circuit_id as circuitId', 'request.remote_id as remoteId', 'request.duid'])
    .select(['request.reason', 'request.sent', 'request.count', 'request.first_at as firstAt'])
    .select([
      'request.last_at as lastAt',
      sql<boolean>`exists (select from subscriber
        where subscriber.username = request.username and subscriber.username_reserved)`.as('known'),
    ])
    .orderBy('request.last_at', 'desc')
    .orderBy('request.id', 'desc')
    .limit(filter.limit ?? listedAtMost)
  if (filter.nas !== undefined) query = query.where('nas.name', '=', filter.nas)
  if (filter.nasId !== undefined) query = query.where('request.nas_id', '=', filter.nasId)
  if (filter.reason !== undefined) query = query.where('request.reason', '=', filter.reason)
  if (filter.before !== undefined) {
    const { lastAt, id } = filter.before
    query = query.where(sql<boolean>`(request.last_at, request.id) < (${lastAt}, ${id}::bigint)`)
  }
  if (scope !== everything) query = query.where(nasGroupInScope(scope, 'nas.nas_group_id'))
  const rows = await query.execute()
  return rows.map((row) => ({
    ...row,
    circuitId: row.circuitId && showLineId(row.circuitId),
    remoteId: row.remoteId && showLineId(row.remoteId),
    duid: row.duid && showLineId(row.duid),
    sent: JSON.parse(row.sent) as unknown,
  }))
}

async function requireNas(db: Db, name: string): Promise<void> {
  const found = await db.selectFrom('nas').select('id').where('name', '=', name).executeTakeFirst()
  if (found === undefined) throw new NotFoundError('NAS', name)
}

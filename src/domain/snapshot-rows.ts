// What the snapshot of a RADIUS process is made of: every subscriber as a row of texts (the columns of access.ts, with what a line
// is told by), and the plans.

import { createHash } from 'node:crypto'
import { arrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import { asText, readSubject, subjectSql, withCredentialSql } from './access.ts'
import { accessPlanSql } from './access-plan.ts'
import type { AccessPlan, AccessSubject } from './access-subject.ts'

/** A subscriber as texts: the columns of readSubject, and behind them those that a line is told by. */
export type SnapshotRow = readonly (string | null)[]

/** Where in a row. Limits are the subscriber's own, addresses are those of every space, each behind the id of its space. */
export const columnOf = {
  username: 0,
  id: 1,
  archivedAt: 8,
  accountType: 10,
  learnMacUntil: 11,
  sessionLimit: 12,
  deviceLimit: 13,
  binding: 14,
  secret: 17,
  planId: 18,
  devices: 19,
  addresses: 20,
  usernameReserved: 24,
  circuitId: 25,
  remoteId: 26,
  duid: 27,
} as const
/** How many columns a row has. */
export const columnCount = 28
/** Octets, written as hex. */
export const octetColumns: ReadonlySet<number> = new Set([
  columnOf.secret,
  columnOf.circuitId,
  columnOf.remoteId,
  columnOf.duid,
])

const columns = `found.username, ${subjectSql({
  sessionLimit: 'found.session_limit',
  deviceLimit: 'found.device_limit',
  plan: 'found.plan_id',
  addressLead: `subscriber_address.address_space_id || ' ' || `,
  ofSpace: '',
  used: 'null',
  otherLines: 'null',
})},
  found.username_reserved, encode(found.circuit_id, 'hex'), encode(found.remote_id, 'hex'), encode(found.duid, 'hex')`

/** Another one for each form of the rows and plans: what an other release kept is not read as if it were ours. */
export const snapshotLayout: string = createHash('sha256')
  .update(columns + accessPlanSql)
  .digest('hex')
  .slice(0, 16)

/** An archived subscriber whose username was given away is found by nobody. */
const findable = '(subscriber.archived_at is null or subscriber.username_reserved)'

const chunkText = `select ${columns} from (
  select * from subscriber where subscriber.id > $1 and ${findable} order by subscriber.id limit $2
) as found ${withCredentialSql} order by found.id`

/** At most `limit` subscribers by rising id, beginning behind `after`. */
export async function readSubscribersAfter(pool: Pool, after: string, limit: number): Promise<SnapshotRow[]> {
  return readRows(pool, { name: 'snapshot-chunk', text: chunkText, values: [after, limit] })
}

const namedText = `select ${columns} from (
  select * from subscriber where subscriber.id = any ((select $1::bigint[])::bigint[]) and ${findable}
) as found ${withCredentialSql}`

/** Those of these ids that there are, in any order. */
export async function readSubscribersNamed(pool: Pool, ids: readonly string[]): Promise<SnapshotRow[]> {
  return readRows(pool, { name: 'snapshot-named', text: namedText, values: [arrayLiteral(ids)] })
}

async function readRows(pool: Pool, query: { name: string; text: string; values: unknown[] }): Promise<SnapshotRow[]> {
  const { rows } = await pool.query<(string | null)[]>({ ...query, rowMode: 'array', types: asText })
  return rows
}

/** A plan with the limits of those of its subscribers that have none of their own. */
export type SnapshotPlan = {
  readonly plan: AccessPlan
  readonly sessionLimit: string | null
  readonly deviceLimit: string | null
}
/** By id as text. */
export type SnapshotPlans = ReadonlyMap<string, SnapshotPlan>

/** Every plan there is. */
export async function readSnapshotPlans(pool: Pool): Promise<SnapshotPlans> {
  const { rows } = await pool.query<string[]>({
    name: 'snapshot-plans',
    text: `select plan.id, plan.session_limit, plan.device_limit, ${accessPlanSql}::text from plan`,
    rowMode: 'array',
    types: asText,
  })
  return new Map(
    rows.map(([id, sessionLimit, deviceLimit, plan]) => [
      id!,
      { plan: JSON.parse(plan!) as AccessPlan, sessionLimit: sessionLimit ?? null, deviceLimit: deviceLimit ?? null },
    ]),
  )
}

/** The subject of a row on a NAS of an address space; undefined where its plan is not held. */
export function subjectOfRow(
  row: SnapshotRow,
  plans: SnapshotPlans,
  addressSpaceId: bigint,
): AccessSubject | undefined {
  const held = plans.get(row[columnOf.planId]!)
  if (held === undefined) return undefined
  const found = [...row]
  found[columnOf.sessionLimit] ??= held.sessionLimit
  found[columnOf.deviceLimit] ??= held.deviceLimit
  found[columnOf.addresses] = addressesOf(row[columnOf.addresses], addressSpaceId)
  return readSubject(found, held.plan)
}

/** `space id kind prefix` on each line, narrowed to a space and without it. */
function addressesOf(lines: string | null | undefined, space: bigint): string | null {
  if (lines == null || lines === '') return null
  const lead = `${space} `
  const own = lines.split('\n').filter((line) => line.startsWith(lead))
  return own.map((line) => line.slice(lead.length)).join('\n')
}

// What the last-known snapshot is made of: every subscriber as a row of texts (the columns of access.ts, with what a line is
// told by), the plans, and what the change log says changed since a mark. A mark is a snapshot of Postgres: what was not visible
// to it and is visible now has changed, so that no commit is skipped and none is read twice, however long others run.

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

/** A moment of a database: which one, and what was visible. Plain data that can be kept in a file. */
export type Mark = {
  /** The identifier that initdb gave it and its timeline: another one after a promotion or a restore. */
  readonly database: string
  /** pg_current_snapshot() */
  readonly visible: string
  /** By the clock of Postgres. */
  readonly at: string
}

export type Changes = {
  readonly mark: Mark
  /**
   * What changed since the mark that was asked with; `all`: so much, so long ago or so unlike that everything is to be read
   * again.
   */
  readonly changed: 'all' | { readonly subscribers: readonly string[]; readonly plans: boolean }
}

/** Rows of the change log are kept two days (domain/job-run.ts): a mark of half that age still finds them all. */
const followableFor = `interval '1 day'`
/** So many one by one would take longer than all in their order. */
const maximumNamed = 20_000
/** Visible to nothing: with it everything has changed. */
const nothingVisible = '1:1:'

const sinceMark = `change_log.changed_by >= pg_snapshot_xmin($1::pg_snapshot)
    and not pg_visible_in_snapshot(change_log.changed_by, $1::pg_snapshot)`

const changesText = `
select (select system_identifier from pg_control_system()) || '/' ||
    substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) as database,
  pg_current_snapshot()::text as visible, clock_timestamp()::text as at,
  clock_timestamp() - $2::timestamptz > ${followableFor}
    or pg_snapshot_xmax($1::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) as lost,
  array(select distinct change_log.row_id::text from change_log
    where change_log.table_name = 'subscriber' and ${sinceMark} limit $3) as subscribers,
  exists (select from change_log where change_log.table_name = 'plan' and ${sinceMark}) as plans`

type ChangesRow = Mark & { lost: boolean; subscribers: string[]; plans: boolean }

/**
 * The mark of now, and what changed since another one. Throws where Postgres cannot be asked, and on a standby, which may be
 * behind.
 */
export async function changesSince(pool: Pool, mark: Mark | undefined): Promise<Changes> {
  const { rows } = await pool.query<ChangesRow>({
    name: 'snapshot-changes',
    text: changesText,
    values: [mark?.visible ?? nothingVisible, mark?.at ?? null, mark === undefined ? 0 : maximumNamed + 1],
  })
  const { database, visible, at, lost, subscribers, plans } = rows[0]!
  const all = mark === undefined || mark.database !== database || lost || subscribers.length > maximumNamed
  return { mark: { database, visible, at }, changed: all ? 'all' : { subscribers, plans } }
}

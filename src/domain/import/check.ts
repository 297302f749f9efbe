// What only the database can say about rows that are ready: addresses, lines and payers that somebody has already, and how many
// subscribers a reseller may have.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Author } from '../author.ts'
import { quote } from '../field.ts'
import { findLineHolders } from '../line-conflict.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import type { ImportColumn } from './column.ts'
import type { Report } from './error.ts'
import { findPayers, payerKey } from './names.ts'
import type { ResolvedRow } from './names.ts'
import type { ImportMode, Prepared } from './prepare.ts'
import { columnNames } from './row.ts'
import type { ImportRow } from './row.ts'

/** Whose rows they are, and whether they may be of subscribers that are there. */
type Reach = { mode: ImportMode; by: Author }

/** Reports what is taken. */
export async function checkTaken(db: Db, reach: Reach, rows: readonly Prepared[], report: Report): Promise<void> {
  const { scope } = reach.by
  await checkTakenAddresses(db, reach, rowsThat(rows, ['static_addresses']), report)
  await checkTakenLines(db, scope, rowsThat(rows, lineColumns), report)
  const resolved = rows.flatMap((one) => (one.kind === 'create' || one.kind === 'update' ? [one.row] : []))
  await checkPayers(db, resolved, report)
}

const lineColumns: readonly ImportColumn[] = [
  'account_type',
  'bound_macs',
  'circuit_id',
  'remote_id',
  'duid',
  'bound_interface',
  'bound_port',
  'bound_s_vlan',
  'bound_c_vlan',
]

/** New subscribers, rows with other errors, and those of whom one of these columns changes. */
function rowsThat(rows: readonly Prepared[], columns: readonly ImportColumn[]): ImportRow[] {
  return rows.flatMap((one) => {
    if (one.kind === 'create' || one.kind === 'bad') return one.row
    return one.kind === 'update' && columns.some((column) => one.changed.has(column)) ? one.row : []
  })
}

async function checkTakenAddresses(
  db: Db,
  { mode, by }: Reach,
  rows: readonly ImportRow[],
  report: Report,
): Promise<void> {
  const wanted = rows.flatMap(({ line, fields }) =>
    // Its own are not in its way.
    fields.addresses.map(({ prefix }) => ({ line, prefix, username: mode === 'upsert' ? fields.username : '' })),
  )
  if (wanted.length === 0) return
  // One look into the exclusion index for each: joined freely, the planner would compare all with all.
  const { rows: taken } = await sql<{ at: bigint; username: string; in_reach: boolean }>`
    select wanted.at, holder.username, holder.in_reach
    from unnest(${wanted.map(({ prefix }) => prefix)}::inet[], ${wanted.map(({ username }) => username)}::text[])
      with ordinality wanted (prefix, username, at)
    cross join lateral (
      select subscriber.username, ${subscriberInScope(by.scope)} as in_reach
      from subscriber_address join subscriber on subscriber.id = subscriber_address.subscriber_id
      where subscriber_address.address_space_id = (select address_space.id from address_space where name = 'default')
        and address_range(subscriber_address.prefix) && address_range(wanted.prefix)
        and subscriber.username <> wanted.username
      limit 1
    ) holder`.execute(db)
  for (const { at, username, in_reach: isInReach } of taken) {
    const { line, prefix } = wanted[Number(at) - 1]!
    const holder = isInReach ? `an address of ${quote(username)}` : 'an address that is given'
    report(line, columnNames.staticIp, `${prefix} is or overlaps ${holder}`)
  }
}

async function checkTakenLines(db: Db, scope: Scope, rows: readonly ImportRow[], report: Report): Promise<void> {
  const fields = rows.map((row) => row.fields)
  for (const { at, fact, username } of await inTransaction(db, (trx) => findLineHolders(trx, fields))) {
    const row = rows[at]!
    if (username === row.fields.username) continue
    const holder = scope.ownerId === undefined ? `the IPoE subscriber ${quote(username)}` : 'an IPoE subscriber'
    report(row.line, columnNames[fact.field], `${quote(fact.value)} is of ${holder} already`)
  }
}

/** One bill is in one currency. */
async function checkPayers(db: Db, rows: readonly ResolvedRow[], report: Report): Promise<void> {
  const payers = await findPayers(db, rows)
  for (const { line, ownerId, payer, planRow } of rows) {
    const found = payer === '' ? undefined : payers.get(payerKey(ownerId, payer))
    if (found === 'several') report(line, 'payer', `there are several payers ${quote(payer)}`)
    else if (found !== undefined && found.currency !== planRow.currency) {
      report(line, 'payer', `${quote(payer)} pays in ${found.currency}, the plan is in ${planRow.currency}`)
    }
  }
}

/** How many more subscribers each organisation may have, and the line of the first that is too many. */
export type Rooms = {
  take(row: ResolvedRow, report: Report): boolean
  isLimited(ownerId: bigint): boolean
}

/** Counts new subscribers against the limits of organisations, as they are now. */
export async function countRooms(db: Db): Promise<Rooms> {
  const { rows } = await sql<{ id: bigint; subscriber_limit: number; count: number }>`
    select organisation.id, organisation.subscriber_limit, (select count(*)::int from subscriber
      where subscriber.owner_id = organisation.id and subscriber.archived_at is null) as count
    from organisation where organisation.subscriber_limit is not null`.execute(db)
  const rooms = new Map(
    rows.map((row) => [row.id, { limit: row.subscriber_limit, left: row.subscriber_limit - row.count }]),
  )
  return {
    isLimited: (ownerId) => rooms.has(ownerId),
    take({ ownerId, line }, report) {
      const room = rooms.get(ownerId)
      if (room === undefined) return true
      room.left -= 1
      if (room.left >= 0) return true
      report(line, 'owner', `the organisation may have ${room.limit} subscribers and no more`)
      return false
    },
  }
}

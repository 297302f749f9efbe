// What only all rows together, or the database, can say about an import: names that are twice, taken, or unknown.

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Database } from '../db/schema.ts'
import { quote } from './field.ts'
import { columnNames } from './import-row.ts'
import type { ImportRow } from './import-row.ts'
import { findLineHolders, lineFacts } from './line-conflict.ts'
import { prefixRange } from './prefix.ts'

export type ImportError = { line: number; field: string; reason: string }
export type Report = (line: number, field: string, reason: string) => void

export type PlanRow = { id: bigint; name: string; owner_id: bigint | null; currency: string; grace_hours: number }

/** A row with its names turned into ids. */
export type ResolvedRow = ImportRow & { ownerId: bigint; planRow: PlanRow }

/** Rows asked about in one statement. */
const chunkSize = 10_000

/** Usernames and static addresses that stand in the file twice; the later row is told the line of the earlier. */
export function checkFile(rows: readonly ImportRow[], report: Report): void {
  const lines = new Map<string, number>()
  for (const { line, fields } of rows) {
    const earlier = lines.get(fields.username)
    if (earlier === undefined) lines.set(fields.username, line)
    else if (fields.username !== '') report(line, 'username', `${quote(fields.username)} is in line ${earlier} already`)
  }
  checkOverlaps(rows, report)
  checkSameLines(rows, report)
}

/** Two IPoE subscribers of the file that nothing would tell apart. */
function checkSameLines(rows: readonly ImportRow[], report: Report): void {
  const lines = new Map<string, number>()
  for (const { line, fields } of rows) {
    for (const { field, value, key } of lineFacts(fields)) {
      const earlier = lines.get(key)
      if (earlier === undefined) lines.set(key, line)
      else if (value !== '') report(line, columnNames[field], `${quote(value)} is of line ${earlier} already (IPoE)`)
    }
  }
}

/** Prefixes contain each other or are apart: sorted by their first address, each can only meet the widest before it. */
function checkOverlaps(rows: readonly ImportRow[], report: Report): void {
  const ranges = rows.flatMap(({ line, fields }) =>
    fields.addresses.map(({ prefix }) => ({ line, prefix, ...prefixRange(prefix) })),
  )
  ranges.sort(
    (one, other) => Number(one.first > other.first) - Number(one.first < other.first) || one.line - other.line,
  )
  let widest: (typeof ranges)[number] | undefined
  for (const range of ranges) {
    if (widest !== undefined && range.first <= widest.last) {
      const [earlier, later] = widest.line <= range.line ? [widest, range] : [range, widest]
      report(later.line, 'static_ip', `${later.prefix} is or overlaps ${earlier.prefix} of line ${earlier.line}`)
    }
    if (widest === undefined || range.last > widest.last) widest = range
  }
}

/** Turns plan and owner names into ids; a row with an unknown one is reported and left out. */
export async function resolveNames(
  trx: Transaction<Database>,
  rows: readonly ImportRow[],
  report: Report,
): Promise<ResolvedRow[]> {
  const organisations = await trx.selectFrom('organisation').select(['id', 'name', 'kind']).execute()
  const owners = new Map(organisations.map(({ id, name }) => [name, id]))
  const isp = organisations.find(({ kind }) => kind === 'isp')!.id
  const plans = await trx
    .selectFrom('plan')
    .select(['id', 'name', 'owner_id', 'currency', 'grace_hours'])
    .where('archived_at', 'is', null)
    .execute()
  const planOf = new Map(plans.map((plan) => [`${plan.owner_id ?? ''}/${plan.name}`, plan]))
  return rows.flatMap((row) => {
    const ownerId = row.owner === '' ? isp : owners.get(row.owner)
    if (ownerId === undefined) report(row.line, 'owner', `there is no organisation ${quote(row.owner)}`)
    const planRow = planOf.get(`${ownerId ?? ''}/${row.plan}`) ?? planOf.get(`/${row.plan}`)
    if (planRow === undefined && row.plan !== '') report(row.line, 'plan', `there is no plan ${quote(row.plan)}`)
    return ownerId === undefined || planRow === undefined ? [] : [{ ...row, ownerId, planRow }]
  })
}

/** Usernames and addresses that subscribers have already. */
export async function checkTaken(
  trx: Transaction<Database>,
  rows: readonly ImportRow[],
  report: Report,
): Promise<void> {
  for (let at = 0; at < rows.length; at += chunkSize) {
    const chunk = rows.slice(at, at + chunkSize)
    await checkTakenUsernames(trx, chunk, report)
    await checkTakenAddresses(trx, chunk, report)
    await checkTakenLines(trx, chunk, report)
  }
}

async function checkTakenUsernames(
  trx: Transaction<Database>,
  rows: readonly ImportRow[],
  report: Report,
): Promise<void> {
  const names = rows.map(({ fields }) => fields.username)
  const { rows: taken } = await sql<{ username: string }>`
    select subscriber.username from subscriber
    where subscriber.username_reserved and subscriber.username = any(${names}::text[])`.execute(trx)
  if (taken.length === 0) return
  const known = new Set(taken.map(({ username }) => username))
  for (const { line, fields } of rows) {
    if (known.has(fields.username)) report(line, 'username', `there is a subscriber ${quote(fields.username)} already`)
  }
}

async function checkTakenLines(trx: Transaction<Database>, rows: readonly ImportRow[], report: Report): Promise<void> {
  const fields = rows.map((row) => row.fields)
  for (const { at, fact, username } of await findLineHolders(trx, fields)) {
    const reason = `${quote(fact.value)} is of the IPoE subscriber ${quote(username)} already`
    report(rows[at]!.line, columnNames[fact.field], reason)
  }
}

async function checkTakenAddresses(
  trx: Transaction<Database>,
  rows: readonly ImportRow[],
  report: Report,
): Promise<void> {
  const wanted = rows.flatMap(({ line, fields }) => fields.addresses.map(({ prefix }) => ({ line, prefix })))
  if (wanted.length === 0) return
  // One look into the exclusion index for each: joined freely, the planner would compare all with all.
  const { rows: taken } = await sql<{ at: bigint; username: string }>`
    select wanted.at, holder.username
    from unnest(${wanted.map(({ prefix }) => prefix)}::inet[]) with ordinality wanted (prefix, at)
    cross join lateral (
      select subscriber.username
      from subscriber_address join subscriber on subscriber.id = subscriber_address.subscriber_id
      where subscriber_address.address_space_id = (select address_space.id from address_space where name = 'default')
        and address_range(subscriber_address.prefix) && address_range(wanted.prefix)
      limit 1
    ) holder`.execute(trx)
  for (const { at, username } of taken) {
    const { line, prefix } = wanted[Number(at) - 1]!
    report(line, 'static_ip', `${prefix} is or overlaps an address of ${quote(username)}`)
  }
}

// Writes what a file changes of subscribers that are there: their rows in one statement, what belongs to them anew, and the
// orders about live sessions, all in the caller's transaction.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { orderForSubscribers } from '../coa-order.ts'
import { changeOwner } from '../subscriber-action/owner.ts'
import { replaceAddresses } from '../subscriber/address.ts'
import type { ImportColumn } from './column.ts'
import type { Report } from './error.ts'
import type { Prepared } from './prepare.ts'
import {
  blockOf,
  groupKey,
  insertDevices,
  insertRoutes,
  makeGroups,
  makePayers,
  periodOf,
  writeCredentials,
} from './write.ts'

export type Update = Prepared & { kind: 'update' }

/** Changes subscribers. What only the deed can find out is reported, and then not all was done: roll back. */
export async function updateRows(
  trx: Db,
  updates: readonly Update[],
  by: Author,
  report: Report,
  now: Date,
): Promise<{ groupsMade: string[] }> {
  if (updates.length === 0) return { groupsMade: [] }
  await moveOwners(trx, updates, by, report, now)
  const { groups, made: groupsMade } = await makeGroups(
    trx,
    updates.filter(({ changed }) => changed.has('group') || changed.has('owner')).map(({ row }) => row),
  )
  await setPayers(trx, updates, now)
  await updateSubscribers(trx, updates, groups, now)
  const of = (...columns: ImportColumn[]) =>
    updates
      .filter(({ changed }) => columns.some((column) => changed.has(column)))
      .map(({ row, existing }) => ({ ...row, id: existing.id }))
  await writeCredentials(trx, by.keyring, of('password', 'nt_hash'), now)
  await replaceDevices(trx, of('bound_macs', 'learnt_macs'), now)
  await replaceAddresses(
    trx,
    of('static_addresses').map(({ id, fields }) => ({ subscriberId: id, addresses: fields.addresses })),
    'static_addresses',
  )
  await replaceRoutes(trx, of('routes'))
  await orderChanges(trx, updates, now)
  return { groupsMade }
}

/** By the action that moves subscribers, with its rules about payers and limits. */
async function moveOwners(trx: Db, updates: readonly Update[], by: Author, report: Report, now: Date): Promise<void> {
  const moving = updates.filter(({ changed }) => changed.has('owner'))
  for (const ownerId of new Set(moving.map(({ row }) => row.ownerId))) {
    const those = moving.filter(({ row }) => row.ownerId === ownerId)
    const subscriberIds = those.map(({ existing }) => existing.id)
    // The plan of that name that is offered there comes first: the old one may not be.
    await setPlans(trx, those)
    const input = { subscriberIds, params: { owner: Number(ownerId) } }
    const outcomes = await changeOwner.run(trx, input, by, now)
    const lines = new Map(those.map(({ existing, row }) => [existing.id, row.line]))
    for (const { subscriberId, kind, reason } of outcomes) {
      if (kind === 'refused') report(lines.get(subscriberId)!, 'owner', reason ?? 'cannot be changed')
    }
  }
}

async function setPlans(trx: Db, updates: readonly Update[]): Promise<void> {
  await sql`
    update subscriber set plan_id = t.plan_id
    from unnest(${updates.map(({ existing }) => existing.id)}::bigint[],
      ${updates.map(({ row }) => row.planRow.id)}::bigint[]) t (id, plan_id)
    where subscriber.id = t.id`.execute(trx)
}

async function setPayers(trx: Db, updates: readonly Update[], now: Date): Promise<void> {
  const changing = updates.filter(({ changed }) => changed.has('payer'))
  if (changing.length === 0) return
  const payers = await makePayers(
    trx,
    changing.map(({ row }) => row),
    now,
  )
  await sql`
    update subscriber set payer_id = t.payer_id
    from unnest(${changing.map(({ existing }) => existing.id)}::bigint[], ${payers}::bigint[]) t (id, payer_id)
    where subscriber.id = t.id`.execute(trx)
}

/** The values of all rows, an array for each column. */
function updateArrays(updates: readonly Update[], groups: ReadonlyMap<string, bigint>, now: Date): RawBuilder<unknown> {
  const periods = updates.map(({ row }) => periodOf(row, now))
  const blocks = updates.map(({ row }) => blockOf(row, now))
  const changes = (...columns: ImportColumn[]) =>
    updates.map(({ changed }) => columns.some((column) => changed.has(column)))
  return sql.join([
    sql`${updates.map(({ existing }) => existing.id)}::bigint[]`,
    sql`${changes('plan', 'owner')}::boolean[]`,
    sql`${updates.map(({ row }) => row.planRow.id)}::bigint[]`,
    sql`${changes('next_plan')}::boolean[]`,
    sql`${updates.map(({ row }) => row.nextPlanId)}::bigint[]`,
    sql`${changes('group', 'owner')}::boolean[]`,
    sql`${updates.map(({ row }) => (row.group === '' ? null : (groups.get(groupKey(row)) ?? null)))}::bigint[]`,
    sql`${changes('bound_nas_group')}::boolean[]`,
    sql`${updates.map(({ row }) => row.nasGroupId)}::bigint[]`,
    sql`${updates.map(({ row }) => row.fields.accountType)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.fullName)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.phone)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.phoneExtension)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.email)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.address)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.latitude)}::double precision[]`,
    sql`${updates.map(({ row }) => row.fields.longitude)}::double precision[]`,
    sql`${updates.map(({ row }) => row.fields.zone)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.language)}::text[]`,
    sql`${updates.map(({ row }) => row.more.enabled ?? true)}::boolean[]`,
    sql`${blocks.map((block) => block.reason)}::text[]`,
    sql`${blocks.map((block) => block.at)}::timestamptz[]`,
    sql`${updates.map(({ row }) => row.more.autoRenew ?? row.planRow.auto_renew)}::boolean[]`,
    sql`${updates.map(({ row }) => row.fields.sessionLimit)}::integer[]`,
    sql`${updates.map(({ row }) => row.fields.deviceLimit)}::integer[]`,
    sql`${updates.map(({ row }) => row.fields.circuitId)}::bytea[]`,
    sql`${updates.map(({ row }) => row.fields.remoteId)}::bytea[]`,
    sql`${updates.map(({ row }) => row.fields.duid)}::bytea[]`,
    sql`${updates.map(({ row }) => row.fields.binding.interface)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.binding.port)}::text[]`,
    sql`${updates.map(({ row }) => row.fields.binding.sVlan)}::integer[]`,
    sql`${updates.map(({ row }) => row.fields.binding.cVlan)}::integer[]`,
    sql`${changes('activated_at', 'expires_at', 'grace_until')}::boolean[]`,
    sql`${periods.map((period) => period.activatedAt)}::timestamptz[]`,
    sql`${periods.map((period) => period.expiresAt)}::timestamptz[]`,
    sql`${periods.map((period) => period.graceUntil)}::timestamptz[]`,
    sql`${changes('period_started_at')}::boolean[]`,
    sql`${periods.map((period) => period.periodStartedAt)}::timestamptz[]`,
    sql`${changes('created_at')}::boolean[]`,
    sql`${updates.map(({ row }) => row.more.createdAt ?? now)}::timestamptz[]`,
    sql`${updates.map(({ row }) => row.fields.attributes.join('\n'))}::text[]`,
  ])
}

/** All columns of all rows: those that do not change are written with what they have. */
async function updateSubscribers(
  trx: Db,
  updates: readonly Update[],
  groups: ReadonlyMap<string, bigint>,
  now: Date,
): Promise<void> {
  await sql`
    update subscriber set
      plan_id = case when t.plan_changes then t.plan_id else subscriber.plan_id end,
      next_plan_id = case when t.next_changes then t.next_plan_id else subscriber.next_plan_id end,
      group_id = case when t.group_changes then t.group_id else subscriber.group_id end,
      bound_nas_group_id = case when t.nas_changes then t.nas_group_id else subscriber.bound_nas_group_id end,
      account_type = t.account_type, full_name = t.full_name, phone = t.phone, phone_extension = t.phone_extension,
      email = t.email, address = t.address, latitude = t.latitude, longitude = t.longitude, zone = t.zone,
      language = t.language, enabled = t.enabled, block_reason = t.block_reason, blocked_at = t.blocked_at,
      auto_renew = t.auto_renew, session_limit = t.session_limit, device_limit = t.device_limit,
      circuit_id = t.circuit_id, remote_id = t.remote_id, duid = t.duid, bound_interface = t.bound_interface,
      bound_port = t.bound_port, bound_s_vlan = t.bound_s_vlan, bound_c_vlan = t.bound_c_vlan,
      activated_at = case when t.period_changes then t.activated_at else subscriber.activated_at end,
      expires_at = case when t.period_changes then t.expires_at else subscriber.expires_at end,
      grace_until = case when t.period_changes then t.grace_until else subscriber.grace_until end,
      period_started_at = case when t.start_changes then t.period_started_at else subscriber.period_started_at end,
      created_at = case when t.created_changes then t.created_at else subscriber.created_at end,
      attributes = case when t.attributes = '' then '{}' else string_to_array(t.attributes, E'\n') end,
      updated_at = ${now}
    from unnest(${updateArrays(updates, groups, now)}) as t (id, plan_changes, plan_id, next_changes, next_plan_id, group_changes, group_id, nas_changes, nas_group_id,
      account_type, full_name, phone, phone_extension, email, address, latitude, longitude, zone, language, enabled,
      block_reason, blocked_at, auto_renew, session_limit, device_limit, circuit_id, remote_id, duid, bound_interface,
      bound_port, bound_s_vlan, bound_c_vlan, period_changes, activated_at, expires_at, grace_until, start_changes,
      period_started_at, created_changes, created_at, attributes)
    where subscriber.id = t.id`.execute(trx)
}

type Changed = Update['row'] & { id: bigint }

async function replaceDevices(trx: Db, rows: readonly Changed[], now: Date): Promise<void> {
  if (rows.length === 0) return
  await sql`delete from device where subscriber_id = any(${rows.map(({ id }) => id)}::bigint[])`.execute(trx)
  await insertDevices(trx, rows, now)
}

async function replaceRoutes(trx: Db, rows: readonly Changed[]): Promise<void> {
  if (rows.length === 0) return
  await sql`delete from subscriber_route where subscriber_id = any(${rows.map(({ id }) => id)}::bigint[])`.execute(trx)
  await insertRoutes(trx, rows)
}

/** What a live session would be told anew. */
const entitlement: readonly ImportColumn[] = [
  'plan',
  'expires_at',
  'grace_until',
  'activated_at',
  'enabled',
  'block_reason',
  'blocked_at',
  'static_addresses',
  'routes',
  'attributes',
  'session_limit',
]

/** Who is let in no more is disconnected, or led into the garden where the plan says so; who gets something else is told. */
async function orderChanges(trx: Db, updates: readonly Update[], now: Date): Promise<void> {
  const concerned = updates.filter(({ changed }) => entitlement.some((column) => changed.has(column)))
  const isOut = ({ row, changed }: Update): boolean => {
    if (changed.has('enabled') && row.more.enabled === false) return true
    const isBlocked = (changed.has('block_reason') || changed.has('blocked_at')) && blockOf(row, now).at !== null
    return isBlocked && row.planRow.on_block === 'reject'
  }
  for (const wish of ['disconnect', 'reapply'] as const) {
    const those = concerned.filter((update) => isOut(update) === (wish === 'disconnect'))
    const subscriberIds = those.map(({ existing }) => existing.id)
    if (subscriberIds.length > 0) await orderForSubscribers(trx, { subscriberIds, wish, reason: 'imported' }, now)
  }
}

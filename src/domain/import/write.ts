// Writes new subscribers of an import in a few large statements. Ids are taken first: the seal of a credential is bound to its
// row (decision 23), and the payer of a row must be known to it.

import { sql } from 'kysely'
import { arrayLiteral, textArrayLiteral } from '../../db/array-literal.ts'
import type { Db } from '../../db/schema.ts'
import { storedSecret } from '../credential.ts'
import type { NewCredential } from '../credential.ts'
import type { Keyring } from '../data-key.ts'
import type { StaticAddress } from '../prefix.ts'
import { findPayers, payerKey } from './names.ts'
import type { ResolvedRow } from './names.ts'

/** Arrays as text: the driver would look at every element for what must be escaped. */
function plain(values: readonly (bigint | number | boolean | string | Date | null)[]): string {
  return arrayLiteral(values.map((value) => (value instanceof Date ? value.toISOString() : (value ?? undefined))))
}

function texts(values: readonly (string | null)[]): string {
  return textArrayLiteral(values.map((value) => value ?? undefined))
}

type NumberedRow = ResolvedRow & { id: bigint; payerId: bigint; groupId: bigint | null }

/** A subscriber that was made. */
export type Made = { id: bigint; row: ResolvedRow }

/** Inserts the rows and what belongs to them. Returns what was made, with the names of groups that it had to make. */
export async function writeRows(
  trx: Db,
  keyring: Keyring,
  rows: readonly ResolvedRow[],
  now: Date,
): Promise<{ made: Made[]; groupsMade: string[] }> {
  if (rows.length === 0) return { made: [], groupsMade: [] }
  const { groups, made: groupsMade } = await makeGroups(trx, rows)
  const payers = await makePayers(trx, rows, now)
  const ids = await takeIds(trx, 'subscriber', rows.length)
  const numbered = rows.map((row, at) => ({
    ...row,
    id: ids[at]!,
    payerId: payers[at]!,
    groupId: row.group === '' ? null : groups.get(groupKey(row))!,
  }))
  await insertSubscribers(trx, numbered, now)
  await writeCredentials(trx, keyring, numbered, now)
  await insertDevices(trx, numbered, now)
  await insertAddresses(trx, numbered)
  await insertRoutes(trx, numbered)
  return { made: numbered.map((row) => ({ id: row.id, row })), groupsMade }
}

async function takeIds(trx: Db, table: 'subscriber' | 'payer', count: number): Promise<bigint[]> {
  const { rows } = await sql<{ id: bigint }>`
    select nextval(serial.name) as id
    from (select pg_get_serial_sequence(${table}, 'id')::regclass as name offset 0) serial, generate_series(1, ${count}::int)
  `.execute(trx)
  return rows.map(({ id }) => id)
}

/** One group of an organisation. */
export function groupKey(row: Pick<ResolvedRow, 'ownerId' | 'group'>): string {
  return `${row.ownerId}/${row.group}`
}

/** The groups that rows name, by `groupKey`; made where they are new. */
export async function makeGroups(
  trx: Db,
  rows: readonly ResolvedRow[],
): Promise<{ groups: Map<string, bigint>; made: string[] }> {
  const wanted = new Map(rows.filter(({ group }) => group !== '').map((row) => [groupKey(row), row]))
  const owners = [...wanted.values()].map(({ ownerId }) => ownerId)
  const names = [...wanted.values()].map(({ group }) => group)
  if (wanted.size === 0) return { groups: new Map(), made: [] }
  const made = await sql<{ name: string }>`
    insert into subscriber_group (owner_id, name) select * from unnest(${owners}::bigint[], ${names}::text[]) order by 1, 2
    on conflict do nothing returning name`.execute(trx)
  const { rows: all } = await sql<{ id: bigint; owner_id: bigint; name: string }>`
    select subscriber_group.id, subscriber_group.owner_id, subscriber_group.name from subscriber_group
    where (subscriber_group.owner_id, subscriber_group.name) in (select * from unnest(${owners}::bigint[], ${names}::text[]))
  `.execute(trx)
  const groups = new Map(all.map(({ id, owner_id: ownerId, name }) => [groupKey({ ownerId, group: name }), id]))
  return { groups, made: made.rows.map(({ name }) => name) }
}

/** The payer of each row: the one that it names, made where it is new, else one of its own. */
export async function makePayers(trx: Db, rows: readonly ResolvedRow[], now: Date): Promise<bigint[]> {
  const named = await findPayers(trx, rows)
  const ids = await takeIds(trx, 'payer', rows.length)
  const made: { id: bigint; row: ResolvedRow; kind: 'own' | 'company'; name: string }[] = []
  const payers = rows.map((row, at) => {
    const key = payerKey(row.ownerId, row.payer)
    const known = row.payer === '' ? undefined : named.get(key)
    if (known !== undefined && known !== 'several') return known.id
    const id = ids[at]!
    if (row.payer === '') made.push({ id, row, kind: 'own', name: row.fields.fullName ?? row.fields.username })
    else {
      made.push({ id, row, kind: 'company', name: row.payer })
      named.set(key, { id, currency: row.planRow.currency })
    }
    return id
  })
  if (made.length === 0) return payers
  await sql`
    insert into payer (id, owner_id, name, currency, kind, created_at) overriding system value
    select t.*, ${now}::timestamptz from unnest(
      ${plain(made.map(({ id }) => id))}::bigint[],
      ${plain(made.map(({ row }) => row.ownerId))}::bigint[],
      ${texts(made.map(({ name }) => name))}::text[],
      ${texts(made.map(({ row }) => row.planRow.currency))}::text[],
      ${texts(made.map(({ kind }) => kind))}::text[]
    ) as t`.execute(trx)
  return payers
}

/** The facts of a service period as a row says them; what it does not say follows from what it says. */
export function periodOf({ fields, more, planRow }: ResolvedRow, now: Date) {
  const { expiresAt } = fields
  const graceMs = planRow.grace_hours * 3_600_000
  const grace = expiresAt === null || graceMs === 0 ? null : new Date(expiresAt.getTime() + graceMs)
  return {
    expiresAt,
    // Who sets the end of a service period has begun it.
    activatedAt: more.activatedAt === undefined ? (expiresAt === null ? null : now) : more.activatedAt,
    graceUntil: more.graceUntil === undefined ? grace : more.graceUntil,
    periodStartedAt: more.periodStartedAt ?? now,
  }
}

/** Whether and since when a row says that its subscriber is blocked. */
export function blockOf({ more }: ResolvedRow, now: Date): { reason: string | null; at: Date | null } {
  const at = more.blockedAt === undefined ? (more.blockReason === null ? null : now) : more.blockedAt
  return { reason: at === null ? null : more.blockReason, at }
}

async function insertSubscribers(trx: Db, rows: readonly NumberedRow[], now: Date): Promise<void> {
  const periods = rows.map((row) => periodOf(row, now))
  const blocks = rows.map((row) => blockOf(row, now))
  await sql`
    insert into subscriber (id, owner_id, payer_id, plan_id, next_plan_id, group_id, username, account_type, full_name, phone,
      phone_extension, email, address, latitude, longitude, zone, language, enabled, block_reason, blocked_at, auto_renew,
      session_limit, device_limit, circuit_id, remote_id, duid, bound_interface, bound_port, bound_s_vlan, bound_c_vlan,
      bound_nas_group_id, activated_at, expires_at, grace_until, period_started_at, created_at, attributes, updated_at)
      overriding system value
    select t.id, t.owner_id, t.payer_id, t.plan_id, t.next_plan_id, t.group_id, t.username, t.account_type, t.full_name, t.phone,
      t.phone_extension, t.email, t.address, t.latitude, t.longitude, t.zone, t.language, t.enabled, t.block_reason,
      t.blocked_at, t.auto_renew, t.session_limit, t.device_limit, t.circuit_id, t.remote_id, t.duid, t.bound_interface,
      t.bound_port, t.bound_s_vlan, t.bound_c_vlan, t.bound_nas_group_id, t.activated_at, t.expires_at, t.grace_until,
      t.period_started_at, t.created_at, case when t.attributes = '' then '{}' else string_to_array(t.attributes, E'\n') end,
      ${now}::timestamptz
    from unnest(
      ${plain(rows.map((row) => row.id))}::bigint[],
      ${plain(rows.map((row) => row.ownerId))}::bigint[],
      ${plain(rows.map((row) => row.payerId))}::bigint[],
      ${plain(rows.map((row) => row.planRow.id))}::bigint[],
      ${plain(rows.map((row) => row.nextPlanId))}::bigint[],
      ${plain(rows.map((row) => row.groupId))}::bigint[],
      ${texts(rows.map((row) => row.fields.username))}::text[],
      ${texts(rows.map((row) => row.fields.accountType))}::text[],
      ${texts(rows.map((row) => row.fields.fullName))}::text[],
      ${texts(rows.map((row) => row.fields.phone))}::text[],
      ${texts(rows.map((row) => row.fields.phoneExtension))}::text[],
      ${texts(rows.map((row) => row.fields.email))}::text[],
      ${texts(rows.map((row) => row.fields.address))}::text[],
      ${plain(rows.map((row) => row.fields.latitude))}::double precision[],
      ${plain(rows.map((row) => row.fields.longitude))}::double precision[],
      ${texts(rows.map((row) => row.fields.zone))}::text[],
      ${texts(rows.map((row) => row.fields.language))}::text[],
      ${plain(rows.map((row) => row.more.enabled ?? true))}::boolean[],
      ${texts(blocks.map((block) => block.reason))}::text[],
      ${plain(blocks.map((block) => block.at))}::timestamptz[],
      ${plain(rows.map((row) => row.more.autoRenew ?? row.planRow.auto_renew))}::boolean[],
      ${plain(rows.map((row) => row.fields.sessionLimit))}::integer[],
      ${plain(rows.map((row) => row.fields.deviceLimit))}::integer[],
      ${rows.map((row) => row.fields.circuitId)}::bytea[],
      ${rows.map((row) => row.fields.remoteId)}::bytea[],
      ${rows.map((row) => row.fields.duid)}::bytea[],
      ${texts(rows.map((row) => row.fields.binding.interface))}::text[],
      ${texts(rows.map((row) => row.fields.binding.port))}::text[],
      ${plain(rows.map((row) => row.fields.binding.sVlan))}::integer[],
      ${plain(rows.map((row) => row.fields.binding.cVlan))}::integer[],
      ${plain(rows.map((row) => row.nasGroupId))}::bigint[],
      ${plain(periods.map((period) => period.activatedAt))}::timestamptz[],
      ${plain(periods.map((period) => period.expiresAt))}::timestamptz[],
      ${plain(periods.map((period) => period.graceUntil))}::timestamptz[],
      ${plain(periods.map((period) => period.periodStartedAt))}::timestamptz[],
      ${plain(rows.map((row) => row.more.createdAt ?? now))}::timestamptz[],
      ${texts(rows.map((row) => row.fields.attributes.join('\n')))}::text[]
    ) as t (id, owner_id, payer_id, plan_id, next_plan_id, group_id, username, account_type, full_name, phone, phone_extension,
      email, address, latitude, longitude, zone, language, enabled, block_reason, blocked_at, auto_renew, session_limit,
      device_limit, circuit_id, remote_id, duid, bound_interface, bound_port, bound_s_vlan, bound_c_vlan, bound_nas_group_id,
      activated_at, expires_at, grace_until, period_started_at, created_at, attributes)
    -- In one order: two imports of the same names must not wait for each other in a circle.
    order by t.username collate "C"`.execute(trx)
}

type WithId = { id: bigint }

/** Writes credentials in place of those that were. */
export async function writeCredentials(
  trx: Db,
  keyring: Keyring,
  rows: readonly (WithId & { credential: NewCredential | undefined })[],
  now: Date,
): Promise<void> {
  const proved = rows.flatMap(({ id, credential }) => (credential === undefined ? [] : [{ id, credential }]))
  if (proved.length === 0) return
  await sql`
    insert into credential (subscriber_id, kind, secret, updated_at)
    select t.*, ${now}::timestamptz from unnest(
      ${plain(proved.map(({ id }) => id))}::bigint[],
      ${texts(proved.map(({ credential }) => credential.kind))}::text[],
      ${proved.map(({ id, credential }) => storedSecret(keyring, id, credential))}::bytea[]
    ) as t
    on conflict (subscriber_id) do update
      set kind = excluded.kind, secret = excluded.secret, updated_at = excluded.updated_at`.execute(trx)
}

/** Adds the MACs of rows, bound and learnt. */
export async function insertDevices(trx: Db, rows: readonly (WithId & ResolvedRow)[], now: Date): Promise<void> {
  const devices = rows.flatMap(({ id, fields, more }) => [
    ...fields.macs.map((mac) => ({ id, mac, bound: true })),
    ...more.learntMacs.filter((mac) => !fields.macs.includes(mac)).map((mac) => ({ id, mac, bound: false })),
  ])
  if (devices.length === 0) return
  await sql`
    insert into device (subscriber_id, mac, bound, learnt_at)
    select t.*, ${now}::timestamptz from unnest(
      ${plain(devices.map(({ id }) => id))}::bigint[],
      ${plain(devices.map(({ mac }) => mac))}::macaddr[],
      ${plain(devices.map(({ bound }) => bound))}::boolean[]
    ) as t`.execute(trx)
}

async function insertAddresses(trx: Db, rows: readonly NumberedRow[]): Promise<void> {
  const addresses: (StaticAddress & WithId)[] = rows.flatMap(({ id, fields }) =>
    fields.addresses.map((address) => ({ id, ...address })),
  )
  if (addresses.length === 0) return
  await sql`
    insert into subscriber_address (subscriber_id, kind, prefix, address_space_id)
    select t.*, address_space.id from unnest(
      ${plain(addresses.map(({ id }) => id))}::bigint[],
      ${texts(addresses.map(({ kind }) => kind))}::text[],
      ${plain(addresses.map(({ prefix }) => prefix))}::inet[]
    ) as t, address_space where address_space.name = 'default'`.execute(trx)
}

/** Adds the routes of rows. */
export async function insertRoutes(trx: Db, rows: readonly (WithId & ResolvedRow)[]): Promise<void> {
  const routes = rows.flatMap(({ id, more }) => more.routes.map((route) => ({ id, route })))
  if (routes.length === 0) return
  await sql`
    insert into subscriber_route (subscriber_id, route)
    select * from unnest(${routes.map(({ id }) => id)}::bigint[], ${routes.map(({ route }) => route)}::text[])`.execute(
    trx,
  )
}

// Writes the rows of an import in a few large statements. Ids are taken first: the seal of a credential is bound to its row
// (decision 23), and the payer of a row must be known to it.

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Database } from '../db/schema.ts'
import { storedSecret } from './credential.ts'
import type { Keyring } from './data-key.ts'
import type { ResolvedRow } from './import-check.ts'
import { servicePeriod } from './subscriber.ts'

type Trx = Transaction<Database>
type NumberedRow = ResolvedRow & { id: bigint; payerId: bigint; groupId: bigint | null }

const chunkSize = 5_000
const manyRows = 1_000

/** Inserts all rows and what belongs to them. Returns the names of groups that it had to make. */
export async function writeRows(
  trx: Trx,
  keyring: Keyring,
  rows: readonly ResolvedRow[],
  now: Date,
): Promise<string[]> {
  const { groups, made } = await makeGroups(trx, rows)
  for (let at = 0; at < rows.length; at += chunkSize) {
    const chunk = rows.slice(at, at + chunkSize)
    const ids = await takeIds(trx, 'subscriber', chunk.length)
    const payerIds = await takeIds(trx, 'payer', chunk.length)
    const numbered = chunk.map((row, index) => ({
      ...row,
      id: ids[index]!,
      payerId: payerIds[index]!,
      groupId: row.group === '' ? null : groups.get(groupKey(row))!,
    }))
    await insertPayers(trx, numbered, now)
    await insertSubscribers(trx, numbered, now)
    await insertCredentials(trx, keyring, numbered, now)
    await insertDevices(trx, numbered, now)
    await insertAddresses(trx, numbered)
  }
  // The next login must not be planned by the statistics of an almost empty table.
  if (rows.length >= manyRows) await sql`analyze payer, subscriber, credential, device, subscriber_address`.execute(trx)
  return made
}

async function takeIds(trx: Trx, table: 'subscriber' | 'payer', count: number): Promise<bigint[]> {
  const { rows } = await sql<{ id: bigint }>`
    select nextval(serial.name) as id
    from (select pg_get_serial_sequence(${table}, 'id')::regclass as name offset 0) serial, generate_series(1, ${count}::int)
  `.execute(trx)
  return rows.map(({ id }) => id)
}

function groupKey(row: Pick<ResolvedRow, 'ownerId' | 'group'>): string {
  return `${row.ownerId}/${row.group}`
}

async function makeGroups(
  trx: Trx,
  rows: readonly ResolvedRow[],
): Promise<{ groups: Map<string, bigint>; made: string[] }> {
  const wanted = new Map(rows.filter(({ group }) => group !== '').map((row) => [groupKey(row), row]))
  const owners = [...wanted.values()].map(({ ownerId }) => ownerId)
  const names = [...wanted.values()].map(({ group }) => group)
  const made = await sql<{ name: string }>`
    insert into subscriber_group (owner_id, name) select * from unnest(${owners}::bigint[], ${names}::text[])
    on conflict do nothing returning name`.execute(trx)
  const all = await trx.selectFrom('subscriber_group').select(['id', 'owner_id', 'name']).execute()
  const groups = new Map(all.map(({ id, owner_id: ownerId, name }) => [groupKey({ ownerId, group: name }), id]))
  return { groups, made: made.rows.map(({ name }) => name) }
}

async function insertPayers(trx: Trx, rows: readonly NumberedRow[], now: Date): Promise<void> {
  await sql`
    insert into payer (id, owner_id, name, currency, created_at) overriding system value
    select id, owner_id, name, currency, ${now} from unnest(
      ${rows.map((row) => row.payerId)}::bigint[],
      ${rows.map((row) => row.ownerId)}::bigint[],
      ${rows.map((row) => row.fields.fullName ?? row.fields.username)}::text[],
      ${rows.map((row) => row.planRow.currency)}::text[]
    ) as t (id, owner_id, name, currency)`.execute(trx)
}

async function insertSubscribers(trx: Trx, rows: readonly NumberedRow[], now: Date): Promise<void> {
  const periods = rows.map((row) => servicePeriod(row.fields.expiresAt, row.planRow.grace_hours, now))
  await sql`
    insert into subscriber (id, owner_id, payer_id, plan_id, group_id, username, account_type, full_name, phone, email,
      address, circuit_id, remote_id, duid, bound_interface, bound_port, bound_s_vlan, bound_c_vlan, activated_at, expires_at, grace_until, period_started_at, created_at, updated_at) overriding system value
    select t.*, ${now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz from unnest(
      ${rows.map((row) => row.id)}::bigint[],
      ${rows.map((row) => row.ownerId)}::bigint[],
      ${rows.map((row) => row.payerId)}::bigint[],
      ${rows.map((row) => row.planRow.id)}::bigint[],
      ${rows.map((row) => row.groupId)}::bigint[],
      ${rows.map((row) => row.fields.username)}::text[],
      ${rows.map((row) => row.fields.accountType)}::text[],
      ${rows.map((row) => row.fields.fullName)}::text[],
      ${rows.map((row) => row.fields.phone)}::text[],
      ${rows.map((row) => row.fields.email)}::text[],
      ${rows.map((row) => row.fields.address)}::text[],
      ${rows.map((row) => row.fields.circuitId)}::bytea[],
      ${rows.map((row) => row.fields.remoteId)}::bytea[],
      ${rows.map((row) => row.fields.duid)}::bytea[],
      ${rows.map((row) => row.fields.binding.interface)}::text[],
      ${rows.map((row) => row.fields.binding.port)}::text[],
      ${rows.map((row) => row.fields.binding.sVlan)}::integer[],
      ${rows.map((row) => row.fields.binding.cVlan)}::integer[],
      ${periods.map((period) => period.activated_at)}::timestamptz[],
      ${periods.map((period) => period.expires_at)}::timestamptz[],
      ${periods.map((period) => period.grace_until)}::timestamptz[]
    ) as t`.execute(trx)
}

async function insertCredentials(trx: Trx, keyring: Keyring, rows: readonly NumberedRow[], now: Date): Promise<void> {
  const proved = rows.flatMap(({ id, credential }) => (credential === undefined ? [] : [{ id, credential }]))
  await sql`
    insert into credential (subscriber_id, kind, secret, updated_at)
    select t.*, ${now}::timestamptz from unnest(
      ${proved.map(({ id }) => id)}::bigint[],
      ${proved.map(({ credential }) => credential.kind)}::text[],
      ${proved.map(({ id, credential }) => storedSecret(keyring, id, credential))}::bytea[]
    ) as t`.execute(trx)
}

async function insertDevices(trx: Trx, rows: readonly NumberedRow[], now: Date): Promise<void> {
  const devices = rows.flatMap(({ id, fields }) => fields.macs.map((mac) => ({ id, mac })))
  if (devices.length === 0) return
  await sql`
    insert into device (subscriber_id, mac, bound, learnt_at)
    select t.*, true, ${now}::timestamptz from unnest(
      ${devices.map(({ id }) => id)}::bigint[],
      ${devices.map(({ mac }) => mac)}::macaddr[]
    ) as t`.execute(trx)
}

async function insertAddresses(trx: Trx, rows: readonly NumberedRow[]): Promise<void> {
  const addresses = rows.flatMap(({ id, fields }) => fields.addresses.map((address) => ({ id, ...address })))
  if (addresses.length === 0) return
  await sql`
    insert into subscriber_address (subscriber_id, kind, prefix, address_space_id)
    select t.*, address_space.id from unnest(
      ${addresses.map(({ id }) => id)}::bigint[],
      ${addresses.map(({ kind }) => kind)}::text[],
      ${addresses.map(({ prefix }) => prefix)}::inet[]
    ) as t, address_space where address_space.name = 'default'`.execute(trx)
}

// The MACs of many subscribers at once: which they have, who else is told by them, binding and releasing.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { FieldError } from '../field.ts'
import type { Scope } from '../scope.ts'
import { acrossOrganisations } from './across.ts'

export type Device = { mac: string; bound: boolean }

/** The devices of subscribers, by MAC; those without have no entry. */
export async function devicesOf(db: Db, subscriberIds: readonly bigint[]): Promise<Map<bigint, Device[]>> {
  const rows = await db
    .selectFrom('device')
    .select(['subscriber_id', 'mac', 'bound'])
    .where('subscriber_id', '=', sql<bigint>`any(${subscriberIds}::bigint[])`)
    .orderBy('mac')
    .execute()
  const found = new Map<bigint, Device[]>()
  for (const { subscriber_id: id, mac, bound } of rows) found.set(id, [...(found.get(id) ?? []), { mac, bound }])
  return found
}

/** IPoE subscribers of any organisation that are told by one of these MACs. */
export async function macHolders(
  db: Db,
  macs: readonly string[],
  scope: Scope,
): Promise<{ mac: string; subscriberId: bigint; username: string }[]> {
  const query = sql<{ mac: string; subscriberId: bigint; username: string }>`
    select device.mac, subscriber.id as "subscriberId", subscriber.username
    from device join subscriber on subscriber.id = device.subscriber_id
    where device.mac = any(${macs}::macaddr[]) and device.bound and subscriber.account_type = 'ipoe'
      and subscriber.archived_at is null`
  return acrossOrganisations(db, scope, async () => (await query.execute(db)).rows)
}

/** Throws FieldError where more MACs would be bound than subscriber or plan allow. */
export function requireDeviceRoom(field: string, macs: readonly string[], limit: number | null): void {
  if (limit === null || macs.length <= limit) return
  throw new FieldError(field, `it may have ${limit} devices, and these are ${macs.length}`)
}

/** Binds MACs; learnt ones become bound. */
export async function bindDevices(
  db: Db,
  bindings: readonly { subscriberId: bigint; macs: readonly string[] }[],
  now: Date,
): Promise<void> {
  const pairs = bindings.flatMap(({ subscriberId, macs }) => macs.map((mac) => ({ subscriberId, mac })))
  if (pairs.length === 0) return
  await sql`
    insert into device (subscriber_id, mac, bound, learnt_at)
    select t.*, true, ${now}::timestamptz
    from unnest(${pairs.map((pair) => pair.subscriberId)}::bigint[], ${pairs.map((pair) => pair.mac)}::macaddr[]) as t
    on conflict (subscriber_id, mac) do update set bound = true`.execute(db)
}

/** Forgets MACs, learnt or bound. */
export async function releaseDevices(
  db: Db,
  releases: readonly { subscriberId: bigint; macs: readonly string[] }[],
): Promise<void> {
  const pairs = releases.flatMap(({ subscriberId, macs }) => macs.map((mac) => ({ subscriberId, mac })))
  if (pairs.length === 0) return
  await sql`
    delete from device using unnest(
      ${pairs.map((pair) => pair.subscriberId)}::bigint[], ${pairs.map((pair) => pair.mac)}::macaddr[]
    ) as gone (subscriber_id, mac)
    where device.subscriber_id = gone.subscriber_id and device.mac = gone.mac`.execute(db)
}

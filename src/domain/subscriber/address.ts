// Static addresses and prefixes of many subscribers at once: what they have, who has one already, and having others instead.

import { sql } from 'kysely'
import { sqlState, sqlStateOf } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { ConflictError } from '../field.ts'
import type { StaticAddress } from '../prefix.ts'
import type { Scope } from '../scope.ts'
import { acrossOrganisations } from './across.ts'

/** The static addresses of subscribers as prefixes; those without have no entry. */
export async function addressesOf(db: Db, subscriberIds: readonly bigint[]): Promise<Map<bigint, string[]>> {
  const { rows } = await sql<{ id: bigint; prefixes: string[] }>`
    select subscriber_address.subscriber_id as id,
      array_agg(subscriber_address.prefix::text order by subscriber_address.prefix) as prefixes
    from subscriber_address where subscriber_address.subscriber_id = any(${subscriberIds}::bigint[])
    group by subscriber_address.subscriber_id`.execute(db)
  return new Map(rows.map((row) => [row.id, row.prefixes]))
}

/** Who, of any organisation, has an address that is or overlaps one of these. */
export async function addressHolders(
  db: Db,
  prefixes: readonly string[],
  scope: Scope,
): Promise<{ prefix: string; subscriberId: bigint; username: string }[]> {
  if (prefixes.length === 0) return []
  // One look into the exclusion index for each.
  const query = sql<{ prefix: string; subscriberId: bigint; username: string }>`
    select wanted.prefix, holder.* from unnest(${prefixes}::text[]) wanted (prefix)
    cross join lateral (
      select subscriber_address.subscriber_id as "subscriberId", subscriber.username
      from subscriber_address join subscriber on subscriber.id = subscriber_address.subscriber_id
      where subscriber_address.address_space_id = (select address_space.id from address_space where name = 'default')
        and address_range(subscriber_address.prefix) && address_range(wanted.prefix::inet)
    ) holder`
  return acrossOrganisations(db, scope, async () => (await query.execute(db)).rows)
}

/** Gives each subscriber these addresses in place of those it had. Throws ConflictError where somebody was faster. */
export async function replaceAddresses(
  db: Db,
  given: readonly { subscriberId: bigint; addresses: readonly StaticAddress[] }[],
  field = 'addresses',
): Promise<void> {
  if (given.length === 0) return
  await sql`delete from subscriber_address
    where subscriber_id = any(${given.map(({ subscriberId }) => subscriberId)}::bigint[])`.execute(db)
  const rows = given.flatMap(({ subscriberId, addresses }) => addresses.map((one) => ({ subscriberId, ...one })))
  if (rows.length === 0) return
  try {
    await sql`
      insert into subscriber_address (subscriber_id, kind, prefix, address_space_id)
      select t.*, address_space.id from unnest(
        ${rows.map((row) => row.subscriberId)}::bigint[], ${rows.map((row) => row.kind)}::text[],
        ${rows.map((row) => row.prefix)}::inet[]
      ) as t, address_space where address_space.name = 'default'`.execute(db)
  } catch (error) {
    if (sqlStateOf(error) !== sqlState.exclusionViolation) throw error
    throw new ConflictError(field, 'is or overlaps what a subscriber has already')
  }
}

// Two live sessions with one address of a pool: a NAS gave out of a pool of its own what is ours, or a session that we had taken
// for dead lives. The one that the address belongs to stays; the others are ordered off, and a person is told.

import { sql } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { clearAlarm, listAlarms, raiseAlarm } from '../alarm.ts'
import { orderDeadline } from '../coa-order.ts'
import { addressTextSql, heldAddressesSql } from './lease-sql.ts'

const kind = 'address-conflict'

type Conflict = { address: string; space: string; nases: string[] }

/**
 * Finds them, orders the sessions off that are not the owner's (of the static address, else of the lease, else the newest), once in
 * ten minutes each, and raises an alarm for each address; alarms whose conflict is over are cleared.
 */
export async function endAddressConflicts({ pool, db }: { pool: Pool; db: Db }, now: Date): Promise<number> {
  const conflicts = await findConflicts(db)
  if (conflicts.length > 0) await orderIntrudersOff(db, now)
  for (const conflict of conflicts)
    await raiseAlarm(pool, { kind, subject: subjectOf(conflict), text: textOf(conflict) }, now)
  const standing = new Set(conflicts.map(subjectOf))
  for (const alarm of await listAlarms(pool)) {
    if (alarm.kind === kind && !standing.has(alarm.subject)) await clearAlarm(db, alarm, now)
  }
  return conflicts.length
}

/** The sessions of leases that sessions of several subscribers have; (owner) whose it is. */
const contestedSql = `
  held as materialized (${heldAddressesSql}),
  contested as materialized (
    select held.address_space_id, held.address from held
    group by held.address_space_id, held.address
    having count(distinct coalesce(held.subscriber_id, - held.id)) > 1
  ),
  claimant as materialized (
    select held.*, coalesce(
        (select fixed.subscriber_id from subscriber_address fixed where fixed.address_space_id = lease.address_space_id
          and address_range(fixed.prefix) && address_range(lease.address) limit 1),
        lease.subscriber_id) as owner
    from contested
      join ip_lease lease on lease.address_space_id = contested.address_space_id and lease.address = contested.address
      join held on held.address_space_id = contested.address_space_id and held.address = contested.address
  )`

async function findConflicts(db: Db): Promise<Conflict[]> {
  const { rows } = await sql<Conflict>`
    with ${sql.raw(contestedSql)}
    select ${sql.raw(addressTextSql('claimant.address'))} as address, space.name as space,
      array_agg(distinct nas.name order by nas.name) as nases
    from claimant join address_space space on space.id = claimant.address_space_id left join nas on nas.id = claimant.nas_id
    group by claimant.address, space.name order by claimant.address, space.name`.execute(db)
  return rows
}

async function orderIntrudersOff(db: Db, now: Date): Promise<void> {
  await sql`
    with ${sql.raw(contestedSql)},
    ranked as (
      select claimant.*, row_number() over (partition by claimant.address_space_id, claimant.address
        order by claimant.subscriber_id is not distinct from claimant.owner desc, claimant.started_at desc, claimant.id desc) as place,
        first_value(claimant.subscriber_id) over (partition by claimant.address_space_id, claimant.address
        order by claimant.subscriber_id is not distinct from claimant.owner desc, claimant.started_at desc, claimant.id desc) as rightful
      from claimant
    )
    insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
    select ranked.id, ranked.subscriber_id, ranked.nas_id, 'disconnect', ${kind}, ${now}::timestamptz,
      ${orderDeadline(now)}::timestamptz, ${now}::timestamptz
    from ranked
    where ranked.place > 1 and ranked.subscriber_id is distinct from ranked.rightful
      and not exists (select from coa_order told where told.session_id = ranked.id and told.wish = 'disconnect'
        and told.created_at > ${now}::timestamptz - interval '10 minutes')`.execute(db)
}

function subjectOf({ address, space }: Conflict): string {
  return `${address} (space ${space})`
}

function textOf({ nases }: Conflict): string {
  return `several subscribers are online with it, on ${nases.join(', ')}; all but its owner are disconnected. If it comes again,
look for a pool of a NAS that has the same addresses`.replace('\n', ' ')
}

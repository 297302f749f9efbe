// Two live sessions with one address of a pool: a NAS gave out of a pool of its own what is ours, or a session that we had taken
// for dead lives. The one that the address belongs to stays; the others are ordered off, and a person is told. On one NAS only the
// newest session of an address lives, since a NAS does not give one to two: of the older the end was lost, and the search for dead
// sessions ends it. Of pools that still learn nothing is said.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { clearAlarm, listAlarms, raiseAlarm } from '../alarm.ts'
import { orderSessions } from '../enforcement/order-sessions.ts'
import { inRangeSql, sessionRanges } from '../session-walk.ts'
import { addressTextSql, heldAddressesSql, heldElsewhereSql } from './lease-sql.ts'

const kind = 'address-conflict'

type Conflict = { address: string; space: string; nases: string[] }

/**
 * Finds them, orders the sessions off that are not the owner's (of the static address, else of the lease, else the newest), once in
 * ten minutes each, and raises an alarm for each address; alarms whose conflict is over are cleared.
 */
export async function endAddressConflicts({ pool, db }: { pool: Pool; db: Db }, now: Date): Promise<number> {
  const conflicts = (await isSuspicious(pool)) ? await findConflicts(db, now) : []
  if (conflicts.length > 0) await orderIntrudersOff(db, now)
  for (const conflict of conflicts)
    await raiseAlarm(pool, { kind, subject: subjectOf(conflict), text: textOf(conflict) }, now)
  const standing = new Set(conflicts.map(subjectOf))
  for (const alarm of await listAlarms(pool)) {
    if (alarm.kind === kind && !standing.has(alarm.subject)) await clearAlarm(db, alarm, now)
  }
  return conflicts.length
}

/**
 * Whether sessions of two NASes have one address of a pool. Asked in pieces: to sort the addresses of 430,000 sessions took one
 * statement 1.5 s every minute, on both cores where the planner chose so; without a pool there is nothing to ask.
 */
async function isSuspicious(pool: Pool): Promise<boolean> {
  const { rowCount } = await pool.query('select from ip_pool limit 1')
  if (rowCount === 0) return false
  for await (const [from, until] of sessionRanges(pool)) {
    const held = heldAddressesSql(inRangeSql('s', `'${from}'`, `'${until}'`))
    const { rows } = await pool.query(
      `select from (${held}) as held
       -- In this order: few addresses are held elsewhere too.
       where case when ${heldElsewhereSql('held')} then exists (
         select from ip_lease where ip_lease.address_space_id = held.address_space_id and ip_lease.address = held.address offset 0
       ) else false end
       limit 1`,
    )
    if (rows.length > 0) return true
  }
  return false
}

/**
 * The newest session of each NAS, of the leases that sessions of several persons have (a session of nobody is a person of its own);
 * (owner) whose the address is.
 */
const contestedSql = (now: Date): RawBuilder<unknown> => sql`
  held as materialized (
    select one.*, coalesce(one.subscriber_id, - one.id) as person from (${sql.raw(heldAddressesSql())}) as one
  ),
  doubtful as materialized (
    select held.address_space_id, held.address from held
    group by held.address_space_id, held.address
    having count(distinct held.person) > 1 and count(distinct held.nas_id) > 1
  ),
  living as materialized (
    select distinct on (held.address_space_id, held.address, held.nas_id) held.*
    from doubtful join held on held.address_space_id = doubtful.address_space_id and held.address = doubtful.address
    order by held.address_space_id, held.address, held.nas_id, held.started_at desc, held.id desc
  ),
  contested as materialized (
    select living.address_space_id, living.address from living
    group by living.address_space_id, living.address having count(distinct living.person) > 1
  ),
  claimant as materialized (
    select living.*, coalesce(
        (select fixed.subscriber_id from subscriber_address fixed where fixed.address_space_id = lease.address_space_id
          and address_range(fixed.prefix) && address_range(lease.address) limit 1),
        lease.subscriber_id) as owner
    from contested
      join ip_lease lease on lease.address_space_id = contested.address_space_id and lease.address = contested.address
      join ip_pool pool on pool.id = lease.pool_id and (pool.learns and pool.learn_until > ${now}) is not true
      join living on living.address_space_id = contested.address_space_id and living.address = contested.address
  )`

async function findConflicts(db: Db, now: Date): Promise<Conflict[]> {
  const { rows } = await sql<Conflict>`
    with ${contestedSql(now)}
    select ${sql.raw(addressTextSql('claimant.address'))} as address, space.name as space,
      array_agg(distinct nas.name order by nas.name) as nases
    from claimant join address_space space on space.id = claimant.address_space_id left join nas on nas.id = claimant.nas_id
    group by claimant.address, space.name order by claimant.address, space.name`.execute(db)
  return rows
}

async function orderIntrudersOff(db: Db, now: Date): Promise<void> {
  const { rows } = await sql<{ sessionId: bigint }>`
    with ${contestedSql(now)},
    ranked as (
      select claimant.*, row_number() over its_own_first as place, first_value(claimant.person) over its_own_first as rightful
      from claimant
      window its_own_first as (partition by claimant.address_space_id, claimant.address
        order by (claimant.subscriber_id = claimant.owner) is true desc, claimant.subscriber_id is not null desc,
          claimant.started_at desc, claimant.id desc)
    )
    select distinct ranked.id as "sessionId" from ranked
    where ranked.place > 1 and ranked.person <> ranked.rightful
      and not exists (select from coa_order told where told.session_id = ranked.id and told.wish = 'disconnect'
        and told.created_at > ${now}::timestamptz - interval '10 minutes')`.execute(db)
  const wishes = rows.map(({ sessionId }) => ({ sessionId, wish: 'disconnect' as const, reason: kind }))
  await orderSessions(db, wishes, now)
}

function subjectOf({ address, space }: Conflict): string {
  return `${address} (space ${space})`
}

function textOf({ nases }: Conflict): string {
  return `several subscribers are online with it, on ${nases.join(', ')}; all but its owner are disconnected. If it comes again,
look for a pool of a NAS that has the same addresses`.replace('\n', ' ')
}

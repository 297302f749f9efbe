// How full the address pools are: what is shown of each, and the alarms when one runs out.

import { sql } from 'kysely'
import type { Pool } from '../../db/pool.ts'
import type { Db } from '../../db/schema.ts'
import { clearAlarm, listAlarms, raiseAlarm } from '../alarm.ts'
import { NotFoundError } from '../field.ts'
import { showRange } from './range.ts'
import type { PoolKind, Range } from './range.ts'

/** A pool with its ranges, and how many of its addresses are in which state. */
export type IpPoolShown = {
  id: bigint
  name: string
  kind: PoolKind
  prefixLength: number
  addressSpace: string
  /** Null: for every group of the space. */
  nasGroup: string | null
  ranges: string[]
  excluded: string[]
  onExhausted: 'reject' | 'nas-pool'
  sticky: boolean
  learns: boolean
  /** Null: it hands out. */
  learnUntil: Date | null
  createdAt: Date
  total: number
  /** By live sessions. */
  used: number
  /** By logins whose session has not begun, and by the quiet time after sessions. */
  held: number
  /** Of subscribers' own. */
  static: number
  free: number
}

/** Every pool by name, as of the last sweep; or the one of an id. */
export async function listIpPools(db: Db, now: Date, id?: bigint): Promise<IpPoolShown[]> {
  const ranges = (excluded: boolean) => sql`coalesce((
      select json_agg(json_build_object('first', host(span.first), 'last', host(span.last)) order by span.first)
      from ip_pool_range span where span.pool_id = pool.id and span.excluded = ${excluded}), '[]')`
  const { rows } = await sql<
    Omit<IpPoolShown, 'ranges' | 'excluded' | 'free'> & { ranges: Range[]; excluded: Range[] }
  >`
    select pool.id, pool.name, pool.kind, pool.prefix_length as "prefixLength", space.name as "addressSpace",
      nas_group.name as "nasGroup", ${ranges(false)} as ranges, ${ranges(true)} as excluded,
      pool.on_exhausted as "onExhausted", pool.sticky, pool.learns,
      case when pool.learn_until > ${now} then pool.learn_until end as "learnUntil", pool.created_at as "createdAt", counted.*
    from ip_pool pool
      join address_space space on space.id = pool.address_space_id
      left join nas_group on nas_group.id = pool.nas_group_id
      cross join lateral (
        select count(*)::int as total, count(*) filter (where lease.is_static)::int as static,
          count(*) filter (where not lease.is_static and lease.leased_until = 'infinity')::int as used,
          count(*) filter (where lease.leased_until > ${now} and lease.leased_until < 'infinity')::int as held
        from ip_lease lease where lease.pool_id = pool.id
      ) as counted
    where ${id ?? null}::bigint is null or pool.id = ${id ?? null}
    order by pool.name, pool.id`.execute(db)
  return rows.map((row) => ({
    ...row,
    ranges: row.ranges.map(showRange),
    excluded: row.excluded.map(showRange),
    free: row.total - row.static - row.used - row.held,
  }))
}

/** One pool. Throws NotFoundError. */
export async function showIpPool(db: Db, id: bigint, now: Date): Promise<IpPoolShown> {
  const [pool] = await listIpPools(db, now, id)
  if (pool === undefined) throw new NotFoundError('address pool', String(id))
  return pool
}

/** In percent: raised at the first, cleared below the second, so that a pool on the edge does not raise and clear all day. */
const alarmLevels = [
  { kind: 'pool-filling', raise: 80, clear: 75 },
  { kind: 'pool-nearly-exhausted', raise: 95, clear: 90 },
] as const

/** Raises and clears the alarms of all pools. Gives how many are newly raised. */
export async function watchIpPools({ pool, db }: { pool: Pool; db: Db }, now: Date): Promise<number> {
  const pools = await listIpPools(db, now)
  const shares = new Map(pools.map((one) => [subjectOf(one), { one, percent: percentTaken(one) }]))
  let raised = 0
  for (const { kind, raise } of alarmLevels) {
    for (const [subject, { one, percent }] of shares) {
      if (percent < raise) continue
      if (await raiseAlarm(pool, { kind, subject, text: alarmText(one, percent) }, now)) raised += 1
    }
  }
  for (const { kind, subject } of await listAlarms(pool)) {
    const level = alarmLevels.find((one) => one.kind === kind)
    if (level === undefined) continue
    const share = shares.get(subject)
    // Also of a pool that is not there any more.
    if (share === undefined || share.percent < level.clear) await clearAlarm(db, { kind, subject }, now)
  }
  return raised
}

function percentTaken({ total, free }: IpPoolShown): number {
  return total === 0 ? 0 : ((total - free) / total) * 100
}

function subjectOf({ name, kind, nasGroup, addressSpace }: IpPoolShown): string {
  return `${name} (${kind}, ${nasGroup === null ? `space ${addressSpace}` : `group ${nasGroup}`})`
}

function alarmText({ total, free, onExhausted }: IpPoolShown, percent: number): string {
  const then = onExhausted === 'reject' ? 'logins are refused' : 'the pool of the NAS has to serve'
  return `${Math.floor(percent)} % of ${total} addresses are taken, ${free} are free; when none is left ${then}: add ranges`
}

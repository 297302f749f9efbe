// The pools of a plan by NAS group: checked, written with the plan, read with it.

import type { Db } from '../../db/schema.ts'
import { checkText, FieldError } from '../field.ts'
import type { Scope } from '../scope.ts'
import { nasGroupInScope } from '../scope.ts'

/** Names as the NASes know them; absent: the plan's own. */
export type PoolNames = {
  pool?: string | null | undefined
  ipv6_pool?: string | null | undefined
  delegated_ipv6_pool?: string | null | undefined
}

export type GroupPools = {
  nas_group_id: bigint
  pool: string | null
  ipv6_pool: string | null
  delegated_ipv6_pool: string | null
}

/** As they are stored, by NAS group; an entry that names no pool is left out. Throws FieldError. */
export function checkPools(given: readonly ({ nas_group_id: bigint } & PoolNames)[]): GroupPools[] {
  const word = (text: string | null | undefined) => (text == null ? null : checkText('group-pools', text, 1, 100))
  const pools = given.map((entry) => ({
    nas_group_id: entry.nas_group_id,
    pool: word(entry.pool),
    ipv6_pool: word(entry.ipv6_pool),
    delegated_ipv6_pool: word(entry.delegated_ipv6_pool),
  }))
  if (new Set(pools.map((entry) => entry.nas_group_id)).size !== pools.length) {
    throw new FieldError('group-pools', 'names a NAS group twice')
  }
  return pools
    .filter((entry) => entry.pool !== null || entry.ipv6_pool !== null || entry.delegated_ipv6_pool !== null)
    .toSorted((one, other) => (one.nas_group_id < other.nas_group_id ? -1 : 1))
}

/** Throws FieldError where a NAS group is not there, or out of reach. */
export async function checkNasGroups(db: Db, field: string, ids: readonly bigint[], scope: Scope): Promise<void> {
  if (ids.length === 0) return
  const found = await db
    .selectFrom('nas_group')
    .select('id')
    .where('id', 'in', [...ids])
    .where(nasGroupInScope(scope, 'nas_group.id'))
    .execute()
  const missing = ids.find((id) => !found.some((group) => group.id === id))
  if (missing !== undefined) throw new FieldError(field, `there is no NAS group ${missing}`)
}

/** Puts these pools in place of those that the plan has. */
export async function writePools(db: Db, planId: bigint, pools: readonly GroupPools[]): Promise<void> {
  await db.deleteFrom('plan_pool').where('plan_id', '=', planId).execute()
  if (pools.length === 0) return
  await db
    .insertInto('plan_pool')
    .values(pools.map((entry) => ({ plan_id: planId, ...entry })))
    .execute()
}

/** The pools of plans, by NAS group. */
export async function readPools(db: Db, planIds: readonly bigint[]): Promise<Map<bigint, GroupPools[]>> {
  const byPlan = new Map<bigint, GroupPools[]>(planIds.map((id) => [id, []]))
  if (planIds.length === 0) return byPlan
  const rows = await db
    .selectFrom('plan_pool')
    .selectAll()
    .where('plan_id', 'in', [...planIds])
    .orderBy('nas_group_id')
    .execute()
  for (const { plan_id: planId, ...pools } of rows) byPlan.get(planId)!.push(pools)
  return byPlan
}

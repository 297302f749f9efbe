// Plans as operators see them: one, or a page of them, with how many subscribers each has. A reseller sees its own and the
// shared ones, and counts its own subscribers.

import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { Db, PlanTable } from '../../db/schema.ts'
import type { Gardens } from '../access-subject.ts'
import { NotFoundError } from '../field.ts'
import { formatMoney } from '../money.ts'
import { ownedInScope, subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import type { PlanFields } from './fields.ts'
import { readPools } from './pools.ts'
import type { GroupPools } from './pools.ts'
import type { FupStep } from './quota.ts'
import type { ScheduleStep } from './schedule.ts'

/** A row of `plan` with what belongs to it; the lists are those that were checked when they were written. */
export type Plan = Omit<Selectable<PlanTable>, 'fup_steps' | 'schedule' | 'gardens'> & {
  fup_steps: readonly FupStep[]
  schedule: readonly ScheduleStep[]
  gardens: Gardens
  /** Name of the organisation; null: shared by all. */
  owner: string | null
  quota_plan: string | null
  group_pools: readonly GroupPools[]
}

/** With the subscribers in reach that have it, archived ones left out. */
export type ListedPlan = Plan & { subscribers: number }

export type PlanQuery = {
  /** A part of the name. */
  search?: string | undefined
  /** Only archived ones, or only others. */
  archived: boolean
  /** Of one organisation. */
  ownerId?: bigint | undefined
  limit: number
  after?: { name: string; id: bigint } | undefined
}

/** A plan in reach, archived or not. Throws NotFoundError. */
export async function readPlan(db: Db, id: bigint, scope: Scope): Promise<Plan> {
  const row = await selectPlans(db, scope).where('plan.id', '=', id).executeTakeFirst()
  if (row === undefined) throw new NotFoundError('plan', String(id))
  const pools = await readPools(db, [id])
  return planOf(row, pools.get(id)!)
}

/** One page, by name; a row more than the limit where another page follows. */
export async function listPlanPage(db: Db, query: PlanQuery, scope: Scope): Promise<ListedPlan[]> {
  let select = selectPlans(db, scope).where('plan.archived_at', query.archived ? 'is not' : 'is', null)
  if (query.search !== undefined) {
    const part = `%${query.search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
    select = select.where('plan.name', 'ilike', part)
  }
  if (query.ownerId !== undefined) select = select.where('plan.owner_id', '=', query.ownerId)
  if (query.after !== undefined) {
    const { name, id } = query.after
    select = select.where(sql<boolean>`(plan.name, plan.id) > (${name}, ${id})`)
  }
  const rows = await select
    .orderBy('plan.name')
    .orderBy('plan.id')
    .limit(query.limit + 1)
    .execute()
  const ids = rows.map((row) => row.id)
  const [pools, counts] = [await readPools(db, ids), await countSubscribers(db, ids, scope)]
  return rows.map((row) => ({ ...planOf(row, pools.get(row.id)!), subscribers: counts.get(row.id) ?? 0 }))
}

/** How many subscribers in reach have each of these plans, archived ones left out. */
export async function countSubscribers(db: Db, planIds: readonly bigint[], scope: Scope): Promise<Map<bigint, number>> {
  const { rows } = await sql<{ plan_id: bigint; count: bigint }>`
    select subscriber.plan_id, count(*) as count from subscriber
    where subscriber.plan_id = any(${planIds}::bigint[]) and subscriber.archived_at is null and ${subscriberInScope(scope)}
    group by subscriber.plan_id`.execute(db)
  return new Map(rows.map((row) => [row.plan_id, Number(row.count)]))
}

function selectPlans(db: Db, scope: Scope) {
  return db
    .selectFrom('plan')
    .leftJoin('organisation', 'organisation.id', 'plan.owner_id')
    .leftJoin('plan as slower', 'slower.id', 'plan.quota_plan_id')
    .selectAll('plan')
    .select(['organisation.name as owner', 'slower.name as quota_plan'])
    .where(ownedInScope(scope, 'plan.owner_id', { shared: true }))
}

type PlanColumns = Selectable<PlanTable> & { owner: string | null; quota_plan: string | null }

function planOf(row: PlanColumns, pools: readonly GroupPools[]): Plan {
  return {
    ...row,
    fup_steps: row.fup_steps as readonly FupStep[],
    schedule: row.schedule as readonly ScheduleStep[],
    gardens: row.gardens as Gardens,
    group_pools: pools,
  }
}

/** The fields of a plan as they could be handed in again: what an edit starts from, and the audit trail compares. */
export function fieldsOf(plan: Plan): Required<PlanFields> {
  const rate = (bps: bigint | null) => (bps === null ? null : Number(bps))
  const volume = (octets: bigint | null) => octets?.toString() ?? null
  return {
    name: plan.name,
    down_bps: Number(plan.down_bps),
    up_bps: Number(plan.up_bps),
    burst_down_bps: rate(plan.burst_down_bps),
    burst_up_bps: rate(plan.burst_up_bps),
    burst_threshold_down_bps: rate(plan.burst_threshold_down_bps),
    burst_threshold_up_bps: rate(plan.burst_threshold_up_bps),
    burst_seconds: plan.burst_seconds,
    priority: plan.priority,
    min_down_bps: rate(plan.min_down_bps),
    min_up_bps: rate(plan.min_up_bps),
    validity: plan.validity,
    validity_unit: plan.validity_unit,
    price: formatMoney(plan.price_minor, plan.currency),
    setup_price: formatMoney(plan.setup_price_minor, plan.currency),
    auto_renew: plan.auto_renew,
    grace_hours: plan.grace_hours,
    expiry_rule: plan.expiry_rule,
    expiry_hour: plan.expiry_hour,
    no_cut_days: plan.no_cut_days,
    session_limit: plan.session_limit,
    device_limit: plan.device_limit,
    mac_rule: plan.mac_rule,
    pool: plan.pool,
    ipv6_pool: plan.ipv6_pool,
    delegated_ipv6_pool: plan.delegated_ipv6_pool,
    group_pools: plan.group_pools,
    allowed_nas_group_ids: plan.allowed_nas_group_ids,
    address_list: plan.address_list,
    idle_timeout_s: plan.idle_timeout_s,
    interim_interval_s: plan.interim_interval_s,
    quota_octets: volume(plan.quota_octets),
    quota_down_octets: volume(plan.quota_down_octets),
    quota_up_octets: volume(plan.quota_up_octets),
    quota_period: plan.quota_period,
    on_quota: plan.on_quota,
    quota_plan_id: plan.quota_plan_id,
    fup_steps: plan.fup_steps,
    schedule: plan.schedule,
    on_expiry: plan.on_expiry,
    on_block: plan.on_block,
    garden_address_list: plan.garden_address_list,
    garden_pool: plan.garden_pool,
    gardens: plan.gardens,
    attributes: plan.attributes,
  }
}

// Plans as access needs them, kept by the version of their row: what a version holds is read once, and a changed plan is
// another version, so that nothing can go stale. Where a slower plan follows the quota, its version belongs to it too.

import { arrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import type { AccessPlan } from './access-subject.ts'

/** What makes a version of a plan's row: the transaction that wrote it, and its place. */
const rowVersion = (table: string) => `${table}.id || '/' || ${table}.xmin || '/' || ${table}.ctid`

/** An SQL expression: the version of a row of `plan`. Pools of NAS groups make another one when they change (a trigger). */
export const planVersionSql = `case when plan.quota_plan_id is null then ${rowVersion('plan')}
    else ${rowVersion('plan')} || '+' || (select ${rowVersion('slower')} from plan as slower where slower.id = plan.quota_plan_id)
    end`

/** An SQL condition: something of this plan follows from use in its service period, which the load of a login reads. */
export const countsPeriodSql = `plan.quota_period = 'period'
    and (num_nonnulls(plan.quota_octets, plan.quota_down_octets, plan.quota_up_octets) > 0 or plan.fup_steps <> '[]')`

const speeds = (table: string) => `
    'id', ${table}.id, 'name', ${table}.name, 'down_bps', ${table}.down_bps, 'up_bps', ${table}.up_bps,
    'burst_down_bps', ${table}.burst_down_bps, 'burst_up_bps', ${table}.burst_up_bps,
    'burst_threshold_down_bps', ${table}.burst_threshold_down_bps,
    'burst_threshold_up_bps', ${table}.burst_threshold_up_bps, 'burst_seconds', ${table}.burst_seconds,
    'priority', ${table}.priority, 'min_down_bps', ${table}.min_down_bps, 'min_up_bps', ${table}.min_up_bps,
    'schedule', ${table}.schedule, 'address_list', ${table}.address_list`

/** An SQL expression: a row of `plan` as JSON of an AccessPlan. */
export const accessPlanSql = `json_build_object(${speeds('plan')},
    'quota_octets', plan.quota_octets::text, 'quota_down_octets', plan.quota_down_octets::text,
    'quota_up_octets', plan.quota_up_octets::text, 'quota_period', plan.quota_period, 'fup_steps', plan.fup_steps,
    'pool', plan.pool, 'ipv6_pool', plan.ipv6_pool, 'delegated_ipv6_pool', plan.delegated_ipv6_pool,
    'group_pools', coalesce((select json_agg(json_build_object('nas_group_id', plan_pool.nas_group_id,
      'pool', plan_pool.pool, 'ipv6_pool', plan_pool.ipv6_pool, 'delegated_ipv6_pool', plan_pool.delegated_ipv6_pool)
      order by plan_pool.nas_group_id) from plan_pool where plan_pool.plan_id = plan.id), '[]'),
    'idle_timeout_s', plan.idle_timeout_s, 'interim_interval_s', plan.interim_interval_s, 'mac_rule', plan.mac_rule,
    'allowed_nas_group_ids', array_to_json(plan.allowed_nas_group_ids),
    'on_expiry', plan.on_expiry, 'on_block', plan.on_block, 'on_quota', plan.on_quota,
    'slower', (select json_build_object(${speeds('slower')}) from plan as slower where slower.id = plan.quota_plan_id),
    'garden_address_list', plan.garden_address_list, 'garden_pool', plan.garden_pool, 'gardens', plan.gardens,
    'attributes', plan.attributes)`

const planText = `select ${planVersionSql}, ${accessPlanSql}::text from plan where plan.id = any ($1::bigint[])`

/** Plans by the version of their row. Emptied when there are too many. */
const plans = new Map<string, AccessPlan>()
const maximumPlans = 1_000

/** Finds the plan of a version after reading those that are not known yet. */
export async function planReader(pool: Pool, versions: readonly string[]): Promise<(version: string) => AccessPlan> {
  const unknown = new Set(versions.filter((version) => !plans.has(version)).map(planId))
  if (unknown.size === 0) return (version) => plans.get(version)!
  const read = { name: 'read-plans', text: planText, values: [arrayLiteral([...unknown])], rowMode: 'array' as const }
  const { rows } = await pool.query<[string, string]>(read)
  const known = new Map(plans)
  // Changed again meanwhile: then what it is now is truer than the version that was asked for.
  const newest = new Map(rows.map(([version, content]) => [planId(version), JSON.parse(content) as AccessPlan]))
  if (plans.size >= maximumPlans) plans.clear()
  for (const [version] of rows) plans.set(version, newest.get(planId(version))!)
  return (version) => (newest.get(planId(version)) ?? known.get(version))!
}

function planId(version: string): string {
  return version.slice(0, version.indexOf('/'))
}

// What is probably a mistake in a plan although it can be stored: gaps of minutes, steps that never come or are not slower,
// fields that say nothing beside others. What cannot be is refused when it is written (fields.ts).

import type { AccessPlan } from '../access-subject.ts'
import { gardenList, gardenPool } from '../authorization.ts'
import type { Settings } from '../setting.ts'
import type { PlanFields } from './fields.ts'
import { gapsOf, showWeekMinute } from './schedule.ts'

/** `field` as the API calls it. */
export type PlanWarning = { field: string; reason: string }

/** Shorter ones are slips: 05:59 to 06:00. */
const shortGapMinutes = 60

/** Everything that a person should look at again. `plan` is the checked form of `fields`. */
export function planWarnings(fields: PlanFields, plan: AccessPlan, settings: Settings): PlanWarning[] {
  return [
    ...scheduleWarnings(plan),
    ...fupWarnings(plan),
    ...quotaWarnings(plan),
    ...gardenWarnings(plan, settings),
    ...periodWarnings(fields),
    ...deviceWarnings(fields, plan),
  ]
}

function scheduleWarnings({ schedule }: AccessPlan): PlanWarning[] {
  const short = gapsOf(schedule).filter(({ from, to }) => lengthOf(from, to) < shortGapMinutes)
  return short.map(({ from, to }) => ({
    field: 'schedule',
    reason: `no step holds from ${showWeekMinute(from)} to ${showWeekMinute(to)}, where the plan's own rates do`,
  }))
}

function lengthOf(from: number, to: number): number {
  return to > from ? to - from : to - from + 7 * 1_440
}

function fupWarnings({ fup_steps: steps, quota_octets: quota, ...plan }: AccessPlan): PlanWarning[] {
  return steps.flatMap((step, index) => {
    const before = steps[index - 1] ?? plan
    const found: PlanWarning[] = []
    const isSlower = step.down_bps < before.down_bps || step.up_bps < before.up_bps
    if (!isSlower) found.push({ field: 'fup_steps', reason: `step ${index + 1} is not slower than what it follows` })
    if (quota !== null && BigInt(step.after_octets) >= BigInt(quota)) {
      found.push({ field: 'fup_steps', reason: `step ${index + 1} never comes: the quota is used up before it` })
    }
    return found
  })
}

function quotaWarnings(plan: AccessPlan): PlanWarning[] {
  const found: PlanWarning[] = []
  const { quota_octets: total, quota_down_octets: down, quota_up_octets: up, slower } = plan
  if (total === null && down === null && up === null && plan.on_quota !== 'reject') {
    found.push({ field: 'on_quota', reason: 'says what follows a quota, but there is none' })
  }
  for (const [field, limit] of [
    ['quota_down_octets', down],
    ['quota_up_octets', up],
  ] as const) {
    if (limit === null || total === null || BigInt(limit) < BigInt(total)) continue
    found.push({ field, reason: 'never comes: the quota of both directions is used up before it' })
  }
  if (slower !== null && slower.down_bps >= plan.down_bps && slower.up_bps >= plan.up_bps) {
    found.push({ field: 'quota_plan_id', reason: `the plan ${slower.name} is not slower` })
  }
  return found
}

function gardenWarnings(plan: AccessPlan, settings: Settings): PlanWarning[] {
  const services = {
    expired: ['on_expiry', plan.on_expiry],
    blocked: ['on_block', plan.on_block],
    quota: ['on_quota', plan.on_quota],
  } as const
  return (['expired', 'blocked', 'quota'] as const).flatMap((reason) => {
    const [field, service] = services[reason]
    const place = plan.gardens[reason]
    if (service !== 'garden') {
      return place === undefined
        ? []
        : [{ field: `gardens.${reason}`, reason: `says nothing while ${field} is ${service}` }]
    }
    const isFenced = gardenList(plan, place, settings) !== undefined || gardenPool(plan, place, settings) !== undefined
    return isFenced ? [] : [{ field, reason: 'leads into a garden that neither an address list nor a pool fences' }]
  })
}

function periodWarnings(fields: PlanFields): PlanWarning[] {
  const found: PlanWarning[] = []
  if (Number(fields.validity) === 0) {
    if (fields.auto_renew === true) found.push({ field: 'auto_renew', reason: 'says nothing: service never ends' })
    if (Number(fields.grace_hours ?? 0) > 0)
      found.push({ field: 'grace_hours', reason: 'says nothing: service never ends' })
    if (fields.quota_period == null || fields.quota_period === 'period') {
      const isCounted = [fields.quota_octets, fields.quota_down_octets, fields.quota_up_octets].some(
        (limit) => limit != null,
      )
      if (isCounted)
        found.push({ field: 'quota_period', reason: 'the service period never ends, so the quota never comes back' })
    }
  }
  if (fields.validity_unit === 'hours' && fields.expiry_rule != null && fields.expiry_rule !== 'instant') {
    found.push({ field: 'expiry_rule', reason: 'makes more of a validity in hours than it says' })
  }
  return found
}

function deviceWarnings(fields: PlanFields, plan: AccessPlan): PlanWarning[] {
  const found: PlanWarning[] = []
  if (fields.device_limit != null && plan.mac_rule !== 'learn') {
    found.push({ field: 'device_limit', reason: `says nothing: no device is learnt with the rule ${plan.mac_rule}` })
  }
  const allowed = plan.allowed_nas_group_ids
  const outside = plan.group_pools.filter((entry) => allowed.length > 0 && !allowed.includes(entry.nas_group_id))
  for (const entry of outside) {
    found.push({ field: 'group_pools', reason: `the plan is not allowed in NAS group ${entry.nas_group_id}` })
  }
  return found
}

// The bodies and answers of plans. Fields that are taken and those that are answered have the same names, so that an answer
// can be changed and sent back.

import { z } from 'zod'
import {
  deniedServices,
  expiryRules,
  gardenReasons,
  macRules,
  quotaFollowers,
  validityUnits,
} from '../../domain/plan/fields.ts'
import { quotaPeriods } from '../../domain/plan/quota.ts'
import { fieldsOf } from '../../domain/plan/read.ts'
import type { Plan } from '../../domain/plan/read.ts'
import type { PlanWarning } from '../../domain/plan/warnings.ts'
import { id, idOut, instantOut, isoOrNull, money, moneyOut, octetsOut, text } from '../schemas.ts'

const rate = z.union([z.int().min(1), text(20)]).meta({ description: 'Bit/s, or text such as 50M' })
const volume = text(20).meta({ description: 'Octets as decimal text, or text such as 100G' })
const word = text(100)
const whole = z.int().min(0).max(2_147_483_647)
const weekdays = z.array(z.int().min(1).max(7)).max(7).meta({ description: 'ISO weekdays, 1 is Monday' })
const clock = z
  .string()
  .regex(/^\d\d:\d\d$/)
  .meta({ description: 'Local time of the ISP' })

const pools = { pool: word.nullish(), ipv6_pool: word.nullish(), delegated_ipv6_pool: word.nullish() }
const place = z.strictObject({ address_list: word.nullish(), pool: word.nullish() })
const gardens = z.strictObject(
  Object.fromEntries(gardenReasons.map((reason) => [reason, place.nullish()])) as Record<
    (typeof gardenReasons)[number],
    ReturnType<typeof place.nullish>
  >,
)

/** What a new plan needs. */
const needed = { name: word, down_bps: rate, up_bps: rate, validity: whole }

/** What a plan may have; null is as if it were not named. */
const optional = {
  burst_down_bps: rate.nullish(),
  burst_up_bps: rate.nullish(),
  burst_threshold_down_bps: rate.nullish(),
  burst_threshold_up_bps: rate.nullish(),
  burst_seconds: whole.nullish(),
  priority: whole.nullish(),
  min_down_bps: rate.nullish(),
  min_up_bps: rate.nullish(),
  validity_unit: z.enum(validityUnits).nullish(),
  price: money.nullish(),
  setup_price: money.nullish(),
  auto_renew: z.boolean().nullish(),
  grace_hours: whole.nullish(),
  expiry_rule: z.enum(expiryRules).nullish(),
  expiry_hour: whole.nullish(),
  no_cut_days: weekdays.nullish(),
  session_limit: whole.nullish(),
  device_limit: whole.nullish(),
  mac_rule: z.enum(macRules).nullish(),
  ...pools,
  group_pools: z
    .array(z.strictObject({ nas_group_id: id, ...pools }))
    .max(200)
    .nullish(),
  allowed_nas_group_ids: z.array(id).max(200).nullish(),
  address_list: word.nullish(),
  idle_timeout_s: whole.nullish(),
  interim_interval_s: whole.nullish(),
  quota_octets: volume.nullish(),
  quota_down_octets: volume.nullish(),
  quota_up_octets: volume.nullish(),
  quota_period: z.enum(quotaPeriods).nullish(),
  on_quota: z.enum(quotaFollowers).nullish(),
  quota_plan_id: id.nullish(),
  fup_steps: z
    .array(z.strictObject({ after_octets: volume, down_bps: rate, up_bps: rate }))
    .max(20)
    .nullish(),
  schedule: z
    .array(
      z.strictObject({
        weekdays,
        from: clock,
        to: clock,
        down_bps: rate.nullish(),
        up_bps: rate.nullish(),
        percent: z.int().min(1).max(1_000).nullish(),
      }),
    )
    .max(50)
    .nullish(),
  on_expiry: z.enum(deniedServices).nullish(),
  on_block: z.enum(deniedServices).nullish(),
  garden_address_list: word.nullish(),
  garden_pool: word.nullish(),
  gardens: gardens.nullish(),
  attributes: z
    .array(text(500).regex(/^\P{Cc}*$/u, 'has a control character'))
    .max(50)
    .nullish(),
}

/** Fields of a plan to be made. */
export const newPlan = { ...needed, ...optional }

/** Fields of an edit: what is not named stays. */
export const planPatch = {
  name: needed.name.optional(),
  down_bps: needed.down_bps.optional(),
  up_bps: needed.up_bps.optional(),
  validity: needed.validity.optional(),
  ...optional,
}

const rateOut = z.int().min(1)
const wordOut = z.string().nullable()
const poolsOut = { pool: wordOut, ipv6_pool: wordOut, delegated_ipv6_pool: wordOut }

export const warningOut = z.strictObject({ field: z.string(), reason: z.string() })

export const planOut = z.strictObject({
  id: idOut,
  owner_id: idOut.nullable(),
  owner: z.string().nullable(),
  name: z.string(),
  down_bps: rateOut,
  up_bps: rateOut,
  burst_down_bps: rateOut.nullable(),
  burst_up_bps: rateOut.nullable(),
  burst_threshold_down_bps: rateOut.nullable(),
  burst_threshold_up_bps: rateOut.nullable(),
  burst_seconds: z.int().nullable(),
  priority: z.int().nullable(),
  min_down_bps: rateOut.nullable(),
  min_up_bps: rateOut.nullable(),
  validity: z.int(),
  validity_unit: z.enum(validityUnits),
  price: moneyOut,
  setup_price: moneyOut,
  currency: z.string(),
  auto_renew: z.boolean(),
  grace_hours: z.int(),
  expiry_rule: z.enum(expiryRules),
  expiry_hour: z.int().nullable(),
  no_cut_days: z.array(z.int()),
  session_limit: z.int().nullable(),
  device_limit: z.int().nullable(),
  mac_rule: z.enum(macRules),
  ...poolsOut,
  group_pools: z.array(z.strictObject({ nas_group_id: idOut, ...poolsOut })),
  allowed_nas_group_ids: z.array(idOut),
  address_list: wordOut,
  idle_timeout_s: z.int().nullable(),
  interim_interval_s: z.int().nullable(),
  quota_octets: octetsOut.nullable(),
  quota_down_octets: octetsOut.nullable(),
  quota_up_octets: octetsOut.nullable(),
  quota_period: z.enum(quotaPeriods),
  on_quota: z.enum(quotaFollowers),
  quota_plan_id: idOut.nullable(),
  quota_plan: z.string().nullable(),
  fup_steps: z.array(z.strictObject({ after_octets: octetsOut, down_bps: rateOut, up_bps: rateOut })),
  schedule: z.array(
    z.strictObject({
      weekdays: z.array(z.int()),
      from: z.string(),
      to: z.string(),
      down_bps: rateOut.optional(),
      up_bps: rateOut.optional(),
      percent: z.int().optional(),
    }),
  ),
  on_expiry: z.enum(deniedServices),
  on_block: z.enum(deniedServices),
  garden_address_list: wordOut,
  garden_pool: wordOut,
  gardens: z.record(z.string(), z.strictObject({ address_list: wordOut, pool: wordOut })),
  attributes: z.array(z.string()),
  created_at: instantOut,
  archived_at: instantOut.nullable(),
})

/** One plan as the API tells it. */
export function presentPlan(plan: Plan): z.input<typeof planOut> {
  const { currency, owner, quota_plan } = plan
  const fields = fieldsOf(plan)
  return {
    ...(fields as unknown as z.input<typeof planOut>),
    id: Number(plan.id),
    owner_id: plan.owner_id === null ? null : Number(plan.owner_id),
    owner,
    currency,
    quota_plan_id: plan.quota_plan_id === null ? null : Number(plan.quota_plan_id),
    quota_plan,
    allowed_nas_group_ids: plan.allowed_nas_group_ids.map(Number),
    group_pools: plan.group_pools.map((entry) => ({ ...entry, nas_group_id: Number(entry.nas_group_id) })),
    created_at: plan.created_at.toISOString(),
    archived_at: isoOrNull(plan.archived_at),
  }
}

/** Warnings as they are answered. */
export function presentWarnings(warnings: readonly PlanWarning[]): { field: string; reason: string }[] {
  return warnings.map(({ field, reason }) => ({ field, reason }))
}

// Plans by their name, as the command line, the demonstration and imports speak of them. What a plan is made of: plan/.

import type { Selectable } from 'kysely'
import type { Db, PlanTable } from '../db/schema.ts'
import type { AttributeCheck } from './nas-device.ts'
import { insertPlan } from './plan/create.ts'
import type { PlanFields } from './plan/fields.ts'
import { everything } from './scope.ts'

/** As an operator writes it: rates `50M`, volumes `100G`, price `20.00`. Only the first four are needed. */
export type NewPlan = {
  name: string
  down: string
  up: string
  /** Length of a service period, in days or what `validityUnit` says; 0: it never ends. */
  days: number | string
  validityUnit?: string
  price?: string
  setupPrice?: string
  autoRenew?: boolean
  /** Organisation that owns it; undefined: shared by all. */
  ownerId?: bigint
  burstDown?: string
  burstUp?: string
  burstThresholdDown?: string
  burstThresholdUp?: string
  burstSeconds?: number | string
  minDown?: string
  minUp?: string
  /** 1 (first) to 8. */
  priority?: number | string
  sessionLimit?: number | string
  deviceLimit?: number | string
  macRule?: string
  quota?: string
  quotaDown?: string
  quotaUp?: string
  quotaPeriod?: string
  pool?: string
  ipv6Pool?: string
  delegatedIpv6Pool?: string
  addressList?: string
  idleTimeoutS?: number | string
  interimIntervalS?: number | string
  graceHours?: number | string
  expiryRule?: string
  /** With the rule local-hour: 0 to 23. */
  expiryHour?: number | string
  /** ISO weekdays, 1 = Monday. */
  noCutDays?: readonly (number | string)[]
  onExpiry?: string
  onBlock?: string
  onQuota?: string
  gardenAddressList?: string
  gardenPool?: string
  attributes?: readonly string[]
  /** Fields without a text form, as the API has them. */
  more?: Partial<PlanFields>
}

export type PlanSummary = Omit<Selectable<PlanTable>, 'owner_id'> & { owner: string | null }

/** Adds a plan in the ISP's currency. Throws FieldError or ConflictError. */
export async function addPlan(
  db: Db,
  input: NewPlan,
  checkAttribute: AttributeCheck,
  now: Date,
): Promise<{ id: bigint }> {
  const ownerId = input.ownerId ?? null
  return { id: await insertPlan(db, { fields: fieldsOf(input), ownerId }, everything, checkAttribute, now) }
}

function fieldsOf(input: NewPlan): PlanFields {
  return {
    name: input.name,
    down_bps: input.down,
    up_bps: input.up,
    burst_down_bps: input.burstDown,
    burst_up_bps: input.burstUp,
    burst_threshold_down_bps: input.burstThresholdDown,
    burst_threshold_up_bps: input.burstThresholdUp,
    burst_seconds: input.burstSeconds,
    priority: input.priority,
    min_down_bps: input.minDown,
    min_up_bps: input.minUp,
    validity: input.days,
    validity_unit: input.validityUnit,
    price: input.price,
    setup_price: input.setupPrice,
    auto_renew: input.autoRenew,
    grace_hours: input.graceHours,
    expiry_rule: input.expiryRule,
    expiry_hour: input.expiryHour,
    no_cut_days: input.noCutDays,
    session_limit: input.sessionLimit,
    device_limit: input.deviceLimit,
    mac_rule: input.macRule,
    pool: input.pool,
    ipv6_pool: input.ipv6Pool,
    delegated_ipv6_pool: input.delegatedIpv6Pool,
    address_list: input.addressList,
    idle_timeout_s: input.idleTimeoutS,
    interim_interval_s: input.interimIntervalS,
    quota_octets: input.quota,
    quota_down_octets: input.quotaDown,
    quota_up_octets: input.quotaUp,
    quota_period: input.quotaPeriod,
    on_quota: input.onQuota,
    on_expiry: input.onExpiry,
    on_block: input.onBlock,
    garden_address_list: input.gardenAddressList,
    garden_pool: input.gardenPool,
    attributes: input.attributes,
    ...input.more,
  }
}

/** All plans that are not archived, by name. */
export async function listPlans(db: Db): Promise<PlanSummary[]> {
  return db
    .selectFrom('plan')
    .leftJoin('organisation', 'organisation.id', 'plan.owner_id')
    .selectAll('plan')
    .select('organisation.name as owner')
    .where('plan.archived_at', 'is', null)
    .orderBy('plan.name')
    .orderBy('plan.id')
    .execute()
}

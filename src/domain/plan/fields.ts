// The fields of a plan as the API says them, what each may be, and the row that they become. A field that is wrong is named in
// a FieldError. Rates in bit/s or as text (`50M`), volumes in octets or as text (`100G`), money as text in major units.

import type { Insertable } from 'kysely'
import type { PlanTable } from '../../db/schema.ts'
import { checkChoice, checkInteger, checkText, FieldError } from '../field.ts'
import { parseLimit } from '../money/amount.ts'
import { checkAttributes } from '../nas-device.ts'
import type { AttributeCheck } from '../nas-device.ts'
import { parseVolume } from '../quantity.ts'
import type { PoolNames } from './pools.ts'
import { checkFupSteps, quotaPeriods } from './quota.ts'
import type { QuotaPeriod } from './quota.ts'
import { checkSpeeds, readRate } from './speed-fields.ts'
import type { SpeedFields } from './speed-fields.ts'
import { checkSchedule } from './schedule.ts'

export const validityUnits = ['hours', 'days', 'months', 'calendar-month'] as const
export const expiryRules = ['instant', 'end-of-day', 'local-hour'] as const
export const deniedServices = ['reject', 'garden'] as const
export const quotaFollowers = ['reject', 'garden', 'slower'] as const
export const macRules = ['free', 'learn', 'bound'] as const
export const gardenReasons = ['expired', 'blocked', 'quota'] as const

type Maybe<T> = T | null | undefined
type Quantity = number | string

/** All but the first four may be absent or null: then they are not there, or as an ordinary plan has them. */
export type PlanFields = SpeedFields & {
  name: string
  /** Length of a service period in `validity_unit`; 0: it never ends. */
  validity: Quantity
  validity_unit?: Maybe<string>
  price?: Maybe<string>
  setup_price?: Maybe<string>
  auto_renew?: Maybe<boolean>
  grace_hours?: Maybe<Quantity>
  expiry_rule?: Maybe<string>
  /** With the rule local-hour: 0 to 23. */
  expiry_hour?: Maybe<Quantity>
  /** ISO weekdays, 1 = Monday. */
  no_cut_days?: Maybe<readonly Quantity[]>
  session_limit?: Maybe<Quantity>
  device_limit?: Maybe<Quantity>
  mac_rule?: Maybe<string>
  pool?: Maybe<string>
  ipv6_pool?: Maybe<string>
  delegated_ipv6_pool?: Maybe<string>
  /** On the NASes of a group in place of those above. */
  group_pools?: Maybe<readonly ({ nas_group_id: bigint } & PoolNames)[]>
  /** NAS groups; none: all. */
  allowed_nas_group_ids?: Maybe<readonly bigint[]>
  address_list?: Maybe<string>
  idle_timeout_s?: Maybe<Quantity>
  interim_interval_s?: Maybe<Quantity>
  quota_octets?: Maybe<string>
  quota_down_octets?: Maybe<string>
  quota_up_octets?: Maybe<string>
  quota_period?: Maybe<string>
  on_quota?: Maybe<string>
  /** With on_quota `slower`. */
  quota_plan_id?: Maybe<bigint>
  fup_steps?: Maybe<readonly { after_octets: string; down_bps: Quantity; up_bps: Quantity }[]>
  schedule?: Maybe<readonly ScheduleField[]>
  on_expiry?: Maybe<string>
  on_block?: Maybe<string>
  garden_address_list?: Maybe<string>
  garden_pool?: Maybe<string>
  gardens?: Maybe<{ [Reason in (typeof gardenReasons)[number]]?: Maybe<GardenField> }>
  attributes?: Maybe<readonly string[]>
}

type ScheduleField = {
  weekdays: readonly number[]
  from: string
  to: string
  down_bps?: Maybe<Quantity>
  up_bps?: Maybe<Quantity>
  percent?: Maybe<number>
}
type GardenField = { address_list?: Maybe<string>; pool?: Maybe<string> }

/** What checkPlan gives: a row without owner and times. */
export type PlanRow = Omit<Insertable<PlanTable>, 'id' | 'owner_id' | 'version' | 'created_at' | 'archived_at'>

/** The row of a plan, its lists as JSON. Throws FieldError. Rows that it refers to are looked at by who writes it. */
export function checkPlan(fields: PlanFields, currency: string, checkAttribute: AttributeCheck): PlanRow {
  const money = (field: string, text: Maybe<string>) => (text == null ? 0n : parseLimit(field, text, currency))
  return {
    name: checkText('name', fields.name, 1, 100),
    ...checkSpeeds(fields),
    ...checkPeriod(fields),
    ...checkLimits(fields),
    ...checkQuota(fields),
    ...checkGardens(fields),
    price_minor: money('price', fields.price),
    setup_price_minor: money('setup-price', fields.setup_price),
    currency,
    auto_renew: fields.auto_renew ?? false,
    pool: routerWord('pool', fields.pool),
    ipv6_pool: routerWord('ipv6-pool', fields.ipv6_pool),
    delegated_ipv6_pool: routerWord('delegated-ipv6-pool', fields.delegated_ipv6_pool),
    address_list: routerWord('address-list', fields.address_list),
    schedule: JSON.stringify(checkSchedule((fields.schedule ?? []).map(readScheduleStep))),
    attributes: checkAttributes(fields.attributes ?? [], checkAttribute),
  }
}

function checkPeriod(fields: PlanFields) {
  const expiryRule = checkChoice('expiry-rule', fields.expiry_rule ?? 'instant', expiryRules)
  const expiryHour = optionalInteger('expiry-hour', fields.expiry_hour, 0, 23)
  if ((expiryRule === 'local-hour') !== (expiryHour !== null)) {
    throw new FieldError('expiry-hour', 'goes with the expiry rule local-hour, and only with it')
  }
  const days = (fields.no_cut_days ?? []).map((day) => checkInteger('no-cut-days', day, 1, 7))
  if (new Set(days).size === 7) throw new FieldError('no-cut-days', 'leaves no day on which anything could end')
  const unit = checkChoice('validity-unit', fields.validity_unit ?? 'days', validityUnits)
  return {
    validity: checkInteger('validity', fields.validity, 0, longestValidity[unit]),
    validity_unit: unit,
    expiry_rule: expiryRule,
    expiry_hour: expiryHour,
    no_cut_days: [...new Set(days)].toSorted((one, other) => one - other),
    grace_hours: optionalInteger('grace-hours', fields.grace_hours, 0, 8_760) ?? 0,
  }
}

/** A hundred years. */
const longestValidity = { hours: 876_000, days: 36_500, months: 1_200, 'calendar-month': 1_200 } as const

function checkLimits(fields: PlanFields) {
  return {
    session_limit: optionalInteger('session-limit', fields.session_limit, 1, 1_000),
    device_limit: optionalInteger('device-limit', fields.device_limit, 1, 1_000),
    mac_rule: checkChoice('mac-rule', fields.mac_rule ?? 'learn', macRules),
    allowed_nas_group_ids: [...new Set(fields.allowed_nas_group_ids ?? [])],
    idle_timeout_s: optionalInteger('idle-timeout-s', fields.idle_timeout_s, 1, 2_147_483_647),
    // RFC 2869 §2.1: not smaller than 60 seconds.
    interim_interval_s: optionalInteger('interim-interval-s', fields.interim_interval_s, 60, 86_400),
  }
}

function checkQuota(fields: PlanFields) {
  const volume = (field: string, text: Maybe<string>) => (text == null ? null : parseVolume(field, text))
  const onQuota = checkChoice('on-quota', fields.on_quota ?? 'reject', quotaFollowers)
  const quotaPlanId = fields.quota_plan_id ?? null
  if ((onQuota === 'slower') !== (quotaPlanId !== null)) {
    throw new FieldError('quota-plan-id', 'goes with on_quota slower, and only with it')
  }
  const steps = (fields.fup_steps ?? []).map((step, index) => ({
    after_octets: parseVolume(`fup-steps.${index + 1}.after-octets`, step.after_octets),
    down_bps: Number(readRate(`fup-steps.${index + 1}.down-bps`, step.down_bps)),
    up_bps: Number(readRate(`fup-steps.${index + 1}.up-bps`, step.up_bps)),
  }))
  return {
    quota_octets: volume('quota-octets', fields.quota_octets),
    quota_down_octets: volume('quota-down-octets', fields.quota_down_octets),
    quota_up_octets: volume('quota-up-octets', fields.quota_up_octets),
    quota_period: checkChoice<QuotaPeriod>('quota-period', fields.quota_period ?? 'period', quotaPeriods),
    on_quota: onQuota,
    quota_plan_id: quotaPlanId,
    fup_steps: JSON.stringify(checkFupSteps(steps)),
  }
}

function readScheduleStep({ down_bps: down, up_bps: up, percent, ...when }: ScheduleField, index: number) {
  const rate = (field: string, value: Maybe<Quantity>) =>
    value == null ? undefined : Number(readRate(`schedule.${index + 1}.${field}`, value))
  return { ...when, down_bps: rate('down-bps', down), up_bps: rate('up-bps', up), percent: percent ?? undefined }
}

function checkGardens(fields: PlanFields) {
  const gardens = gardenReasons.flatMap((reason) => {
    const place = fields.gardens?.[reason]
    if (place == null) return []
    const list = routerWord(`gardens.${reason}.address-list`, place.address_list)
    const pool = routerWord(`gardens.${reason}.pool`, place.pool)
    return list === null && pool === null ? [] : [[reason, { address_list: list, pool }] as const]
  })
  return {
    on_expiry: checkChoice('on-expiry', fields.on_expiry ?? 'reject', deniedServices),
    on_block: checkChoice('on-block', fields.on_block ?? 'reject', deniedServices),
    garden_address_list: routerWord('garden-address-list', fields.garden_address_list),
    garden_pool: routerWord('garden-pool', fields.garden_pool),
    gardens: JSON.stringify(Object.fromEntries(gardens)),
  }
}

/** A whole number in a range; null where there is none. Throws FieldError. */
function optionalInteger(field: string, value: Maybe<Quantity>, minimum: number, maximum: number): number | null {
  return value == null ? null : checkInteger(field, value, minimum, maximum)
}

/** A name that a router knows (pool, address list): it has to fit an attribute (RFC 2865 §5: 253 octets) with room to spare. */
function routerWord(field: string, text: Maybe<string>): string | null {
  return text == null ? null : checkText(field, text, 1, 100)
}

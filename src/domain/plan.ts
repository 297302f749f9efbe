// Plans: what a subscriber is entitled to. Adding one, listing them, finding one by name for an owner.

import { isUniqueViolation } from '../db/errors.ts'
import type { Db, PlanTable } from '../db/schema.ts'
import { checkChoice, checkInteger, checkText, ConflictError, FieldError, NotFoundError } from './field.ts'
import { parseMoney } from './money.ts'
import { checkAttributes } from './nas-device.ts'
import type { AttributeCheck } from './nas-device.ts'
import { parseRate, parseVolume } from './quantity.ts'
import { readSettings } from './setting.ts'

export const expiryRules = ['instant', 'end-of-day', 'local-hour'] as const
export const deniedServices = ['reject', 'garden'] as const

/** As an operator writes it: rates `50M`, volumes `100G`, price `20.00`. Only the first four are needed. */
export type NewPlan = {
  name: string
  down: string
  up: string
  /** Length of a service period; 0: it never ends. */
  days: number | string
  price?: string
  /** Organisation that owns it; undefined: shared by all. */
  ownerId?: bigint
  burstDown?: string
  burstUp?: string
  burstThresholdDown?: string
  burstThresholdUp?: string
  burstSeconds?: number | string
  /** 1 (first) to 8. */
  priority?: number | string
  sessionLimit?: number | string
  deviceLimit?: number | string
  quota?: string
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
}

export type PlanSummary = Omit<PlanColumns, 'owner_id'> & { owner: string | null }
type PlanColumns = {
  [Column in keyof PlanTable]: PlanTable[Column] extends { __select__: infer Selected } ? Selected : PlanTable[Column]
}

/** Adds a plan in the ISP's currency. Throws FieldError or ConflictError. */
export async function addPlan(
  db: Db,
  input: NewPlan,
  checkAttribute: AttributeCheck,
  now: Date,
): Promise<{ id: bigint }> {
  const { currency } = await readSettings(db)
  const rules = checkRules(input)
  const row = {
    owner_id: input.ownerId ?? null,
    name: checkText('name', input.name, 1, 100),
    ...checkRates(input),
    ...checkLimits(input),
    ...rules,
    price_minor: input.price === undefined ? 0n : parseMoney('price', input.price, currency),
    currency,
    pool: optionalWord('pool', input.pool),
    ipv6_pool: optionalWord('ipv6-pool', input.ipv6Pool),
    delegated_ipv6_pool: optionalWord('delegated-ipv6-pool', input.delegatedIpv6Pool),
    address_list: optionalWord('address-list', input.addressList),
    garden_address_list: optionalWord('garden-address-list', input.gardenAddressList),
    garden_pool: optionalWord('garden-pool', input.gardenPool),
    attributes: checkAttributes(input.attributes ?? [], checkAttribute),
    created_at: now,
  }
  try {
    return await db.insertInto('plan').values(row).returning('id').executeTakeFirstOrThrow()
  } catch (error) {
    if (isUniqueViolation(error, 'plan_name')) throw new ConflictError('name', `there is a plan ${row.name} already`)
    throw error
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

export type PlanChoice = { id: bigint; name: string; currency: string; graceHours: number }

/** The plan of a name for an organisation: its own before the shared one. Throws NotFoundError. */
export async function findPlan(db: Db, name: string, ownerId: bigint): Promise<PlanChoice> {
  const row = await db
    .selectFrom('plan')
    .select(['id', 'name', 'currency', 'grace_hours as graceHours'])
    .where('name', '=', name)
    .where('archived_at', 'is', null)
    .where((eb) => eb.or([eb('owner_id', '=', ownerId), eb('owner_id', 'is', null)]))
    .orderBy('owner_id', (order) => order.asc().nullsLast())
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('plan', name)
  return row
}

function checkRates(input: NewPlan) {
  const optionalRate = (field: string, text: string | undefined) => (text === undefined ? null : parseRate(field, text))
  const rates = {
    down_bps: parseRate('down', input.down),
    up_bps: parseRate('up', input.up),
    burst_down_bps: optionalRate('burst-down', input.burstDown),
    burst_up_bps: optionalRate('burst-up', input.burstUp),
    burst_threshold_down_bps: optionalRate('burst-threshold-down', input.burstThresholdDown),
    burst_threshold_up_bps: optionalRate('burst-threshold-up', input.burstThresholdUp),
    burst_seconds: optionalInteger('burst-seconds', input.burstSeconds, 1, 3_600),
    priority: optionalInteger('priority', input.priority, 1, 8),
  }
  if ((rates.burst_down_bps === null) !== (rates.burst_up_bps === null)) {
    throw new FieldError('burst-down', 'a burst needs both burst-down and burst-up')
  }
  const detail = [rates.burst_threshold_down_bps, rates.burst_threshold_up_bps, rates.burst_seconds]
  if (rates.burst_down_bps === null && detail.some((value) => value !== null)) {
    throw new FieldError('burst-down', 'a burst threshold or time means nothing without burst-down and burst-up')
  }
  if (rates.burst_down_bps !== null && rates.burst_down_bps < rates.down_bps) {
    throw new FieldError('burst-down', 'is below the rate that it should exceed')
  }
  if (rates.burst_up_bps !== null && rates.burst_up_bps < rates.up_bps) {
    throw new FieldError('burst-up', 'is below the rate that it should exceed')
  }
  return rates
}

function checkLimits(input: NewPlan) {
  return {
    validity_days: checkInteger('days', input.days, 0, 36_500),
    session_limit: optionalInteger('session-limit', input.sessionLimit, 1, 1_000),
    device_limit: optionalInteger('device-limit', input.deviceLimit, 1, 1_000),
    quota_octets: input.quota === undefined ? null : parseVolume('quota', input.quota),
    idle_timeout_s: optionalInteger('idle-timeout', input.idleTimeoutS, 1, 2_147_483_647),
    // RFC 2869 §2.1: not smaller than 60 seconds.
    interim_interval_s: optionalInteger('interim', input.interimIntervalS, 60, 86_400),
    grace_hours: optionalInteger('grace-hours', input.graceHours, 0, 8_760) ?? 0,
  }
}

function checkRules(input: NewPlan) {
  const expiryRule = checkChoice('expiry-rule', input.expiryRule ?? 'instant', expiryRules)
  const expiryHour = optionalInteger('expiry-hour', input.expiryHour, 0, 23)
  if ((expiryRule === 'local-hour') !== (expiryHour !== null)) {
    throw new FieldError('expiry-hour', 'goes with the expiry rule local-hour, and only with it')
  }
  const days = (input.noCutDays ?? []).map((day) => checkInteger('uncut-days', day, 1, 7))
  if (new Set(days).size === 7) throw new FieldError('uncut-days', 'leaves no day on which anything could end')
  return {
    expiry_rule: expiryRule,
    expiry_hour: expiryHour,
    no_cut_days: [...new Set(days)].toSorted((one, other) => one - other),
    on_expiry: checkChoice('on-expiry', input.onExpiry ?? 'reject', deniedServices),
    on_block: checkChoice('on-block', input.onBlock ?? 'reject', deniedServices),
    on_quota: checkChoice('on-quota', input.onQuota ?? 'reject', deniedServices),
  }
}

function optionalInteger(
  field: string,
  value: number | string | undefined,
  minimum: number,
  maximum: number,
): number | null {
  return value === undefined ? null : checkInteger(field, value, minimum, maximum)
}

/** A name that a router knows (pool, address list): it has to fit an attribute (RFC 2865 §5: 253 octets) with room to spare. */
function optionalWord(field: string, text: string | undefined): string | null {
  return text === undefined ? null : checkText(field, text, 1, 100)
}

// The preview of a plan: what a login would be answered at an instant, after so much use, on a NAS.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { attributeName } from '../../domain/authorization.ts'
import type { Authorization } from '../../domain/authorization.ts'
import { parseInstant } from '../../domain/instant.ts'
import { defaultNasSettings } from '../../domain/nas-settings.ts'
import { vendorNames } from '../../domain/nas.ts'
import type { VendorName } from '../../domain/nas.ts'
import type { PlanFields } from '../../domain/plan/fields.ts'
import { nextChange, nextThreshold } from '../../domain/plan/next-change.ts'
import { accessPlanOf, authorizationAt, previewNas } from '../../domain/plan/preview.ts'
import type { PreviewNas } from '../../domain/plan/preview.ts'
import { readVolume } from '../../domain/plan/quota.ts'
import { planWarnings } from '../../domain/plan/warnings.ts'
import type { Scope } from '../../domain/scope.ts'
import { readSettings } from '../../domain/setting.ts'
import { vendorOf } from '../../nas/vendors/vendor.ts'
import { id, idOut, idText, instantOut, octetsOut, text } from '../schemas.ts'
import { warningOut } from './plan-schemas.ts'

const when = {
  at: text(40).optional().meta({ description: 'ISO 8601, or local time of the ISP; default now' }),
  usage: text(20).optional().meta({ description: 'Used in the window of the quota: octets, or text such as 80G' }),
  usage_down: text(20).optional(),
  usage_up: text(20).optional(),
  reason: z.enum(['expired', 'blocked']).optional().meta({ description: 'What stands against the subscriber' }),
  vendor: z
    .enum(vendorNames)
    .optional()
    .meta({ description: 'In place of a NAS: one of this vendor with the usual settings, in no group' }),
}

/** In a query. */
export const previewQuery = { ...when, nas: idText.optional() }
/** In a body, beside `plan`. */
export const previewBody = { ...when, nas: id.optional() }

export type PreviewAsked = {
  at?: string | undefined
  usage?: string | undefined
  usage_down?: string | undefined
  usage_up?: string | undefined
  reason?: 'expired' | 'blocked' | undefined
  nas?: bigint | undefined
  vendor?: VendorName | undefined
}

/** Rates of an authorization in an answer. */
export const rates = z.strictObject({
  down_bps: z.number(),
  up_bps: z.number(),
  burst_down_bps: z.number().nullable(),
  burst_up_bps: z.number().nullable(),
  burst_threshold_down_bps: z.number().nullable(),
  burst_threshold_up_bps: z.number().nullable(),
  burst_seconds: z.int().nullable(),
  priority: z.int().nullable(),
  min_down_bps: z.number().nullable(),
  min_up_bps: z.number().nullable(),
})

export const previewOut = z.strictObject({
  at: instantOut,
  decision: z.enum(['accept', 'reject']),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  garden: z.string().nullable(),
  rates: rates.nullable(),
  /** `step` is counted from 1. */
  rates_from: z.enum(['plan', 'schedule', 'fup', 'slower']).nullable(),
  step: z.int().nullable(),
  pool: z.string().nullable(),
  ipv6_pool: z.string().nullable(),
  delegated_ipv6_pool: z.string().nullable(),
  address_list: z.string().nullable(),
  session_timeout_s: z.int().nullable(),
  idle_timeout_s: z.int().nullable(),
  interim_interval_s: z.int().nullable(),
  nas: z.strictObject({ id: idOut, name: z.string(), vendor: z.string() }).nullable(),
  /** As that NAS, or one of that vendor, would get them, without Class and what belongs to one subscriber. */
  attributes: z.array(z.string()),
  next_change_at: instantOut.nullable(),
  next_threshold_octets: octetsOut.nullable(),
  warnings: z.array(warningOut),
})

/** Answers a preview of a plan's fields, stored or not. Throws FieldError or NotFoundError (NAS). */
export async function previewPlan(
  db: Db,
  plan: { id: bigint; fields: PlanFields },
  asked: PreviewAsked,
  scope: Scope,
  now: Date,
): Promise<z.input<typeof previewOut>> {
  const settings = await readSettings(db)
  const access = await accessPlanOf(db, plan, scope)
  const nas = asked.nas === undefined ? undefined : await previewNas(db, asked.nas, scope)
  const at = asked.at === undefined ? now : parseInstant('at', asked.at, settings.zone)
  const usage = usageOf(asked)
  const { decision, authorization, source } = authorizationAt(access, {
    at,
    usage,
    nas,
    reason: asked.reason,
    settings,
  })
  const step = source !== undefined && 'step' in source ? source.step : undefined
  const told = nas ?? (asked.vendor && { vendor: asked.vendor, settings: defaultNasSettings })
  return {
    at: at.toISOString(),
    decision: decision.kind,
    reason: decision.kind === 'reject' ? decision.reason : null,
    detail: decision.kind === 'reject' ? decision.detail : null,
    garden: (decision.kind === 'accept' ? decision.garden : undefined) ?? null,
    rates_from: source?.kind ?? null,
    step: step === undefined ? null : step + 1,
    ...presentAuthorization(authorization),
    nas: nas === undefined ? null : { id: Number(nas.id), name: nas.name, vendor: nas.vendor },
    attributes: told === undefined || authorization === undefined ? [] : attributeTexts(authorization, told),
    next_change_at: nextChange(access, usage, settings.zone, at)?.toISOString() ?? null,
    next_threshold_octets: nextThreshold(access, usage)?.toString() ?? null,
    warnings: planWarnings(plan.fields, access, settings),
  }
}

function usageOf(asked: PreviewAsked) {
  const down = readVolume('usage-down', asked.usage_down ?? asked.usage ?? '0')
  return { down, up: readVolume('usage-up', asked.usage_up ?? '0') }
}

/** What was given, as an answer has it; all null where nothing was. */
export function presentAuthorization(given: Authorization | undefined) {
  return {
    rates: given === undefined ? null : presentRates(given.rates),
    pool: given?.pool ?? null,
    ipv6_pool: given?.ipv6Pool ?? null,
    delegated_ipv6_pool: given?.delegatedIpv6Pool ?? null,
    address_list: given?.addressList ?? null,
    session_timeout_s: given?.sessionTimeoutS ?? null,
    idle_timeout_s: given?.idleTimeoutS ?? null,
    interim_interval_s: given?.interimIntervalS ?? null,
  }
}

function presentRates({ downBps, upBps, burst, priority, minimum }: Authorization['rates']): z.input<typeof rates> {
  return {
    down_bps: downBps,
    up_bps: upBps,
    burst_down_bps: burst?.downBps ?? null,
    burst_up_bps: burst?.upBps ?? null,
    burst_threshold_down_bps: burst?.thresholdDownBps ?? null,
    burst_threshold_up_bps: burst?.thresholdUpBps ?? null,
    burst_seconds: burst?.seconds ?? null,
    priority: priority ?? null,
    min_down_bps: minimum?.downBps ?? null,
    min_up_bps: minimum?.upBps ?? null,
  }
}

/** What the vendor makes of it; an extra attribute takes the place of ours of the same name, as in a reply. */
export function attributeTexts(authorization: Authorization, nas: Pick<PreviewNas, 'vendor' | 'settings'>): string[] {
  const extra = new Set(authorization.attributes.map(attributeName))
  const own = vendorOf(nas.vendor)
    .acceptAttributes(authorization, nas.settings)
    .filter(({ name }) => name !== 'Class' && !extra.has(name.toLowerCase()))
    .map(({ name, value }) => `${name} = ${showValue(value)}`)
  return [...own, ...authorization.attributes]
}

function showValue(value: string | number | bigint | Uint8Array): string {
  return value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : String(value)
}

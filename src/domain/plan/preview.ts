// What a plan would give: on a Sunday at 21:00 after 80 GB, on the NASes of a group. The same rules as a login's, upon a
// subscriber without anything of its own. Pure, but for reading what the plan refers to.

import type { Db } from '../../db/schema.ts'
import { decideAccess } from '../access-decision.ts'
import type { AccessDecision } from '../access-decision.ts'
import type { AccessPlan, AccessSubject } from '../access-subject.ts'
import { authorize } from '../authorization.ts'
import type { Authorization } from '../authorization.ts'
import { identityKinds } from '../line.ts'
import { readNasSettings } from '../nas-settings.ts'
import type { Nas, VendorName } from '../nas.ts'
import { NotFoundError } from '../field.ts'
import { nasGroupInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { defaultSettings } from '../setting.ts'
import type { Settings } from '../setting.ts'
import { checkPlan } from './fields.ts'
import type { PlanFields } from './fields.ts'
import { checkPools } from './pools.ts'
import type { FupStep, WindowUsage } from './quota.ts'
import { chooseRates } from './rates.ts'
import type { RateSource, SlowerPlan } from './rates.ts'
import { fieldsOf, readPlan } from './read.ts'
import type { ScheduleStep } from './schedule.ts'

/** The NAS that a preview is for, as its vendor's attributes need it. */
export type PreviewNas = Pick<Nas, 'id' | 'name' | 'vendor' | 'settings' | 'attributes' | 'nasGroupId'>

export type PreviewInput = {
  at: Date
  /** In the window that the plan counts in; undefined: none is used. */
  usage?: WindowUsage | undefined
  /** Undefined: a NAS that every plan is allowed on and no pools are named for. */
  nas?: PreviewNas | undefined
  /** What else stands against the subscriber. */
  reason?: 'expired' | 'blocked' | undefined
  settings: Settings
}

export type Preview = {
  decision: AccessDecision
  /** Undefined where the login is refused. */
  authorization: Authorization | undefined
  /** Undefined in a garden too. */
  source: RateSource | undefined
}

/** What a plain subscriber of the plan would be answered. The interim interval comes without its jitter, Class is empty. */
export function authorizationAt(plan: AccessPlan, input: PreviewInput): Preview {
  const { at, nas, usage = nothingUsed } = input
  const settings = { ...input.settings, interim_jitter: 0 }
  const subject = plainSubject(nas === undefined ? { ...plan, allowed_nas_group_ids: [] } : plan, usage, input)
  const decision = decideAccess(subject, plainRequest(nas), 'match', at)
  if (decision.kind === 'reject') return { decision, authorization: undefined, source: undefined }
  const context = {
    garden: decision.garden,
    nasAttributes: nas?.attributes ?? [],
    nasGroupId: nas?.nasGroupId,
    nasIntervalS: nas?.settings.interim_interval_s,
    class: () => Buffer.alloc(0),
    classId: 0n,
    cui: undefined,
    settings,
  }
  const source = decision.garden === undefined ? chooseRates(plan, usage, settings.zone, at).source : undefined
  const { subscriberId: _nobody, ...authorization } = authorize(subject, context, at)
  return { decision, authorization, source }
}

const nothingUsed: WindowUsage = { down: 0n, up: 0n }

function plainSubject(plan: AccessPlan, used: WindowUsage, { at, reason }: PreviewInput): AccessSubject {
  const before = new Date(at.getTime() - 1)
  return {
    id: 0n,
    accountType: 'pppoe',
    learnMacUntil: null,
    credential: undefined,
    enabled: true,
    blockedAt: reason === 'blocked' ? before : null,
    blockReason: null,
    activatedAt: before,
    expiresAt: reason === 'expired' ? before : null,
    graceUntil: null,
    archivedAt: null,
    autoRenew: true,
    sessionLimit: undefined,
    deviceLimit: undefined,
    binding: { interface: null, port: null, sVlan: null, cVlan: null, nasGroupId: null },
    attributes: [],
    // Nobody's device is looked at.
    plan: { ...plan, mac_rule: 'free' },
    devices: [],
    addresses: [],
    routes: [],
    used,
    otherLines: 0,
  }
}

function plainRequest(nas: PreviewNas | undefined) {
  const facts = { mac: undefined, circuitId: undefined, remoteId: undefined, duid: undefined, interface: undefined }
  const none = { id: 0n, name: 'no NAS', vendor: 'standard' as VendorName, attributes: [], nasGroupId: 0n }
  const whole: Nas = {
    clientId: 0n,
    identifier: undefined,
    address: undefined,
    addressSpaceId: 0n,
    identityOrder: identityKinds,
    patienceMs: 0,
    ...(nas ?? { ...none, settings: readNasSettings(undefined) }),
  }
  return { access: 'pppoe' as const, username: '', facts, line: undefined, nas: whole }
}

/** A plan from its fields as access sees it; unsaved ones too. Throws FieldError, or NotFoundError for its slower plan. */
export async function accessPlanOf(
  db: Db,
  plan: { id: bigint; fields: PlanFields },
  scope: Scope,
): Promise<AccessPlan> {
  const { fields } = plan
  // Money says nothing here, and extra attributes have been checked by who hands them in.
  const priceless = { ...fields, price: null, setup_price: null }
  const row = checkPlan(priceless, defaultSettings.currency, () => undefined)
  const slower = fields.quota_plan_id == null ? null : await slowerPlan(db, fields.quota_plan_id, scope)
  const pools = checkPools(fields.group_pools ?? [])
  return {
    ...speedsOf(plan.id, row),
    quota_octets: row.quota_octets?.toString() ?? null,
    quota_down_octets: row.quota_down_octets?.toString() ?? null,
    quota_up_octets: row.quota_up_octets?.toString() ?? null,
    quota_period: row.quota_period ?? 'period',
    fup_steps: JSON.parse(String(row.fup_steps)) as FupStep[],
    pool: row.pool ?? null,
    ipv6_pool: row.ipv6_pool ?? null,
    delegated_ipv6_pool: row.delegated_ipv6_pool ?? null,
    group_pools: pools.map((entry) => ({ ...entry, nas_group_id: Number(entry.nas_group_id) })),
    idle_timeout_s: row.idle_timeout_s ?? null,
    interim_interval_s: row.interim_interval_s ?? null,
    mac_rule: row.mac_rule ?? 'learn',
    allowed_nas_group_ids: (row.allowed_nas_group_ids ?? []).map(Number),
    on_expiry: row.on_expiry ?? 'reject',
    on_block: row.on_block ?? 'reject',
    on_quota: row.on_quota ?? 'reject',
    slower,
    garden_address_list: row.garden_address_list ?? null,
    garden_pool: row.garden_pool ?? null,
    gardens: JSON.parse(String(row.gardens)) as AccessPlan['gardens'],
    attributes: row.attributes ?? [],
  }
}

async function slowerPlan(db: Db, id: bigint, scope: Scope): Promise<SlowerPlan> {
  const plan = await readPlan(db, id, scope)
  return speedsOf(
    id,
    checkPlan({ ...fieldsOf(plan), price: null, setup_price: null }, defaultSettings.currency, () => undefined),
  )
}

function speedsOf(id: bigint, row: ReturnType<typeof checkPlan>): SlowerPlan {
  const rate = (bps: unknown) => (bps == null ? null : Number(bps))
  return {
    id: Number(id),
    name: row.name,
    down_bps: Number(row.down_bps),
    up_bps: Number(row.up_bps),
    burst_down_bps: rate(row.burst_down_bps),
    burst_up_bps: rate(row.burst_up_bps),
    burst_threshold_down_bps: rate(row.burst_threshold_down_bps),
    burst_threshold_up_bps: rate(row.burst_threshold_up_bps),
    burst_seconds: row.burst_seconds ?? null,
    priority: row.priority ?? null,
    min_down_bps: rate(row.min_down_bps),
    min_up_bps: rate(row.min_up_bps),
    schedule: JSON.parse(String(row.schedule)) as ScheduleStep[],
    address_list: row.address_list ?? null,
  }
}

/** A NAS in reach. Throws NotFoundError. */
export async function previewNas(db: Db, id: bigint, scope: Scope): Promise<PreviewNas> {
  const row = await db
    .selectFrom('nas')
    .select(['id', 'name', 'vendor', 'settings', 'attributes', 'nas_group_id'])
    .where('id', '=', id)
    .where(nasGroupInScope(scope, 'nas.nas_group_id'))
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('NAS', String(id))
  const { nas_group_id: nasGroupId, settings, vendor, ...rest } = row
  return { ...rest, nasGroupId, vendor: vendor as VendorName, settings: readNasSettings(settings) }
}

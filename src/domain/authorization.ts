// What an accepted login is entitled to, as plain data: rates, addresses, timeouts, garden, extra attributes. Pure; a NAS
// vendor (src/nas/vendors) turns it into attributes, for an Access-Accept and later for CoA alike.

import type { GardenReason } from './access-decision.ts'
import type { AccessPlan, AccessSubject, Gardens, GardenPlace, Pools, StaticAddressKind } from './access-subject.ts'
import { chooseRates, isSlowed } from './plan/rates.ts'
import type { Settings } from './setting.ts'
import { serviceEnd } from './subscriber-label.ts'

/** Bits per second; absent burst values are null. `down` is towards the subscriber. */
export type Rates = {
  readonly downBps: number
  readonly upBps: number
  readonly burst: Burst | undefined
  /** 1 (highest) to 8. */
  readonly priority: number | undefined
  /** What a line keeps when the NAS is full, where a NAS knows such a thing. */
  readonly minimum?: { readonly downBps: number; readonly upBps: number } | undefined
}

/** For `seconds` a line may go above its rate, up to the burst rate, while its average stays under the threshold. */
export type Burst = {
  readonly downBps: number
  readonly upBps: number
  readonly thresholdDownBps: number
  readonly thresholdUpBps: number
  readonly seconds: number
}

export type Authorization = {
  /** Some NASes keep all lines of a subscriber together under a name. */
  readonly subscriberId?: bigint
  readonly rates: Rates
  /** IPv4 address: a static one, or out of a pool of ours; then `pool` is undefined. */
  readonly address: string | undefined
  readonly pool: string | undefined
  readonly ipv6Prefix: string | undefined
  readonly ipv6Address: string | undefined
  readonly ipv6Pool: string | undefined
  readonly delegatedIpv6Prefix: string | undefined
  readonly delegatedIpv6Pool: string | undefined
  readonly addressList: string | undefined
  readonly sessionTimeoutS: number | undefined
  readonly idleTimeoutS: number | undefined
  readonly interimIntervalS: number
  readonly routes: readonly string[]
  /** Class, and CUI where the request asked for one. */
  readonly class: Buffer
  readonly cui: string | undefined
  /** Why the login is let into the walled garden only (`unknown`: unknown-garden.ts); undefined: full service. */
  readonly garden: GardenReason | 'unknown' | undefined
  /** Extra attributes as `Name = value` texts: of a name only those of the last level that has it. */
  readonly attributes: readonly string[]
}

export type AuthorizationContext = {
  readonly garden: GardenReason | undefined
  readonly nasAttributes: readonly string[]
  /** The octets of Class, which name the interim interval that goes with them. */
  class(interimIntervalS: number): Buffer
  /** Makes the interim jitter: the same session gets the same interval. */
  readonly classId: bigint
  /** Of the NAS; undefined: no pools of a group's own. */
  readonly nasGroupId?: bigint | undefined
  /** The interval of the NAS, where it has one of its own. */
  readonly nasIntervalS?: number | undefined
  /** What a renewed line has already. */
  readonly lease?: Lease | undefined
  /** What pools of ours gave this login (ip-pool/): in place of the names of these pools. */
  readonly assigned?: Partial<Lease> | undefined
  readonly cui: string | undefined
  readonly settings: Settings
}

/** The addresses of a line's live session: a renewal gets them again, where none are static and a pool gave them. */
export type Lease = {
  readonly framedIp: string | undefined
  readonly framedIpv6Prefix: string | undefined
  readonly delegatedIpv6Prefix: string | undefined
}

/** Below it a subscriber can still open a payment page; a garden is no place for more. */
const gardenBps = 1_000_000
const minimumTimeoutS = 60
/** Session-Timeout has 32 bits, and some NASes read them signed. */
const maximumTimeoutS = 2 ** 31 - 1

/** What the subscriber gets now. */
export function authorize(subject: AccessSubject, context: AuthorizationContext, now: Date): Authorization {
  const { garden } = context
  const { plan } = subject
  const interimIntervalS = interimInterval(plan.interim_interval_s ?? undefined, context)
  const shared = {
    subscriberId: subject.id,
    garden,
    idleTimeoutS: plan.idle_timeout_s ?? undefined,
    interimIntervalS,
    class: context.class(interimIntervalS),
    cui: context.cui,
  }
  return garden === undefined
    ? {
        ...shared,
        ...fullService(subject, context, now),
        attributes: mergeAttributes([plan.attributes, context.nasAttributes, subject.attributes]),
      }
    : { ...shared, ...walledGarden(subject, context, garden), attributes: context.nasAttributes }
}

/**
 * The lease to be given again. Where a garden has a pool of its own there is none: what the session has may be an address of
 * the garden, with which full service would not work, or the other way round.
 */
function leaseOf({ plan }: AccessSubject, { lease, settings }: AddressingContext): Lease | undefined {
  const isPooled = settings.garden_pool !== '' || plan.garden_pool !== null
  return isPooled || Object.values(plan.gardens).some(({ pool }) => pool !== null) ? undefined : lease
}

/** Addresses that are fixed or kept, and where there are none the names of the pools that they come from. */
export type Addressing = Pick<
  Authorization,
  'address' | 'pool' | 'ipv6Prefix' | 'ipv6Pool' | 'delegatedIpv6Prefix' | 'delegatedIpv6Pool'
>

type AddressingContext = Pick<AuthorizationContext, 'garden' | 'lease' | 'nasGroupId' | 'settings' | 'assigned'>

/** Where the addresses of a login come from. What a pool of ours has given stands in place of that pool's name. */
export function addressingOf(subject: AccessSubject, context: AddressingContext): Addressing {
  const { garden, assigned } = context
  const found = garden === undefined ? serviceAddressing(subject, context) : gardenAddressing(subject, context, garden)
  if (assigned === undefined) return found
  const address = found.address ?? assigned.framedIp
  const ipv6Prefix = found.ipv6Prefix ?? assigned.framedIpv6Prefix
  const delegatedIpv6Prefix = found.delegatedIpv6Prefix ?? assigned.delegatedIpv6Prefix
  return {
    address,
    pool: address === undefined ? found.pool : undefined,
    ipv6Prefix,
    ipv6Pool: ipv6Prefix === undefined ? found.ipv6Pool : undefined,
    delegatedIpv6Prefix,
    delegatedIpv6Pool: delegatedIpv6Prefix === undefined ? found.delegatedIpv6Pool : undefined,
  }
}

function serviceAddressing(subject: AccessSubject, context: AddressingContext): Addressing {
  const lease = leaseOf(subject, context)
  const pools = poolsOn(subject.plan, context.nasGroupId)
  const address = staticAddress(subject, 'framed-ip') ?? lease?.framedIp
  const ipv6Prefix = staticAddress(subject, 'framed-ipv6-prefix') ?? lease?.framedIpv6Prefix
  const delegatedIpv6Prefix = staticAddress(subject, 'delegated-ipv6-prefix') ?? lease?.delegatedIpv6Prefix
  return {
    address,
    pool: address === undefined ? (pools.pool ?? undefined) : undefined,
    ipv6Prefix,
    ipv6Pool: ipv6Prefix === undefined ? (pools.ipv6_pool ?? undefined) : undefined,
    delegatedIpv6Prefix,
    delegatedIpv6Pool: delegatedIpv6Prefix === undefined ? (pools.delegated_ipv6_pool ?? undefined) : undefined,
  }
}

/** With a garden pool the address comes from there and a static one is not given; no IPv6 that would go around the fence. */
function gardenAddressing(subject: AccessSubject, context: AddressingContext, reason: GardenReason): Addressing {
  const { plan } = subject
  const pool = gardenPool(plan, plan.gardens[gardenNames[reason]], context.settings)
  const kept = staticAddress(subject, 'framed-ip') ?? leaseOf(subject, context)?.framedIp
  const address = pool === undefined ? kept : undefined
  return {
    address,
    pool: pool ?? (address === undefined ? (poolsOn(plan, context.nasGroupId).pool ?? undefined) : undefined),
    ipv6Prefix: undefined,
    ipv6Pool: undefined,
    delegatedIpv6Prefix: undefined,
    delegatedIpv6Pool: undefined,
  }
}

function fullService(subject: AccessSubject, context: AuthorizationContext, now: Date) {
  const { plan, used } = subject
  const slower = isSlowed(plan, used) ? plan.slower : null
  return {
    rates: chooseRates(plan, used, context.settings.zone, now).rates,
    ...addressingOf(subject, context),
    ipv6Address: staticAddress(subject, 'framed-ipv6-address'),
    addressList: slower?.address_list ?? plan.address_list ?? undefined,
    sessionTimeoutS: sessionTimeout(subject, now),
    routes: subject.routes,
  }
}

/**
 * The garden is fenced by its IPv4 address list: no IPv6 that would go around it, no routes, no extra attributes of plan and
 * subscriber, little rate.
 */
function walledGarden(subject: AccessSubject, context: AuthorizationContext, reason: GardenReason) {
  const { plan } = subject
  const { settings } = context
  const place = plan.gardens[gardenNames[reason]]
  return {
    rates: {
      downBps: Math.min(plan.down_bps, gardenBps),
      upBps: Math.min(plan.up_bps, gardenBps),
      burst: undefined,
      priority: undefined,
    },
    ...addressingOf(subject, context),
    ipv6Address: undefined,
    addressList: gardenList(plan, place, settings),
    // Who has paid meanwhile gets out without a phone call.
    sessionTimeoutS: settings.garden_session_timeout_s,
    routes: [],
  }
}

const gardenNames: Readonly<Record<GardenReason, keyof Gardens>> = {
  expired: 'expired',
  blocked: 'blocked',
  'quota-exhausted': 'quota',
}

/** The list that fences a garden: of its reason, else of the plan, else of the ISP; undefined: none. */
export function gardenList(
  plan: Pick<AccessPlan, 'garden_address_list'>,
  place: GardenPlace | undefined,
  settings: Pick<Settings, 'garden_address_list'>,
): string | undefined {
  return place?.address_list ?? plan.garden_address_list ?? (settings.garden_address_list || undefined)
}

/** The pool of a garden in the same order; undefined: it has none of its own. */
export function gardenPool(
  plan: Pick<AccessPlan, 'garden_pool'>,
  place: GardenPlace | undefined,
  settings: Pick<Settings, 'garden_pool'>,
): string | undefined {
  return place?.pool ?? plan.garden_pool ?? (settings.garden_pool || undefined)
}

/** The pools of a plan on the NASes of a group. */
export function poolsOn(plan: AccessPlan, nasGroupId: bigint | undefined): Pools {
  const own = plan.group_pools.find((pools) => nasGroupId !== undefined && pools.nas_group_id === Number(nasGroupId))
  if (own === undefined) return plan
  return {
    pool: own.pool ?? plan.pool,
    ipv6_pool: own.ipv6_pool ?? plan.ipv6_pool,
    delegated_ipv6_pool: own.delegated_ipv6_pool ?? plan.delegated_ipv6_pool,
  }
}

/**
 * Seconds until service is refused, only where no renewal is expected: a timeout given at login would cut a line at its old
 * end although it has been renewed since (decision 19). At least a minute, so that a late login is not cut at once.
 */
function sessionTimeout(subject: AccessSubject, now: Date): number | undefined {
  const end = serviceEnd(subject)
  if (subject.autoRenew || end === null) return undefined
  const seconds = Math.ceil((end.getTime() - now.getTime()) / 1000)
  return Math.min(Math.max(seconds, minimumTimeoutS), maximumTimeoutS)
}

/**
 * Seconds: the interval of the NAS, of the plan or of the setting, varied by session so that a reboot does not bundle all
 * reports (RFC 2869 §5.16).
 */
export function interimInterval(
  ofPlan: number | undefined,
  { settings, classId, nasIntervalS }: Pick<AuthorizationContext, 'settings' | 'classId' | 'nasIntervalS'>,
): number {
  const interval = nasIntervalS ?? ofPlan ?? settings.default_interim_interval_s
  // Class ids are random but for their lowest two bits: these sixteen spread evenly over -1 to 1.
  const spread = (Number(classId & 0xffffn) / 0xffff) * 2 - 1
  // RFC 2869 §5.16: must not be smaller than 60.
  return Math.max(60, Math.round(interval * (1 + settings.interim_jitter * spread)))
}

function staticAddress(subject: AccessSubject, kind: StaticAddressKind): string | undefined {
  for (const address of subject.addresses) if (address.kind === kind) return address.prefix
  return undefined
}

/** The levels in rising precedence: all attributes of a name come from the last level that has it, in that level's order. */
export function mergeAttributes(levels: readonly (readonly string[])[]): readonly string[] {
  const filled = levels.filter((level) => level.length > 0)
  if (filled.length < 2) return filled[0] ?? []
  const names = filled.map((level) => new Set(level.map(attributeName)))
  return filled.flatMap((level, i) =>
    level.filter((text) => !names.slice(i + 1).some((later) => later.has(attributeName(text)))),
  )
}

/** The name in `Name = value` in lower case, a tag (`Name:1`) left out. */
export function attributeName(text: string): string {
  const end = text.search(/[\s=:+]/)
  return (end === -1 ? text : text.slice(0, end)).toLowerCase()
}

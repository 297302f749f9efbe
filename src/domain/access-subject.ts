// What the database knows about one login, as plain data: the subscriber's facts, plan, devices, addresses, and what of
// usage and live lines a rule needs. Loaded by access.ts, judged by access-decision.ts, turned into a reply's content by
// authorization.ts.

import type { AccessKind, Line, LineFacts } from './line.ts'
import type { Nas } from './nas.ts'
import type { Quota, WindowUsage } from './plan/quota.ts'
import type { PlanSpeeds, SlowerPlan } from './plan/rates.ts'
import type { SubscriberFacts } from './subscriber-label.ts'

/** What a request asks for, as far as the decision looks at it. */
export type AccessRequest = {
  /** Whether a password is proved or the line itself is the identity. */
  readonly access: AccessKind
  /** Canonical; empty where the request names nobody. Of an IPoE line it says nothing. */
  readonly username: string
  readonly facts: LineFacts
  readonly line: Line | undefined
  readonly nas: Nas
  /** After this nobody waits for the answer any more, by a clock that does not go back; undefined: somebody always does. */
  readonly untilMs?: number | undefined
}

/** What is stored to prove a password with; `secret` is still sealed (or is the keyed verifier). */
export type StoredCredential = { readonly kind: 'clear' | 'nt-hash' | 'verifier'; readonly secret: Buffer }

/** `bound` ones restrict who may come online; the others are only remembered. */
export type Device = { readonly mac: string; readonly bound: boolean }

export type StaticAddressKind = 'framed-ip' | 'framed-ipv6-prefix' | 'delegated-ipv6-prefix' | 'framed-ipv6-address'
/** An address without length for the kinds of one host, else a prefix with its length. */
export type StaticAddress = { readonly kind: StaticAddressKind; readonly prefix: string }

/** Names of pools on a NAS; null: none. */
export type Pools = {
  readonly pool: string | null
  readonly ipv6_pool: string | null
  readonly delegated_ipv6_pool: string | null
}

/** What of a garden differs by the reason for it; null: as the plan's own garden. */
export type GardenPlace = { readonly address_list: string | null; readonly pool: string | null }
export type Gardens = { readonly [Reason in 'expired' | 'blocked' | 'quota']?: GardenPlace }

/** The plan as access needs it. Rates in bit/s, quotas in octets as decimal text; absent values are null. */
export type AccessPlan = PlanSpeeds &
  Quota &
  Pools & {
    readonly id: number
    readonly name: string
    /** On the NASes of a group, in place of the plan's own; what is null there is the plan's. */
    readonly group_pools: readonly ({ readonly nas_group_id: number } & Pools)[]
    readonly address_list: string | null
    readonly idle_timeout_s: number | null
    readonly interim_interval_s: number | null
    readonly mac_rule: 'free' | 'learn' | 'bound'
    /** NAS groups; empty: all. */
    readonly allowed_nas_group_ids: readonly number[]
    readonly on_expiry: 'reject' | 'garden'
    readonly on_block: 'reject' | 'garden'
    readonly on_quota: 'reject' | 'garden' | 'slower'
    /** With on_quota `slower`. */
    readonly slower: SlowerPlan | null
    readonly garden_address_list: string | null
    readonly garden_pool: string | null
    readonly gardens: Gardens
    readonly attributes: readonly string[]
  }

/** Where the subscriber must come in; null parts are not looked at. */
export type Binding = {
  readonly interface: string | null
  readonly port: string | null
  readonly sVlan: number | null
  readonly cVlan: number | null
  readonly nasGroupId: bigint | null
}

export type AccessSubject = SubscriberFacts & {
  readonly id: bigint
  readonly accountType: AccessKind
  /** Until then the next unknown MAC on its line is accepted and bound. */
  readonly learnMacUntil: Date | null
  /** Undefined: no password can ever be right. */
  readonly credential: StoredCredential | undefined
  readonly blockReason: string | null
  readonly autoRenew: boolean
  /** The subscriber's own limit, else the plan's; undefined: none. */
  readonly sessionLimit: number | undefined
  readonly deviceLimit: number | undefined
  readonly binding: Binding
  readonly attributes: readonly string[]
  readonly plan: AccessPlan
  readonly devices: readonly Device[]
  /** Those of the NAS's address space. */
  readonly addresses: readonly StaticAddress[]
  readonly routes: readonly string[]
  /** Octets used in the window that the plan counts in; undefined where the plan has neither quota nor fair use steps. */
  readonly used: WindowUsage | undefined
  /** Live lines other than the one that asks; 0 where no session limit applies, and where they were not counted. */
  readonly otherLines: number
}

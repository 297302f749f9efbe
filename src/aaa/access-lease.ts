// Addresses out of pools of ours for accepted logins: which names that a login would be sent are such pools, and the batches in
// which addresses are taken from them. A login that names none of ours waits for nothing here.

import type { Clock } from '../clock.ts'
import { createKysely } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import type { GardenReason } from '../domain/access-decision.ts'
import type { AccessRequest, AccessSubject } from '../domain/access-subject.ts'
import { addressingOf } from '../domain/authorization.ts'
import type { Addressing, Lease } from '../domain/authorization.ts'
import { claimLeases } from '../domain/ip-pool/lease-claim.ts'
import type { LeaseWish } from '../domain/ip-pool/lease-claim.ts'
import { sweepLeases } from '../domain/ip-pool/lease-sweep.ts'
import { poolNamed } from '../domain/ip-pool/live.ts'
import type { IpPools, LivePool } from '../domain/ip-pool/live.ts'
import type { PoolKind } from '../domain/ip-pool/range.ts'
import type { Settings } from '../domain/setting.ts'
import { createBatcher } from './batch.ts'
import type { Lanes } from './batch.ts'

/** What was taken for a login; `exhausted`: this pool has none left, and refuses then. */
export type Leased =
  | { readonly kind: 'given'; readonly assigned: Partial<Lease> | undefined }
  | { readonly kind: 'exhausted'; readonly pool: LivePool }

/** An accepted login whose addresses are looked for. */
export type LeaseAsker = {
  readonly subject: AccessSubject
  readonly garden: GardenReason | undefined
  /** What its line has already. */
  readonly renewed: Lease | undefined
  readonly classId: bigint
}

export type Leases = {
  /** The pools of ours that it needs addresses of; empty almost always where there are none. */
  needed(request: AccessRequest, asker: LeaseAsker): readonly LivePool[]
  take(request: AccessRequest, asker: LeaseAsker, pools: readonly LivePool[]): Promise<Leased>
  waiting(): number
  close(): Promise<void>
}

export type LeaseOptions = {
  settings(): Settings
  /** The pools of this moment. */
  ipPools(): IpPools
  readonly clock: Clock
  readonly claimPool: Pool
}

/** A pool without a free address is looked through for what was released, so often at most. */
const rescueEveryMs = 2_000

const names: readonly { kind: PoolKind; of: keyof Addressing; gives: keyof Lease }[] = [
  { kind: 'ipv4', of: 'pool', gives: 'framedIp' },
  { kind: 'ipv6-prefix', of: 'ipv6Pool', gives: 'framedIpv6Prefix' },
  { kind: 'delegated-ipv6-prefix', of: 'delegatedIpv6Pool', gives: 'delegatedIpv6Prefix' },
]
const none: readonly LivePool[] = []
const nothing: Leased = { kind: 'given', assigned: undefined }

/** Makes it; its statements take turns with others on these lanes. */
export function createLeases(options: LeaseOptions, lanes: Lanes): Leases {
  const { settings, ipPools, clock } = options
  const claim = createClaim(options)
  const batches = createBatcher({
    lanes,
    // Two lines of a subscriber must not be offered the same address that it had last.
    keyOf: (wishes: readonly LeaseWish[]) => String(wishes[0]!.subscriberId),
    async run(logins: (readonly LeaseWish[])[]) {
      const addresses = await claim(logins.flat())
      let at = 0
      return logins.map((wishes) => addresses.slice(at, (at += wishes.length)))
    },
  })
  return {
    needed({ nas }, { subject, garden, renewed }) {
      const pools = ipPools()
      if (pools.byName.size === 0) return none
      const context = { garden, lease: renewed, nasGroupId: nas.nasGroupId, settings: settings() }
      const addressing = addressingOf(subject, context)
      const place = { addressSpaceId: nas.addressSpaceId, nasGroupId: nas.nasGroupId, nasId: nas.id }
      return names.flatMap(({ kind, of }) => {
        const name = addressing[of]
        return (name !== undefined && poolNamed(pools, place, { kind, name }, clock.now())) || none
      })
    },
    async take({ line, nas: { nasGroupId } }, { subject, classId }, pools) {
      if (pools.length === 0) return nothing
      const whose = { subscriberId: subject.id, line, nasGroupId, classId }
      const taken = await batches.submit(pools.map(({ id, sticky }) => ({ ...whose, poolId: id, sticky })))
      const exhausted = pools.find((pool, at) => taken[at] === undefined && pool.onExhausted === 'reject')
      if (exhausted !== undefined) return { kind: 'exhausted', pool: exhausted }
      return { kind: 'given', assigned: assignedOf(pools, taken) }
    },
    waiting: batches.waiting,
    close: batches.close,
  }
}

function assignedOf(pools: readonly LivePool[], taken: readonly (string | undefined)[]): Partial<Lease> {
  return Object.fromEntries(
    pools.map(({ kind }, at) => [names.find((name) => name.kind === kind)!.gives, taken[at]] as const),
  )
}

/** Claims; where a pool has nothing left, what was released since the job looked last is freed at once, and asked for again. */
function createClaim({ claimPool, clock, settings }: LeaseOptions) {
  const db = createKysely<Database>(claimPool)
  const rescuedAt = new Map<bigint, number>()
  const isDue = (poolId: bigint): boolean =>
    clock.monotonicMs() - (rescuedAt.get(poolId) ?? Number.NEGATIVE_INFINITY) >= rescueEveryMs
  return async (wishes: readonly LeaseWish[]): Promise<(string | undefined)[]> => {
    const taken = await claimLeases(claimPool, wishes, clock.now())
    const short = wishes.filter((_, at) => taken[at] === undefined)
    const poolIds = [...new Set(short.map(({ poolId }) => poolId))].filter(isDue)
    if (poolIds.length === 0) return taken
    for (const poolId of poolIds) rescuedAt.set(poolId, clock.monotonicMs())
    await sweepLeases(db, { poolIds, quietS: settings().address_quiet_s }, clock.now())
    const again = wishes.filter(({ poolId }, at) => taken[at] === undefined && poolIds.includes(poolId))
    const found = await claimLeases(claimPool, again, clock.now())
    return wishes.map((wish, at) => taken[at] ?? found[again.indexOf(wish)])
  }
}

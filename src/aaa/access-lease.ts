// Addresses out of pools of ours for accepted logins: which names that a login would be sent are such pools, and the batches in
// which addresses are taken from them. A login that names none of ours waits for nothing here, and a pool that has none left holds
// up nobody but those who want one of it.

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
import { askThrough, createStage, goOn } from './access-hedge.ts'
import type { Asking, Hedge } from './access-hedge.ts'
import { createBatcher } from './batch.ts'
import type { Lanes } from './batch.ts'
import { staleBy } from './batch-stale.ts'
import type { Patient } from './batch-stale.ts'

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
  /** Rejects where the login was answered meanwhile (`asking`), or nobody waits for it any more: then nothing is taken. */
  take(request: AccessRequest, asker: LeaseAsker, pools: readonly LivePool[], asking?: Asking): Promise<Leased>
  waiting(): number
  close(): Promise<void>
}

export type LeaseOptions = {
  settings(): Settings
  /** The pools of this moment. */
  ipPools(): IpPools
  readonly clock: Clock
  readonly claimPool: Pool
  /** Looks through a pool that has none left: with connections that no login waits for. */
  readonly rescuePool: Pool
  /** Absent: nothing watches how Postgres answers. */
  readonly hedge?: Hedge | undefined
}

/** So long after a look through a pool that has none left comes the next one at the earliest. */
const rescueEveryMs = 2_000

const names: readonly { kind: PoolKind; of: keyof Addressing; gives: keyof Lease }[] = [
  { kind: 'ipv4', of: 'pool', gives: 'framedIp' },
  { kind: 'ipv6-prefix', of: 'ipv6Pool', gives: 'framedIpv6Prefix' },
  { kind: 'delegated-ipv6-prefix', of: 'delegatedIpv6Pool', gives: 'delegatedIpv6Prefix' },
]
const none: readonly LivePool[] = []
const nothing: Leased = { kind: 'given', assigned: undefined }

/** Makes it; its statements take turns with others on these lanes. `warn` is told of a look that failed. */
export function createLeases(options: LeaseOptions, lanes: Lanes, warn: Warn): Leases {
  const { settings, ipPools, clock, claimPool, hedge } = options
  const rescue = createRescue(options, warn)
  const stage = createStage()
  const batches = createBatcher<Wanting, readonly (string | undefined)[]>({
    lanes,
    // Two lines of a subscriber must not be offered the same address that it had last.
    keyOf: ({ wishes }) => String(wishes[0]!.subscriberId),
    isStale: staleBy(clock),
    async run(logins) {
      const wishes = logins.flatMap((login) => login.wishes)
      const addresses = await askThrough(hedge, stage, () => claimLeases(claimPool, wishes, clock.now()))
      let at = 0
      return logins.map((login) => addresses.slice(at, (at += login.wishes.length)))
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
    async take({ line, nas: { nasGroupId }, untilMs }, { subject, classId }, pools, asking) {
      if (pools.length === 0) return nothing
      goOn(asking, stage)
      const whose = { subscriberId: subject.id, line, nasGroupId, classId }
      const wishOf = ({ id, sticky }: LivePool): LeaseWish => ({ ...whose, poolId: id, sticky })
      const taken = [...(await batches.submit({ wishes: pools.map(wishOf), untilMs, asking }))]
      goOn(asking, stage)
      const rescued = await rescuedOf(pools, taken, rescue)
      if (rescued.length > 0) {
        const wishes = rescued.map((at) => wishOf(pools[at]!))
        const found = await batches.submit({ wishes, untilMs, asking })
        for (const [nth, at] of rescued.entries()) taken[at] = found[nth]
      }
      const exhausted = pools.find((pool, at) => taken[at] === undefined && pool.onExhausted === 'reject')
      if (exhausted !== undefined) return { kind: 'exhausted', pool: exhausted }
      return { kind: 'given', assigned: assignedOf(pools, taken) }
    },
    waiting: batches.waiting,
    close: batches.close,
  }
}

/** An authorization that does not name these pools. */
export function withoutNames<T extends Addressing>(given: T, pools: readonly LivePool[]): T {
  const left = names.filter(({ kind }) => pools.some((pool) => pool.kind === kind))
  return { ...given, ...Object.fromEntries(left.map(({ of }) => [of, undefined] as const)) }
}

/** The addresses that one login wants, in one statement. */
type Wanting = Patient & { readonly wishes: readonly LeaseWish[] }

function assignedOf(pools: readonly LivePool[], taken: readonly (string | undefined)[]): Partial<Lease> {
  return Object.fromEntries(
    pools.map(({ kind }, at) => [names.find((name) => name.kind === kind)!.gives, taken[at]] as const),
  )
}

type Warn = (message: string, error: unknown) => void
/** Whether it was looked through: false where that failed, or was done a moment ago. */
type Rescue = (poolId: bigint) => Promise<boolean>

/**
 * The places of the pools that gave nothing, refuse then, and were looked through meanwhile. Where the pool of the NAS serves
 * instead the login does not wait for the look.
 */
async function rescuedOf(
  pools: readonly LivePool[],
  taken: readonly (string | undefined)[],
  rescue: Rescue,
): Promise<number[]> {
  const looks = pools.map(async ({ id, onExhausted }, at) => {
    if (taken[at] !== undefined) return false
    const look = rescue(id)
    return onExhausted === 'reject' && (await look)
  })
  return (await Promise.all(looks)).flatMap((isRescued, at) => (isRescued ? [at] : []))
}

/** Frees what was released since the job looked last. Of a pool one look at a time, which all who want one of it share. */
function createRescue({ rescuePool, clock, settings }: LeaseOptions, warn: Warn): Rescue {
  const db = createKysely<Database>(rescuePool)
  const underWay = new Map<bigint, Promise<boolean>>()
  const lookedAtMs = new Map<bigint, number>()
  const look = async (poolId: bigint): Promise<boolean> => {
    try {
      await sweepLeases(db, { poolIds: [poolId], quietS: settings().address_quiet_s }, clock.now())
      return true
    } catch (error) {
      warn('an address pool that has none left could not be looked through', error)
      return false
    } finally {
      underWay.delete(poolId)
      lookedAtMs.set(poolId, clock.monotonicMs())
    }
  }
  return (poolId) => {
    const same = underWay.get(poolId)
    if (same !== undefined) return same
    const last = lookedAtMs.get(poolId)
    if (last !== undefined && clock.monotonicMs() - last < rescueEveryMs) return Promise.resolve(false)
    const next = look(poolId)
    underWay.set(poolId, next)
    return next
  }
}

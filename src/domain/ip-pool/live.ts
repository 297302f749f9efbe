// The address pools as the packet path needs them: read whole, at start and whenever the change log names one of them. A login
// whose plan names no pool of ours learns so from a map, and asks nobody.

import type { Pool } from '../../db/pool.ts'
import { readNasSettings } from '../nas-settings.ts'
import type { Settings } from '../setting.ts'
import type { PoolKind } from './range.ts'

export type LivePool = {
  readonly id: bigint
  readonly name: string
  readonly kind: PoolKind
  readonly sticky: boolean
  readonly onExhausted: 'reject' | 'nas-pool'
  readonly learns: boolean
  /** Until then we only look. */
  readonly learnUntil: Date | null
}

export type IpPools = {
  /** Of a space, or of one group in it. */
  readonly byName: ReadonlyMap<string, LivePool>
  /** NASes that were just added, until when what is online on them may be unknown to us. */
  readonly youngNases: ReadonlyMap<bigint, Date>
}

/** Where there are no pools. */
export const noIpPools: IpPools = { byName: new Map(), youngNases: new Map() }

/** Where a login comes in. */
export type PoolPlace = { readonly addressSpaceId: bigint; readonly nasGroupId: bigint; readonly nasId: bigint }

/**
 * The pool of ours that a name means on a NAS: that of its group, else that of the whole space. Undefined where the name is the
 * NAS's own business: we have no such pool, or it only learns yet.
 */
export function poolNamed(
  pools: IpPools,
  { addressSpaceId, nasGroupId, nasId }: PoolPlace,
  { kind, name }: { kind: PoolKind; name: string },
  now: Date,
): LivePool | undefined {
  const found =
    pools.byName.get(keyOf(addressSpaceId, nasGroupId, kind, name)) ??
    pools.byName.get(keyOf(addressSpaceId, undefined, kind, name))
  if (found === undefined || !found.learns) return found
  if (found.learnUntil !== null && found.learnUntil > now) return undefined
  const youngUntil = pools.youngNases.get(nasId)
  return youngUntil !== undefined && youngUntil > now ? undefined : found
}

function keyOf(space: bigint, group: bigint | undefined, kind: PoolKind, name: string): string {
  return `${space}/${group ?? ''}/${kind}/${name}`
}

/** Reads every pool, and the NASes from which pools still learn. */
export async function loadIpPools(pool: Pool, settings: Settings, now: Date): Promise<IpPools> {
  const { rows } = await pool.query<LivePool & { space: bigint; group: bigint | null }>(
    `select id, name, kind, sticky, on_exhausted as "onExhausted", learns, learn_until as "learnUntil",
       address_space_id as space, nas_group_id as group
     from ip_pool`,
  )
  if (rows.length === 0) return noIpPools
  const byName = new Map(
    rows.map(({ space, group, ...row }) => [keyOf(space, group ?? undefined, row.kind, row.name), row]),
  )
  const learning = rows.some((row) => row.learns)
  return { byName, youngNases: learning ? await readYoungNases(pool, settings, now) : noIpPools.youngNases }
}

async function readYoungNases(pool: Pool, settings: Settings, now: Date): Promise<Map<bigint, Date>> {
  // An interim interval is a day at most; with its jitter it is still less than two.
  const { rows } = await pool.query<{ id: bigint; created_at: Date; settings: unknown; observed: number | null }>(
    `select id, created_at, settings, observed_interval_s as observed from nas
     where created_at > $1::timestamptz - interval '2 days'`,
    [now],
  )
  const { rows: plans } = await pool.query<{ longest: number | null }>(
    'select max(interim_interval_s) as longest from plan where archived_at is null',
  )
  const longestOfPlans = plans[0]?.longest ?? 0
  return new Map(
    rows.map((nas) => {
      const seconds = fullInterimS({ ...nas, longestOfPlans }, settings)
      return [nas.id, new Date(nas.created_at.getTime() + seconds * 1000)]
    }),
  )
}

/** Seconds in which every session on a NAS has told of itself once: the longest interval it may have, with its jitter. */
export function fullInterimS(
  nas: { settings: unknown; observed: number | null; longestOfPlans: number },
  settings: Settings,
): number {
  const sent = readNasSettings(nas.settings).interim_interval_s
  const told = sent ?? Math.max(settings.default_interim_interval_s, nas.longestOfPlans)
  return Math.ceil(Math.max(told, nas.observed ?? 0) * (1 + settings.interim_jitter))
}

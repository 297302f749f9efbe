// What an acknowledged change brought a session to, and whether its byte rate since then shows that it took effect (decision 17).
// A NAS may acknowledge and change nothing. Pure.

import type { Authorization } from './authorization.ts'

/** Kept with the order, as JSON. Rates in bit/s, `down` towards the subscriber; a peak is the rate of a burst. */
export type Granted = {
  /** Why it is in the walled garden; null: full service. */
  readonly garden: string | null
  readonly down_bps: number
  /** Null, as its peak: the change told the NAS nothing of this direction. */
  readonly up_bps: number | null
  readonly peak_down_bps: number
  readonly peak_up_bps: number | null
  readonly address_list: string | null
  /** The service that was started for it, where the vendor accounts services. */
  readonly service: string | null
  /** How fast the session was before; null: not known. */
  readonly before: { readonly down_bps: number; readonly up_bps: number } | null
}

export type RateBefore = { readonly downBps: number; readonly upBps: number }

/** What a change brings a session to. `tellsUpload` false: it told the NAS the other direction alone. */
export function grantedBy(
  { garden, rates, addressList }: Pick<Authorization, 'garden' | 'rates' | 'addressList'>,
  service: string | undefined,
  before: RateBefore | undefined,
  tellsUpload = true,
): Granted {
  return {
    garden: garden ?? null,
    down_bps: rates.downBps,
    up_bps: tellsUpload ? rates.upBps : null,
    peak_down_bps: Math.max(rates.downBps, rates.burst?.downBps ?? 0),
    peak_up_bps: tellsUpload ? Math.max(rates.upBps, rates.burst?.upBps ?? 0) : null,
    address_list: addressList ?? null,
    service: service ?? null,
    before: before === undefined ? null : { down_bps: before.downBps, up_bps: before.upBps },
  }
}

/** The counters of a session as one of its records said them: seconds, and octets of which `input` came from the subscriber. */
export type CounterPoint = { readonly sessionTime: bigint; readonly input: bigint; readonly output: bigint }

/**
 * `early`: too short after the last one to say anything. `none`: it says nothing; the next look begins here, with so many
 * strikes. `inferred`: it wanted more and got what was granted. `ignored`: it goes on faster than granted.
 */
export type RateJudgement =
  | { readonly kind: 'early' }
  | { readonly kind: 'none'; readonly strikes: number }
  | { readonly kind: 'inferred' }
  | { readonly kind: 'ignored' }

const shortestS = 60
/** Headers of the access network are counted here and there; a shaper lets a little through. */
const held = 1.15
/** What no shaper that was told would let through for a minute. */
const exceeded = 1.3
/** So fast it must be, of what was granted, to show that it is held: a line that nobody uses shows nothing. */
const pressing = 0.5
const strikesToIgnore = 2

/**
 * Judges the counters between two records that both came after the acknowledgement. Only a line that was faster before than it
 * may be now shows by its rate that it was slowed; every line shows that it was not.
 */
export function judgeRate(
  granted: Granted,
  { from, to, strikes }: { from: CounterPoint; to: CounterPoint; strikes: number },
): RateJudgement {
  const seconds = Number(to.sessionTime - from.sessionTime)
  // Set back, as by an older record that was found to be newer: begun anew.
  if (seconds < 0 || to.input < from.input || to.output < from.output) return { kind: 'none', strikes: 0 }
  if (seconds < shortestS) return { kind: 'early' }
  const ways = [
    {
      bps: bitsPerSecond(to.output - from.output, seconds),
      limit: granted.peak_down_bps,
      before: granted.before?.down_bps,
    },
    {
      bps: bitsPerSecond(to.input - from.input, seconds),
      limit: granted.peak_up_bps ?? Infinity,
      before: granted.before?.up_bps,
    },
  ]
  if (ways.some(({ bps, limit }) => bps > limit * exceeded)) {
    return strikes + 1 >= strikesToIgnore ? { kind: 'ignored' } : { kind: 'none', strikes: strikes + 1 }
  }
  if (ways.some(({ bps, limit }) => bps > limit * held)) return { kind: 'none', strikes: 0 }
  const isSlowed = ways.some(
    ({ bps, limit, before }) => before !== undefined && before > limit * exceeded && bps >= limit * pressing,
  )
  return isSlowed ? { kind: 'inferred' } : { kind: 'none', strikes: 0 }
}

function bitsPerSecond(octets: bigint, seconds: number): number {
  return (Number(octets) * 8) / seconds
}

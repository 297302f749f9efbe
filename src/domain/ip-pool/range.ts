// The ranges of an address pool as operators write them, and the addresses or prefixes in them: read, left out, counted, and cut
// into pieces that the database can fill.

import ipaddr from 'ipaddr.js'
import { FieldError, quote } from '../field.ts'
import { parseNetwork, prefixRange } from '../prefix.ts'

export const poolKinds = ['ipv4', 'ipv6-prefix', 'delegated-ipv6-prefix'] as const
export type PoolKind = (typeof poolKinds)[number]

/** First and last address, as text without a length. */
export type Range = { readonly first: string; readonly last: string }

/** `count` addresses, or prefixes of one length, from `first` on. */
export type Seed = { readonly first: string; readonly count: number }

/** A row for each: more of them are several pools. */
export const largestPool = 1_000_000
/** The database walks all seeds at once, step by step. */
const seedSize = 1_000

/**
 * Reads `10.0.0.0/24`, `10.0.0.5-10.0.0.9` or one address. For pools of prefixes both ends lie on a boundary of the prefix
 * length. Throws FieldError.
 */
export function parsePoolRange(field: string, text: string, kind: PoolKind, prefixLength: number): Range {
  const [from = '', to = from, more] = text.split('-')
  if (more !== undefined) throw new FieldError(field, `${quote(text)} has more than two ends`)
  const [low, high] = [bounds(field, from), bounds(field, to)]
  if (low.bits !== high.bits) throw new FieldError(field, `${quote(text)} begins in one family and ends in the other`)
  if (low.first > high.first) throw new FieldError(field, `${quote(text)} ends before it begins`)
  const bits = kind === 'ipv4' ? 32 : 128
  if (low.bits !== bits) throw new FieldError(field, `${quote(text)} is not ${kind === 'ipv4' ? 'IPv4' : 'IPv6'}`)
  const unit = 1n << BigInt(bits - prefixLength)
  if (low.first % unit !== 0n || (high.last + 1n) % unit !== 0n) {
    throw new FieldError(field, `${quote(text)} does not begin and end at a /${prefixLength}`)
  }
  return { first: textOf(low.first, bits), last: textOf(high.last, bits) }
}

/**
 * What is left of the ranges without those that are excluded, cut into seeds. Throws FieldError where two ranges overlap, where
 * nothing is left, or where it is more than a pool may have.
 */
export function seedsOf(
  ranges: readonly Range[],
  excluded: readonly Range[],
  { kind, prefixLength }: { kind: PoolKind; prefixLength: number },
): Seed[] {
  const bits = kind === 'ipv4' ? 32 : 128
  const unit = 1n << BigInt(bits - prefixLength)
  const left = without(spansOf(ranges), spansOf(excluded))
  const count = left.reduce((sum, { first, last }) => sum + (last + 1n - first) / unit, 0n)
  if (count === 0n) throw new FieldError('ranges', 'have no address that could be given to anybody')
  if (count > BigInt(largestPool)) {
    throw new FieldError('ranges', `have ${count} addresses, a pool may have ${largestPool}`)
  }
  return left.flatMap(({ first, last }) => {
    const total = Number((last + 1n - first) / unit)
    return Array.from({ length: Math.ceil(total / seedSize) }, (_, i) => ({
      first: textOf(first + BigInt(i * seedSize) * unit, bits),
      count: Math.min(seedSize, total - i * seedSize),
    }))
  })
}

/** `10.0.0.0/24` where the range is one prefix, else `first-last`. */
export function showRange({ first, last }: Range): string {
  const [low, high] = [octetsOf(first), octetsOf(last)]
  const size = numberOf(high) - numberOf(low) + 1n
  const length = low.length * 8 - (size.toString(2).length - 1)
  const isPrefix = (size & (size - 1n)) === 0n && numberOf(low) % size === 0n
  if (size === 1n) return first
  return isPrefix ? `${first}/${length}` : `${first}-${last}`
}

type Span = { first: bigint; last: bigint }

/** In order. Throws FieldError where two overlap. */
function spansOf(ranges: readonly Range[]): Span[] {
  const spans = ranges
    .map(({ first, last }) => ({ first: numberOf(octetsOf(first)), last: numberOf(octetsOf(last)) }))
    .toSorted((one, other) => (one.first < other.first ? -1 : 1))
  if (spans.some((span, at) => at > 0 && span.first <= spans[at - 1]!.last)) {
    throw new FieldError('ranges', 'overlap each other')
  }
  return spans
}

function without(spans: readonly Span[], holes: readonly Span[]): Span[] {
  let left = [...spans]
  for (const hole of holes) {
    left = left.flatMap((span) =>
      hole.last < span.first || hole.first > span.last
        ? [span]
        : [
            { first: span.first, last: hole.first - 1n },
            { first: hole.last + 1n, last: span.last },
          ].filter(({ first, last }) => first <= last),
    )
  }
  return left
}

function bounds(field: string, text: string): Span & { bits: 32 | 128 } {
  const network = parseNetwork(field, text.trim())
  const isFour = !network.includes(':')
  const { first, last } = prefixRange(network)
  const offset = isFour ? 0n : 1n << 32n
  return { first: first - offset, last: last - offset, bits: isFour ? 32 : 128 }
}

function octetsOf(address: string): number[] {
  return ipaddr.parse(address).toByteArray()
}

function numberOf(octets: readonly number[]): bigint {
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`)
}

function textOf(number: bigint, bits: number): string {
  const hex = number.toString(16).padStart(bits / 4, '0')
  return ipaddr.fromByteArray([...Buffer.from(hex, 'hex')]).toString()
}

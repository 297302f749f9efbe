// Rates, lists and services in the forms that several vendors share. Input is what the subscriber sends, on every BNG.

import type { Authorization } from '../../domain/authorization.ts'
import type { RateSettings } from './vendor.ts'

/** What integer attributes hold: 32 bits without a sign, so that no rate above 4.29 Gbit/s can be told. */
const largestInteger = 0xffff_ffff
const defaultService = 'internet'

/** The name of what stands ready on the NAS for our rates. */
export function serviceName(settings: RateSettings | undefined): string {
  return settings?.service_name ?? defaultService
}

/** A rate as text, short and exact: `50M`, `1536k`, `64001`. k is 1,000 and M 1,000,000. */
export function formatRate(bps: number): string {
  if (bps > 0 && bps % 1_000_000 === 0) return `${bps / 1_000_000}M`
  return bps > 0 && bps % 1_000 === 0 ? `${bps / 1_000}k` : String(bps)
}

/** A rate in bit/s for an integer attribute. */
export function integerRate(bps: number): number {
  return Math.min(bps, largestInteger)
}

/** In kbit/s, never 0: that would mean no limit. */
export function kilobits(bps: number): number {
  return Math.max(1, Math.round(bps / 1_000))
}

/** The filters that an address list names: `garden` is for what the subscriber sends, `garden/portal` for both ways. */
export function filtersOf(addressList: string | undefined): { in: string | undefined; out: string | undefined } {
  const [inward, outward] = (addressList ?? '').split('/', 2)
  return { in: inward || undefined, out: outward || undefined }
}

/** Whether a CoA that sets a list can bring a session there: a garden without a list has nothing but its pool for a fence. */
export function hasItsFence({ garden, addressList }: Authorization): boolean {
  return garden === undefined || addressList !== undefined
}

// Deeds that fall on one instant for many subscribers (22:00, midnight) are spread over half a minute by their id, so that neither
// the database nor a NAS gets them all at once. In TypeScript and in SQL, tested against each other.

/** The latest that a deed may come for this reason. */
export const longestJitterMs = 30_000
/** A prime, so that neighbours lie apart. */
const step = 7_919

/** How much later than its instant this subscriber's turn is, in milliseconds. */
export function jitterMs(subscriberId: bigint): number {
  return Number((subscriberId * BigInt(step)) % BigInt(longestJitterMs))
}

/** The same as an SQL expression, an interval. */
export function jitterSql(subscriberId: string): string {
  return `((${subscriberId} * ${step} % ${longestJitterMs}) * interval '1 millisecond')`
}

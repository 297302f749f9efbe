// The columns of migrations/0019 and 0028: whose entitlement is to be looked at, and what it was at the last look.

/** The tables of 0019 by name. */
export type WatchTables = {
  entitlement_check: EntitlementCheckTable
  entitlement_watch: EntitlementWatchTable
}

/** A mark: this subscriber is to be looked at. */
export type EntitlementCheckTable = {
  subscriber_id: bigint
}

/** What a plan gave a subscriber that is online, at the last look. */
export type EntitlementWatchTable = {
  subscriber_id: bigint
  terms: string
  state: string
  since: Date | null
  session_id: bigint
  looked_at: Date
  next_at: Date | null
  /** JSON: Remembered of domain/enforcement/foresight.ts. */
  foresight: unknown
  foreseen_at: Date | null
}

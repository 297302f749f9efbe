// The columns of migrations/0025: logins that were let in while Postgres did not answer.

/** The tables of 0025 by name. */
export type DegradedTables = {
  degraded_accept: DegradedAcceptTable
}

/** A login that was let in by what was last known. */
export type DegradedAcceptTable = {
  class_id: bigint
  subscriber_id: bigint
  nas_id: bigint
  nas_group_id: bigint
  line: string | null
  facts: unknown
  unchecked: string[]
  seen_at: Date
  decided_at: Date
  written_at: Date
  looked_at: Date | null
  finding: string | null
  next_at: Date | null
}

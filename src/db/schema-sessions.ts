// The columns of what happens: sessions, usage, access log, CoA orders, job runs (migrations/0002). See schema.ts.

import type { Generated } from 'kysely'

/** An open or just-closed session; octets are totals unless named otherwise. */
export type SessionTable = {
  id: Generated<bigint>
  nas_id: bigint
  acct_session_id: string
  epoch: number
  parent_id: bigint | null
  subscriber_id: bigint | null
  username: string
  /** User-Name as the NAS sends it, where that is another text. */
  sent_username: string | null
  class_id: bigint | null
  nas_group_id: bigint
  address_space_id: bigint
  line: string | null
  leg: string | null
  multi_session_id: string | null
  mac: string | null
  circuit_id: Buffer | null
  remote_id: Buffer | null
  duid: Buffer | null
  interface: string | null
  port: string | null
  s_vlan: number | null
  c_vlan: number | null
  framed_ip: string | null
  framed_ipv6_prefix: string | null
  delegated_ipv6_prefix: string | null
  framed_ipv6_address: string | null
  framed_interface_id: string | null
  started_at: Date
  start_seen: Generated<boolean>
  event_at: Date
  updated_at: Date
  ended_at: Date | null
  ended_by: 'stop' | 'nas-reboot' | 'replaced' | 'stale' | 'operator' | null
  terminate_cause: number | null
  session_time: Generated<bigint>
  input_octets: Generated<bigint>
  output_octets: Generated<bigint>
  base_input: Generated<bigint>
  base_output: Generated<bigint>
  segment_input: Generated<bigint>
  segment_output: Generated<bigint>
  prev_input: Generated<bigint>
  prev_output: Generated<bigint>
  input_packets: Generated<bigint>
  output_packets: Generated<bigint>
  gigawords: Generated<boolean>
  anomalies: Generated<number>
  last_anomaly: string | null
  interim_interval_s: number | null
  /** The name of a service: a child row that never adds to usage. */
  service: string | null
  interims: Generated<number>
}

/** Closed sessions by month of start: the columns of a session, and none made by the database. */
export type SessionArchiveTable = Omit<SessionTable, 'id'> & { id: bigint }

/** A login accepted, whose Start has not come yet. */
export type SessionClaimTable = {
  subscriber_id: bigint
  slot: number
  line: string
  nas_group_id: bigint
  class_id: bigint
  claimed_at: Date
}

/** Octets of a subscriber in an hour. */
export type UsageHourTable = {
  subscriber_id: bigint
  hour: Date
  input_octets: bigint
  output_octets: bigint
}

/** Octets of a subscriber in a day of the ISP's zone. */
export type UsageDayTable = {
  subscriber_id: bigint
  day: string
  input_octets: bigint
  output_octets: bigint
}

/** Octets of a subscriber in a service period. */
export type UsagePeriodTable = {
  subscriber_id: bigint
  period_started_at: Date
  input_octets: bigint
  output_octets: bigint
}

/** Access decisions; equal ones of a day are one row. */
export type AccessLogTable = {
  day: string
  subscriber_id: bigint | null
  username: string
  nas_id: bigint | null
  line: string | null
  interface: string | null
  method: string
  reason: string
  accepted: boolean
  detail: string | null
  /** JSON. */
  reply: string | null
  count: Generated<bigint>
  first_at: Date
  last_at: Date
}

/** A wish about a session. */
export type CoaOrderTable = {
  id: Generated<bigint>
  session_id: bigint
  subscriber_id: bigint | null
  nas_id: bigint
  wish: 'reapply' | 'disconnect'
  reason: string
  state: Generated<'waiting' | 'claimed' | 'acked' | 'nacked' | 'timeout' | 'done' | 'failed' | 'replaced' | 'expired'>
  evidence: 'acked' | 'observed' | 'inferred' | null
  attempts: Generated<number>
  next_at: Date
  deadline: Date
  claimed_by: string | null
  error_cause: number | null
  round_trip_ms: number | null
  created_at: Date
  finished_at: Date | null
  /** Why it ended as it did, in words. */
  detail: string | null
  /** JSON: what an acknowledged change brought the session to. */
  granted: unknown
  /** The record that its byte rate is reckoned from: when it came, and what it said. */
  proof_at: Date | null
  proof_session_time: bigint | null
  proof_input: bigint | null
  proof_output: bigint | null
  proof_strikes: Generated<number>
}

/** One sending for an order. */
export type CoaAttemptTable = {
  id: Generated<bigint>
  order_id: bigint
  subscriber_id: bigint | null
  at: Date
  kind: 'change' | 'disconnect' | 'router'
  sent_to: string | null
  port: number | null
  sent_from: string | null
  outcome: 'ack' | 'nak' | 'timeout' | 'bad-authenticator' | 'error' | 'removed' | 'not-there' | 'still-there'
  error_cause: number | null
  round_trip_ms: number | null
  garden: boolean | null
  detail: string | null
}

/** A NAS that refuses to change sessions live. */
export type NasCapabilityTable = {
  nas_id: bigint
  cannot_change_since: Date
  error_cause: number
  learnt_at: Date
}

/** Where a NAS speaks from, and to which address of ours. */
export type NasContactTable = {
  nas_id: bigint
  source: string
  heard_on: string
  heard_at: Date
}

/** A subscriber that a job set aside, because something broke. */
export type JobFailureTable = {
  job: string
  subscriber_id: bigint
  reason: string
  tries: number
  tried_at: Date
  next_at: Date
}

/** One run of a job, by its planned time. */
export type JobRunTable = {
  id: Generated<bigint>
  job: string
  planned_local: Date
  planned_at: Date | null
  late: Generated<boolean>
  token: Generated<number>
  lease_until: Date | null
  asked_at: Date | null
  asked_by: string | null
  instance: string | null
  started_at: Date | null
  finished_at: Date | null
  result: unknown
  error: string | null
}

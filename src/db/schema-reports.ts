// The columns of migrations/0015: what was counted day by day, and reports sent by e-mail.

import type { Generated } from 'kysely'

/** The tables of 0015 by name. */
export type ReportTables = {
  subscriber_day: SubscriberDayTable
  event_day: EventDayTable
  decision_day: DecisionDayTable
  session_day: SessionDayTable
  usage_total_day: UsageTotalDayTable
  report_schedule: ReportScheduleTable
}

/** Subscribers of a kind at the end of a day. */
export type SubscriberDayTable = {
  day: string
  owner_id: bigint
  plan_id: bigint
  group_id: bigint
  zone: string
  label: string
  count: bigint
}

/** What happened to subscribers on a day. */
export type EventDayTable = {
  day: string
  kind: 'signup' | 'activation' | 'renewal' | 'churn'
  owner_id: bigint
  plan_id: bigint
  group_id: bigint
  zone: string
  currency: string
  count: bigint
  amount_minor: bigint
}

/** Access decisions of a day. */
export type DecisionDayTable = {
  day: string
  owner_id: bigint
  nas_id: bigint
  accepted: boolean
  reason: string
  count: bigint
}

/** Sessions that began on a day. */
export type SessionDayTable = {
  day: string
  owner_id: bigint
  nas_id: bigint
  interface: string
  sessions: bigint
  input_octets: bigint
  output_octets: bigint
}

/** Octets of a day by plan. */
export type UsageTotalDayTable = {
  day: string
  owner_id: bigint
  plan_id: bigint
  input_octets: bigint
  output_octets: bigint
}

/** A report that is sent by e-mail. */
export type ReportScheduleTable = {
  id: Generated<bigint>
  operator_id: bigint
  owner_id: bigint | null
  name: string
  report: string
  parameters: unknown
  format: 'csv' | 'xlsx'
  recipients: string[]
  every: 'day' | 'week' | 'month'
  hour: number
  enabled: Generated<boolean>
  sent_for: string | null
  last_error: string | null
  created_at: Date
}

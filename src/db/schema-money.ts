// The columns of migrations/0009: wallets, the ledger, renewals and the periods they bought. Amounts in minor units.

import type { Generated } from 'kysely'

/** The tables of 0009 by name. */
export type MoneyTables = {
  wallet: WalletTable
  ledger_transaction: LedgerTransactionTable
  ledger_entry: LedgerEntryTable
  renewal: RenewalTable
  service_period: ServicePeriodTable
  renewal_failure: RenewalFailureTable
}

/** The prepaid balance of a reseller. */
export type WalletTable = {
  organisation_id: bigint
  currency: string
  balance_minor: Generated<bigint>
  credit_limit_minor: Generated<bigint>
  pays_renewals: Generated<boolean>
  created_at: Date
  updated_at: Date
}

/** One movement of money; the amount is what it does to its payer or wallet. */
export type LedgerTransactionTable = {
  id: Generated<bigint>
  at: Date
  kind:
    | 'opening'
    | 'top-up'
    | 'payment'
    | 'refund'
    | 'charge'
    | 'adjustment'
    | 'activation'
    | 'renewal'
    | 'plan-change'
    | 'reversal'
  owner_id: bigint
  payer_id: bigint | null
  organisation_id: bigint | null
  subscriber_id: bigint | null
  currency: string
  amount_minor: bigint
  balance_after_minor: bigint
  source: Generated<string>
  external_reference: string | null
  note: string | null
  reason: string | null
  reverses_id: bigint | null
  refunds_id: bigint | null
  period_starts_at: Date | null
  period_ends_at: Date | null
  author_kind: string
  operator_id: bigint | null
  author_name: string
}

/** One side of a transaction. */
export type LedgerEntryTable = {
  transaction_id: bigint
  account: 'payer' | 'wallet' | 'cash' | 'revenue' | 'adjustment' | 'opening'
  payer_id: bigint | null
  organisation_id: bigint | null
  amount_minor: bigint
}

/** A deed that gave service for a time. */
export type RenewalTable = {
  id: Generated<bigint>
  at: Date
  kind: 'activation' | 'renewal' | 'plan-change'
  subscriber_id: bigint
  periods: number
  free: boolean
  amount_minor: bigint
  currency: string
  transaction_id: bigint | null
  reference: string | null
  author_name: string
  job_run_id: bigint | null
  before_expires_at: Date | null
  before_grace_until: Date | null
  before_activated_at: Date | null
  reverted_at: Date | null
  reverted_by: string | null
}

/** One period of service. */
export type ServicePeriodTable = {
  id: Generated<bigint>
  renewal_id: bigint
  subscriber_id: bigint
  number: number
  plan_id: bigint
  starts_at: Date
  ends_at: Date | null
  amount_minor: bigint
  series_start: Date
  series_count: number
  validity: number
  validity_unit: string
  begun_at: Date | null
  void_at: Date | null
  before_plan_id: bigint | null
  before_next_plan_id: bigint | null
  before_period_started_at: Date | null
}

/** Why a line that renews by itself did not. */
export type RenewalFailureTable = {
  subscriber_id: bigint
  expires_at: Date
  reason: string
  tries: number
  tried_at: Date
  next_at: Date
}

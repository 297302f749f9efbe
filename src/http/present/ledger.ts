// Payers, wallets, ledger transactions and renewals as the API tells them: amounts as decimal text in major units beside their
// currency.

import { z } from 'zod'
import type { LedgerRow } from '../../domain/money/ledger-list.ts'
import type { PayerRow } from '../../domain/money/payer.ts'
import type { RenewalListed } from '../../domain/money/renewal-list.ts'
import type { WalletRow } from '../../domain/money/wallet.ts'
import { formatMoney } from '../../domain/money.ts'
import { idOut, instantOut, isoOrNull, moneyOut } from '../schemas.ts'

export const ledgerKinds = [
  'opening',
  'top-up',
  'payment',
  'refund',
  'charge',
  'adjustment',
  'activation',
  'renewal',
  'plan-change',
  'reversal',
] as const

export const payerOut = z.strictObject({
  id: idOut,
  owner_id: idOut,
  owner: z.string(),
  kind: z.enum(['own', 'company']),
  name: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  address: z.string().nullable(),
  currency: z.string(),
  balance: moneyOut,
  credit_limit: moneyOut,
  subscribers: z.int().min(0),
  created_at: instantOut,
})

/** A payer of the domain as `payerOut`. */
export function presentPayer(row: PayerRow): z.input<typeof payerOut> {
  const { kind, name, owner, email, phone, address, currency, subscribers } = row
  return {
    id: Number(row.id),
    owner_id: Number(row.owner_id),
    owner,
    kind,
    name,
    email,
    phone,
    address,
    currency,
    balance: formatMoney(row.balance_minor, currency),
    credit_limit: formatMoney(row.credit_limit_minor, currency),
    subscribers,
    created_at: row.created_at.toISOString(),
  }
}

export const walletOut = z.strictObject({
  organisation_id: idOut,
  organisation: z.string(),
  currency: z.string(),
  balance: moneyOut,
  credit_limit: moneyOut,
  pays_renewals: z.boolean(),
})

/** A wallet of the domain as `walletOut`. */
export function presentWallet(row: WalletRow): z.input<typeof walletOut> {
  return {
    organisation_id: Number(row.organisation_id),
    organisation: row.organisation,
    currency: row.currency,
    balance: formatMoney(row.balance_minor, row.currency),
    credit_limit: formatMoney(row.credit_limit_minor, row.currency),
    pays_renewals: row.pays_renewals,
  }
}

export const transactionOut = z.strictObject({
  id: idOut,
  at: instantOut,
  kind: z.enum(ledgerKinds),
  payer_id: idOut.nullable(),
  organisation_id: idOut.nullable().meta({ description: 'The organisation whose wallet it is' }),
  account_name: z.string(),
  subscriber_id: idOut.nullable(),
  username: z.string().nullable(),
  amount: moneyOut.meta({ description: 'What it does to the balance' }),
  currency: z.string(),
  balance_after: moneyOut,
  source: z.string(),
  external_reference: z.string().nullable(),
  note: z.string().nullable(),
  reason: z.string().nullable(),
  reverses_id: idOut.nullable(),
  reversed_by_id: idOut.nullable(),
  refunds_id: idOut.nullable(),
  period_starts_at: instantOut.nullable(),
  period_ends_at: instantOut.nullable(),
  author_kind: z.string(),
  author_name: z.string(),
})

/** A transaction of the domain as `transactionOut`. */
export function presentTransaction(row: LedgerRow): z.input<typeof transactionOut> {
  return {
    id: Number(row.id),
    at: row.at.toISOString(),
    kind: row.kind,
    payer_id: idOrNull(row.payer_id),
    organisation_id: idOrNull(row.organisation_id),
    account_name: row.account_name,
    subscriber_id: idOrNull(row.subscriber_id),
    username: row.username,
    amount: formatMoney(row.amount_minor, row.currency),
    currency: row.currency,
    balance_after: formatMoney(row.balance_after_minor, row.currency),
    source: row.source,
    external_reference: row.external_reference,
    note: row.note,
    reason: row.reason,
    reverses_id: idOrNull(row.reverses_id),
    reversed_by_id: idOrNull(row.reversed_by_id),
    refunds_id: idOrNull(row.refunds_id),
    period_starts_at: isoOrNull(row.period_starts_at),
    period_ends_at: isoOrNull(row.period_ends_at),
    author_kind: row.author_kind,
    author_name: row.author_name,
  }
}

export const renewalOut = z.strictObject({
  id: idOut,
  at: instantOut,
  kind: z.enum(['activation', 'renewal', 'plan-change']),
  plan: z.string(),
  periods: z.int().min(1),
  free: z.boolean(),
  amount: moneyOut.meta({ description: 'Charged; below zero: given back' }),
  currency: z.string(),
  transaction_id: idOut.nullable(),
  reference: z.string().nullable(),
  author_name: z.string(),
  starts_at: instantOut,
  ends_at: instantOut.nullable(),
  reverted_at: instantOut.nullable(),
  reverted_by: z.string().nullable(),
})

/** A renewal of the domain as `renewalOut`. */
export function presentRenewal(row: RenewalListed): z.input<typeof renewalOut> {
  const { kind, plan, periods, free, currency, reference } = row
  return {
    id: Number(row.id),
    at: row.at.toISOString(),
    kind,
    plan,
    periods,
    free,
    amount: formatMoney(row.amount_minor, currency),
    currency,
    transaction_id: idOrNull(row.transaction_id),
    reference,
    author_name: row.author_name,
    starts_at: row.starts_at.toISOString(),
    ends_at: isoOrNull(row.ends_at),
    reverted_at: isoOrNull(row.reverted_at),
    reverted_by: row.reverted_by,
  }
}

function idOrNull(id: bigint | null): number | null {
  return id === null ? null : Number(id)
}

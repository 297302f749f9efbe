// What is posted for a payer or the wallet of a reseller, and the calls that do it.
import {
  postOrganisationsIdWalletAdjustments,
  postOrganisationsIdWalletTopUps,
  postPayersIdAdjustments,
  postPayersIdCharges,
  postPayersIdPayments,
  postPayersIdRefunds,
  postPayersIdTopUps,
} from '../api/generated/sdk.gen.ts'
import type { GetLedgerResponse } from '../api/generated/types.gen.ts'

export type Transaction = GetLedgerResponse['items'][number]

/** Whose balance it is. */
export type Account = { kind: 'payer' | 'wallet'; id: number; name: string; currency: string; balance: string }

export function payerAccount({ id, name, currency, balance }: Omit<Account, 'kind'>): Account {
  return { kind: 'payer', id, name, currency, balance }
}

export const postingKinds = ['payment', 'top-up', 'charge', 'refund', 'adjustment'] as const
export type PostingKind = (typeof postingKinds)[number]

/** What a person may post; a wallet is topped up and put right. */
export function kindsFor(account: Account['kind'], may: { post: boolean; adjust: boolean }): PostingKind[] {
  const kinds: readonly PostingKind[] = account === 'payer' ? postingKinds : ['top-up', 'adjustment']
  return kinds.filter((kind) => (isIncome(kind) ? may.post : may.adjust))
}

export function isIncome(kind: PostingKind): boolean {
  return kind === 'payment' || kind === 'top-up'
}

export type Posting = {
  kind: PostingKind
  amount: string
  note?: string
  reason: string
  external_reference?: string
  subscriber_id?: number
  /** With a refund: the payment that is paid back. */
  transaction_id?: number
}

/** Sent again under the same key it is done once. */
export async function post(account: Account, posting: Posting, key: string): Promise<Transaction> {
  const { kind, reason, subscriber_id: subscriberId, transaction_id: transactionId, ...told } = posting
  const call = { path: { id: String(account.id) }, headers: { 'Idempotency-Key': key }, throwOnError: true } as const
  if (account.kind === 'wallet') {
    if (kind === 'top-up') return (await postOrganisationsIdWalletTopUps({ ...call, body: told })).data
    return (await postOrganisationsIdWalletAdjustments({ ...call, body: { ...told, reason } })).data
  }
  const outgo = { ...told, reason, ...(subscriberId !== undefined && { subscriber_id: subscriberId }) }
  if (kind === 'payment') return (await postPayersIdPayments({ ...call, body: told })).data
  if (kind === 'top-up') return (await postPayersIdTopUps({ ...call, body: told })).data
  if (kind === 'charge') return (await postPayersIdCharges({ ...call, body: outgo })).data
  if (kind === 'adjustment') return (await postPayersIdAdjustments({ ...call, body: outgo })).data
  const refund = { ...outgo, ...(transactionId !== undefined && { transaction_id: transactionId }) }
  return (await postPayersIdRefunds({ ...call, body: refund })).data
}

/** What the balance will be, for the eye; the API reckons in whole minor units. */
export function balanceAfter(balance: string, kind: PostingKind, amount: string): string | undefined {
  const by = Number(amount)
  if (amount.trim() === '' || Number.isNaN(by)) return undefined
  const sign = kind === 'charge' || kind === 'refund' ? -1 : 1
  return (Number(balance) + sign * by).toFixed(4)
}

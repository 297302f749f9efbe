// Taking the price of a service from who pays for it, or giving it back: refused where the balance and its credit do not reach.

import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { formatMoney } from '../money.ts'
import { accountOfRenewals } from './account.ts'
import type { LockedAccount } from './account.ts'
import { largestAmount } from './amount.ts'
import { post } from './ledger.ts'
import type { PricedPlan, Service } from './service.ts'

export type ServiceCharge = {
  service: Pick<Service, 'id' | 'ownerId' | 'payerId'>
  plan: Pick<PricedPlan, 'currency' | 'name'>
  kind: 'activation' | 'renewal' | 'plan-change'
  /** Minor units to take; negative: to give back. */
  amountMinor: bigint
  periods: readonly { startsAt: Date; endsAt: Date | null }[]
}

export type ServiceCharged =
  | /** Undefined: it costs nothing. */ { kind: 'charged'; transactionId: bigint | undefined }
  | { kind: 'refused'; reason: string }

/** Why a charge is not taken: by which rule, and in a sentence. */
export type ChargeRefusal = { rule: 'amount' | 'currency' | 'balance'; reason: string }

type Charged = Pick<LockedAccount, 'kind' | 'currency' | 'balanceMinor' | 'creditLimitMinor'>

/** Whether an account cannot take a charge. Minor units; what is free of charge or given back is not asked about. */
export function refusalOfCharge(
  account: Charged,
  plan: Pick<PricedPlan, 'currency'>,
  amountMinor: bigint,
): ChargeRefusal | undefined {
  if (amountMinor > largestAmount) return { rule: 'amount', reason: 'the amount is too large' }
  if (account.currency !== plan.currency) {
    const reason = `the plan is priced in ${plan.currency}, the ${account.kind} pays in ${account.currency}`
    return { rule: 'currency', reason }
  }
  if (amountMinor <= 0n || account.balanceMinor - amountMinor >= -account.creditLimitMinor) return undefined
  const money = (minor: bigint) => `${formatMoney(minor, account.currency)} ${account.currency}`
  const whose = account.kind === 'wallet' ? "reseller's wallet" : 'payer'
  const reason = `the ${whose} has ${money(account.balanceMinor)} and ${money(account.creditLimitMinor)} of credit, ${money(amountMinor)} are needed`
  return { rule: 'balance', reason }
}

/** Posts the charge. Call it inside the deed's transaction, after the subscriber is locked and before anything is written. */
export async function chargeService(db: Db, input: ServiceCharge, by: Author, now: Date): Promise<ServiceCharged> {
  const { service, plan, amountMinor, periods } = input
  if (amountMinor === 0n) return { kind: 'charged', transactionId: undefined }
  const account = await accountOfRenewals(db, service)
  const refusal = refusalOfCharge(account, plan, amountMinor)
  if (refusal !== undefined) return { kind: 'refused', reason: refusal.reason }
  const posted = await post(
    db,
    {
      account,
      kind: input.kind,
      amountMinor: -amountMinor,
      against: 'revenue',
      subscriberId: service.id,
      note: plan.name,
      period: { startsAt: periods[0]!.startsAt, endsAt: periods.at(-1)!.endsAt },
    },
    by,
    now,
  )
  return { kind: 'charged', transactionId: posted.id }
}

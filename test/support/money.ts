// What a test of money needs: plans with prices, lines with payers, and the books that must always balance.

import { expect } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import type { Author } from '../../src/domain/author.ts'
import { wrongBalances } from '../../src/domain/money/ledger.ts'
import { postIncome } from '../../src/domain/money/posting.ts'
import { noon, rowsOf } from './operator.ts'
import type { Office } from './operator.ts'

/** The author of deeds done in the test itself. */
export function testAuthor(office: Pick<Office, 'keyring'>): Author {
  return ownAuthor('system', 'test', office.keyring)
}

export type PlanInput = {
  name: string
  priceMinor?: bigint
  setupMinor?: bigint
  validity?: number
  unit?: 'hours' | 'days' | 'months' | 'calendar-month'
  graceHours?: number
  onExpiry?: 'reject' | 'garden'
  ownerId?: bigint
  quotaOctets?: bigint
  expiryRule?: 'instant' | 'end-of-day'
  currency?: string
}

/** A plan: 20.00 EUR for 30 days, unless said otherwise. */
export async function pricedPlan(office: Office, input: PlanInput): Promise<bigint> {
  const { id } = await office.db
    .insertInto('plan')
    .values({
      name: input.name,
      owner_id: input.ownerId ?? null,
      down_bps: 50_000_000n,
      up_bps: 20_000_000n,
      validity: input.validity ?? 30,
      validity_unit: input.unit ?? 'days',
      price_minor: input.priceMinor ?? 2_000n,
      setup_price_minor: input.setupMinor ?? 0n,
      grace_hours: input.graceHours ?? 0,
      on_expiry: input.onExpiry ?? 'reject',
      quota_octets: input.quotaOctets ?? null,
      expiry_rule: input.expiryRule ?? 'instant',
      currency: input.currency ?? 'EUR',
      created_at: noon,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

let made = 0

export type LineInput = {
  planId: bigint
  payerId?: bigint
  ownerId?: bigint
  balanceMinor?: bigint
  activatedAt?: Date | null
  expiresAt?: Date | null
  graceUntil?: Date | null
  autoRenew?: boolean
}

/** A subscriber with a payer that has the balance (default 0): active until a day from noon, unless said otherwise. */
export async function line(office: Office, input: LineInput): Promise<{ id: bigint; payerId: bigint }> {
  made += 1
  const ownerId = input.ownerId ?? 1n
  const payerId = input.payerId ?? (await payer(office, { ownerId, balanceMinor: input.balanceMinor ?? 0n }))
  const activatedAt = input.activatedAt === undefined ? noon : input.activatedAt
  const expiresAt = input.expiresAt === undefined ? new Date(noon.getTime() + 86_400_000) : input.expiresAt
  const { id } = await office.db
    .insertInto('subscriber')
    .values({
      owner_id: ownerId,
      payer_id: payerId,
      plan_id: input.planId,
      username: `line-${made}`,
      activated_at: activatedAt,
      expires_at: expiresAt,
      grace_until: input.graceUntil ?? null,
      auto_renew: input.autoRenew ?? false,
      period_started_at: activatedAt ?? noon,
      created_at: noon,
      updated_at: noon,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id, payerId }
}

/** A payer with a balance that was topped up. */
export async function payer(
  office: Office,
  input: { ownerId?: bigint; balanceMinor?: bigint; creditMinor?: bigint; kind?: 'own' | 'company' } = {},
): Promise<bigint> {
  made += 1
  const { id } = await office.db
    .insertInto('payer')
    .values({
      owner_id: input.ownerId ?? 1n,
      name: `payer ${made}`,
      currency: 'EUR',
      kind: input.kind ?? 'own',
      credit_limit_minor: input.creditMinor ?? 0n,
      created_at: noon,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  if ((input.balanceMinor ?? 0n) > 0n) await topUp(office, id, input.balanceMinor!)
  return id
}

/** Tops up a payer. */
export async function topUp(office: Office, payerId: bigint, minor: bigint): Promise<void> {
  const amount = `${minor / 100n}.${String(minor % 100n).padStart(2, '0')}`
  await postIncome(
    office.db,
    { kind: 'top-up', account: { kind: 'payer', id: payerId }, amount },
    testAuthor(office),
    noon,
  )
}

/** The balance of a payer in minor units. */
export async function balanceOf(office: Office, payerId: bigint): Promise<bigint> {
  const row = await office.db
    .selectFrom('payer')
    .select('balance_minor')
    .where('id', '=', payerId)
    .executeTakeFirstOrThrow()
  return row.balance_minor
}

/** The facts of a subscriber that money changes. */
export async function factsOf(office: Office, id: bigint) {
  return office.db
    .selectFrom('subscriber')
    .select(['plan_id', 'next_plan_id', 'activated_at', 'expires_at', 'grace_until', 'period_started_at', 'payer_id'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
}

/** What must hold after every deed: balances are their entries, transactions sum to zero, no time is sold twice. */
export async function checkBooks(office: Office): Promise<void> {
  expect(await wrongBalances(office.db)).toEqual([])
  const uneven = await rowsOf(
    office,
    `select t.id from ledger_transaction t left join ledger_entry e on e.transaction_id = t.id
     group by t.id having coalesce(sum(e.amount_minor), 1) <> 0`,
  )
  expect(uneven).toEqual([])
  const twice = await rowsOf(
    office,
    `select one.id from service_period one join service_period other on other.subscriber_id = one.subscriber_id
       and other.id > one.id and one.void_at is null and other.void_at is null
       and tstzrange(one.starts_at, one.ends_at) && tstzrange(other.starts_at, other.ends_at)`,
  )
  expect(twice).toEqual([])
  const late = await rowsOf(
    office,
    `select s.id from subscriber s join (
       select subscriber_id, max(coalesce(ends_at, 'infinity')) as ends_at from service_period where void_at is null group by 1
     ) p on p.subscriber_id = s.id where p.ends_at > coalesce(s.expires_at, 'infinity')`,
  )
  expect(late).toEqual([])
}

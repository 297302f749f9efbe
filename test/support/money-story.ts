// Follows random commands upon one line and keeps by itself, from the outcomes alone, what the balance must be.

import { expect } from 'vitest'
import { ConflictError } from '../../src/domain/field.ts'
import { giveGrace } from '../../src/domain/money/grace.ts'
import { changePlan } from '../../src/domain/money/plan-change.ts'
import {
  postAdjustment,
  postCharge,
  postIncome,
  postRefund,
  reverseTransaction,
} from '../../src/domain/money/posting.ts'
import { renew } from '../../src/domain/money/renewal.ts'
import { beginDuePeriods, renewDue } from '../../src/domain/money/renew-due.ts'
import { revertRenewal } from '../../src/domain/money/revert-renewal.ts'
import { factsOf, testAuthor } from './money.ts'
import { hours, noon, rowsOf } from './operator.ts'
import type { Office } from './operator.ts'

type Posting = { kind: 'pay' | 'refund' | 'charge' | 'adjust'; minor: number; reference: number }
type Renewing = { kind: 'renew'; periods: number; free: boolean }
type PlanChange = { kind: 'plan'; plan: number; next: boolean; free: boolean }

export type Command =
  | { kind: 'clock'; hours: number }
  | Posting
  | Renewing
  | PlanChange
  | { kind: 'take-back' | 'revert' | 'due' | 'begin' | 'grace' }

export type Story = { follow(command: Command): Promise<void>; balance(): bigint }

const major = (minor: number): string => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`

/** Begins at noon with a balance of 90.00. Its expectations hold after every command. */
export function createStory(office: Office, plans: readonly bigint[], line: { id: bigint; payerId: bigint }): Story {
  const { id: subscriberId, payerId } = line
  const by = testAuthor(office)
  const account = { kind: 'payer', id: payerId } as const
  const paid = new Map<string, number>()
  let balance = 9_000n
  let now = noon
  let last: bigint | undefined
  /** Before the last renewal, and what it cost, while nothing has happened since. */
  let before: { facts: Awaited<ReturnType<typeof factsOf>>; amountMinor: bigint; hasBegun: boolean } | undefined

  async function follow(command: Command): Promise<void> {
    if (command.kind === 'clock') now = hours(command.hours, now)
    else if (command.kind === 'begin') await begin()
    else if (command.kind === 'renew') await renewLine(command)
    else if (command.kind === 'revert') await revert()
    else if ('minor' in command) await refusable(() => posting(command))
    else {
      before = undefined
      if (command.kind === 'due') await due()
      else if (command.kind === 'plan') await plan(command)
      else if (command.kind === 'take-back') await refusable(takeBack)
      else await giveGrace(office.db, { subscriberIds: [subscriberId], hours: 48 }, by, now)
    }
  }

  async function begin(): Promise<void> {
    const { begun } = await beginDuePeriods(office.db, now)
    // Periods of earlier renewals may be among them.
    if (begun > 0 && before !== undefined) before = { ...before, hasBegun: true }
  }

  async function renewLine({ periods, free }: Renewing): Promise<void> {
    // What is due of earlier renewals is not this one's to restore.
    await begin()
    const facts = await factsOf(office, subscriberId)
    const outcome = await renew(office.db, { subscriberId, periods, free }, by, now)
    if (outcome.kind !== 'renewed') return
    const { amountMinor, expiresAt } = outcome.renewed
    before = { facts, amountMinor, hasBegun: false }
    balance -= amountMinor
    expect(expiresAt! > (facts.expires_at ?? now)).toBe(true)
    // What costs something is never given on credit that nobody has.
    if (amountMinor > 0n) expect(balance).toBeGreaterThanOrEqual(0n)
  }

  async function revert(): Promise<void> {
    const outcome = await revertRenewal(office.db, { subscriberId }, by, now)
    if (outcome.kind !== 'reverted') return
    balance += outcome.renewal.amountMinor
    if (before !== undefined) {
      expect(outcome.renewal.amountMinor).toBe(before.amountMinor)
      const { expires_at: expiresAt, grace_until: graceUntil, activated_at: activatedAt } = before.facts
      const facts = await factsOf(office, subscriberId)
      expect(facts).toMatchObject({ expires_at: expiresAt, grace_until: graceUntil, activated_at: activatedAt })
      if (!before.hasBegun) expect(facts).toEqual(before.facts)
    }
    before = undefined
  }

  async function posting({ kind, minor, reference }: Posting): Promise<void> {
    const amount = major(minor)
    const input = { account, amount, reason: 'random' }
    if (kind === 'pay') {
      await pay(amount, minor, `${subscriberId}-${reference}`)
      return
    }
    const { transaction } =
      kind === 'refund'
        ? await postRefund(office.db, input, by, now)
        : kind === 'charge'
          ? await postCharge(office.db, input, by, now)
          : await postAdjustment(office.db, { ...input, amount: `-${amount}` }, by, now)
    last = transaction.id
    balance -= BigInt(minor)
  }

  async function pay(amount: string, minor: number, externalReference: string): Promise<void> {
    const known = paid.get(externalReference)
    const result = await postIncome(office.db, { account, amount, externalReference, kind: 'payment' }, by, now)
    expect(result.wasKnown).toBe(known !== undefined)
    last = result.transaction.id
    if (known === undefined) {
      paid.set(externalReference, minor)
      balance += BigInt(minor)
    } else expect(known).toBe(minor)
  }

  async function takeBack(): Promise<void> {
    if (last === undefined) return
    const { transaction } = await reverseTransaction(office.db, { id: last, reason: 'random' }, by, now)
    balance += transaction.amount_minor
  }

  async function due(): Promise<void> {
    const { failed } = await renewDue(office.db, by, now)
    expect(failed).toEqual([])
    const [row] = await rowsOf(
      office,
      'select coalesce(sum(amount_minor), 0)::bigint as sum from ledger_entry where payer_id = $1',
      [payerId],
    )
    balance = row!.sum as bigint
  }

  async function plan(command: PlanChange): Promise<void> {
    const input = {
      subscriberId,
      plan: Number(plans[command.plan]),
      when: command.next ? ('next-expiry' as const) : ('now' as const),
      free: command.free,
    }
    const outcome = await changePlan(office.db, input, by, now)
    if (outcome.kind === 'changed') balance -= outcome.netMinor
  }

  return { follow, balance: () => balance }
}

async function refusable(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
  }
}

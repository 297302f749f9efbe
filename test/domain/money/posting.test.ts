// What can go wrong in a posting beside the plain cases of the ledger: texts, references, chains of taking back, reach.
import { afterEach, describe, expect, it } from 'vitest'
import { ForbiddenError } from '../../../src/domain/author.ts'
import { ConflictError, FieldError, NotFoundError } from '../../../src/domain/field.ts'
import {
  postAdjustment,
  postCharge,
  postIncome,
  postRefund,
  reverseTransaction,
} from '../../../src/domain/money/posting.ts'
import type { PostingInput } from '../../../src/domain/money/posting.ts'
import { setWallet } from '../../../src/domain/money/wallet.ts'
import { balanceOf, checkBooks, line, payer, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'

const office = useOffice()
const by = () => testAuthor(office)
afterEach(() => checkBooks(office))

const of = (payerId: bigint, amount: string, more: Partial<PostingInput> = {}): PostingInput => ({
  account: { kind: 'payer', id: payerId },
  amount,
  reason: 'a reason',
  ...more,
})
const pay = (payerId: bigint, amount: string, more: Partial<PostingInput> = {}) =>
  postIncome(office.db, { kind: 'payment', ...of(payerId, amount, more) }, by(), noon)
const refund = (payerId: bigint, amount: string, refundsId?: bigint, more: Partial<PostingInput> = {}) =>
  postRefund(office.db, { ...of(payerId, amount, more), refundsId }, by(), noon)
const reverse = (id: bigint, author = by()) => reverseTransaction(office.db, { id, reason: 'wrong' }, author, noon)
const reseller = async (name: string): Promise<bigint> =>
  (
    await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name, parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
  ).id

describe('the texts of a posting', () => {
  it.each<[string, Partial<PostingInput>]>([
    ['note', { note: 'x'.repeat(201) }],
    ['note', { note: '   ' }],
    ['note', { note: 'a\u0000b' }],
    ['source', { source: 'x'.repeat(51) }],
    ['external-reference', { externalReference: 'x'.repeat(101) }],
    ['external-reference', { externalReference: '' }],
    ['reason', { reason: 'x'.repeat(201) }],
    ['currency', { currency: 'eur' }],
  ])('name the field %s that is wrong, and nothing is posted', async (field, wrong) => {
    const id = await payer(office)
    const posting = postAdjustment(office.db, of(id, '1', wrong), by(), noon)
    await expect(posting).rejects.toThrow(FieldError)
    await expect(posting).rejects.toThrow(new RegExp(`^${field}: `))
    expect(await balanceOf(office, id)).toBe(0n)
  })

  it('are kept without the blanks around them, so that a reference with a blank is the same', async () => {
    const id = await payer(office)
    const { transaction } = await pay(id, '5', { externalReference: ' inv 7 ', source: ' bank ', note: ' thanks ' })
    expect(transaction).toMatchObject({ external_reference: 'inv 7', source: 'bank', note: 'thanks' })
    expect(await pay(id, '5', { externalReference: 'inv 7', source: 'bank' })).toMatchObject({ wasKnown: true })
  })

  it('with an accent are the same however it is written, also for a refund that emptied the balance', async () => {
    const id = await payer(office, { balanceMinor: 500n })
    const one = 'Rechnung N\u00fcrnberg'
    const other = one.normalize('NFD')
    await refund(id, '5', undefined, { externalReference: one, source: one })
    expect(await refund(id, '5', undefined, { externalReference: other, source: other })).toMatchObject({
      wasKnown: true,
    })
    expect(await balanceOf(office, id)).toBe(0n)
  })
})

describe('one external reference', () => {
  it('may be of a payment, a top-up and a charge: kinds do not stand in each other’s way', async () => {
    const id = await payer(office)
    await pay(id, '10', { externalReference: 'K1' })
    await postIncome(office.db, { kind: 'top-up', ...of(id, '10', { externalReference: 'K1' }) }, by(), noon)
    await postCharge(office.db, of(id, '3', { externalReference: 'K1' }), by(), noon)
    expect(await balanceOf(office, id)).toBe(1_700n)
  })

  it('of a charge or an adjustment is done once too', async () => {
    const id = await payer(office)
    for (const post of [postCharge, postAdjustment]) {
      await post(office.db, of(id, '3', { externalReference: 'once' }), by(), noon)
      expect(await post(office.db, of(id, '3', { externalReference: 'once' }), by(), noon)).toMatchObject({
        wasKnown: true,
      })
    }
    expect(await balanceOf(office, id)).toBe(0n)
  })

  it('of a refund of one payment is not that of a refund of another', async () => {
    const id = await payer(office)
    const [one, other] = [await pay(id, '10'), await pay(id, '10')]
    await refund(id, '4', one.transaction.id, { externalReference: 'R' })
    await expect(refund(id, '4', other.transaction.id, { externalReference: 'R' })).rejects.toThrow(ConflictError)
    expect(await balanceOf(office, id)).toBe(1_600n)
  })

  it('of a payment that was taken back is answered and not paid again', async () => {
    const id = await payer(office)
    const { transaction } = await pay(id, '10', { externalReference: 'bounced' })
    await reverse(transaction.id)
    const again = await pay(id, '10', { externalReference: 'bounced' })
    expect(again.wasKnown).toBe(true)
    expect(again.transaction.reversed_by_id).not.toBeNull()
    expect(await balanceOf(office, id)).toBe(0n)
  })
})

describe('taking back', () => {
  it.each<[string, (id: bigint) => Promise<{ transaction: { id: bigint } }>]>([
    ['a charge', (id) => postCharge(office.db, of(id, '3'), by(), noon)],
    ['an adjustment', (id) => postAdjustment(office.db, of(id, '-3'), by(), noon)],
    ['a refund', (id) => refund(id, '3')],
    ['a top-up', (id) => postIncome(office.db, { kind: 'top-up', ...of(id, '3') }, by(), noon)],
  ])('%s leaves the balance as if it had never been, and its reversal stands', async (_name, post) => {
    const id = await payer(office, { balanceMinor: 1_000n })
    const { transaction } = await post(id)
    const taken = await reverse(transaction.id)
    expect(await balanceOf(office, id)).toBe(1_000n)
    await expect(reverse(taken.transaction.id)).rejects.toThrow('a reversal is not taken back by itself')
    await expect(reverse(transaction.id)).rejects.toThrow('was taken back already')
    expect(await balanceOf(office, id)).toBe(1_000n)
  })

  it('a payment that is spent leaves a debt: it bounced', async () => {
    const id = await payer(office)
    const { transaction } = await pay(id, '10')
    await postCharge(office.db, of(id, '10'), by(), noon)
    await reverse(transaction.id)
    expect(await balanceOf(office, id)).toBe(-1_000n)
  })

  it('needs a reason and a transaction that is there', async () => {
    const { transaction } = await pay(await payer(office), '1')
    const reverseFor = (id: bigint, reason: string) => reverseTransaction(office.db, { id, reason }, by(), noon)
    await expect(reverseFor(transaction.id, ' ')).rejects.toThrow('reason')
    await expect(reverseFor(999_999n, 'x')).rejects.toThrow(NotFoundError)
  })

  it('a payment makes it one that nothing can be paid back of', async () => {
    const id = await payer(office, { balanceMinor: 5_000n })
    const { transaction } = await pay(id, '10')
    await reverse(transaction.id)
    await expect(refund(id, '1', transaction.id)).rejects.toThrow('was taken back')
  })

  it('and paying back at once: one of them happens, never both', async () => {
    for (let round = 0; round < 8; round += 1) {
      const id = await payer(office, { balanceMinor: 5_000n })
      const { transaction } = await pay(id, '10')
      const results = await Promise.allSettled([reverse(transaction.id), refund(id, '10', transaction.id)])
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await balanceOf(office, id)).toBe(5_000n)
    }
  })
})

describe('refunds', () => {
  it('of one payment by 20 at once pay back what it was and not a cent more', async () => {
    const id = await payer(office, { balanceMinor: 90_000n })
    const { transaction } = await pay(id, '10')
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => refund(id, '3', transaction.id)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(await balanceOf(office, id)).toBe(90_100n)
    await expect(refund(id, '1.01', transaction.id)).rejects.toThrow('1.00 of that payment are left')
  })

  it('of a refund, or of what was never paid in, are refused', async () => {
    const id = await payer(office, { balanceMinor: 1_000n })
    const back = await refund(id, '1')
    await expect(refund(id, '1', back.transaction.id)).rejects.toThrow('is not a payment')
    await expect(refund(id, '1', 999_999n)).rejects.toThrow(NotFoundError)
    const adjusted = await postAdjustment(office.db, of(id, '5'), by(), noon)
    await expect(refund(id, '1', adjusted.transaction.id)).rejects.toThrow('is not a payment')
  })

  it('pay back no credit: of a payer in debt with a credit limit there is nothing', async () => {
    const id = await payer(office, { creditMinor: 10_000n })
    await expect(refund(id, '0.01')).rejects.toThrow('the balance is 0.00')
  })
})

describe('charges', () => {
  it('beside the plan may make a debt, and say for which line they are', async () => {
    const planId = await pricedPlan(office, { name: 'Router' })
    const { id, payerId } = await line(office, { planId })
    const { transaction } = await postCharge(
      office.db,
      of(payerId, '49', { subscriberId: id, note: 'router' }),
      by(),
      noon,
    )
    expect(transaction).toMatchObject({ subscriber_id: id, amount_minor: -4_900n, balance_after_minor: -4_900n })
    expect(transaction.username).toMatch(/^line-/)
  })
})

describe('lines that wait for money', () => {
  const wait = async (subscriberId: bigint) => {
    await rowsOf(
      office,
      `insert into renewal_failure (subscriber_id, expires_at, reason, tries, tried_at, next_at)
       select id, expires_at, 'x', 1, $2, $3 from subscriber where id = $1`,
      [subscriberId, noon, hours(20)],
    )
  }
  const next = async (subscriberId: bigint) =>
    (await rowsOf(office, 'select next_at from renewal_failure where subscriber_id = $1', [subscriberId]))[0]!.next_at

  it('are tried again at once when their payer gets some, and not when it loses some', async () => {
    const planId = await pricedPlan(office, { name: 'Waiting' })
    const [mine, other] = [await line(office, { planId }), await line(office, { planId })]
    await wait(mine.id)
    await wait(other.id)
    await postCharge(office.db, of(mine.payerId, '1'), by(), noon)
    expect(await next(mine.id)).toEqual(hours(20))
    await pay(mine.payerId, '1')
    expect(await next(mine.id)).toEqual(noon)
    expect(await next(other.id)).toEqual(hours(20))
  })

  it('are not hurried by a payment that was known already', async () => {
    const planId = await pricedPlan(office, { name: 'Known' })
    const { id, payerId } = await line(office, { planId })
    await pay(payerId, '1', { externalReference: 'hurry' })
    await wait(id)
    await pay(payerId, '1', { externalReference: 'hurry' })
    expect(await next(id)).toEqual(hours(20))
  })
})

describe('the reach of who posts', () => {
  it('ends at its organisation, for every kind of posting', async () => {
    const [a, b] = [await reseller('Posting A'), await reseller('Posting B')]
    const [ofA, ofB] = [await payer(office, { ownerId: a }), await payer(office, { ownerId: b, balanceMinor: 1_000n })]
    const author = authorWith(office, ['money.post', 'money.adjust'], { ownerId: a })
    const { transaction } = await pay(ofB, '10')
    const deeds: (() => Promise<unknown>)[] = [
      () => postIncome(office.db, { kind: 'payment', ...of(ofB, '1') }, author, noon),
      () => postCharge(office.db, of(ofB, '1'), author, noon),
      () => postAdjustment(office.db, of(ofB, '1'), author, noon),
      () => postRefund(office.db, of(ofB, '1'), author, noon),
      () => postRefund(office.db, { ...of(ofA, '1'), refundsId: transaction.id }, author, noon),
      () => reverse(transaction.id, author),
    ]
    for (const deed of deeds) await expect(deed()).rejects.toThrow(NotFoundError)
    expect(await balanceOf(office, ofB)).toBe(2_000n)
  })

  it('of a reseller does not take back what the ISP took from its wallet', async () => {
    const ownerId = await reseller('Fees')
    await setWallet(office.db, { organisationId: ownerId }, by(), noon)
    const account = { kind: 'wallet', id: ownerId } as const
    const fee = await postAdjustment(office.db, { account, amount: '-100', reason: 'fee' }, by(), noon)
    const author = authorWith(office, ['money.adjust'], { ownerId })
    await expect(reverse(fee.transaction.id, author)).rejects.toThrow(ForbiddenError)
    const other = authorWith(office, ['money.adjust'], { ownerId: await reseller('Others') })
    await expect(reverse(fee.transaction.id, other)).rejects.toThrow(NotFoundError)
    expect((await reverse(fee.transaction.id)).transaction.amount_minor).toBe(10_000n)
  })
})

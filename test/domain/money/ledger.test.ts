import { afterEach, describe, expect, it } from 'vitest'
import { lockAccount } from '../../../src/domain/money/account.ts'
import { largestBalance } from '../../../src/domain/money/amount.ts'
import { openBalances, post, wrongBalances } from '../../../src/domain/money/ledger.ts'
import { listLedger, readEntries, readStatement, readTransaction } from '../../../src/domain/money/ledger-list.ts'
import {
  postAdjustment,
  postCharge,
  postIncome,
  postRefund,
  reverseTransaction,
} from '../../../src/domain/money/posting.ts'
import type { PostingInput } from '../../../src/domain/money/posting.ts'
import { ConflictError, FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { everything } from '../../../src/domain/scope.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { balanceOf, checkBooks, line, payer, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const by = () => testAuthor(office)
afterEach(() => checkBooks(office))

const of = (payerId: bigint, amount: string, more: Partial<PostingInput> = {}): PostingInput => ({
  account: { kind: 'payer', id: payerId },
  amount,
  ...more,
})
const pay = (payerId: bigint, amount: string, more: Partial<PostingInput> = {}, now = noon) =>
  postIncome(office.db, { kind: 'payment', ...of(payerId, amount, more) }, by(), now)
const refund = (payerId: bigint, amount: string, refundsId?: bigint, more: Partial<PostingInput> = {}) =>
  postRefund(office.db, { ...of(payerId, amount, { reason: 'moved away', ...more }), refundsId }, by(), noon)
const count = async (payerId: bigint) =>
  (await rowsOf(office, 'select 1 from ledger_transaction where payer_id = $1', [payerId])).length

describe('a posting', () => {
  it('has two sides that sum to zero, and moves the balance', async () => {
    const payerId = await payer(office)
    const { transaction } = await pay(payerId, '12.34', { note: 'cash desk' })
    expect(transaction).toMatchObject({
      kind: 'payment',
      amount_minor: 1_234n,
      balance_after_minor: 1_234n,
      note: 'cash desk',
    })
    expect(await readEntries(office.db, transaction.id)).toEqual([
      { account: 'payer', amountMinor: 1_234n },
      { account: 'cash', amountMinor: -1_234n },
    ])
    expect(await balanceOf(office, payerId)).toBe(1_234n)
  })

  it('leaves one audit entry with the balance before and after', async () => {
    const payerId = await payer(office, { balanceMinor: 100n })
    await postCharge(office.db, of(payerId, '0.30', { reason: 'installation' }), by(), noon)
    const entries = await rowsOf(
      office,
      `select before, after from audit_entry where action = 'payer.charge' and row_id = $1`,
      [payerId],
    )
    expect(entries).toEqual([
      {
        before: { balance: '1.00' },
        after: expect.objectContaining({ balance: '0.70', amount: '-0.30', currency: 'EUR' }),
      },
    ])
  })

  it.each(['0', '0.00', '-5', '1.234', '1e3', 'NaN', '', '1,50', '99999999999999999', '1000000000000.01', '１'])(
    'of %s is refused',
    async (amount) => {
      const payerId = await payer(office)
      await expect(pay(payerId, amount)).rejects.toThrow(FieldError)
      expect(await count(payerId)).toBe(0)
    },
  )

  it('in another currency is refused', async () => {
    const payerId = await payer(office)
    await expect(pay(payerId, '1', { currency: 'USD' })).rejects.toThrow('the currency here is EUR')
    expect(await pay(payerId, '1', { currency: 'EUR' })).toBeDefined()
  })

  it('cannot take a balance out of its bounds', async () => {
    const payerId = await payer(office)
    await openBalances(office.db, [{ payerId, balanceMinor: largestBalance }], by(), noon)
    await expect(pay(payerId, '0.01')).rejects.toThrow(ConflictError)
    await openBalances(office.db, [{ payerId, balanceMinor: 0n }], by(), noon)
  })

  it('for another payer than the subscriber has, or for nobody, is not found', async () => {
    const planId = await pricedPlan(office, { name: 'P' })
    const { id } = await line(office, { planId })
    const other = await payer(office)
    const charge = of(other, '1', { reason: 'x', subscriberId: id })
    await expect(postCharge(office.db, charge, by(), noon)).rejects.toThrow(NotFoundError)
    await expect(pay(99_999n, '1')).rejects.toThrow(NotFoundError)
  })

  it('without a reason is refused where one is owed', async () => {
    const payerId = await payer(office, { balanceMinor: 100n })
    await expect(postAdjustment(office.db, of(payerId, '-1'), by(), noon)).rejects.toThrow('reason')
    await expect(postCharge(office.db, of(payerId, '1'), by(), noon)).rejects.toThrow('reason')
    await expect(refund(payerId, '1', undefined, { reason: ' ' })).rejects.toThrow('reason')
  })

  it('may adjust either way, below zero too', async () => {
    const payerId = await payer(office)
    await postAdjustment(office.db, of(payerId, '-3.50', { reason: 'router kept' }), by(), noon)
    expect(await balanceOf(office, payerId)).toBe(-350n)
    await postAdjustment(office.db, of(payerId, '4', { reason: 'router brought' }), by(), noon)
    expect(await balanceOf(office, payerId)).toBe(50n)
  })
})

describe('an external reference', () => {
  it('again is the same payment, and nothing is done', async () => {
    const payerId = await payer(office)
    const first = await pay(payerId, '10', { externalReference: 'bank 1', source: 'bank' })
    const again = await pay(payerId, '10.00', { externalReference: 'bank 1', source: 'bank' }, hours(3))
    expect(again).toEqual({ ...first, wasKnown: true })
    expect(await count(payerId)).toBe(1)
  })

  it('for another amount, payer or payment is a conflict', async () => {
    const payerId = await payer(office)
    await pay(payerId, '10', { externalReference: 'ref' })
    await expect(pay(payerId, '11', { externalReference: 'ref' })).rejects.toThrow(ConflictError)
    await expect(pay(await payer(office), '10', { externalReference: 'ref' })).rejects.toThrow(ConflictError)
    expect(await pay(payerId, '10', { externalReference: 'ref', source: 'other system' })).toMatchObject({
      wasKnown: false,
    })
    expect(await balanceOf(office, payerId)).toBe(2_000n)
  })

  it('of 50 payments at once is one payment', async () => {
    const payerId = await payer(office)
    const results = await Promise.all(
      Array.from({ length: 50 }, () => pay(payerId, '10', { externalReference: 'storm' })),
    )
    expect(new Set(results.map(({ transaction }) => transaction.id)).size).toBe(1)
    expect(results.filter(({ wasKnown }) => !wasKnown)).toHaveLength(1)
    expect(await balanceOf(office, payerId)).toBe(1_000n)
  })

  it('of 50 payments to two payers at once is one payment', async () => {
    const payers = [await payer(office), await payer(office)]
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_none, index) => pay(payers[index % 2]!, '10', { externalReference: 'two' })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(25)
    expect((await balanceOf(office, payers[0]!)) + (await balanceOf(office, payers[1]!))).toBe(1_000n)
  })

  it('of one reseller says nothing of another', async () => {
    const owners = await Promise.all(
      ['A', 'B'].map((name) =>
        office.db
          .insertInto('organisation')
          .values({ kind: 'reseller', name, parent_id: 1n })
          .returning('id')
          .executeTakeFirstOrThrow(),
      ),
    )
    for (const { id } of owners) {
      const payerId = await payer(office, { ownerId: id })
      expect(await pay(payerId, '1', { externalReference: 'same' })).toMatchObject({ wasKnown: false })
    }
  })
})

describe('a refund', () => {
  it('pays back at most what the balance holds', async () => {
    const payerId = await payer(office, { balanceMinor: 1_000n })
    await expect(refund(payerId, '10.01')).rejects.toThrow('the balance is 10.00')
    expect((await refund(payerId, '10')).transaction.amount_minor).toBe(-1_000n)
    expect(await balanceOf(office, payerId)).toBe(0n)
  })

  it('of a payment pays back at most what is left of it', async () => {
    const payerId = await payer(office, { balanceMinor: 5_000n })
    const { transaction } = await pay(payerId, '10')
    const part = await refund(payerId, '4', transaction.id)
    await expect(refund(payerId, '6.01', transaction.id)).rejects.toThrow('6.00 of that payment are left')
    await refund(payerId, '6', transaction.id)
    await expect(refund(payerId, '0.01', transaction.id)).rejects.toThrow(ConflictError)
    // What was paid back by mistake and taken back can be paid back again.
    await reverseTransaction(office.db, { id: part.transaction.id, reason: 'mistake' }, by(), noon)
    expect(await refund(payerId, '4', transaction.id)).toMatchObject({ wasKnown: false })
  })

  it('by 50 at once happens once', async () => {
    const payerId = await payer(office, { balanceMinor: 90_000n })
    const { transaction } = await pay(payerId, '10')
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => refund(payerId, '10', transaction.id)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await balanceOf(office, payerId)).toBe(90_000n)
  })

  it('of the whole balance by two at once happens once', async () => {
    const payerId = await payer(office, { balanceMinor: 1_000n })
    const results = await Promise.allSettled([refund(payerId, '10'), refund(payerId, '10')])
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('with its reference again is the same refund, though the balance is gone', async () => {
    const payerId = await payer(office, { balanceMinor: 1_000n })
    await refund(payerId, '10', undefined, { externalReference: 'back 1' })
    expect(await refund(payerId, '10', undefined, { externalReference: 'back 1' })).toMatchObject({ wasKnown: true })
    expect(await balanceOf(office, payerId)).toBe(0n)
  })

  it("of another payer's payment, or of a charge, is refused", async () => {
    const payerId = await payer(office, { balanceMinor: 1_000n })
    const other = await pay(await payer(office), '10')
    await expect(refund(payerId, '1', other.transaction.id)).rejects.toThrow(NotFoundError)
    const charge = await postCharge(office.db, of(payerId, '1', { reason: 'x' }), by(), noon)
    await expect(refund(payerId, '1', charge.transaction.id)).rejects.toThrow(ConflictError)
  })
})

describe('a reversal', () => {
  const reverse = (id: bigint) => reverseTransaction(office.db, { id, reason: 'typing error' }, by(), noon)

  it('posts the same the other way, once', async () => {
    const payerId = await payer(office)
    const { transaction } = await pay(payerId, '10')
    const taken = await reverse(transaction.id)
    expect(taken.transaction).toMatchObject({ kind: 'reversal', amount_minor: -1_000n, reverses_id: transaction.id })
    expect((await readTransaction(office.db, transaction.id, everything)).reversed_by_id).toBe(taken.transaction.id)
    expect(await readEntries(office.db, taken.transaction.id)).toContainEqual({ account: 'cash', amountMinor: 1_000n })
    await expect(reverse(transaction.id)).rejects.toThrow('was taken back already')
    await expect(reverse(taken.transaction.id)).rejects.toThrow(ConflictError)
    expect(await balanceOf(office, payerId)).toBe(0n)
  })

  it('by 50 at once happens once', async () => {
    const payerId = await payer(office)
    const { transaction } = await pay(payerId, '10')
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => reverse(transaction.id)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await balanceOf(office, payerId)).toBe(0n)
  })

  it('of a payment that was paid back, or of a renewal, is refused', async () => {
    const planId = await pricedPlan(office, { name: 'Reversal' })
    const { id, payerId } = await line(office, { planId, balanceMinor: 2_000n })
    const { transaction } = await pay(payerId, '10')
    await refund(payerId, '1', transaction.id)
    await expect(reverse(transaction.id)).rejects.toThrow('some of it was paid back')
    const renewed = await renew(office.db, { subscriberId: id, periods: 1, free: false }, by(), noon)
    const renewalTransaction = renewed.kind === 'renewed' ? renewed.renewed.transactionId : null
    await expect(reverse(renewalTransaction!)).rejects.toThrow('not taken back by itself')
  })
})

describe('the ledger', () => {
  it('cannot be changed', async () => {
    const payerId = await payer(office, { balanceMinor: 100n })
    for (const change of [
      'update ledger_transaction set amount_minor = 1',
      'delete from ledger_transaction',
      'update ledger_entry set amount_minor = 1',
      'delete from ledger_entry',
      'truncate ledger_entry',
    ]) {
      await expect(rowsOf(office, change)).rejects.toThrow('appended to and never changed')
    }
    await expect(rowsOf(office, `update payer set currency = 'USD' where id = $1`, [payerId])).rejects.toThrow(
      'currency',
    )
  })

  it('takes no transaction whose entries do not sum to zero, or say something else', async () => {
    const payerId = await payer(office, { balanceMinor: 100n })
    const insert = (entries: string) =>
      `with made as (
         insert into ledger_transaction (at, kind, owner_id, payer_id, currency, amount_minor, balance_after_minor, author_kind,
           author_name)
         values (now(), 'payment', 1, ${payerId}, 'EUR', 100, 0, 'system', 'x') returning id
       ) insert into ledger_entry (transaction_id, account, payer_id, amount_minor)
       select made.id, e.account, e.payer_id, e.amount from made cross join (values ${entries}) e (account, payer_id, amount)`
    const refusal = 'do not sum to zero'
    await expect(rowsOf(office, insert(`('payer', ${payerId}::bigint, 100), ('cash', null, -99)`))).rejects.toThrow(
      refusal,
    )
    await expect(rowsOf(office, insert(`('payer', ${payerId}::bigint, 90), ('cash', null, -90)`))).rejects.toThrow(
      refusal,
    )
    const [{ id }] = (await rowsOf(office, 'select max(id) as id from ledger_transaction')) as [{ id: bigint }]
    const more = `insert into ledger_entry (transaction_id, account, amount_minor) values (${id}, 'revenue', 1), (${id}, 'opening', -1)`
    await expect(rowsOf(office, more)).rejects.toThrow(refusal)
  })

  it('shows a payer and a subscriber theirs, newest first, page by page', async () => {
    const planId = await pricedPlan(office, { name: 'Pages' })
    const company = await payer(office, { kind: 'company', balanceMinor: 9_000n })
    const { id } = await line(office, { planId, payerId: company })
    await renew(office.db, { subscriberId: id, periods: 1, free: false }, by(), noon)
    await pay(company, '1')
    const ofPayer = await listLedger(office.db, { payerId: company }, { limit: 2 }, everything)
    expect(ofPayer.map(({ kind }) => kind)).toEqual(['payment', 'renewal'])
    const rest = await listLedger(office.db, { payerId: company }, { limit: 2, before: ofPayer[1]!.id }, everything)
    expect(rest.map(({ kind }) => kind)).toEqual(['top-up'])
    const ofSubscriber = await listLedger(office.db, { subscriberId: id }, { limit: 9 }, everything)
    expect(ofSubscriber.map(({ kind }) => kind)).toEqual(['renewal'])
    const own = await line(office, { planId, balanceMinor: 100n })
    expect(await listLedger(office.db, { subscriberId: own.id }, { limit: 9 }, everything)).toHaveLength(1)
  })

  it('finds by kind, time and reference', async () => {
    const payerId = await payer(office)
    await pay(payerId, '1', { externalReference: 'found' }, hours(1))
    await pay(payerId, '2', {}, hours(2))
    const find = (filter: object) => listLedger(office.db, { payerId, ...filter }, { limit: 9 }, everything)
    expect(await find({ kinds: ['refund'] })).toEqual([])
    expect(await find({ from: hours(2) })).toHaveLength(1)
    expect(await find({ to: hours(2) })).toHaveLength(1)
    expect(await find({ externalReference: 'found' })).toHaveLength(1)
  })

  it('gives a statement whose balances meet', async () => {
    const payerId = await payer(office)
    await pay(payerId, '1', {}, hours(-48))
    await pay(payerId, '2', {}, hours(1))
    await pay(payerId, '4', {}, hours(48))
    const statement = await readStatement(office.db, { payerId, from: noon, to: hours(24) }, everything)
    expect(statement).toMatchObject({ openingMinor: 100n, closingMinor: 300n, isCut: false })
    expect(statement.rows.map((row) => row.amount_minor)).toEqual([200n])
  })

  it('takes balances over from elsewhere as openings', async () => {
    const payers = [await payer(office), await payer(office, { balanceMinor: 500n }), await payer(office)]
    const wanted = [1_000n, 200n, 0n].map((balanceMinor, index) => ({ payerId: payers[index]!, balanceMinor }))
    expect(await openBalances(office.db, wanted, by(), noon)).toBe(2)
    expect(await openBalances(office.db, wanted, by(), noon)).toBe(0)
    expect(await balanceOf(office, payers[1]!)).toBe(200n)
  })

  it('tells of a balance that is not its sum', async () => {
    const payerId = await payer(office, { balanceMinor: 500n })
    await office.db.updateTable('payer').set({ balance_minor: 501n }).where('id', '=', payerId).execute()
    expect(await wrongBalances(office.db)).toEqual([{ account: 'payer', id: payerId, differenceMinor: 1n }])
    await office.db.updateTable('payer').set({ balance_minor: 500n }).where('id', '=', payerId).execute()
  })

  it('posts nothing when the transaction that posted is rolled back', async () => {
    const payerId = await payer(office)
    const posting = office.db.transaction().execute(async (trx) => {
      const account = await lockAccount(trx, { kind: 'payer', id: payerId })
      await post(trx, { account, kind: 'payment', amountMinor: 5n, against: 'cash' }, by(), noon)
      throw new Error('the deed failed')
    })
    await expect(posting).rejects.toThrow('the deed failed')
    expect(await count(payerId)).toBe(0)
    expect(await balanceOf(office, payerId)).toBe(0n)
  })
})

// Statements and receipts: balances that meet over month ends in any zone, and pages that hold no markup of others.
import { describe, expect, it } from 'vitest'
import { NotFoundError } from '../../../src/domain/field.ts'
import { instantOf } from '../../../src/domain/instant.ts'
import { readStatement, readTransaction } from '../../../src/domain/money/ledger-list.ts'
import { addPayer } from '../../../src/domain/money/payer.ts'
import { postAdjustment, postCharge, postIncome, reverseTransaction } from '../../../src/domain/money/posting.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { everything } from '../../../src/domain/scope.ts'
import { escapeHtml, receiptHtml, statementHtml } from '../../../src/http/present/statement-html.ts'
import { line, payer, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, useOffice } from '../../support/operator.ts'

const office = useOffice()
const by = () => testAuthor(office)
const pay = (id: bigint, amount: string, at: Date, note?: string) =>
  postIncome(office.db, { kind: 'payment', account: { kind: 'payer', id }, amount, note }, by(), at)
const monthOf = (zone: string, year: number, month: number) => ({
  from: instantOf(zone, new Date(Date.UTC(year, month - 1, 1))),
  to: instantOf(zone, new Date(Date.UTC(year, month, 1))),
})
const read = (payerId: bigint, span: { from: Date; to: Date }) =>
  readStatement(office.db, { payerId, ...span }, everything)

describe('statements of one month after the other', () => {
  it.each(['Pacific/Auckland', 'America/Los_Angeles', 'Europe/Berlin'])(
    'in %s begin with what the one before ended with, and have every payment once',
    async (zone) => {
      const id = await payer(office)
      // Round each turn of the month: the last and the first second of it, and hours to either side.
      const turns = Array.from({ length: 8 }, (_none, index) => monthOf(zone, 2027, index + 1).from)
      const shifts = [-13 * 3_600_000, -1, 0, 11 * 3_600_000]
      const instants = turns.flatMap((turn) => shifts.map((shift) => new Date(turn.getTime() + shift)))
      for (const [index, at] of instants.entries()) await pay(id, `0.${String((index % 99) + 1).padStart(2, '0')}`, at)
      let before = await read(id, { from: new Date(0), to: turns[0]! })
      const seen = before.rows.length
      const ids = new Set(before.rows.map((row) => row.id))
      expect(seen).toBe(2)
      for (let month = 1; month <= 7; month += 1) {
        const statement = await read(id, monthOf(zone, 2027, month))
        expect(statement.openingMinor).toBe(before.closingMinor)
        const moved = statement.rows.reduce((sum, row) => sum + row.amount_minor, 0n)
        expect(statement.closingMinor - statement.openingMinor).toBe(moved)
        expect(statement.rows).toHaveLength(4)
        for (const row of statement.rows) {
          expect(ids.has(row.id)).toBe(false)
          ids.add(row.id)
        }
        before = statement
      }
    },
  )

  it('show the local day of what is in them: the last evening of the month is the last day', async () => {
    const id = await payer(office)
    const zone = 'America/Los_Angeles'
    const { from, to } = monthOf(zone, 2027, 1)
    // 1 February in Europe already.
    await pay(id, '5', new Date('2027-02-01T07:59:00Z'))
    const html = statementHtml(await read(id, { from, to }), zone)
    expect(html).toContain('<td>2027-01-31</td>')
    expect(html).toContain('2027-01-01 to 2027-01-31')
    expect(html).not.toContain('2027-02-01')
  })
})

describe('a statement', () => {
  it('is in the order of time though somebody posts at an earlier instant afterwards', async () => {
    const id = await payer(office)
    await pay(id, '2', hours(2))
    await pay(id, '1', hours(1))
    const { rows } = await read(id, { from: noon, to: hours(3) })
    expect(rows.map((row) => row.amount_minor)).toEqual([100n, 200n])
  })

  it('of a payer out of reach is not found', async () => {
    const { id } = await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name: 'Else', parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
    const payerId = await payer(office)
    const span = { payerId, from: noon, to: hours(1) }
    await expect(readStatement(office.db, span, { ...everything, ownerId: id })).rejects.toThrow(NotFoundError)
    await expect(readStatement(office.db, span, { ...everything, zones: ['x'] })).rejects.toThrow(NotFoundError)
  })

  it('in yen has no digits after the point, in dinar three, and says below zero', async () => {
    for (const [currency, amount, shown] of [
      ['JPY', '-1200', '-1200'],
      ['KWD', '-1.2', '-1.200'],
    ] as const) {
      const { id } = await addPayer(office.db, { name: `Printed ${currency}`, currency }, by(), noon)
      const account = { kind: 'payer', id } as const
      await postAdjustment(office.db, { account, amount, reason: 'moved' }, by(), noon)
      const html = statementHtml(await read(id, { from: hours(-1), to: hours(1) }), 'UTC')
      expect(html).toContain(`<th class="amount">${shown}</th>`)
      expect(html).toContain(`<dd>${currency}</dd>`)
    }
  })

  it('lets nobody write markup into it: name, address, note, reason, reference', async () => {
    const evil = `<script>alert("1")</script>'&`
    const { id } = await addPayer(office.db, { name: evil, address: evil }, by(), noon)
    const account = { kind: 'payer', id } as const
    const { transaction } = await postIncome(
      office.db,
      { kind: 'payment', account, amount: '1', note: evil, externalReference: evil },
      by(),
      noon,
    )
    await postCharge(office.db, { account, amount: '1', reason: evil, note: evil }, by(), noon)
    const pages = [
      statementHtml(await read(id, { from: hours(-1), to: hours(1) }), 'UTC'),
      receiptHtml(await readTransaction(office.db, transaction.id, everything), evil, 'UTC'),
    ]
    for (const html of pages) {
      expect(html).not.toContain('<script')
      expect(html).toContain(escapeHtml(evil))
    }
  })
})

describe('a receipt', () => {
  it('of a renewal says which line, which plan and from when to when, in the zone', async () => {
    const planId = await pricedPlan(office, { name: 'Fibre 50' })
    const { id } = await line(office, { planId, balanceMinor: 2_000n, activatedAt: null, expiresAt: null })
    const outcome = await renew(office.db, { subscriberId: id, periods: 1, free: false }, by(), noon)
    const transactionId = outcome.kind === 'renewed' ? outcome.renewed.transactionId! : 0n
    const html = receiptHtml(await readTransaction(office.db, transactionId, everything), 'The ISP', 'Asia/Kathmandu')
    expect(html).toContain('<dt>What</dt><dd>Activation</dd>')
    expect(html).toContain('<dt>Amount</dt><dd>20.00 EUR</dd>')
    expect(html).toContain('<dt>Note</dt><dd>Fibre 50</dd>')
    expect(html).toContain('<dt>Period</dt><dd>2026-11-22 17:45 to 2026-12-22 17:45</dd>')
    expect(html).toMatch(/<dt>Subscriber<\/dt><dd>line-\d+<\/dd>/)
  })

  it('of what was taken back, and of the taking back, name each other', async () => {
    const { transaction } = await pay(await payer(office), '7', noon, 'by mistake')
    const taken = await reverseTransaction(office.db, { id: transaction.id, reason: 'mistake' }, by(), hours(1))
    const html = async (id: bigint) => receiptHtml(await readTransaction(office.db, id, everything), 'I', 'UTC')
    expect(await html(transaction.id)).toContain(`<dt>Taken back by</dt><dd>No. ${taken.transaction.id}</dd>`)
    expect(await html(taken.transaction.id)).toContain(`<dt>Takes back</dt><dd>No. ${transaction.id}</dd>`)
    expect(await html(taken.transaction.id)).toContain('<dt>Amount</dt><dd>7.00 EUR</dd>')
  })
})

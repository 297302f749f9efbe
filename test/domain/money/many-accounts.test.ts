// Random histories over several payers and wallets in currencies with none, two and three digits, all at once: the books meet.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { ConflictError } from '../../../src/domain/field.ts'
import type { AccountName } from '../../../src/domain/money/account.ts'
import { wrongBalances } from '../../../src/domain/money/ledger.ts'
import { listLedger } from '../../../src/domain/money/ledger-list.ts'
import { addPayer } from '../../../src/domain/money/payer.ts'
import {
  postAdjustment,
  postCharge,
  postIncome,
  postRefund,
  reverseTransaction,
} from '../../../src/domain/money/posting.ts'
import { setWallet } from '../../../src/domain/money/wallet.ts'
import { formatMoney } from '../../../src/domain/money.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { everything } from '../../../src/domain/scope.ts'
import { checkBooks, line, pricedPlan, testAuthor } from '../../support/money.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const by = () => testAuthor(office)
type Account = { name: AccountName; currency: string }
const accounts: Account[] = []

beforeAll(async () => {
  for (const currency of ['EUR', 'JPY', 'KWD', 'EUR']) {
    const { id } = await addPayer(office.db, { name: `Payer in ${currency}`, currency }, by(), noon)
    accounts.push({ name: { kind: 'payer', id }, currency })
  }
  for (const currency of ['JPY', 'KWD']) {
    const { id } = await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name: `In ${currency}`, parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
    await setWallet(office.db, { organisationId: id, currency }, by(), noon)
    accounts.push({ name: { kind: 'wallet', id }, currency })
  }
})

const command = fc.record({
  kind: fc.constantFrom('payment' as const, 'charge' as const, 'refund' as const, 'adjust' as const, 'back' as const),
  account: fc.nat(5),
  minor: fc.bigInt({ min: 1n, max: 5_000n }),
  reference: fc.option(fc.nat(3), { nil: undefined }),
})
type Command = { kind: string; account: number; minor: bigint; reference: number | undefined }

/** Does one command; what was posted, or undefined where a rule was in the way. */
async function follow({ kind, account: index, minor, reference }: Command, story: number, last: bigint | undefined) {
  const { name: account, currency } = accounts[index]!
  const externalReference = reference === undefined ? undefined : `${story} ${reference}`
  const input = { account, amount: formatMoney(minor, currency), currency, reason: 'random', externalReference }
  try {
    if (kind === 'payment') return await postIncome(office.db, { ...input, kind: 'payment' }, by(), noon)
    if (kind === 'charge') return await postCharge(office.db, input, by(), noon)
    if (kind === 'refund') return await postRefund(office.db, input, by(), noon)
    if (kind === 'adjust') return await postAdjustment(office.db, { ...input, amount: `-${input.amount}` }, by(), noon)
    if (last !== undefined) return await reverseTransaction(office.db, { id: last, reason: 'x' }, by(), noon)
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
  }
  return undefined
}

async function balances(): Promise<bigint[]> {
  const rows = await rowsOf(
    office,
    `select 'payer' as kind, id, balance_minor from payer union all
     select 'wallet', organisation_id, balance_minor from wallet`,
  )
  return accounts.map(
    ({ name }) => rows.find((row) => row.kind === name.kind && row.id === name.id)!.balance_minor as bigint,
  )
}

describe('several accounts', () => {
  it('in their turn move by what was posted, each in its currency', async () => {
    let story = 0
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 25 }), async (history) => {
        story += 1
        const expected = await balances()
        let last: bigint | undefined
        for (const each of history) {
          const posted = await follow(each, story, last)
          if (posted === undefined || posted.wasKnown) continue
          const { transaction } = posted
          const at = accounts.findIndex(
            ({ name }) =>
              name.id === (transaction.payer_id ?? transaction.organisation_id) &&
              name.kind === (transaction.payer_id === null ? 'wallet' : 'payer'),
          )
          expected[at]! += transaction.amount_minor
          expect(transaction.currency).toBe(accounts[at]!.currency)
          expect(transaction.balance_after_minor).toBe(expected[at])
          last = transaction.kind === 'reversal' ? undefined : transaction.id
        }
        expect(await balances()).toEqual(expected)
      }),
      { numRuns: 15 },
    )
    await checkBooks(office)
  })

  it('all at once keep every balance the sum of its entries, and every line of it in order', async () => {
    const history = fc.sample(command, 60)
    await Promise.all(history.map((each, index) => follow(each, -1 - (index % 3), undefined)))
    expect(await wrongBalances(office.db)).toEqual([])
    await checkBooks(office)
    for (const { name } of accounts) {
      const filter = name.kind === 'payer' ? { payerId: name.id } : { organisationId: name.id }
      const rows = (await listLedger(office.db, filter, { limit: 1_000 }, everything)).toReversed()
      let balance = 0n
      for (const row of rows) {
        balance += row.amount_minor
        expect(row.balance_after_minor).toBe(balance)
      }
    }
  })

  it('have a turnover of zero in every currency', async () => {
    const rows = await rowsOf(
      office,
      `select ledger_transaction.currency, sum(ledger_entry.amount_minor)::bigint as sum
       from ledger_entry join ledger_transaction on ledger_transaction.id = ledger_entry.transaction_id group by 1`,
    )
    expect(rows.length).toBeGreaterThanOrEqual(3)
    expect(rows.every((row) => row.sum === 0n)).toBe(true)
  })
})

describe('lines of one company', () => {
  it('renewed 40 at once while it pays in never overdraw it, and what is left is what it says', async () => {
    const company = await addPayer(office.db, { name: 'Forty lines', creditLimit: '100' }, by(), noon)
    const planId = await pricedPlan(office, { name: 'Forty', priceMinor: 1_999n })
    const lines = []
    for (let index = 0; index < 40; index += 1) lines.push(await line(office, { planId, payerId: company.id }))
    const account = { kind: 'payer', id: company.id } as const
    const deeds = lines.flatMap(({ id }, index) => [
      renew(office.db, { subscriberId: id, periods: 1, free: false }, by(), noon),
      ...(index % 4 === 0 ? [postIncome(office.db, { kind: 'payment', account, amount: '20' }, by(), noon)] : []),
    ])
    const done = (await Promise.all(deeds)).filter((outcome) => 'kind' in outcome && outcome.kind === 'renewed')
    const [row] = await rowsOf(office, 'select balance_minor from payer where id = $1', [company.id])
    expect(row!.balance_minor).toBe(20_000n - BigInt(done.length) * 1_999n)
    expect((row!.balance_minor as bigint) >= -10_000n).toBe(true)
    expect(done.length).toBeGreaterThanOrEqual(5)
    await checkBooks(office)
  })

  it('in yen and dinar are charged in whole minor units, also for the rest of a month', async () => {
    for (const [currency, priceMinor] of [
      ['JPY', 3_980n],
      ['KWD', 12_345n],
    ] as const) {
      const payer = await addPayer(
        office.db,
        { name: `Line in ${currency}`, currency, creditLimit: '9000' },
        by(),
        noon,
      )
      const planId = await pricedPlan(office, {
        name: `Calendar ${currency}`,
        currency,
        priceMinor,
        validity: 1,
        unit: 'calendar-month',
      })
      const { id } = await line(office, { planId, payerId: payer.id, activatedAt: null, expiresAt: null })
      const outcome = await renew(office.db, { subscriberId: id, periods: 1, free: false }, by(), noon)
      // Nine of November's thirty days.
      expect(outcome).toMatchObject({ kind: 'renewed', renewed: { amountMinor: (priceMinor * 9n) / 30n, currency } })
    }
    await checkBooks(office)
  })
})

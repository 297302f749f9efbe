import { afterEach, describe, expect, it } from 'vitest'
import { ForbiddenError } from '../../../src/domain/author.ts'
import { FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { postAdjustment, postIncome } from '../../../src/domain/money/posting.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { revertRenewal } from '../../../src/domain/money/revert-renewal.ts'
import { listWallets, organisationName, readWallet, setWallet } from '../../../src/domain/money/wallet.ts'
import { everything } from '../../../src/domain/scope.ts'
import { balanceOf, checkBooks, line, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'

const office = useOffice()
const by = () => testAuthor(office)
afterEach(() => checkBooks(office))
const reseller = async (name: string): Promise<bigint> =>
  (
    await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name, parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
  ).id
const set = (organisationId: bigint, input: Partial<Parameters<typeof setWallet>[1]> = {}) =>
  setWallet(office.db, { organisationId, ...input }, by(), noon)
const fill = (id: bigint, amount: string) =>
  postIncome(office.db, { kind: 'top-up', account: { kind: 'wallet', id }, amount }, by(), noon)
const walletMinor = async (id: bigint) => (await readWallet(office.db, id, everything)).balance_minor
let plans = 0
const planOf = (ownerId: bigint, currency = 'EUR') =>
  pricedPlan(office, { name: `Wallet plan ${(plans += 1)}`, ownerId, currency })

describe('a wallet', () => {
  it('is made empty in the currency of the ISP, and changed by what is named', async () => {
    const id = await reseller('Making')
    expect(await set(id)).toMatchObject({ currency: 'EUR', balance_minor: 0n, pays_renewals: false })
    await set(id, { creditLimit: '50' })
    expect(await set(id, { paysRenewals: true })).toMatchObject({ credit_limit_minor: 5_000n, pays_renewals: true })
    const entries = await rowsOf(
      office,
      `select before, after from audit_entry where action = 'wallet.set' and row_id = $1 order by id`,
      [id],
    )
    expect(entries).toHaveLength(3)
    expect(entries[1]).toMatchObject({ before: { credit_limit: '0.00' }, after: { credit_limit: '50.00' } })
    await set(id, { paysRenewals: true, creditLimit: '50.00' })
    expect(
      await rowsOf(office, `select 1 from audit_entry where action = 'wallet.set' and row_id = $1`, [id]),
    ).toHaveLength(3)
  })

  it('keeps its currency, which is one that there is', async () => {
    const id = await reseller('Currency')
    await expect(set(id, { currency: 'ABC' })).rejects.toThrow(FieldError)
    await set(id, { currency: 'KWD', creditLimit: '1.234' })
    expect(await set(id, {})).toMatchObject({ currency: 'KWD', credit_limit_minor: 1_234n })
    await expect(set(id, { currency: 'EUR' })).rejects.toThrow('is KWD and stays so')
    await expect(set(id, { creditLimit: '1.2345' })).rejects.toThrow('credit-limit')
  })

  it('is for resellers, not for the ISP, and not for what is not there', async () => {
    await expect(set(1n)).rejects.toThrow(NotFoundError)
    await expect(set(999_999n)).rejects.toThrow(NotFoundError)
    await expect(readWallet(office.db, await reseller('None'), everything)).rejects.toThrow(NotFoundError)
  })

  it('made by 20 at once is one', async () => {
    const id = await reseller('Racing')
    await Promise.all(Array.from({ length: 20 }, (_none, index) => set(id, { creditLimit: String(index) })))
    expect(await listWallets(office.db, everything, id)).toHaveLength(1)
  })

  it('is not changed by its reseller, nor seen by another', async () => {
    const [a, b] = [await reseller('Own A'), await reseller('Own B')]
    await set(a)
    await set(b)
    const author = authorWith(office, ['money.adjust'], { ownerId: a })
    const change = (organisationId: bigint) =>
      setWallet(office.db, { organisationId, creditLimit: '1000' }, author, noon)
    await expect(change(a)).rejects.toThrow(ForbiddenError)
    await expect(change(b)).rejects.toThrow(NotFoundError)
    expect((await listWallets(office.db, author.scope)).map((row) => row.organisation)).toEqual(['Own A'])
    await expect(readWallet(office.db, b, author.scope)).rejects.toThrow(NotFoundError)
  })

  it('has the name of its organisation on receipts', async () => {
    expect(await organisationName(office.db, await reseller('Printed'))).toBe('Printed')
  })
})

describe('a wallet that pays', () => {
  it('pays for all lines of its reseller up to its credit, by 20 at once too', async () => {
    const id = await reseller('Paying')
    const planId = await planOf(id)
    await set(id, { paysRenewals: true, creditLimit: '40' })
    await fill(id, '65')
    const lines = []
    for (let index = 0; index < 20; index += 1) lines.push(await line(office, { planId, ownerId: id }))
    const outcomes = await Promise.all(
      lines.map((each) => renew(office.db, { subscriberId: each.id, periods: 1, free: false }, by(), noon)),
    )
    // 65.00 and 40.00 of credit reach for five times 20.00.
    expect(outcomes.filter(({ kind }) => kind === 'renewed')).toHaveLength(5)
    expect(outcomes.find(({ kind }) => kind === 'refused')).toMatchObject({
      reason: expect.stringContaining("the reseller's wallet has -35.00 EUR and 40.00 EUR of credit"),
    })
    expect(await walletMinor(id)).toBe(-3_500n)
  })

  it('gets back what it paid, though the payer pays by now', async () => {
    const id = await reseller('Giving back')
    const { id: subscriberId, payerId } = await line(office, { planId: await planOf(id), ownerId: id })
    await set(id, { paysRenewals: true })
    await fill(id, '20')
    await renew(office.db, { subscriberId, periods: 1, free: false }, by(), noon)
    await set(id, { paysRenewals: false })
    expect(await revertRenewal(office.db, { subscriberId }, by(), hours(1))).toMatchObject({ kind: 'reverted' })
    expect(await walletMinor(id)).toBe(2_000n)
    expect(await balanceOf(office, payerId)).toBe(0n)
  })

  it('in another currency than the plan pays nothing, and says so', async () => {
    const id = await reseller('Foreign')
    const { id: subscriberId } = await line(office, { planId: await planOf(id), ownerId: id, balanceMinor: 9_000n })
    await set(id, { currency: 'USD', paysRenewals: true })
    await fill(id, '1000')
    expect(await renew(office.db, { subscriberId, periods: 1, free: false }, by(), noon)).toMatchObject({
      kind: 'refused',
      reason: 'the plan is priced in EUR, the wallet pays in USD',
    })
    expect(await renew(office.db, { subscriberId, periods: 1, free: true }, by(), noon)).toMatchObject({
      kind: 'renewed',
    })
  })

  it('does not pay for lines of the ISP or of others', async () => {
    const id = await reseller('Only own')
    await set(id, { paysRenewals: true })
    await fill(id, '100')
    const planId = await pricedPlan(office, { name: 'Shared by all' })
    const poor = await line(office, { planId })
    const outcome = await renew(office.db, { subscriberId: poor.id, periods: 1, free: false }, by(), noon)
    expect(outcome).toMatchObject({ kind: 'refused', reason: expect.stringContaining('the payer has 0.00 EUR') })
    expect(await walletMinor(id)).toBe(10_000n)
  })

  it('lets waiting lines try again when it is filled or set, and not when it is emptied', async () => {
    const id = await reseller('Waiting')
    const { id: subscriberId } = await line(office, { planId: await planOf(id), ownerId: id })
    await set(id, { paysRenewals: true })
    const wait = () =>
      rowsOf(
        office,
        `insert into renewal_failure (subscriber_id, expires_at, reason, tries, tried_at, next_at)
         select id, expires_at, 'x', 1, $2, $3 from subscriber where id = $1
         on conflict (subscriber_id) do update set next_at = excluded.next_at`,
        [subscriberId, noon, hours(20)],
      )
    const next = async () =>
      (await rowsOf(office, 'select next_at from renewal_failure where subscriber_id = $1', [subscriberId]))[0]!.next_at
    await wait()
    const account = { kind: 'wallet', id } as const
    await postAdjustment(office.db, { account, amount: '-1', reason: 'fee' }, by(), noon)
    expect(await next()).toEqual(hours(20))
    await fill(id, '5')
    expect(await next()).toEqual(noon)
    await wait()
    await set(id, { creditLimit: '100' })
    expect(await next()).toEqual(noon)
  })
})

import { describe, expect, it } from 'vitest'
import { ForbiddenError } from '../../../src/domain/author.ts'
import { NotFoundError } from '../../../src/domain/field.ts'
import { accountOfRenewals, lockAccount, payerInScope, requireIsp } from '../../../src/domain/money/account.ts'
import { setWallet } from '../../../src/domain/money/wallet.ts'
import { everything } from '../../../src/domain/scope.ts'
import { line, payer, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'

const office = useOffice()
const by = () => testAuthor(office)
const reseller = async (name: string): Promise<bigint> =>
  (
    await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name, parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
  ).id

describe('a locked account', () => {
  it('of a person names the person, of a company nobody', async () => {
    const planId = await pricedPlan(office, { name: 'Persons' })
    const own = await line(office, { planId, balanceMinor: 700n })
    expect(await lockAccount(office.db, { kind: 'payer', id: own.payerId })).toEqual({
      kind: 'payer',
      id: own.payerId,
      ownerId: 1n,
      currency: 'EUR',
      balanceMinor: 700n,
      creditLimitMinor: 0n,
      personId: own.id,
    })
    const company = await payer(office, { kind: 'company', creditMinor: 500n })
    await line(office, { planId, payerId: company })
    expect(await lockAccount(office.db, { kind: 'payer', id: company })).toMatchObject({
      personId: undefined,
      creditLimitMinor: 500n,
    })
  })

  it('holds back who comes second until the first is done, and shows it what the first did', async () => {
    const id = await payer(office, { balanceMinor: 100n })
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    let isLocked: () => void = () => undefined
    const locked = new Promise<void>((resolve) => (isLocked = resolve))
    const first = office.db.transaction().execute(async (trx) => {
      await lockAccount(trx, { kind: 'payer', id })
      isLocked()
      await held
      await trx.updateTable('payer').set({ credit_limit_minor: 77n }).where('id', '=', id).execute()
    })
    await locked
    let isSecondDone = false
    const second = office.db.transaction().execute(async (trx) => {
      const account = await lockAccount(trx, { kind: 'payer', id })
      isSecondDone = true
      return account
    })
    // A question that needs no lock passes meanwhile; the second deed does not.
    await rowsOf(office, 'select 1 from payer where id = $1', [id])
    expect(isSecondDone).toBe(false)
    release()
    await first
    expect((await second).creditLimitMinor).toBe(77n)
  })

  it('that is not there, or out of reach, is not found', async () => {
    const [a, b] = [await reseller('Account A'), await reseller('Account B')]
    const ofB = await payer(office, { ownerId: b })
    await setWallet(office.db, { organisationId: b }, by(), noon)
    const scope = { ...everything, ownerId: a }
    await expect(lockAccount(office.db, { kind: 'payer', id: ofB }, scope)).rejects.toThrow(NotFoundError)
    await expect(lockAccount(office.db, { kind: 'wallet', id: b }, scope)).rejects.toThrow(NotFoundError)
    await expect(lockAccount(office.db, { kind: 'wallet', id: a })).rejects.toThrow(NotFoundError)
    await expect(lockAccount(office.db, { kind: 'payer', id: 999_999n })).rejects.toThrow(NotFoundError)
    expect((await lockAccount(office.db, { kind: 'payer', id: ofB }, { ...everything, ownerId: b })).id).toBe(ofB)
  })

  it('of a company is in the reach of a team that has one of its lines, and of no other team', async () => {
    const planId = await pricedPlan(office, { name: 'Zones' })
    const company = await payer(office, { kind: 'company' })
    const { id } = await line(office, { planId, payerId: company })
    await line(office, { planId, payerId: company })
    await office.db.updateTable('subscriber').set({ zone: 'hill' }).where('id', '=', id).execute()
    const reached = async (zones: readonly string[]) =>
      office.db
        .selectFrom('payer')
        .select('id')
        .where('id', '=', company)
        .where(payerInScope({ ...everything, zones }))
        .execute()
    expect(await reached(['hill', 'dale'])).toHaveLength(1)
    expect(await reached(['dale'])).toEqual([])
    expect(await reached([])).toEqual([])
  })
})

describe('who pays for a renewal', () => {
  it('is the payer, until the ISP lets the wallet pay, and again afterwards', async () => {
    const ownerId = await reseller('Renewals')
    const payerId = await payer(office, { ownerId })
    const pays = () => accountOfRenewals(office.db, { ownerId, payerId })
    expect(await pays()).toMatchObject({ kind: 'payer', id: payerId })
    await setWallet(office.db, { organisationId: ownerId }, by(), noon)
    expect(await pays()).toMatchObject({ kind: 'payer', id: payerId })
    await setWallet(office.db, { organisationId: ownerId, paysRenewals: true }, by(), noon)
    expect(await pays()).toMatchObject({ kind: 'wallet', id: ownerId })
    await setWallet(office.db, { organisationId: ownerId, paysRenewals: false }, by(), hours(1))
    expect(await pays()).toMatchObject({ kind: 'payer', id: payerId })
  })

  it('is never the wallet of another reseller', async () => {
    const [rich, poor] = [await reseller('Rich'), await reseller('Poor')]
    await setWallet(office.db, { organisationId: rich, paysRenewals: true }, by(), noon)
    const payerId = await payer(office, { ownerId: poor })
    expect(await accountOfRenewals(office.db, { ownerId: poor, payerId })).toMatchObject({ kind: 'payer', id: payerId })
  })
})

describe('the wallet of a reseller', () => {
  it('is moved by the ISP; the reseller is forbidden its own and does not find another', () => {
    expect(() => requireIsp(by(), 5n)).not.toThrow()
    const author = authorWith(office, ['money.adjust'], { ownerId: 5n })
    expect(() => requireIsp(author, 5n)).toThrow(ForbiddenError)
    expect(() => requireIsp(author, 6n)).toThrow(NotFoundError)
  })
})

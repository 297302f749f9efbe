import { beforeAll, describe, expect, it } from 'vitest'
import { ForbiddenError } from '../../../src/domain/author.ts'
import { FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { addPayer, editPayer, listPayers, readPayer } from '../../../src/domain/money/payer.ts'
import type { PayerFilter, PayerTexts } from '../../../src/domain/money/payer.ts'
import { postCharge } from '../../../src/domain/money/posting.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { line, payer, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'

const office = useOffice()
const by = () => testAuthor(office)
const add = (input: PayerTexts & { name: string; ownerId?: bigint; currency?: string }) =>
  addPayer(office.db, input, by(), noon)
const edit = (id: bigint, input: PayerTexts) => editPayer(office.db, { id, ...input }, by(), hours(1))
const audits = (id: bigint) =>
  rowsOf(
    office,
    `select action, before, after, personal is not null as has_personal from audit_entry
     where noun = 'payer' and row_id = $1 order by id`,
    [id],
  )
let planId: bigint
let resellerId: bigint
beforeAll(async () => {
  planId = await pricedPlan(office, { name: 'Home' })
  const { id } = await office.db
    .insertInto('organisation')
    .values({ kind: 'reseller', name: 'R', parent_id: 1n })
    .returning('id')
    .executeTakeFirstOrThrow()
  resellerId = id
})

describe('a new payer', () => {
  it('is a company of the ISP in its currency, with contact as people write it', async () => {
    await writeSetting(office.db, { name: 'phone_country_code', value: '+49' }, noon)
    const made = await add({
      name: '  Acme GmbH ',
      email: ' Books@Acme.example ',
      phone: '030 123456',
      address: 'Str. 1',
    })
    expect(made).toMatchObject({
      kind: 'company',
      owner_id: 1n,
      name: 'Acme GmbH',
      phone: '+4930123456',
      address: 'Str. 1',
      currency: 'EUR',
      balance_minor: 0n,
      credit_limit_minor: 0n,
      subscribers: 0,
    })
    expect(made.email?.toLowerCase()).toBe('books@acme.example')
    expect(await audits(made.id)).toMatchObject([{ action: 'payer.create', before: null }])
  })

  it.each<[string, Omit<PayerTexts, 'name'> & { name?: string; currency?: string }]>([
    ['name', { name: 'X' }],
    ['name', { name: 'x'.repeat(101) }],
    ['email', { email: 'nobody' }],
    ['phone', { phone: '12' }],
    ['address', { address: ' ' }],
    ['address', { address: 'x'.repeat(201) }],
    ['credit-limit', { creditLimit: '-1' }],
    ['credit-limit', { creditLimit: '1.234' }],
    ['credit-limit', { creditLimit: '1000000000000.01' }],
    ['currency', { currency: 'XYZ' }],
  ])('is refused for its %s: %j', async (field, wrong) => {
    const adding = add({ name: 'Wrong', ...wrong })
    await expect(adding).rejects.toThrow(FieldError)
    await expect(adding).rejects.toThrow(new RegExp(`^${field}: `))
  })

  it('in yen has a limit in whole yen', async () => {
    expect((await add({ name: 'Tokyo', currency: 'JPY', creditLimit: '5000' })).credit_limit_minor).toBe(5_000n)
    await expect(add({ name: 'Tokyo', currency: 'JPY', creditLimit: '5000.50' })).rejects.toThrow('JPY has 0 digits')
  })

  it('of a reseller is its own, and it makes none for others', async () => {
    const author = authorWith(office, ['money.post'], { ownerId: resellerId })
    expect((await addPayer(office.db, { name: 'Of R' }, author, noon)).owner_id).toBe(resellerId)
    await expect(addPayer(office.db, { name: 'Of ISP', ownerId: 1n }, author, noon)).rejects.toThrow(NotFoundError)
    await expect(add({ name: 'Of nobody', ownerId: 999_999n })).rejects.toThrow(NotFoundError)
  })

  it('made by a team is shown to it, though no line of its zones has it yet', async () => {
    const author = authorWith(office, ['money.post'], { zones: ['nowhere'] })
    const made = await addPayer(office.db, { name: 'Of a team' }, author, noon)
    expect(made.name).toBe('Of a team')
    await expect(readPayer(office.db, made.id, author.scope)).rejects.toThrow(NotFoundError)
  })
})

describe('an edit', () => {
  it('keeps what is not named, clears what is null, and writes down what differs', async () => {
    const { id } = await add({ name: 'Edited', email: 'a@b.example', address: 'Old Street' })
    const after = await edit(id, { email: null, address: 'New Street' })
    expect(after).toMatchObject({ name: 'Edited', email: null, address: 'New Street' })
    const [, entry] = await audits(id)
    expect(entry).toMatchObject({ action: 'payer.edit' })
    expect(Object.keys(entry!.after as object)).not.toContain('name')
  })

  it('that changes nothing writes nothing', async () => {
    const { id } = await add({ name: 'Same', creditLimit: '5' })
    await edit(id, {})
    await edit(id, { name: ' Same ', creditLimit: '5.00' })
    expect(await audits(id)).toHaveLength(1)
  })

  it("of a person's payer keeps the person's values under the person's key", async () => {
    const { payerId } = await line(office, { planId })
    await edit(payerId, { name: 'Anna Example', email: 'anna@example.net' })
    const [entry] = await audits(payerId)
    expect(entry!.has_personal).toBe(true)
    expect(JSON.stringify([entry!.before, entry!.after])).not.toContain('Anna')
    expect(JSON.stringify([entry!.before, entry!.after])).not.toContain('anna@')
  })

  it('of the credit limit needs its permission, and lets waiting lines try again', async () => {
    const { id, payerId } = await line(office, { planId })
    await rowsOf(
      office,
      `insert into renewal_failure (subscriber_id, expires_at, reason, tries, tried_at, next_at)
       select id, expires_at, 'x', 1, $2, $3 from subscriber where id = $1`,
      [id, noon, hours(20)],
    )
    const cashier = authorWith(office, ['money.post'])
    await expect(editPayer(office.db, { id: payerId, creditLimit: '100' }, cashier, noon)).rejects.toThrow(
      ForbiddenError,
    )
    await edit(payerId, { name: 'Still waits' })
    const next = async () =>
      (await rowsOf(office, 'select next_at from renewal_failure where subscriber_id = $1', [id]))[0]!.next_at
    expect(await next()).toEqual(hours(20))
    await edit(payerId, { creditLimit: '100' })
    expect(await next()).toEqual(noon)
  })

  it('of what is not there, or of another organisation, is not found', async () => {
    const other = await payer(office, { ownerId: resellerId })
    const isp = authorWith(office, ['money.post'], { ownerId: 1n })
    await expect(editPayer(office.db, { id: other, name: 'Mine' }, isp, noon)).rejects.toThrow(NotFoundError)
    await expect(edit(999_999n, { name: 'No one' })).rejects.toThrow(NotFoundError)
  })

  it('by 20 at once leaves one of them, and an audit trail in which each follows the one before', async () => {
    const { id } = await add({ name: 'Racing' })
    await Promise.all(Array.from({ length: 20 }, (_none, index) => edit(id, { address: `Street ${index}` })))
    const entries = (await audits(id)).slice(1)
    expect(entries).toHaveLength(20)
    for (const [index, entry] of entries.entries()) {
      const before = (entry.before as { address: string | null }).address
      if (index > 0) expect(before).toBe((entries[index - 1]!.after as { address: string }).address)
    }
    expect((await readPayer(office.db, id, everything)).address).toBe(
      (entries.at(-1)!.after as { address: string }).address,
    )
  })
})

describe('the list', () => {
  const names = async (filter: PayerFilter, scope: Scope = everything) =>
    (await listPayers(office.db, filter, { limit: 100 }, scope)).map(({ name }) => name)

  it('finds by the beginning of the name, whatever case, and takes wildcards as they are written', async () => {
    for (const name of ['Zeta 100%', 'Zeta_A', 'zeta b', 'ZetaXA', 'Zeta\\C']) await add({ name })
    expect(await names({ search: 'ZETA' })).toHaveLength(5)
    expect(await names({ search: 'zeta_' })).toEqual(['Zeta_A'])
    expect(await names({ search: 'zeta 100%' })).toEqual(['Zeta 100%'])
    expect(await names({ search: 'zeta\\' })).toEqual(['Zeta\\C'])
    expect(await names({ search: ' zeta b ' })).toEqual(['zeta b'])
    expect(await names({ search: 'eta' })).toEqual([])
  })

  it('finds who owes something, a kind, an owner, and all of it together', async () => {
    const debtor = await payer(office, { kind: 'company', ownerId: resellerId })
    const charge = { account: { kind: 'payer', id: debtor } as const, amount: '1', reason: 'x' }
    await postCharge(office.db, charge, by(), noon)
    const [row] = await listPayers(
      office.db,
      { inDebt: true, kind: 'company', ownerId: resellerId },
      { limit: 9 },
      everything,
    )
    expect(row).toMatchObject({ id: debtor, balance_minor: -100n, owner: 'R' })
    expect(await names({ inDebt: true, kind: 'own' })).toEqual([])
    expect(await names({ inDebt: true, ownerId: 1n })).toEqual([])
  })

  it('counts the lines that it pays for, without deleted ones', async () => {
    const company = await payer(office, { kind: 'company' })
    const [, gone] = [
      await line(office, { planId, payerId: company }),
      await line(office, { planId, payerId: company }),
    ]
    await office.db.updateTable('subscriber').set({ archived_at: noon }).where('id', '=', gone.id).execute()
    expect((await readPayer(office.db, company, everything)).subscribers).toBe(1)
  })

  it('page by page shows everyone once, though somebody is added meanwhile', async () => {
    const seen: bigint[] = []
    let after: bigint | undefined
    for (;;) {
      const page = await listPayers(office.db, {}, { after, limit: 7 }, everything)
      if (page.length === 0) break
      seen.push(...page.map(({ id }) => id))
      after = page.at(-1)!.id
      if (seen.length < 30) await payer(office)
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBeGreaterThan(20)
  })

  it('of a reseller never leaves its organisation, whatever the filter says', async () => {
    const scope = { ...everything, ownerId: resellerId }
    const rows = await listPayers(office.db, {}, { limit: 100 }, scope)
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.every((row) => row.owner_id === resellerId)).toBe(true)
    expect(await names({ ownerId: 1n }, scope)).toEqual([])
  })
})

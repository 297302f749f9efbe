// The actions upon many that move money or time: each says per subscriber what became of it, and what would undo it does.
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { giveGrace } from '../../../src/domain/money/grace.ts'
import { listRenewals } from '../../../src/domain/money/renewal-list.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { ActionOutcome } from '../../../src/domain/subscriber-action/action.ts'
import { findAction } from '../../../src/domain/subscriber-action/list.ts'
import { balanceOf, checkBooks, factsOf, line, payer, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, openSession, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'
import { takeNamed } from '../../support/subscribers.ts'

const office = useOffice()
const by = () => testAuthor(office)
const take = (action: string, ids: readonly bigint[], params: Record<string, unknown> = {}, now = noon) =>
  takeNamed(office.db, { action, ids, params }, by(), now)
const undo = async ({ subscriberId, undo: call }: ActionOutcome, now = noon) =>
  (await take(call!.action, [subscriberId], call!.params, now))[0]!
let home: bigint
beforeAll(async () => {
  home = await pricedPlan(office, { name: 'Home', graceHours: 24 })
  await pricedPlan(office, { name: 'Fast', priceMinor: 5_000n, graceHours: 24 })
})
afterEach(() => checkBooks(office))

describe('renewing many', () => {
  it('says of each what became of it, and one without money does not hold the others', async () => {
    const lines = [
      await line(office, { planId: home, balanceMinor: 2_000n }),
      await line(office, { planId: home }),
      await line(office, { planId: home, balanceMinor: 2_000n }),
      await line(office, { planId: home, expiresAt: null, balanceMinor: 2_000n }),
    ]
    const outcomes = await take(
      'renew',
      lines.map(({ id }) => id),
    )
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'refused', 'done', 'refused'])
    expect(outcomes[3]).toMatchObject({ reason: 'the service never ends' })
    expect(await balanceOf(office, lines[2]!.payerId)).toBe(0n)
  })

  it('and undoing leaves everything as it was, and doing it again gives the same', async () => {
    const { id, payerId } = await line(office, { planId: home, balanceMinor: 9_000n })
    const before = await factsOf(office, id)
    const [done] = await take('renew', [id], { periods: 2 })
    const after = await factsOf(office, id)
    const reverted = await undo(done!)
    expect(reverted.kind).toBe('done')
    expect(await factsOf(office, id)).toEqual(before)
    expect(await balanceOf(office, payerId)).toBe(9_000n)
    // Asked to be undone twice, it is undone once.
    expect((await undo(done!)).kind).toBe('unchanged')
    expect((await undo(reverted)).kind).toBe('done')
    expect(await factsOf(office, id)).toEqual(after)
  })

  it.each([
    ['grace', { hours: 721 }],
    ['grace', {}],
    ['change-plan', { plan: 'Fast' }],
    ['change-plan', { plan: 0, when: 'now' }],
    ['change-plan', { plan: 'Fast', when: 'tomorrow' }],
    ['change-payer', {}],
    ['change-payer', { payer_id: 'own' }],
    ['revert-renewal', { renewal_id: 0 }],
  ])('%s does not take %j', (action, params) => {
    expect(findAction(action)!.params.safeParse(params).success).toBe(false)
  })
})

describe('grace', () => {
  it('is never made shorter, and not given to what has no end, no beginning or is deleted', async () => {
    const made = {
      longer: await line(office, { planId: home, graceUntil: hours(50) }),
      fresh: await line(office, { planId: home, activatedAt: null, expiresAt: null }),
      endless: await line(office, { planId: home, expiresAt: null }),
      gone: await line(office, { planId: home }),
    }
    await office.db.updateTable('subscriber').set({ archived_at: noon }).where('id', '=', made.gone.id).execute()
    const ids = Object.values(made).map(({ id }) => id)
    const outcomes = await take('grace', [...ids, 999_999n], { hours: 10 })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['unchanged', 'refused', 'refused', 'refused', 'refused'])
    expect((await factsOf(office, made.longer.id)).grace_until).toEqual(hours(50))
  })

  it('of a bad number of hours names the field', async () => {
    for (const wrong of [0, -1, 721, 1.5]) {
      const giving = (async () => giveGrace(office.db, { subscriberIds: [1n], hours: wrong }, by(), noon))()
      await expect(giving).rejects.toThrow(FieldError)
    }
  })

  it('costs nothing, brings sessions out of the garden, and by 20 at once is given once', async () => {
    const { id, payerId } = await line(office, { planId: home, expiresAt: hours(-1) })
    await openSession(office, id, 'grace')
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => take('grace', [id], { hours: 5 })))
    expect(outcomes.flat().filter(({ kind }) => kind === 'done')).toHaveLength(1)
    expect(await balanceOf(office, payerId)).toBe(0n)
    const orders = await rowsOf(office, `select wish from coa_order where subscriber_id = $1 and state = 'waiting'`, [
      id,
    ])
    expect(orders).toEqual([{ wish: 'reapply' }])
  })
})

describe('another plan', () => {
  it('by a name that the organisation has not is refused for that one alone', async () => {
    const { id: ownerId } = await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name: 'R', parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
    const own = await pricedPlan(office, { name: 'Only R', ownerId })
    const [ofIsp, ofReseller] = [await line(office, { planId: home }), await line(office, { planId: home, ownerId })]
    const outcomes = await take('change-plan', [ofIsp.id, ofReseller.id], { plan: 'Only R', when: 'next-expiry' })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['refused', 'done'])
    expect((await take('change-plan', [ofIsp.id], { plan: Number(own), when: 'now' }))[0]).toMatchObject({
      reason: 'the plan is of another organisation',
    })
  })
})

describe('another payer', () => {
  it('that cannot pay for it is refused with the reason, and out of reach it is not found', async () => {
    const { id: ownerId } = await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name: 'Payers', parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
    const ofOther = await payer(office, { ownerId })
    const inYen = await office.db
      .insertInto('payer')
      .values({ owner_id: 1n, name: 'Yen', kind: 'company', currency: 'JPY', created_at: noon })
      .returning('id')
      .executeTakeFirstOrThrow()
    const { id } = await line(office, { planId: home })
    const to = (payerId: bigint) => take('change-payer', [id], { payer_id: Number(payerId) })
    expect((await to(ofOther))[0]).toMatchObject({ reason: 'it is of another organisation than the payer' })
    expect((await to(inYen.id))[0]).toMatchObject({ reason: 'its plan is priced in EUR, the payer pays in JPY' })
    const author = authorWith(office, ['subscriber.owner'], { ownerId })
    const own = await payer(office, { kind: 'company' })
    const asking = takeNamed(
      office.db,
      { action: 'change-payer', ids: [id], params: { payer_id: Number(own) } },
      author,
    )
    await expect(asking).rejects.toThrow(NotFoundError)
  })
})

describe('the list of renewals', () => {
  it('has each once, the last first, page by page, also those that were reverted', async () => {
    const { id } = await line(office, { planId: home, balanceMinor: 90_000n })
    const [first] = await take('renew', [id], { periods: 2 })
    await undo(first!)
    for (let count = 0; count < 4; count += 1) await take('renew', [id])
    const seen: bigint[] = []
    let before: bigint | undefined
    for (;;) {
      const page = await listRenewals(office.db, id, { before, limit: 2 }, everything)
      if (page.length === 0) break
      seen.push(...page.map((row) => row.id))
      before = page.at(-1)!.id
    }
    expect(seen).toHaveLength(5)
    expect(seen).toEqual(seen.toSorted((one, other) => Number(other - one)))
    const [oldest] = await listRenewals(office.db, id, { before: seen[3], limit: 1 }, everything)
    expect(oldest).toMatchObject({ periods: 2, amount_minor: 4_000n, reverted_by: 'test', ends_at: hours(24 * 61) })
  })

  it('of a line out of reach is not found', async () => {
    const { id } = await line(office, { planId: home })
    for (const scope of [
      { ...everything, ownerId: 999n },
      { ...everything, zones: [] },
    ]) {
      await expect(listRenewals(office.db, id, { limit: 1 }, scope)).rejects.toThrow(NotFoundError)
    }
  })
})

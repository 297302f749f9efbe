// The actions that concern money, as the API and bulk runs call them: outcomes, details and what would bring back what was.
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ActionOutcome } from '../../../src/domain/subscriber-action/action.ts'
import { findAction } from '../../../src/domain/subscriber-action/list.ts'
import { NotFoundError } from '../../../src/domain/field.ts'
import { balanceOf, checkBooks, factsOf, line, payer, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, openSession, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let planId: bigint
let big: bigint
beforeAll(async () => {
  planId = await pricedPlan(office, { name: 'Month' })
  big = await pricedPlan(office, { name: 'Big', priceMinor: 4_000n })
})
afterEach(() => checkBooks(office))

async function act(
  name: string,
  ids: bigint | readonly bigint[],
  params: object = {},
  now = noon,
): Promise<ActionOutcome[]> {
  const action = findAction(name)!
  const subscriberIds = typeof ids === 'bigint' ? [ids] : ids
  return action.run(office.db, { subscriberIds, params: action.params.parse(params) }, testAuthor(office), now)
}

/** Does what an outcome says would undo it. */
const undo = ([outcome]: ActionOutcome[], now = noon): Promise<ActionOutcome[]> =>
  act(outcome!.undo!.action, outcome!.subscriberId, outcome!.undo!.params, now)

describe('activate and renew', () => {
  it('say what was given and charged, and revert-renewal brings back what was', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 5_000n, activatedAt: null, expiresAt: null })
    const activated = await act('activate', id)
    expect(activated).toMatchObject([
      { kind: 'done', detail: { amount: '20.00', currency: 'EUR', expires_at: hours(720).toISOString() } },
    ])
    expect(await act('activate', id)).toMatchObject([{ kind: 'unchanged' }])
    const renewed = await act('renew', id)
    const reverted = await undo(renewed)
    expect(reverted).toMatchObject([{ kind: 'done', undo: { action: 'renew', params: { periods: 1, free: false } } }])
    expect(await undo(renewed)).toMatchObject([{ kind: 'unchanged' }])
    expect(await undo(activated)).toMatchObject([{ undo: { action: 'activate', params: { free: false } } }])
    expect(await balanceOf(office, payerId)).toBe(5_000n)
    expect((await factsOf(office, id)).activated_at).toBeNull()
  })

  it('of the same reference answer with the same renewal', async () => {
    const { id } = await line(office, { planId, balanceMinor: 5_000n })
    const [first] = await act('renew', id, { reference: 'crm 1' })
    const [again] = await act('renew', id, { reference: 'crm 1' })
    expect(again).toMatchObject({ kind: 'unchanged', detail: first!.detail })
  })

  it('meant for a period that was given already change nothing', async () => {
    const { id } = await line(office, { planId, balanceMinor: 9_000n })
    const seen = { seen_expiry: hours(24).toISOString() }
    expect(await act('renew', id, seen)).toMatchObject([{ kind: 'done' }])
    expect(await act('renew', id, seen)).toMatchObject([{ kind: 'unchanged' }])
  })

  it('without money are refused with a sentence', async () => {
    const { id } = await line(office, { planId })
    expect(await act('renew', id)).toMatchObject([
      { kind: 'refused', reason: expect.stringContaining('20.00 EUR are needed') },
    ])
  })

  it('take no other parameters', () => {
    for (const params of [
      { periods: 0 },
      { periods: 101 },
      { periods: 1.5 },
      { price: 1 },
      { seen_expiry: 'soon' },
      { reference: '' },
    ]) {
      expect(findAction('renew')!.params.safeParse(params).success).toBe(false)
    }
  })
})

describe('grace', () => {
  it('counts from now, or from the end of a service that runs', async () => {
    const running = await line(office, { planId })
    const expired = await line(office, { planId, expiresAt: hours(-5) })
    await openSession(office, expired.id, 'grace')
    const endless = await line(office, { planId, expiresAt: null })
    const fresh = await line(office, { planId, activatedAt: null, expiresAt: null })
    const outcomes = await act('grace', [running.id, expired.id, endless.id, fresh.id, 99_999n], { hours: 10 })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done', 'refused', 'refused', 'refused'])
    expect((await factsOf(office, running.id)).grace_until).toEqual(hours(34))
    expect((await factsOf(office, expired.id)).grace_until).toEqual(hours(10))
    expect(await act('grace', expired.id, { hours: 9 })).toMatchObject([{ kind: 'unchanged' }])
    expect(await rowsOf(office, 'select wish from coa_order where subscriber_id = $1', [expired.id])).toEqual([
      { wish: 'reapply' },
    ])
  })

  it('leaves an audit entry for each that got some', async () => {
    const lines = [await line(office, { planId }), await line(office, { planId, expiresAt: null })]
    await act(
      'grace',
      lines.map(({ id }) => id),
      { hours: 1 },
    )
    const ids = lines.map(({ id }) => id)
    expect(
      await rowsOf(office, `select row_id from audit_entry where action = 'subscriber.grace' and row_id = any($1)`, [
        ids,
      ]),
    ).toEqual([{ row_id: ids[0] }])
  })
})

describe('change-plan', () => {
  it('now and back again moves the same money twice', async () => {
    const { id, payerId } = await line(office, { planId, balanceMinor: 9_000n, activatedAt: null, expiresAt: null })
    await act('activate', id)
    const changed = await act('change-plan', id, { plan: 'Big', when: 'now' }, hours(360))
    expect(changed).toMatchObject([{ kind: 'done', detail: { amount: '10.00', currency: 'EUR' } }])
    expect(await undo(changed, hours(360))).toMatchObject([{ detail: { amount: '-10.00' } }])
    expect(await balanceOf(office, payerId)).toBe(7_000n)
  })

  it('at the next expiry and back again leaves nothing', async () => {
    const { id } = await line(office, { planId })
    const changed = await act('change-plan', id, { plan: Number(big), when: 'next-expiry' })
    expect((await factsOf(office, id)).next_plan_id).toBe(big)
    await undo(changed)
    expect((await factsOf(office, id)).next_plan_id).toBeNull()
  })
})

describe('change-payer', () => {
  it('lets a company pay for several, and each for itself again', async () => {
    const company = await payer(office, { kind: 'company', balanceMinor: 9_000n })
    const lines = [await line(office, { planId }), await line(office, { planId })]
    const ids = lines.map(({ id }) => id)
    const outcomes = await act('change-payer', ids, { payer_id: Number(company) })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done'])
    expect(await act('change-payer', ids, { payer_id: Number(company) })).toMatchObject([
      { kind: 'unchanged' },
      { kind: 'unchanged' },
    ])
    expect(await act('renew', ids)).toMatchObject([{ kind: 'done' }, { kind: 'done' }])
    expect(await balanceOf(office, company)).toBe(5_000n)
    await undo([outcomes[0]!])
    expect((await factsOf(office, ids[0]!)).payer_id).toBe(lines[0]!.payerId)
    expect(await act('change-payer', ids[1]!, { payer_id: null })).toMatchObject([{ kind: 'done' }])
    expect(await act('change-payer', ids[1]!, { payer_id: null })).toMatchObject([{ kind: 'unchanged' }])
    expect([lines[1]!.payerId, company]).not.toContain((await factsOf(office, ids[1]!)).payer_id)
  })

  it('refuses a payer of another organisation or currency, and does not know one that is not there', async () => {
    const { id: ownerId } = await office.db
      .insertInto('organisation')
      .values({ kind: 'reseller', name: 'Other', parent_id: 1n })
      .returning('id')
      .executeTakeFirstOrThrow()
    const foreign = await payer(office, { ownerId })
    const { id } = await line(office, { planId })
    expect(await act('change-payer', id, { payer_id: Number(foreign) })).toMatchObject([{ kind: 'refused' }])
    const dollars = await payer(office)
    await office.db.updateTable('payer').set({ currency: 'USD' }).where('id', '=', dollars).execute()
    expect(await act('change-payer', id, { payer_id: Number(dollars) })).toMatchObject([{ kind: 'refused' }])
    await expect(act('change-payer', id, { payer_id: 999_999 })).rejects.toThrow(NotFoundError)
  })
})
